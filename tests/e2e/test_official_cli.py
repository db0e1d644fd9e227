"""The official CLI on the embedded cloud, through `ascend` and beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
]
OFFICIAL = ("--embedded", "--engine", "pulumi")


def _files(project: Project) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in project.root.iterdir() if file.is_file()}


def test_a_stack_goes_on_under_the_other_engine_in_both_directions(project: Project) -> None:
    before = _files(project)
    made = project.ascend("up", "dev", *OFFICIAL, "--yes", "--json").document
    assert made["engine"] == "pulumi"
    assert made["summary"]["create"] > 60
    assert (made["system"], made["phase"]) == ("floyo", "single-region")
    assert _files(project) == before, "no salt, no settings in the tracked files"

    ours = project.ascend("preview", "dev", "--embedded", "--json").document
    assert {step["op"] for step in ours["steps"]} == {"same"}
    assert ours["summary"]["same"] == made["summary"]["create"]
    assert project.up()["outputs"] == made["outputs"]

    theirs = project.ascend("preview", "dev", *OFFICIAL, "--json").document
    assert {step["op"] for step in theirs["steps"]} == {"same"}
    assert theirs["summary"] == ours["summary"]
    assert _files(project) == before


def test_what_we_made_opens_in_the_plain_cli_unchanged(project: Project) -> None:
    made = project.up()
    cloud = project.ascend("cloud", "status", "--json").document
    salt = project.state()["secrets_providers"]["state"]["salt"]
    with (project.root / "Pulumi.dev.yaml").open("a") as file:
        file.write(f"encryptionsalt: {salt}\n")
    environment = project.environment(
        PULUMI_BACKEND_URL=(project.root / ".ascend" / "state").as_uri(),
        PULUMI_DEBUG_PROVIDERS=",".join(f"{name}:{port}" for name, port in cloud["providers"].items()),
    )

    def pulumi(*arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", "dev", "--non-interactive"],
            cwd=project.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    plan: dict[str, Any] = json.loads(pulumi("preview", "--json"))
    assert plan["changeSummary"] == {"same": made["summary"]["create"]}
    pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert {step["op"] for step in project.up()["steps"]} == {"same"}


def test_bad_input_is_one_line_and_exit_2_here_too(project: Project) -> None:
    ran = project.ascend("up", "dev", *OFFICIAL, "--yes", "--phase", "huge")
    assert ran.code == 2
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, ran.err
    assert "'huge'" in errors[0]
    assert "Traceback" not in ran.err


def test_destroy_refuses_protected_data_until_it_is_named(project: Project) -> None:
    project.up()
    refused = project.ascend("destroy", "dev", *OFFICIAL, "--yes")
    assert refused.code == 2
    protected = [found["urn"].rpartition("::")[2] for found in project.state()["resources"] if found.get("protect")]
    assert all(name in refused.err for name in protected)
    named = [argument for name in protected for argument in ("--unprotect", name)]
    done = project.ascend("destroy", "dev", *OFFICIAL, "--yes", "--json", *named).document
    assert done["summary"]["delete"] > 60
    assert not project.state().get("resources")
