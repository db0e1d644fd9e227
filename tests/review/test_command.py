"""The command from end to end, in a repository of its own."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from ascend import cli
from ascend.review import planning
from tests.review.lab import PARTS, ROOT
from tests.review.test_revision import git

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("review-command")
_STACK = """config:
  aws:region: us-east-1
  ascend:system: floyo
  ascend:phase: single-region
  ascend:environment: dev
  ascend:alertReceivers: [oncall@floyo.example]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with one stack, in a repository."""
    root = tmp_path_factory.mktemp("reviewed")
    for part in (*PARTS, "policies", ".gitignore"):
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, root / part)
    (root / "Pulumi.dev.yaml").write_text(_STACK)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=first")
    return root


def _review(project: Path, *options: str) -> int:
    return cli.run(["review", "--cwd", str(project), *options])


def test_a_blocked_change_in_every_form(project: Path, tmp_path: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(_STACK + "  ascend:budget: 500\n")
    out = tmp_path / "out"
    assert _review(project, "--json", "--markdown", "--sarif", "--out", str(out)) == 1
    document: dict[str, Any] = json.loads((out / "review.json").read_text())
    (stack,) = document["stacks"]
    blocking = [one for one in stack["findings"] if one["level"] == "blocking"]
    assert "budget-raised" in {one["rule"] for one in blocking}
    assert {(one["file"], one["line"]) for one in blocking} == {("Pulumi.dev.yaml", 7)}
    assert stack["before"]["cost"]["expected"] > 0
    assert stack["summary"]["changed"] >= 1
    assert stack["summary"]["deleted"] == 0
    assert "budget-raised" in (out / "review.md").read_text()
    results = json.loads((out / "review.sarif").read_text())["runs"][0]["results"]
    assert "budget-raised" in {one["ruleId"] for one in results}
    assert list((project / planning.KEPT).glob("*.json"))


def test_against_what_is_deployed(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kept,) = (project / planning.KEPT).glob("*.json")
    state = json.loads(kept.read_text())
    exported = tmp_path / "state.json"
    # As `pulumi stack export` writes it: without the envelope.
    text = json.dumps({"version": 3, "deployment": state["checkpoint"]["latest"]})
    exported.write_text(text)
    (project / "Pulumi.dev.yaml").write_text(_STACK)
    assert _review(project, "--stack", "dev", "--state", str(exported), "--json") == 0
    (stack,) = json.loads(capsys.readouterr().out)["stacks"]
    assert stack["changes"] == []


def test_against_what_a_backend_holds(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kept,) = (project / planning.KEPT).glob("*.json")
    stacks = tmp_path / ".pulumi" / "stacks" / "ascend"
    stacks.mkdir(parents=True)
    shutil.copyfile(kept, stacks / "dev.json")
    (project / "Pulumi.dev.yaml").write_text(_STACK)
    assert _review(project, "--stack", "dev", "--state", str(tmp_path), "--json") == 0
    (stack,) = json.loads(capsys.readouterr().out)["stacks"]
    assert (stack["changes"], stack["summary"]["unchanged"] > 0) == ([], True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--base", "origin/none"], "no such revision"),
        (["--stack", "none"], "no Pulumi.none.yaml"),
        (["--accept", "data-at-risk"], "can be agreed to are"),
        (["--base", "HEAD", "--state", "x"], "give --base or --state, not both"),
        (["--stack", "dev", "--state", "none.json"], "no such file"),
        (["--stack", "dev", "--state", str(ROOT / "infra")], "no backend"),
        (["--json", "--sarif"], "give --out FOLDER"),
        (["--out", "x"], "--out goes with"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    project: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _review(project, *options) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err
    assert len(shown.err.splitlines()) == 1


def test_a_change_that_reaches_no_stack(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "Pulumi.dev.yaml").write_text(_STACK)
    assert _review(project, "--changed", "--json") == 0
    assert json.loads(capsys.readouterr().out)["stacks"] == []
