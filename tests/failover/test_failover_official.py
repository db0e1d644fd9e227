"""A failover and a failback by the official CLI, against the embedded cloud."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.census import counted, recorded
from tests.e2e.project import PATIENCE_S
from tests.failover.day import HOME, OTHER, SHARDS, STACK, Day, kept, name
from tests.thorough import thorough

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    thorough,
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
    pytest.mark.timeout(4 * PATIENCE_S),
]
OFFICIAL = ("--embedded", "--engine", "pulumi")


def at_rest(day: Day) -> None:
    """The CLI's own next update has nothing to do, and the account holds what the state does."""
    again = day.project.ascend("preview", STACK, *OFFICIAL, "--json").document
    assert {step["op"] for step in again["steps"]} == {"same"}
    assert counted(day.account()) == recorded(day.project, STACK)
    assert day.journals()[-1].outcome == "done"


def test_there_and_back(tmp_path: Path) -> None:
    day = Day.begun(tmp_path)
    project = day.project
    try:
        project.up(STACK, "--skip-preview", *OFFICIAL[1:])
        ids, morning = day.ids(), day.databases()
        dry = project.ascend("failover", STACK, "--to", OTHER, *OFFICIAL, "--dry-run", "--json").document
        assert (dry["outcome"], dry["answers"]) == ("dry-run", True)
        there = project.ascend("failover", STACK, "--to", OTHER, *OFFICIAL, "--yes", "--json").document
        assert (there["outcome"], there["to"], there["lost_s"]) == ("done", OTHER, 0.0)
        at_rest(day)
        for shard in SHARDS:
            assert {day.led_to(region, shard) for region in day.regions} == {name("euw1", shard)}
        back = project.ascend("failback", STACK, *OFFICIAL, "--yes", "--json").document
        assert (back["outcome"], back["to"], back["lost_s"]) == ("done", HOME, 0.0)
        at_rest(day)
        found = day.databases()
        for shard in SHARDS:
            assert {day.led_to(region, shard) for region in day.regions} == {name("use1", shard, 2)}
            follower, home = found[name("euw1", shard, 2)], found[name("use1", shard, 2)]
            assert follower["ReadReplicaSourceDBInstanceIdentifier"] == home["DBInstanceArn"]
            for code in ("use1", "euw1"):
                kept(morning[name(code, shard)], found[name(code, shard)])
                assert day.doors(found[name(code, shard)]) == []
        assert ids.items() <= day.ids().items()
    finally:
        project.close()
