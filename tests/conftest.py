"""How the suite is run: which tests share a worker, in which order, and with which signals."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ascend.garbage import collect_rarely
from tests.thorough import ALL

HERE = Path(__file__).parent
#: Folders and files whose tests take longest: begun first, so that no worker is left with them at the end.
LONGEST_FIRST = ("promotion", "e2e", "failover", "infra/test_promotion_rule.py", "engine", "infra")

# A shell that runs the suite in the background has it ignore Ctrl-C, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
collect_rarely()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests of a file on one worker, so that what they share is made once, and begins with the longest."""
    seldom = {} if ALL else {item.nodeid: item for item in items if item.get_closest_marker("thorough")}
    config.hook.pytest_deselected(items=list(seldom.values()))
    items[:] = [item for item in items if item.nodeid not in seldom]
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(HERE).as_posix()))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    where = item.path.relative_to(HERE).as_posix()
    return next((place for place, start in enumerate(LONGEST_FIRST) if where.startswith(start)), len(LONGEST_FIRST))
