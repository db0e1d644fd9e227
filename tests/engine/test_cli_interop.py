"""The official CLI on the same backend and provider: it opens what we made and goes on, and the other way round."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ascend.engine.pulumi_cli import PulumiCliEngine
from ascend.errors import InputError
from tests.engine.conftest import ops

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the official pulumi CLI is not on PATH"),
]

PROGRAM = """
a = Thing("a", size={n})
box = Box("box", kind="x", n=[1, 2.5, None, True])
p = Provider("p", region="r1", secretKey=pulumi.Output.secret("psst"))
c = Thing("c", Opts(parent=box, provider=p, ignore_changes=["tags"], additional_secret_outputs=["arn"],
          custom_timeouts=pulumi.CustomTimeouts(create="5m")),
    of=a.arn, password=pulumi.Output.secret("hunter2"), tags={{"a": {{"b": [1, 2]}}}},
    asset=pulumi.StringAsset("abc"),
    archive=pulumi.AssetArchive({{"x.txt": pulumi.StringAsset("hey"), "d/y": pulumi.FileAsset("__main__.py")}}))
d = Thing("d", Opts(depends_on=[c], delete_before_replace=True), ref=a, force={n})
box.register_outputs({{"x": c.arn}})
pulumi.export("arn", c.arn)
pulumi.export("half", 1.5)
"""


@pytest.fixture
def cli(stack, port, tmp_path):
    stack.write(
        "Pulumi.yaml",
        f"name: proj\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {Path(sys.prefix)}}}}}\n"
        "main: program\n",
    )
    (stack.root / ".ascend" / "state").mkdir(parents=True)
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{stack.root}/.ascend/state",
        "PULUMI_DEBUG_PROVIDERS": f"fake:{port}",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(tmp_path / "home"),
    }

    def run(*arguments, code=0):
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(command, cwd=stack.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


def unchanged(cli):
    summary = json.loads(cli("preview", "--stack", "dev", "--expect-no-changes", "--json"))["changeSummary"]
    assert set(summary) == {"same"}
    return summary["same"]


def test_the_cli_goes_on_where_we_stopped_and_we_go_on_where_it_stopped(stack, fake, cli):
    ours = stack.up(PROGRAM.format(n=1))
    assert unchanged(cli) == ours.summary["create"] == 6
    stack.program(PROGRAM.format(n=2))
    planned = stack.preview()
    theirs = json.loads(cli("preview", "--stack", "dev", "--json"))
    assert theirs["changeSummary"] == {op: count for op, count in planned.summary.items() if count}
    logical = {
        step["urn"].split("::")[-1]: step["op"] for step in theirs["steps"] if step["op"] in ops(planned).values()
    }
    assert {name: op for name, op in ops(planned).items() if op != "same"} == {
        name: op for name, op in logical.items() if op != "same"
    }
    cli("up", "--stack", "dev", "--yes", "--skip-preview")
    assert stack.up().summary == {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 6}
    assert unchanged(cli) == 6
    assert len(json.loads(cli("stack", "history", "--stack", "dev", "--json"))) == 3
    assert json.loads(cli("stack", "output", "--stack", "dev", "--json", "--show-secrets"))["half"] == 1.5
    stack.destroy()
    assert fake.objects == {}


def test_a_stack_of_the_cli_continues_under_ours(stack, fake, cli):
    stack.program(PROGRAM.format(n=1))
    cli("stack", "init", "dev")
    cli("config", "set", "--stack", "dev", "--secret", "proj:token", "t0ken")
    cli("up", "--stack", "dev", "--yes", "--skip-preview")
    assert stack.preview().summary["same"] == 6
    stack.up(PROGRAM.format(n=2))
    assert unchanged(cli) == 6
    result = stack.preview(PROGRAM.format(n=2) + 'pulumi.export("token", pulumi.Config().require_secret("token"))')
    assert result.outputs["token"] == "[secret]"
    stack.program(PROGRAM.format(n=2))
    cli("destroy", "--stack", "dev", "--yes", "--skip-preview")
    assert fake.objects == {}
    assert stack.preview().summary["create"] == 6


def test_locks_are_respected_both_ways(stack, fake, cli):
    stack.up("pass")
    folder = stack.root / ".ascend/state/.pulumi/locks/organization/proj/dev"
    held = {"pid": 1, "username": "ann", "hostname": "elsewhere", "timestamp": "2026-11-21T10:00:00Z", "client": 2}
    (folder / "a.json").write_text(json.dumps(held))
    cli("up", "--stack", "dev", "--yes", "--skip-preview", code=1)
    cli("cancel", "--stack", "dev", "--yes")
    assert stack.up().summary["same"] == 1


@pytest.fixture
def official(stack, port, tmp_path, monkeypatch, cli):
    """The engine around the official CLI, on the same backend and provider."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{stack.root}/.ascend/state")
    monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", f"fake:{port}")
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return PulumiCliEngine()


def seen(result):
    """The steps without what the two engines may order or word each in its own way."""
    return {
        step.name: (step.op.value, sorted(step.diff_keys), step.inputs.get("size"), step.old_inputs.get("size"))
        for step in result.steps
    }


def test_both_engines_export_the_same_and_refuse_what_is_not_there(stack, official):
    stack.program(PROGRAM.format(n=1))
    with pytest.raises(InputError, match="dev is not in the backend"):
        official.export(stack.target)
    stack.up()
    ours, theirs = stack.engine.export(stack.target), official.export(stack.target)
    assert theirs.resources == ours.resources
    documents = json.loads(theirs.text), json.loads(ours.text)
    assert documents[0].keys() == documents[1].keys()
    assert [[sorted(item) for item in document["deployment"]["resources"]] for document in documents[:1]] == [
        [sorted(item) for item in documents[1]["deployment"]["resources"]]
    ]
    assert b"hunter2" not in theirs.text
    stack.destroy()
    with pytest.raises(InputError, match="'dev' is not deployed"):
        official.export(stack.target)
    with pytest.raises(InputError, match="'dev' is not deployed"):
        official.refresh(stack.target, stack.events.append, preview=True)


def test_both_engines_find_the_same_drift_and_take_it_over(stack, fake, official):
    stack.up(PROGRAM.format(n=1))
    fake.drift("a", size=7)
    fake.drift("c", tags={"a": 1}, password="hunter3")
    fake.lose("d")
    ours = stack.refresh(preview=True)
    events = []
    theirs = official.refresh(stack.target, events.append, preview=True)
    assert seen(ours) == seen(theirs)
    assert {name: op for name, (op, *_) in seen(ours).items()} == {"a": "update", "c": "update", "d": "delete"}
    assert theirs.summary == ours.summary
    assert "hunter3" not in repr(theirs.steps) + repr(events)
    a = stack.resources()["a"]["urn"]
    assert ops(official.refresh(stack.target, events.append, [a], preview=False)) == {"a": "update"}
    assert stack.resources()["a"]["inputs"]["size"] == 7
    assert "d" in stack.resources()
    assert stack.refresh().summary["update"] == 1
    assert official.refresh(stack.target, events.append, preview=True).summary["same"] == 2
    with pytest.raises(InputError, match="holds no resource urn:pulumi:dev::x"):
        official.refresh(stack.target, events.append, ["urn:pulumi:dev::x"], preview=True)
    assert official.refresh(stack.target, events.append, [], preview=False).steps == []
