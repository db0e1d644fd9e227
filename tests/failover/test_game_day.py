"""A game day: a stack of two regions loses its home, is written to in the other, and comes home. Nothing is lost.

The tests are one day, in the order in which they stand here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud import faults, process
from ascend.errors import InputError, UpdateError
from ascend.failover import switch
from tests.failover.day import HOME, OTHER, SHARDS, STACK, Day, away, kept, name
from tests.failover.dying import Moment
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = [
    switch.FENCE,
    switch.CATCH_UP,
    switch.PROMOTE,
    switch.REDIRECT,
    switch.BACK_UP,
    switch.CONFIG,
    switch.REFRESH,
    switch.SETTLE,
    switch.VERIFY,
]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The stack, as it is in the morning."""
    begun = Day.begun(tmp_path_factory.mktemp("day"))
    try:
        begun.project.up(STACK, "--skip-preview")
        yield begun
    finally:
        begun.project.close()


@pytest.fixture(scope="module")
def morning(day: Day) -> dict[str, Any]:
    """What there was in the morning: physical ids by URN, databases by name."""
    return {"ids": day.ids(), "databases": day.databases()}


def lagging(day: Day) -> None:
    """The replicas were 4 and 90 s behind, half a minute ago."""
    now = datetime.now(UTC)
    day.account().client("cloudwatch", OTHER).put_metric_data(
        Namespace="AWS/RDS",
        MetricData=[
            {
                "MetricName": "ReplicaLag",
                "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": name("euw1", shard)}],
                "Timestamp": now - timedelta(seconds=30),
                "Value": behind,
            }
            for shard, behind in zip(SHARDS, (4.0, 90.0), strict=True)
        ],
    )


def test_a_dry_run_says_how_much_would_be_lost_and_changes_nothing(day: Day, morning: dict[str, Any]) -> None:
    lagging(day)
    found = day.run("failover", to=OTHER, dry_run=True)
    assert (found["from"], found["to"], found["answers"], found["outcome"]) == (HOME, OTHER, True, "dry-run")
    assert [one["lag_s"] for one in found["replicas"]] == [4.0, 90.0]
    # The figure is 30 s old and one of a whole minute: the worst replica's lag, and what came since.
    assert 120 <= found["loss_window_s"] < 300
    assert found["closed"] == [name("use1", shard) for shard in SHARDS]
    assert day.databases() == morning["databases"]
    assert day.journals() == []


@pytest.mark.parametrize(
    ("to", "line"),
    [
        (HOME, f"{STACK} is written to in {HOME} already; allowed: {OTHER}"),
        ("us-west-2", f"us-west-2 is none of {STACK}'s regions; allowed: {OTHER}"),
    ],
)
def test_where_it_cannot_go_is_one_line(day: Day, to: str, line: str) -> None:
    with pytest.raises(InputError) as caught:
        day.run("failover", to=to, yes=True)
    assert str(caught.value) == line


def test_nobody_to_ask_and_nothing_to_come_back_from(day: Day) -> None:
    with pytest.raises(InputError, match="there is no terminal to ask on; give --yes"):
        day.run("failover", to=OTHER)
    with pytest.raises(InputError, match=f"written to in {HOME}, its home, and every other region follows it"):
        day.run("failback", yes=True)
    assert day.journals() == []


@thorough
def test_what_has_promoted_nothing_is_taken_back(day: Day, morning: dict[str, Any]) -> None:
    info = process.status(day.project.root)
    assert info is not None
    faults.inject(info, faults.ApiFault(error="AccessDenied", operation="RebootDBInstance", service="rds", times=0))
    with pytest.raises(UpdateError) as caught:
        day.run("failover", to=OTHER, yes=True)
    faults.clear(info)
    text = str(caught.value)
    assert text.startswith("fence: ")
    assert "nothing has moved; go on: " in text
    assert "go back: " in text
    assert day.doors(day.databases()[name("use1", "database")]) == [], "closed before it could not be restarted"
    assert day.run("failback", yes=True)["outcome"] == "undone"
    after = day.databases()
    for shard in SHARDS:
        before = morning["databases"][name("use1", shard)]
        assert len(day.doors(after[name("use1", shard)])) == 2, "the service and the pool"
        kept(before, after[name("use1", shard)])
        assert after[name("euw1", shard)]["ReadReplicaSourceDBInstanceIdentifier"] == before["DBInstanceArn"]
    assert day.ids() == morning["ids"]
    assert day.journals()[-1].outcome == "undone"


