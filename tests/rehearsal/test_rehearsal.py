"""Rehearsals: what is built again is what is deployed, the update runs on it, the stack itself sees nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud import faults, process
from ascend.engine.embedded import EmbeddedEngine
from ascend.engine.model import Event, State, Target
from ascend.errors import InputError, UpdateError
from ascend.rehearsal import copies, rebuild, rehearsal
from ascend.rehearsal.rebuild import OPAQUE
from ascend.rehearsal.rehearsal import Run, Stage, Twin, rehearse
from tests.e2e.project import PASSPHRASE, REPOSITORY, Project
from tests.e2e.stack_files import write
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = """
import json
import pulumi
from pulumi import ResourceOptions as Opts

config = pulumi.Config()

def resource(token, name, opts=None, /, **props):
    return pulumi.CustomResource(token, name, props, opts)

class Queue(pulumi.CustomResource):
    arn: pulumi.Output[str]
    def __init__(self, name, opts=None, /, **props):
        super().__init__("aws:sqs/queue:Queue", name, {"arn": None, **props}, opts)

class Password(pulumi.CustomResource):
    result: pulumi.Output[str]
    def __init__(self, name, /, **props):
        super().__init__("random:index/randomPassword:RandomPassword", name, {"result": None, **props},
                         Opts(additional_secret_outputs=["result"]))

class Secret(pulumi.CustomResource):
    arn: pulumi.Output[str]
    def __init__(self, name, /, **props):
        super().__init__("aws:secretsmanager/secret:Secret", name, {"arn": None, **props}, Opts(protect=True))

jobs = Queue("jobs", Opts(protect=config.get_bool("lax") is None), name=config.get("queue") or "jobs",
             visibilityTimeoutSeconds=config.get_int("timeout") or 30)
password = Password("password", length=24)
secret = Secret("secret", name="app")
resource("aws:secretsmanager/secretVersion:SecretVersion", "version", secretId=secret.arn,
         secretString=pulumi.Output.all(password.result, jobs.arn).apply(lambda both: json.dumps(both)))
if config.get_secret("token"):
    config.require_secret("token").apply(lambda text: text)
for number in range(config.get_int("more") or 0):
    resource("aws:sns/topic:Topic", f"topic-{number}", name=f"topic-{number}")
if config.get("refuse"):
    raise pulumi.RunError("proj:refuse: this config is wrong")
pulumi.export("queue", jobs.arn)
"""


class Small:
    """A project of a handful of resources, deployed to an embedded cloud of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "program").mkdir(parents=True)
        (root / "Pulumi.yaml").write_text("name: proj\nruntime: python\nmain: program\n")
        (root / "program" / "__main__.py").write_text(textwrap.dedent(PROGRAM))
        (root / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
        self.target = Target(root, "dev")
        self.engine = EmbeddedEngine()
        self.engine.up(self.target, silent)

    def rehearse(self, state: State | None = None, *, fault: bool = False, **config: Any) -> rehearsal.Rehearsal:
        overlay = {f"proj:{key}": value for key, value in config.items()}
        return rehearse(self.target, state or self.engine.export(self.target), overlay, silent, fault=fault)

    def edited(self, **changes: Any) -> State:
        """The exported state with other fields of its deployment."""
        state = self.engine.export(self.target)
        document = json.loads(state.text)
        document["deployment"].update(changes)
        return replace(state, text=json.dumps(document).encode())


def silent(event: Event) -> None:
    """Nobody listens."""


def environment(monkeypatch: pytest.MonkeyPatch, tmp: Path) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    # With it the program puts the stack at the edge.
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "embedded")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp))


