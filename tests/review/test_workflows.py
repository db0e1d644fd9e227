"""The workflows, the action and the hook: valid, pinned, and safe with the code of a fork."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from typer.main import get_command

from ascend.cli import app
from ascend.review import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
_SCHEMAS = resources.files("check_jsonschema") / "builtin_schemas"


class _Loader(yaml.SafeLoader):
    """`on` is a key of workflows, and no boolean."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def _read(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), _Loader)


def _schema(*path: str) -> Any:
    return json.loads(_SCHEMAS.joinpath(*path).read_text(encoding="utf-8"))


def _used(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("uses"), str):
            yield node["uses"]
        for item in node.values():
            yield from _used(item)
    elif isinstance(node, list):
        for item in node:
            yield from _used(item)


def test_the_workflows_are_there() -> None:
    assert [file.name for file in WORKFLOWS] == ["deploy.yml", "promote.yml", "review-comment.yml", "review.yml"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_is_valid(file: Path) -> None:
    jsonschema.validate(_read(file), _schema("vendor", "github-workflows.json"))
    jsonschema.validate(_read(file), _schema("custom", "github-workflows-require-timeout.json"))


def test_the_action_is_valid() -> None:
    jsonschema.validate(_read(ACTION), _schema("vendor", "github-actions.json"))


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_what_is_used_is_pinned_and_says_its_version(file: Path) -> None:
    used = [one for one in _used(_read(file)) if one != "./"]
    assert used
    text = file.read_text(encoding="utf-8")
    assert [one for one in used if not re.search(rf"{re.escape(one)} # v\d+\.\d+\.\d+\n", text)] == []
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w./-]+@[0-9a-f]{40}", one)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_is_given_little(file: Path) -> None:
    workflow = _read(file)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow["on"]
    for job in workflow["jobs"].values():
        writes = {name for name, level in job["permissions"].items() if level == "write"}
        assert writes <= {"id-token", "pull-requests", "contents"}
        # What may write to the repository takes no role and runs nothing of the project.
        if "contents" in writes:
            assert "id-token" not in writes
            assert "environment" not in job
            assert [one.partition("@")[0] for one in _used(job)] == ["actions/checkout", "actions/download-artifact"]
            assert "ascend " not in str(
                [step.get("run") for step in job["steps"] if "-m ascend" in step.get("run", "")]
            )


def test_what_runs_the_code_of_a_pull_request_holds_nothing() -> None:
    text = (ROOT / ".github" / "workflows" / "review.yml").read_text(encoding="utf-8")
    workflow = _read(ROOT / ".github" / "workflows" / "review.yml")
    assert workflow["jobs"]["review"]["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert "persist-credentials: false" in text


def test_what_may_write_runs_no_code_of_a_pull_request() -> None:
    workflow = _read(ROOT / ".github" / "workflows" / "review-comment.yml")
    assert list(workflow["on"]) == ["workflow_run"]
    (job,) = workflow["jobs"].values()
    assert [one.partition("@")[0] for one in _used(job)] == ["actions/download-artifact", "actions/github-script"]
    assert [step for step in job["steps"] if "run" in step] == []
    script = job["steps"][-1]["with"]["script"]
    assert "${{" not in script
    assert markdown.MARKER in script
    assert str(markdown.LIMIT) in script


@pytest.mark.parametrize("file", [*WORKFLOWS, ACTION], ids=lambda file: file.name)
def test_no_script_holds_what_others_write(file: Path) -> None:
    scripts = re.findall(r"run: \|\n((?: {8,}.*\n|\n)+)", file.read_text(encoding="utf-8"))
    assert [one for one in scripts if "${{" in one] == []


def test_deploys_take_a_role_and_prod_waits_for_dev() -> None:
    jobs = _read(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]
    assert jobs["prod"]["needs"] == "dev"
    for name, job in jobs.items():
        assert job["environment"] == name
        assert job["permissions"] == {"contents": "read", "id-token": "write"}
        assert "role-to-assume: ${{ vars.AWS_ROLE_ARN }}" in (ROOT / ".github" / "workflows" / "deploy.yml").read_text(
            encoding="utf-8"
        )


def test_the_hook_calls_the_command_as_it_is() -> None:
    (hook,) = _read(ROOT / ".pre-commit-hooks.yaml")
    assert hook["entry"].split() == ["ascend", "review", "--changed"]
    assert "review" in get_command(app).commands
    assert hook["pass_filenames"] is False
    matches = re.compile(hook["files"])
    assert matches.search("Pulumi.dev.yaml")
    assert matches.search("systems/floyo.yaml")
    assert not matches.search("docs/review.md")