def test_a_home_that_does_not_answer_is_left_and_closed_later(day: Day, morning: dict[str, Any]) -> None:
    lagging(day)
    with away(HOME):
        found = day.run("failover", to=OTHER, yes=True)
    assert (found["outcome"], found["caught_up"]) == ("to-be-fenced", False)
    assert found["lost_s"] > 120
    there = day.databases()
    for shard in SHARDS:
        fields, new = day.written_to(OTHER, shard), there[name("euw1", shard)]
        assert "ReadReplicaSourceDBInstanceIdentifier" not in new
        assert new["BackupRetentionPeriod"] == 35
        assert fields["host"] == new["Endpoint"]["Address"]
        assert f":{fields['password']}@{fields['host']}:" in fields["url"]
        assert "standbyPassword" not in fields
        assert day.doors(there[name("use1", shard)]), "nobody could close it yet"
    assert day.config()["ascend:primary"] == OTHER
    assert day.journals()[-1].outcome is None
    with pytest.raises(InputError, match=rf"a failover to {OTHER} is unfinished .*; end it first: .* --to {OTHER} "):
        day.run("failback", yes=True)


def test_the_same_command_closes_it_and_brings_the_stack_to_rest(day: Day, morning: dict[str, Any]) -> None:
    found = day.run("failover", to=OTHER, yes=True)
    assert found["outcome"] == "done"
    there = day.databases()
    for shard in SHARDS:
        old, new = there[name("use1", shard)], there[name("euw1", shard)]
        kept(morning["databases"][name("use1", shard)], old)
        kept(morning["databases"][name("euw1", shard)], new)
        assert day.doors(old) == []
        assert old["DeletionProtection"] is True
        assert new["MultiAZ"] is True
        assert {day.written_to(region, shard)["host"] for region in (HOME, OTHER)} == {
            day.written_to(OTHER, shard)["host"]
        }
    ids = day.ids()
    assert {urn: ids.get(urn) for urn in morning["ids"]} == morning["ids"]
    assert [row["identifier"] for row in found["kept"]] == [name("use1", shard) for shard in SHARDS]
    assert all(row["monthly_usd"] > 50 for row in found["kept"])


def test_the_next_update_has_nothing_to_do(day: Day) -> None:
    assert day.changes() == {}


def test_the_journal_tells_all_of_it_and_no_secret(day: Day) -> None:
    book = day.journals()[-1]
    assert book.outcome == "done"
    assert [step for step in STEPS if book.result(step) is None] == []
    assert book.attempts(switch.FENCE_LATER) == 2
    text = book.file.read_text(encoding="utf-8")
    for shard in SHARDS:
        assert day.written_to(OTHER, shard)["password"] not in text


def test_home_again_whenever_it_is_killed(day: Day, morning: dict[str, Any]) -> None:
    ids = day.ids()
    outlook = day.run("failback", dry_run=True)
    assert outlook["made"] == {HOME: ["database-g2", "database-shard-2-g2"]}
    assert day.killed("failback", Moment(switch.PROMOTE))
    found = day.run("failback", yes=True)
    assert (found["outcome"], found["lost_s"]) == ("done", 0.0)
    there = day.databases()
    for shard in SHARDS:
        home, follower = there[name("use1", shard, 2)], there[name("euw1", shard, 2)]
        assert follower["ReadReplicaSourceDBInstanceIdentifier"] == home["DBInstanceArn"]
        assert "ReadReplicaSourceDBInstanceIdentifier" not in home
        assert home["BackupRetentionPeriod"] == 35
        assert {day.written_to(region, shard)["host"] for region in (HOME, OTHER)} == {
            day.written_to(HOME, shard)["host"]
        }
        for code in ("use1", "euw1"):
            old = there[name(code, shard)]
            kept(morning["databases"][name(code, shard)], old)
            assert day.doors(old) == []
    after = day.ids()
    assert {urn: after.get(urn) for urn in ids} == ids, "no URN has come to mean another instance"
    assert len(found["kept"]) == 4
    book = day.journals()[-1]
    assert (book.outcome, book.attempts(switch.PROMOTE)) == ("done", 2)
    assert "ascend:primary" not in day.config()
    assert (day.project.root / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8").startswith("# Written by hand.\n")


def test_at_home_the_next_update_has_nothing_to_do_either(day: Day) -> None:
    assert day.changes() == {}
