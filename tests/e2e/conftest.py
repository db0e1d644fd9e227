"""Projects that are deployed to an embedded cloud of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.e2e.project import Project
from tests.e2e.stack_files import OFTEN, SYSTEMS
from tests.e2e.stacks import Stacks

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


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(
            name, marks=[pytest.mark.xdist_group(f"stacks-{name}"), *([] if name in OFTEN else [pytest.mark.thorough])]
        )
        for name in SYSTEMS
    ],
)
def stacks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    """One system's stacks at every phase, made once for all files of tests; in the order of the files' names they are
    looked at, moved through the phases and removed.
    """
    made = Stacks(request.param, Project.copied(tmp_path_factory.mktemp(request.param)))
    try:
        made.deploy()
        yield made
    finally:
        made.project.close()
