"""Which tests every run has, and which only ``make test-all``: further cases of what others show already."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Whether this run has them all.
ALL = bool(os.environ.get("ASCEND_TEST_ALL"))
thorough = pytest.mark.thorough


def usual(rows: Iterable[Any], often: Iterable[Any]) -> list[Any]:
    """Parameters of which every run has those in `often`.

    Args:
        rows: all of them, each a value or a tuple of values.
        often: those that every run has.
    """
    chosen = list(often)
    return [row if row in chosen else _seldom(row) for row in rows]


def every(rows: Iterable[Any], step: int) -> list[Any]:
    """Parameters of which every run has one in `step`, the first among them."""
    return [_seldom(row) if number % step else row for number, row in enumerate(rows)]


def _seldom(row: Any) -> Any:
    return pytest.param(*row, marks=thorough) if isinstance(row, tuple) else pytest.param(row, marks=thorough)
