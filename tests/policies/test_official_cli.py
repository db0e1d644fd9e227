"""The pack in the official CLI: ``pulumi preview --policy-pack`` says what a review says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from ascend.packs import judge
from ascend.plans import PHASES
from tests.e2e.project import PATIENCE_S, REPOSITORY, Project
from tests.e2e.stack_files import write
from tests.policies.plans import pack, steps_of
from tests.policies.test_pack import STACKS
from tests.review.lab import Case, Lab, cases, config_of, edit
from tests.thorough import every, usual

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
    pytest.mark.xdist_group("review"),
    pytest.mark.timeout(2 * PATIENCE_S),
]
#: A cap that the stack exceeds, an alarm stricter than it has, and logs kept longer than they are.
CONFIG = {
    "cost-within-cap": {"cap_usd": 10},
    "service-cpu-alarm": {"limit": 50},
    "log-retention": {"least_days": 60, "enforcementLevel": "advisory"},
}
_SAID = re.compile(r"\[(mandatory|advisory)\](?: \[severity: \w+\])?\s+([\w-]+)")
#: Edits of the project that policies speak against.
FAULTS = [
    case
    for case in (case for name in ("guards", "security") for case in cases(name))
    if set(case.rules) & {policy.name for policy in pack().policies}
]


class Cli:
    """The official CLI on a project's embedded cloud.

    Args:
        project: the project.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        project.ascend("cloud", "start")
        cloud = project.ascend("cloud", "status", "--json").document
        backend = project.root / "backend"
        backend.mkdir()
        self._environment = project.environment(
            PULUMI_BACKEND_URL=backend.as_uri(),
            PULUMI_DEBUG_PROVIDERS=",".join(f"{name}:{port}" for name, port in cloud["providers"].items()),
            CLOUDFLARE_API_TOKEN="embedded",
        )

    def preview(self, stack: str, *more: str) -> subprocess.CompletedProcess[str]:
        """Previews a stack under the policy pack."""
        if self._run("stack", "select", stack).returncode:
            assert self._run("stack", "init", stack).returncode == 0
        return self._run("preview", "--stack", stack, "--policy-pack", str(REPOSITORY / "policies"), *more)

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.project.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The CLI, on one copy of the project."""
    project = Project.copied(tmp_path_factory.mktemp("policies"))
    yield Cli(project)
    project.close()


def said(preview: subprocess.CompletedProcess[str]) -> set[tuple[str, ...]]:
    """Which policies spoke, and how strictly."""
    assert "ascend@v" in preview.stdout, preview.stdout + preview.stderr
    return set(_SAID.findall(preview.stdout))


def test_the_pack_runs_in_a_preview_with_the_verdicts_of_its_configuration(cli: Cli, tmp_path: Path) -> None:
    good = cli.preview("dev")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "✅ ascend@v" in good.stdout
    assert said(good) == set()

    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    bad = cli.preview("dev", "--policy-pack-config", str(tmp_path / "config.json"))
    assert bad.returncode != 0
    assert "[mandatory] [severity: high]  cost-within-cap" in bad.stdout
    assert "the cap is $10.00" in bad.stdout
    assert "goes off at 70, at most 50 is allowed" in bad.stdout
    assert "[advisory] [severity: medium]  log-retention" in bad.stdout


@pytest.mark.parametrize(("system", "phase"), usual(STACKS, STACKS[-1:]))
def test_the_stacks_pass_as_they_do_in_a_review(cli: Cli, system: str, phase: str) -> None:
    stack = f"{system}-p{PHASES.index(phase) + 1}"
    write(cli.project, stack, system, phase)
    preview = cli.preview(stack)
    assert preview.returncode == 0, preview.stdout + preview.stderr
    reviewed = judge(pack(), steps_of(system, phase)).violations
    assert said(preview) == {(one.level, one.policy) for one in reviewed} == set()


@pytest.mark.parametrize("case", every(FAULTS, 12), ids=lambda case: case.name)
def test_a_fault_is_blocked_by_the_policies_that_block_it_in_a_review(lab: Lab, tmp_path: Path, case: Case) -> None:
    in_review = {
        ("advisory" if str(one.level) == "warning" else "mandatory", one.rule)
        for one in lab.review(case).findings
        if one.policy
    }
    project = Project.copied(tmp_path)
    try:
        config_of(project.root, case.stack)
        edit(lab.root, project.root, case)
        preview = Cli(project).preview(case.stack)
        if "refused" in case.rules and "ascend@v" not in preview.stdout:
            assert preview.returncode != 0, "the program refuses it before a policy sees it"
            assert in_review == set()
        else:
            assert said(preview) == in_review
            assert bool(preview.returncode) == ("mandatory" in {level for level, _ in in_review})
    finally:
        project.close()
