"""A database that another has taken the place of is kept, until somebody lets it go in two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.failover import generations
from ascend.promotion import stack_file
from tests.failover.day import HOME, STACK, Day
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD, NEW = "small-day-use1-database", "small-day-use1-database-g2"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The stack at its first phase, in its home alone."""
    begun = Day.begun(tmp_path_factory.mktemp("letting-go"))
    stack_file.write(begun.project.root, STACK, {"ascend:phase": "single-region", "ascend:regions": None})
    try:
        begun.project.up(STACK, "--skip-preview")
        yield begun
    finally:
        begun.project.close()


def after(day: Day, **lineage: Any) -> dict[str, dict[str, Any]]:
    """The databases by name once the stack's file says this of its home."""
    stack_file.write(day.project.root, STACK, {generations.KEY: {HOME: lineage}})
    day.project.up(STACK, "--skip-preview")
    found = day.account().client("rds").describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"]: one for one in found}


@thorough
def test_kept_then_released_then_gone_with_a_snapshot(day: Day) -> None:
    names = generations.shard_keys(2)
    before = day.ids()
    there = after(day, generation=2, kept=names)
    assert {OLD, NEW} <= set(there)
    assert there[OLD]["DeletionProtection"] is True
    assert before.items() <= day.ids().items()
    there = after(day, generation=2, released=names)
    assert there[OLD]["DeletionProtection"] is False
    assert there[NEW]["DeletionProtection"] is True
    there = after(day, generation=2)
    assert OLD not in there
    assert NEW in there
    snapshots = day.account().client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    left = {one["DBInstanceIdentifier"] for one in snapshots if "-final-" in one["DBSnapshotIdentifier"]}
    assert left == {OLD, f"{OLD}-shard-2"}
    assert day.changes() == {}
