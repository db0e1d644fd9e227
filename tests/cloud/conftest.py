from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.cloud.aws import moto as module
from tests.cloud.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _moto() -> module.Moto:
    return module.Moto()


@pytest.fixture
def moto(_moto: module.Moto) -> Iterator[module.Moto]:
    """An empty moto."""
    module.reset()
    yield _moto
    module.reset()


@pytest.fixture
def lab(moto: module.Moto) -> Lab:
    """A provider over an empty moto, in eu-west-1."""
    return Lab(moto)
