"""The command `report`: what it writes, where, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ascend import cli, plans
from ascend.errors import InputError
from ascend.report import command
from tests.capacity.planned import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from ascend.engine.model import Target


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Target]:
    """A project with a dev stack, which is the working directory; the targets whose plans were asked for."""
    (tmp_path / "Pulumi.yaml").write_text("name: ascend\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  ascend:system: floyo\n")
    monkeypatch.chdir(tmp_path)
    targets: list[Target] = []

    def planned(wanted: Target) -> plans.Plan:
        targets.append(wanted)
        return plan_of(wanted.config.get("ascend:system", "floyo"), wanted.config.get("ascend:phase", "cached"))

    monkeypatch.setattr(plans, "of_target", planned)
    return targets


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    code = cli.run(["report", *arguments])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    return captured.out, captured.err


def test_the_page_goes_to_stdout(asked: list[Target], capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys, "--system", "floyo", "--phase", "2")
    assert out.lstrip().startswith("<!doctype html>")
    assert out.rstrip().endswith("</html>")
    # Every phase once, all under one name, or no resource would be the same in two of them.
    assert [one.config["ascend:phase"] for one in asked].count("cached") == 1
    assert {one.config["ascend:phase"] for one in asked} == set(plans.PHASES)
    assert {one.stack for one in asked} == {"floyo"}


def test_a_stack_in_one_region_gets_a_second_at_the_last_phase(
    asked: list[Target], capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "dev", "--json")
    assert [one.config.get("ascend:regions") for one in asked] == [None, None, None, ["us-east-1", "eu-west-1"]]
    assert [one.config.get("ascend:phase") for one in asked] == [None, "single-region", "scaled", "global"]


@pytest.mark.parametrize(
    ("refused", "says"),
    [("single-region", "Not shown: single-region"), ("scaled", "does not fit the next phase")],
)
def test_a_phase_that_the_config_does_not_fit_is_left_out(
    asked: list[Target], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], refused: str, says: str
) -> None:
    planned = plans.of_target

    def picky(wanted: Target) -> plans.Plan:
        if wanted.config.get("ascend:phase") == refused:
            raise InputError("maxTasks: 10 is above 2")
        return planned(wanted)

    monkeypatch.setattr(plans, "of_target", picky)
    out, _ = run(capsys, "dev")
    assert says in out
    assert "maxTasks: 10 is above 2" in out


def test_the_data_of_the_page_as_json(asked: list[Target], capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, "dev", "--json")[0])
    assert (document["system"], document["phase"], document["title"]) == ("floyo", "cached", "Floyo")
    assert [one["phase"] for one in document["ladder"] if one["here"]] == ["cached"]
    assert {"architecture", "ladder", "load", "cost", "alarms", "next"} <= set(document)
    assert document["next"]["phase"] == "scaled"
    lines = document["next"]["cost"]["lines"]
    added = document["next"]["cost"]["monthly"]["expected"]
    assert sum(line["monthly"]["expected"] for line in lines) == pytest.approx(added, abs=1e-4)
    before, after = document["ladder"][1]["monthly"]["expected"], document["ladder"][2]["monthly"]["expected"]
    assert after - before == pytest.approx(added)


def test_a_file_is_written_whole(asked: list[Target], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")
    out, err = run(capsys, "dev", "--out", str(file))
    assert out == ""
    assert f"Report: {file}" in err
    assert file.read_text().startswith("<!doctype html>")
    assert not [one.name for one in tmp_path.iterdir() if one.name.startswith(".report")]


def test_what_fails_leaves_the_file_as_it_was(
    asked: list[Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")
    # A lone surrogate, which no file takes.
    monkeypatch.setattr(command, "render", lambda contents: "\ud800")
    assert cli.run(["report", "dev", "--out", str(file)]) != 0
    assert file.read_text() == "old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["Pulumi.dev.yaml", "Pulumi.yaml", "report.html"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a stack (with a file: dev), or give both --system and --phase"),
        (["--system", "floyo"], "give both --system and --phase"),
        (["--system", "floyo", "--phase", "5"], "'5' is not a phase; allowed: single-region (1), cached (2)"),
        (["prod"], "no Pulumi.prod.yaml"),
        (["dev", "--out", "."], "cannot be written (not a file in a folder that is there)"),
        (["dev", "--out", "nowhere/report.html"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(
    asked: list[Target], capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert cli.run(["report", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert says in captured.err
    assert asked == []
