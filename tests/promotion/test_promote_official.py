"""A promotion by the official CLI, against the embedded cloud."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ascend.promotion import journal, stack_file
from tests.e2e.project import PATIENCE_S, Project
from tests.e2e.stack_files import PHASES, REGIONS, write
from tests.promotion.ladder import STACK, Ladder
from tests.thorough import thorough

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
    pytest.mark.timeout(4 * PATIENCE_S),
]
OFFICIAL = ("--embedded", "--engine", "pulumi")


@thorough
def test_floyo_from_its_first_phase_to_its_last(tmp_path: Path) -> None:
    project = Project.copied(tmp_path)
    try:
        write(project, "dev", "floyo", PHASES[0])
        project.up("dev", "--skip-preview", *OFFICIAL[1:])
        before = {one["urn"]: one["id"] for one in project.state("dev")["resources"] if one.get("protect")}
        for phase in PHASES[1:]:
            if phase == PHASES[-1]:
                stack_file.write(project.root, "dev", {"ascend:regions": list(REGIONS)})
            up = project.ascend("promote", "dev", *OFFICIAL, "--yes", "--json", "--force", "a test").document
            assert (up["engine"], up["outcome"], up["to"]) == ("pulumi", "done", phase)
            assert up["rehearsal"]["ok"]
            assert {one["ok"] for one in up["verified"]["findings"]} == {True}
        after = {one["urn"]: one["id"] for one in project.state("dev")["resources"] if one.get("protect")}
        assert len(before) > 5
        assert before.items() <= after.items()
        assert [one.outcome for one in journal.every(project.root, "dev")] == ["done"] * 3
        again = project.ascend("preview", "dev", *OFFICIAL, "--json").document
        assert {step["op"] for step in again["steps"]} == {"same"}
    finally:
        project.close()


def test_a_phase_up_and_the_way_back(tmp_path: Path) -> None:
    ladder = Ladder.begun(tmp_path, *OFFICIAL[1:])
    project = ladder.project
    try:
        (before,) = ladder.account().client("rds").describe_db_instances()["DBInstances"]
        up = project.ascend("promote", STACK, *OFFICIAL, "--yes", "--json", "--force", "a test").document
        assert (up["engine"], up["outcome"], up["to"]) == ("pulumi", "done", "cached")
        assert up["rehearsal"]["ok"]
        assert up["applied"]["summary"]["create"] > 0
        again = project.ascend("preview", STACK, *OFFICIAL, "--json").document
        assert {step["op"] for step in again["steps"]} == {"same"}
        instances = {
            one["DBInstanceIdentifier"]: one["DbiResourceId"]
            for one in ladder.account().client("rds").describe_db_instances()["DBInstances"]
        }
        assert len(instances) == 2
        assert instances[before["DBInstanceIdentifier"]] == before["DbiResourceId"]
        down = project.ascend("demote", STACK, *OFFICIAL, "--yes", "--json").document
        assert (down["outcome"], down["to"]) == ("done", "single-region")
        assert down["applied"]["summary"]["delete"] > 0
        (after,) = ladder.account().client("rds").describe_db_instances()["DBInstances"]
        assert after["DbiResourceId"] == before["DbiResourceId"]
        assert [one.outcome for one in journal.every(project.root, STACK)] == ["done", "done"]
        assert stack_file.read(project.root, STACK)["ascend:phase"] == "single-region"
    finally:
        project.close()