@pytest.fixture(scope="module")
def tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where temporary folders go, so that what is left behind can be seen."""
    return tmp_path_factory.mktemp("tmp")


@pytest.fixture(scope="module")
def surroundings(tmp: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        environment(patch, tmp)
        yield


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, surroundings: None) -> Iterator[Small]:
    made = Small(tmp_path_factory.mktemp("small"))
    yield made
    process.stop(made.root)


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp: Path, surroundings: None) -> Iterator[None]:
    yield
    assert [path for path in tmp.iterdir() if path.name.startswith("ascend-rehearsal")] == []


# -- the real program


@pytest.fixture(scope="module")
def floyo(tmp_path_factory: pytest.TempPathFactory, surroundings: None) -> Iterator[Project]:
    project = Project.copied(tmp_path_factory.mktemp("floyo"))
    write(project, "dev", "floyo", "single-region")
    EmbeddedEngine().up(Target(project.root, "dev"), silent)
    yield project
    project.close()


@thorough
def test_a_real_promotion_is_rehearsed_to_the_end_and_again_with_a_fault(floyo: Project) -> None:
    cloud = process.status(floyo.root)
    assert cloud is not None
    before = floyo.state(), floyo.root.joinpath("Pulumi.dev.yaml").read_bytes()
    faults.inject(cloud)
    plan = EmbeddedEngine().preview(Target(floyo.root, "dev", {"ascend:phase": "cached"}), silent)
    command = "import sys; from pathlib import Path; from ascend.promotion.rehearse_command import rehearse; "
    command += "sys.exit(rehearse(Path(sys.argv[1]), 'dev', to=sys.argv[2], json=True, embedded=True))"
    ran = subprocess.run(
        [sys.executable, "-c", command, str(floyo.root), "2"],
        cwd=REPOSITORY,
        env=floyo.environment(CLOUDFLARE_API_TOKEN=None),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert (found["from"], found["to"]) == ("single-region", "cached")
    assert (found["ok"], found["data_ids_kept"], found["problems"]) == (True, True, [])
    assert found["changes"] == plan.summary
    assert found["fault"].startswith("InternalFailure at call ")
    assert "continued and finished" in found["summary"]
    assert (floyo.state(), floyo.root.joinpath("Pulumi.dev.yaml").read_bytes()) == before
    assert faults.report(cloud).calls == ()


@thorough
def test_what_is_built_again_is_what_the_program_wants_and_what_a_refresh_finds(floyo: Project, tmp_path: Path) -> None:
    target = Target(floyo.root, "dev")
    state = EmbeddedEngine().export(target)
    stage = Stage(tmp_path, target, state, silent)
    with Twin(stage.request, tmp_path / "log") as twin:
        resources, problems = twin.built()
        run = Run(tmp_path / "run", target, stage.request, twin.cloud())
        assert problems == []
        assert resources == sum(one.custom and not one.type.startswith("pulumi:") for one in state.resources)
        plan = run.engine.preview(run.target, silent)
        assert [(step.op, step.name) for step in plan.steps if step.op != "same"] == []
        drift = run.engine.refresh(run.target, silent, preview=True)
        assert [(step.op, step.name) for step in drift.steps if step.op != "same"] == []
        rebuilt = run.engine.export(run.target).resources
    assert [(one.urn, one.protect, one.parent) for one in rebuilt] == [
        (one.urn, one.protect, one.parent) for one in state.resources
    ]
    database = "aws:rds/instance:Instance"
    resource_ids = [
        [one.outputs["resourceId"] for one in there if one.type == database] for there in (rebuilt, state.resources)
    ]
    assert resource_ids[0] != resource_ids[1], "it is another database, not the deployed one"


# -- what speaks against it


def test_a_change_in_place_goes_and_a_replaced_queue_does_not(small: Small) -> None:
    assert small.rehearse(timeout=60).changes["update"] == 1
    found = small.rehearse(queue="other", lax=True)
    assert not found.ok
    assert not found.data_ids_kept
    assert found.problems == ("the update replaces jobs, which holds jobs that wait",)


def test_what_the_program_or_the_engine_refuses_is_told(small: Small) -> None:
    found = small.rehearse(refuse="yes", fault=True)
    assert found.problems == ("the update does not go through: proj:refuse: this config is wrong",)
    assert (found.ok, found.fault, found.data_ids_kept) == (False, "", True)


def test_an_update_that_changes_nothing_has_nothing_to_fail(small: Small) -> None:
    found = small.rehearse(fault=True)
    assert found.ok
    assert found.fault == ""
    assert found.summary == "4 resources rebuilt from the state and updated (no change)"


@pytest.mark.parametrize("promised", [1, 4])
def test_a_fault_strikes_where_a_plan_says_halfway_is_or_else_where_it_was(small: Small, promised: int) -> None:
    """A plan that promised too much is found out, and the run made again."""
    overlay = {"proj:more": 6}
    plan = small.engine.preview(replace(small.target, config=overlay), silent).steps * promised
    found = rehearse(small.target, small.engine.export(small.target), overlay, silent, fault=True, planned=plan)
    assert found.ok, found.problems
    assert found.fault.startswith("InternalFailure at call 4 of 6, create topic-")


def test_an_update_that_makes_something_twice_after_a_fault_is_found(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it would be where an engine forgot what it had made before it stopped."""
    up = Run.up

    def forgetful(run: Run, on_event: Any) -> Any:
        try:
            return up(run, on_event)
        except UpdateError:
            file = run.target.root / ".ascend/state/.pulumi/stacks/proj/dev.json"
            document = json.loads(file.read_text())
            latest = document["checkpoint"]["latest"]
            latest["resources"] = [one for one in latest["resources"] if "Topic::" not in one["urn"]]
            file.write_text(json.dumps(document))
            raise

    monkeypatch.setattr(Run, "up", forgetful)
    found = small.rehearse(more=6, fault=True)
    assert not found.ok
    assert all(
        "is created 2 times where the update is continued after InternalFailure" in one for one in found.problems
    )


