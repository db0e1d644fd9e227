"""One process that plans, for all tests of reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.review.planning import Planners
from tests.review.lab import ROOT, Lab, pack_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A copy of the project to edit."""
    pack = pack_of(ROOT)
    with Planners(ROOT, pack) as planners:
        yield Lab(tmp_path_factory.mktemp("review"), planners, pack)
