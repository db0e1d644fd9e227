"""Every system at every phase through the official CLI, and one system up all phases with it and gone."""

from __future__ import annotations

import shutil
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.account import Account
from tests.e2e.point import VERSIONED, Point
from tests.e2e.project import PATIENCE_S, Project
from tests.e2e.stack_files import PHASES, REGIONS, SYSTEMS, write

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
    pytest.mark.timeout(4 * PATIENCE_S),
]
OFFICIAL = ("--embedded", "--engine", "pulumi")
#: The system that is promoted: the one with fewest resources, as every promotion runs the program again.
PROMOTED = "backend-ai-worker"
#: The CLI writes the whole state twice per step, which is its longest part at phase 4. Nothing is killed here, and
#: what it writes at the end is what is looked at.
AT_THE_END = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}


@pytest.fixture(scope="module", params=[pytest.param(s, marks=pytest.mark.xdist_group(f"cli-{s}")) for s in SYSTEMS])
def system(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def project(system: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One cloud for the four stacks of a system."""
    copy = Project.copied(tmp_path_factory.mktemp(system))
    yield copy
    copy.close()


def _changed(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [(step["op"], step["urn"], step["diff_keys"]) for step in document["steps"] if step["op"] != "same"]


@pytest.mark.parametrize("phase", PHASES)
def test_it_previews_and_goes_up_and_both_engines_find_it_unchanged(project: Project, system: str, phase: str) -> None:
    stack = f"p{PHASES.index(phase) + 1}"
    write(project, stack, system, phase)
    planned = project.ascend("preview", stack, *OFFICIAL, "--json").document
    made = project.ascend("up", stack, *OFFICIAL, "--yes", "--skip-preview", "--json", **AT_THE_END).document
    assert made["engine"] == "pulumi"
    assert (made["system"], made["phase"]) == (system, phase)
    assert {step["op"] for step in made["steps"]} == {"create"}
    assert made["summary"] == planned["summary"]
    assert {step["urn"] for step in made["steps"]} == {step["urn"] for step in planned["steps"]}
    assert made["outputs"]["missing"] == []

    theirs = project.ascend("preview", stack, *OFFICIAL, "--json").document
    ours = project.ascend("preview", stack, "--embedded", "--json").document
    for again in (theirs, ours):
        assert _changed(again) == [], again["engine"]
        assert again["summary"]["same"] == made["summary"]["create"], again["engine"]


@pytest.mark.xdist_group("cli-promotion")
def test_it_promotes_a_stack_through_all_phases_and_destroys_it(tmp_path: Any) -> None:
    project, stack = Project.copied(tmp_path), "way"
    try:
        points: list[Point] = []
        for phase in PHASES:
            write(project, stack, PROMOTED, phase)
            document = project.ascend(
                "up", stack, *OFFICIAL, "--yes", "--skip-preview", "--json", **AT_THE_END
            ).document
            account = Account(project.endpoint(), REGIONS)
            points.append(Point.taken(project, stack, account, document))
        for before, after in pairwise(points):
            assert {urn for _, urn in after.operations("replace", "delete")} & set(before.data()) == set()
            assert {type_ for type_, _ in after.operations("replace")} <= VERSIONED
            assert {urn: after.data().get(urn) for urn in before.data()} == before.data()
        ours = project.ascend("preview", stack, "--embedded", "--json").document
        assert _changed(ours) == []

        named = [word for urn in points[-1].protected() for word in ("--unprotect", urn)]
        destroyed = project.ascend("destroy", stack, *OFFICIAL, "--yes", "--json", *named).document
        assert destroyed["summary"]["delete"] == ours["summary"]["same"]
        assert not project.state(stack).get("resources")
        assert account.own_networks() == {}
        assert account.buckets() == []
        for service, operation, key in (
            ("rds", "describe_db_instances", "DBInstances"),
            ("elbv2", "describe_load_balancers", "LoadBalancers"),
            ("logs", "describe_log_groups", "logGroups"),
        ):
            assert list(account.items(service, operation, key)) == [], operation
    finally:
        project.close()
