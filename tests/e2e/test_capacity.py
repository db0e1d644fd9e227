"""Capacity from a real plan: the embedded engine, no cloud, no account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.project import Project

if TYPE_CHECKING:
    from pathlib import Path


def test_a_stack_that_nobody_deployed_is_judged_from_its_plan_alone(tmp_path: Path) -> None:
    project = Project.copied(tmp_path)
    shown = project.ascend("capacity", "--system", "teacher-slots", "--phase", "global", "--json").document
    assert (shown["system"], shown["phase"], shown["users"]) == ("teacher-slots", "global", 30_000)
    assert shown["regions"] == ["us-east-1", "eu-west-1"]
    assert shown["supply"]["services"]["web"]["tasks"] == {"min": 4, "max": 12}
    assert shown["holds"] is True
    # Nothing was created for it: no cloud runs, no state is there.
    assert project.ascend("cloud", "status").out == "not running\n"
    assert not list(tmp_path.glob(".ascend/state/**/teacher-slots*.json"))
