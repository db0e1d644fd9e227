"""Projects that are deployed to an embedded cloud of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.e2e.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project that nobody has deployed yet."""
    copy = Project.copied(tmp_path)
    yield copy
    copy.close()


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, dict[str, Any]]]:
    """A project with stack dev deployed once for all tests that only look, and the JSON of that deployment."""
    copy = Project.copied(tmp_path_factory.mktemp("deployed"))
    try:
        yield copy, copy.up()
    finally:
        copy.close()


@pytest.fixture(scope="session")
def aws(deployed: tuple[Project, dict[str, Any]]) -> Callable[..., Any]:
    """Makes boto3 clients for the embedded AWS of `deployed`."""
    endpoint = deployed[0].endpoint()

    def client(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client
