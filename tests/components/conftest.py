"""What the tests of components are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.components.recorder import record

if TYPE_CHECKING:
    from tests.components.support import Run


@pytest.fixture
def run() -> Run:
    """Runs a program against a recording engine and gives what was registered."""
    return record