def test_what_cannot_be_rebuilt_stops_the_rehearsal_before_it_begins(small: Small) -> None:
    state = small.engine.export(small.target)
    latest = json.loads(state.text)["deployment"]
    resources = latest["resources"]
    queue = next(one for one in resources if one["urn"].endswith("::jobs"))
    strange = {**queue, "urn": queue["urn"].replace("sqs/queue:Queue::jobs", "odd/thing:Thing::odd"), "inputs": {}}
    strange |= {"type": "aws:odd/thing:Thing", "propertyDependencies": {}}
    read = {**queue, "urn": queue["urn"].replace("::jobs", "::read"), "external": True}
    version = next(one for one in resources if one["urn"].endswith("::version"))
    sealed = version["inputs"]["secretString"]
    wrong = {**queue, "urn": queue["urn"].replace("::jobs", "::wrong"), "inputs": {"name": sealed}}
    found = small.rehearse(small.edited(resources=[*resources, strange, read, wrong]), more=1, fault=True)
    assert not found.ok
    assert found.problems[0].startswith(
        "aws:odd/thing:Thing odd cannot be rebuilt: aws:odd/thing:Thing is not emulated"
    )
    assert found.problems[1].startswith("aws:sqs/queue:Queue read cannot be rebuilt: it is read from the account")
    assert found.problems[2].startswith("aws:sqs/queue:Queue wrong cannot be rebuilt: ")
    assert "arn:aws:sqs" not in found.problems[2], "what was refused is a secret"
    assert found.summary.endswith("(and 2 more)")


def test_what_an_api_wants_first_may_come_later_in_the_state(small: Small, tmp_path: Path) -> None:
    """As where a program did not say that one resource needs another, and was lucky with the order."""
    latest = json.loads(small.engine.export(small.target).text)["deployment"]
    resources = latest["resources"]
    version = next(one for one in resources if one["urn"].endswith("::version"))
    early = {**version, "dependencies": [], "propertyDependencies": {}}
    rest = [one for one in resources if one is not version]
    provider = next(place for place, one in enumerate(rest) if one["urn"].endswith("::jobs")) + 1
    state = small.edited(resources=[*rest[:provider], early, *rest[provider:]])
    stage = Stage(tmp_path, small.target, state, silent)
    with Twin(stage.request, tmp_path / "log") as twin:
        assert twin.built() == (4, [])
    built = json.loads(Path(stage.request.state).read_text())["checkpoint"]["latest"]["resources"]
    assert [one["urn"] for one in built] == [one["urn"] for one in json.loads(state.text)["deployment"]["resources"]]
    secret = next(one for one in built if one["urn"].endswith("::secret"))
    assert next(one for one in built if one["urn"].endswith("::version"))["inputs"]["secretId"] == secret["id"]


