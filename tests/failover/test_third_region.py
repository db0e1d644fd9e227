"""A stack of three regions: the second takes over, the third follows it, and both follow home again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.failover import rebuilding
from tests.e2e.census import counted, recorded
from tests.e2e.project import PATIENCE_S
from tests.failover.day import CODES, HOME, OTHER, SHARDS, STACK, THIRD, Day, kept, name
from tests.failover.dying import Moment
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [thorough, pytest.mark.timeout(2 * PATIENCE_S)]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The stack, as it is in the morning."""
    begun = Day.begun(tmp_path_factory.mktemp("third"), THIRD)
    try:
        begun.project.up(STACK, "--skip-preview")
        yield begun
    finally:
        begun.project.close()


def follows(day: Day, primary: str, generations: dict[str, int]) -> None:
    """That everybody writes to one region, that the others' databases follow it, and that all else is closed.

    Args:
        day: the stack.
        primary: the region.
        generations: which databases are in use, by region; a region that is not among them has none.
    """
    there, used = day.servers(), set()
    for shard in SHARDS:
        names = {region: name(CODES[region], shard, number) for region, number in generations.items()}
        source = there[names[primary]]
        assert "ReadReplicaSourceDBInstanceIdentifier" not in source
        assert source["BackupRetentionPeriod"] == 35
        assert {day.led_to(region, shard) for region in day.regions} == {names[primary]}
        for region in set(generations) - {primary}:
            assert there[names[region]]["ReadReplicaSourceDBInstanceIdentifier"] == source["DBInstanceArn"]
        used |= set(names.values())
    for identifier, found in there.items():
        assert bool(day.doors(found)) is (identifier in used), identifier
    assert counted(day.account()) == recorded(day.project, STACK)


def test_there_and_back_with_a_third_that_follows(day: Day) -> None:
    ids, morning = day.ids(), day.servers()
    follows(day, HOME, dict.fromkeys(day.regions, 1))
    outlook = day.run("failover", to=OTHER, dry_run=True)
    assert outlook["made"] == {THIRD: ["database-g2", "database-shard-2-g2"]}
    assert day.killed("failover", Moment(rebuilding.REBUILD_REST, wait_s=3, engine=True), to=OTHER)
    found = day.run("failover", to=OTHER, yes=True)
    assert (found["outcome"], found["lost_s"]) == ("done", 0.0)
    assert day.changes() == {}
    follows(day, OTHER, {OTHER: 1, THIRD: 2})
    outlook = day.run("failback", dry_run=True)
    assert outlook["made"] == {HOME: ["database-g2", "database-shard-2-g2"]}
    found = day.run("failback", yes=True)
    assert (found["outcome"], found["lost_s"]) == ("done", 0.0)
    assert day.changes() == {}
    follows(day, HOME, {HOME: 2, OTHER: 2, THIRD: 3})
    assert ids.items() <= day.ids().items()
    there = day.servers()
    for one, was in morning.items():
        kept(was, there[one])
