"""The pack in the official CLI: ``pulumi preview --policy-pack``, with and without a configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ascend.packs import judge
from ascend.plans import PHASES
from tests.e2e.project import Project
from tests.e2e.stack_files import write
from tests.policies.official import MARKS, Cli, said
from tests.policies.plans import pack, steps_of
from tests.policies.test_pack import STACKS
from tests.thorough import usual

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = list(MARKS)
#: A cap that the stack exceeds, an alarm stricter than it has, and logs kept longer than they are.
CONFIG = {
    "cost-within-cap": {"cap_usd": 10},
    "service-cpu-alarm": {"limit": 50},
    "log-retention": {"least_days": 60, "enforcementLevel": "advisory"},
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The CLI, on one copy of the project."""
    project = Project.copied(tmp_path_factory.mktemp("policies"))
    yield Cli(project)
    project.close()


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