def test_a_state_of_another_stack_or_of_none_is_refused(small: Small) -> None:
    text = small.engine.export(small.target).text
    with pytest.raises(InputError, match="the state is not that of stack 'prod'"):
        rebuild.read(text, "prod", sealed=False)
    for broken in (b"[]", b"{}", b'{"version": 3, "deployment": {"resources": [{}]}}', text[:-20]):
        with pytest.raises(InputError, match="the state of stack 'dev' cannot be used"):
            rebuild.read(broken, "dev", sealed=False)
    with pytest.raises(InputError, match="the state of stack 'dev' cannot be used"):
        rehearse(small.target, State(b"[]", []), {}, silent, fault=False)


# -- secrets


def test_secrets_of_a_key_that_is_not_at_hand_are_stand_ins(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = small.root / "Pulumi.dev.yaml"
    before = file.read_text()
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    state = small.edited(secrets_providers={"type": "cloud", "state": {"url": "awskms://alias/x"}})
    file.write_text(
        "secretsprovider: awskms://alias/x\nencryptedkey: abc\n" + before + "  proj:token:\n    secure: v1:abc:def\n"
    )
    try:
        assert b"opaque" not in state.text
        found = small.rehearse(state, timeout=60, fault=True)
        copied = copies.make(tmp_path / "copy", small.target, sealed=True)
        assert OPAQUE in (copied.root / "Pulumi.dev.yaml").read_text()
    finally:
        file.write_text(before)
    assert found.ok, found.problems
    assert "PULUMI_CONFIG_PASSPHRASE" not in os.environ


def test_secrets_do_not_leave_the_copy_and_its_processes_end_with_it(small: Small, tmp_path: Path) -> None:
    """Neither what the twin writes nor what it says holds one in the clear."""
    stage = Stage(tmp_path, small.target, small.engine.export(small.target), silent)
    with Twin(stage.request, tmp_path / "log") as twin:
        twin.built()
        clouds = [twin.cloud(), twin.cloud()]
        run = Run(tmp_path / "run", small.target, stage.request, clouds[0])
        latest = json.loads(Path(stage.request.state).read_text())["checkpoint"]["latest"]
        password = next(one for one in latest["resources"] if one["urn"].endswith("::password"))
        assert "ciphertext" in password["outputs"]["result"]
        shown = run.engine.export(run.target).resources
        assert next(one for one in shown if one.name == "password").outputs["result"] == "[secret]"
        assert clouds[0].providers["aws"] != clouds[1].providers["aws"]
        assert all(Path(f"/proc/{cloud.pid}").exists() for cloud in clouds)
    assert all(not Path(f"/proc/{cloud.pid}").exists() for cloud in clouds)
    assert (tmp_path / "log").read_text() == ""


def test_a_rehearsal_that_is_killed_leaves_nothing_behind(small: Small, tmp: Path) -> None:
    script = textwrap.dedent("""
        import sys, tempfile
        from pathlib import Path
        from ascend.engine.embedded import EmbeddedEngine
        from ascend.engine.model import Target
        from ascend.rehearsal.rehearsal import rehearse
        tempfile.tempdir = sys.argv[2]
        target = Target(Path(sys.argv[1]), "dev")
        print("begun", flush=True)
        show = lambda event: print(event, flush=True)
        rehearse(target, EmbeddedEngine().export(target), {"proj:more": 6}, show, fault=True)
    """)
    command = [sys.executable, "-c", script, str(small.root), str(tmp)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        # In the middle of the update, with a twin and its clouds around.
        assert any("rehearsing: the update" in line for line in running.stdout)
        assert [path for path in tmp.iterdir() if path.name.startswith("ascend-rehearsal")]
        running.kill()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(path.name.startswith("ascend-rehearsal") for path in tmp.iterdir()):
        time.sleep(0.1)
