"""A failover and a failback that are killed, whenever it is: the same command ends them, and nothing is there twice.

The tests are one stack, which moves there and back twice, in the order in which they stand here.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from ascend.failover import failback, rebuilding, switch
from ascend.promotion import journal
from tests.e2e.census import counted, recorded
from tests.e2e.project import PATIENCE_S
from tests.failover.day import HOME, OTHER, SHARDS, STACK, Day, kept, name
from tests.failover.dying import CLOSE, Moment
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = [thorough, pytest.mark.timeout(2 * PATIENCE_S)]

SEED = 20261121
MOVE = (switch.FENCE, switch.CATCH_UP, switch.PROMOTE, switch.REDIRECT, switch.BACK_UP, switch.CONFIG)
SETTLE = (switch.REFRESH, switch.SETTLE, switch.VERIFY)
FAILOVER = (*MOVE, *SETTLE)
FIRST, REST = (rebuilding.REBUILD, rebuilding.FOLLOW), (rebuilding.REBUILD_REST, rebuilding.FOLLOW_REST)
FAILBACK = (*FIRST, failback.BEGIN_MOVE, *MOVE, *SETTLE, *REST)
#: What a step asks AWS to change. The databases are two: killed after the first one, it has changed that alone.
CALLS = {
    switch.FENCE: ("revoke_security_group_ingress", "reboot_db_instance"),
    switch.PROMOTE: ("promote_read_replica", "modify_db_instance"),
    switch.REDIRECT: ("put_secret_value", "update_service"),
    switch.BACK_UP: ("modify_db_instance",),
}
#: The steps in which the engine works, and for how many seconds at least here.
LONG = {rebuilding.REBUILD: 8.0, switch.REFRESH: 1.0, switch.SETTLE: 8.0, rebuilding.REBUILD_REST: 8.0}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The stack, as it is in the morning."""
    begun = Day.begun(tmp_path_factory.mktemp("kills"))
    try:
        begun.project.up(STACK, "--skip-preview")
        yield begun
    finally:
        begun.project.close()


@pytest.fixture(scope="module")
def morning(day: Day) -> dict[str, dict[str, Any]]:
    """The databases that there were in the morning."""
    return day.servers()


def killed(day: Day, verb: str, steps: Sequence[str], **options: Any) -> None:
    """Kills a command when each step has begun, after what it changes, and when it has done all and written nothing.

    What it has started at first goes on by itself, and ends what it is at; at last it is killed as well.
    """
    for step in steps:
        between = [Moment(step, done=True, call=call) for call in CALLS.get(step, ())]
        for moment in (Moment(step), *between, Moment(step, done=True, engine=True)):
            assert day.killed(verb, moment, **options), f"it ended before {moment}"
    assert day.killed(verb, Moment(CLOSE), **options)


def at_rest(day: Day, verb: str, steps: Sequence[str], ids: dict[str, str]) -> None:
    """What there has to be once the last command has ended."""
    book = day.journals()[-1]
    assert (str(book.kind), book.outcome) == (verb, "done")
    assert [step for step in steps if book.result(step) is None] == []
    assert not day.project.state(STACK).get("pending_operations")
    assert counted(day.account()) == recorded(day.project, STACK)
    alarms = [one["AlarmName"] for _, one in day.account().items("cloudwatch", "describe_alarms", "MetricAlarms")]
    assert len(alarms) == len(set(alarms))
    assert ids.items() <= day.ids().items()
    assert day.changes() == {}


def led(day: Day, primary: str) -> None:
    """Services of every region write to the one region, to the database that is in use there."""
    for shard in SHARDS:
        fields = {region: day.written_to(region, shard) for region in day.regions}
        (led_to,) = {day.led_to(region, shard) for region in day.regions}
        there = day.databases()[led_to]
        assert there["Region"] == primary
        assert "ReadReplicaSourceDBInstanceIdentifier" not in there
        assert there["BackupRetentionPeriod"] == 35
        assert len({one["password"] for one in fields.values()}) == 1
        assert "standbyPassword" not in fields[primary]
        assert day.doors(there)


def test_a_failover_killed_at_every_step(day: Day, morning: dict[str, dict[str, Any]]) -> None:
    ids = day.ids()
    killed(day, "failover", FAILOVER, to=OTHER)
    found = day.run("failover", to=OTHER, yes=True)
    assert (found["outcome"], found["lost_s"]) == ("done", 0.0)
    at_rest(day, "failover", FAILOVER, ids)
    led(day, OTHER)
    there = day.servers()
    assert set(there) == set(morning)
    for one, was in morning.items():
        kept(was, there[one])
    for shard in SHARDS:
        assert day.doors(there[name("use1", shard)]) == []
    assert [step for step in FAILOVER if day.journals()[-1].attempts(step) < 3] == []


def test_a_failback_killed_at_every_step(day: Day, morning: dict[str, dict[str, Any]]) -> None:
    ids, before = day.ids(), day.servers()
    killed(day, "failback", FAILBACK)
    assert day.run("failback", yes=True)["outcome"] == "done"
    at_rest(day, "failback", FAILBACK, ids)
    led(day, HOME)
    there = day.servers()
    for one, was in before.items():
        kept(was, there[one])
    assert set(there) - set(before) == {name(code, shard, 2) for code in ("use1", "euw1") for shard in SHARDS}
    for shard in SHARDS:
        follower, home = there[name("euw1", shard, 2)], there[name("use1", shard, 2)]
        assert follower["ReadReplicaSourceDBInstanceIdentifier"] == home["DBInstanceArn"]
        assert day.doors(there[name("use1", shard)]) == day.doors(there[name("euw1", shard)]) == []


def test_a_home_away_and_closed_later_killed_at_every_step(day: Day) -> None:
    ids, before = day.ids(), day.servers()
    unfenced = (*MOVE, switch.REFRESH)
    for step in unfenced:
        assert day.killed("failover", Moment(step, engine=True), away=HOME, to=OTHER)
    assert not day.killed("failover", Moment(switch.SETTLE), away=HOME, to=OTHER), "it ends without the old region"
    assert day.journals()[-1].outcome is None
    killed(day, "failover", (switch.FENCE_LATER, switch.SETTLE, switch.VERIFY), to=OTHER)
    assert day.run("failover", to=OTHER, yes=True)["outcome"] == "done"
    at_rest(day, "failover", (*unfenced, switch.FENCE_LATER, switch.SETTLE, switch.VERIFY), ids)
    led(day, OTHER)
    there = day.servers()
    assert set(there) == set(before)
    for one, was in before.items():
        kept(was, there[one])
    for shard in SHARDS:
        assert day.doors(there[name("use1", shard, 2)]) == []


def test_a_failback_killed_at_random(day: Day) -> None:
    """In the middle of what takes long, where the engine is at work: alone, and with the engine."""
    ids = day.ids()
    draw = random.Random(SEED)
    moments = [
        Moment(step, wait_s=draw.uniform(0, LONG[step]), engine=engine)
        for step in LONG
        for engine in (False, True, True)
    ]
    kills = 0
    for moment in moments:
        book = journal.unfinished(day.project.root, STACK)
        if book is None or book.result(moment.step) is None:
            assert day.killed("failback", moment), f"it ended before {moment}"
            kills += 1
    assert kills > 5
    day.run("failback", yes=True)
    at_rest(day, "failback", FAILBACK, ids)
    led(day, HOME)
