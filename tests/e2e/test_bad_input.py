"""Bad input: one clear line, exit code 2, nothing changed, no traceback."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.project import Project
from tests.thorough import every

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.project import Ran

pytestmark = pytest.mark.xdist_group("bad input")

DEV = """config:
  aws:region: us-east-1
  ascend:system: floyo
  ascend:phase: single-region
  ascend:environment: dev
"""


#: Values of the stack's file, what they become, and what the refusal says.
WRONG = [
    ("ascend:system: floyo", "ascend:system: flyo", ["ascend:system", "'?flyo'?", "floyo"]),
    ("ascend:phase: single-region", "ascend:phase: fase1", ["ascend:phase", "'fase1'", "single-region"]),
    ("ascend:phase: single-region", "ascend:phase: 5", ["ascend:phase", "5", "global"]),
    (
        "ascend:phase: single-region",
        "ascend:phase: global",
        ["ascend:regions", "global", "2 regions", "such as"],
    ),
    ("aws:region: us-east-1", "aws:region: us-est-1", ["aws:region", "us-est-1", "us-east-1"]),
    ("ascend:environment: dev", "ascend:enviroment: dev", ["ascend:enviroment", "ascend:environment"]),
    ("ascend:environment: dev", "ascend:databaseClass: db.nonsense", ["databaseClass", "db.nonsense"]),
    ("ascend:environment: dev", "ascend:databaseStorageGib: -5", ["databaseStorageGib", "-5"]),
    (
        "ascend:environment: dev",
        "ascend:services: {api: {cpu: 0.25, memory: 16}}",
        ["ascend:services.api", "16", "0.5"],
    ),
    ("ascend:environment: dev", "ascend:services: {nobody: {cpu: 1}}", ["nobody", "web"]),
    ("ascend:environment: dev", "ascend:alertReceivers: [nowhere]", ["alertReceivers", "nowhere"]),
    (
        "ascend:environment: dev",
        "ascend:deletionProtection: 1",
        ["ascend:deletionProtection", "boolean, not 1"],
    ),
    (
        "ascend:environment: dev",
        "ascend:primary: eu-west-1",
        ["ascend:primary", "eu-west-1", "allowed: us-east-1"],
    ),
    ("ascend:environment: dev", "ascend:shards: 99", ["ascend:shards", "99", "at most 40"]),
    ("ascend:environment: dev", "ascend:domain: app.floyo.example", ["ascend:zone", "missing", "example.com"]),
    (
        "ascend:environment: dev",
        "ascend:migration: {host: db.floyo.example}",
        ["ascend:migrationPassword", "missing", "--secret"],
    ),
]


def _files(root: Path) -> dict[str, bytes]:
    """Every file of the project and its state, but for what the running cloud writes for itself."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file()
        and not {".venv", "__pycache__"} & set(file.relative_to(root).parts)
        and not file.name.startswith("cloud.")
    }


def _assert_refused(ran: Ran, *says: str) -> None:
    assert ran.code == 2, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, ran.err
    for text in says:
        assert re.search(text, errors[0]), f"{text!r} is not in {errors[0]!r}"


def _refused(project: Project, *says: str, **environment: str | None) -> None:
    """`up` of stack dev is refused with one line that says all of `says`, and leaves no resource behind."""
    before = _files(project.root)
    _assert_refused(project.ascend("up", "dev", "--embedded", "--yes", **environment), *says)
    after = _files(project.root)
    state = [name for name in after if "/stacks/" in name]
    assert {name: data for name, data in after.items() if name in before} == before
    for name in state:
        assert '"resources"' not in after[name].decode() or "aws:" not in after[name].decode(), name


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose cloud runs already, for what is refused before it reaches that."""
    copy = Project.copied(tmp_path_factory.mktemp("running"))
    copy.ascend("cloud", "start")
    yield copy
    copy.close()


@pytest.fixture
def prepared(running: Project) -> Iterator[Project]:
    """`running` with its files as they were copied, whatever the test before wrote."""
    kept = {file: file.read_bytes() for file in (running.root / "Pulumi.yaml", running.root / "systems" / "floyo.yaml")}
    (running.root / "Pulumi.dev.yaml").write_text(DEV)
    yield running
    for file, data in kept.items():
        file.write_bytes(data)


@pytest.mark.parametrize(("old", "new", "says"), every(WRONG, 3))
def test_a_wrong_value_names_file_key_value_and_what_is_allowed(
    prepared: Project, old: str, new: str, says: list[str]
) -> None:
    assert old in DEV
    (prepared.root / "Pulumi.dev.yaml").write_text(DEV.replace(old, new))
    _refused(prepared, r"Pulumi\.dev\.yaml", *says)


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose stack dev is deployed with its data in two databases."""
    copy = Project.copied(tmp_path_factory.mktemp("divided"))
    (copy.root / "Pulumi.dev.yaml").write_text(DEV + "  ascend:shards: 2\n")
    copy.up()
    yield copy
    copy.close()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (DEV, ["ascend:shards: 1 is below the 2 databases", "set ascend:shards: 2", "database-shard-2-primary"]),
        (DEV.replace("floyo", "atlas") + "  ascend:shards: 2\n", ["holds the data of 'floyo'", "a stack of its own"]),
        (DEV.replace("us-east-1", "eu-west-1") + "  ascend:shards: 2\n", ["aws:region: us-east-1 is deployed"]),
    ],
    ids=["shards", "system", "region"],
)
def test_what_would_take_data_from_a_deployed_stack_is_refused_in_one_line(
    divided: Project, written: str, says: list[str]
) -> None:
    (divided.root / "Pulumi.dev.yaml").write_text(written)
    before = divided.state()
    for arguments in (["up", "dev", "--embedded", "--yes"], ["preview", "dev", "--embedded"]):
        _assert_refused(divided.ascend(*arguments), r"Pulumi\.dev\.yaml: ", "nothing was changed", *says)
    assert divided.state() == before


def test_malformed_yaml_names_file_and_line(prepared: Project) -> None:
    (prepared.root / "Pulumi.dev.yaml").write_text("config:\n  ascend:system: [floyo\n  x: y\n")
    _refused(prepared, r"Pulumi\.dev\.yaml", r"\b[23]\b")


def test_a_key_that_is_there_twice_is_refused(prepared: Project) -> None:
    (prepared.root / "Pulumi.dev.yaml").write_text(DEV + "  aws:region: eu-west-1\n")
    _refused(prepared, r"Pulumi\.dev\.yaml:6\b", "'aws:region' is there twice")


def test_an_unknown_setting_of_the_provider_is_refused(prepared: Project) -> None:
    (prepared.root / "Pulumi.dev.yaml").write_text(DEV.replace("aws:region", "aws:regio"))
    _refused(prepared, "aws:regio in a stack's config", "did you mean aws:region")


def test_a_malformed_system_names_its_file(prepared: Project) -> None:
    (prepared.root / "systems" / "floyo.yaml").write_text("name: floyo\nservices: {\n")
    _refused(prepared, r"systems/floyo\.yaml")


def test_a_malformed_project_names_its_file(prepared: Project) -> None:
    (prepared.root / "Pulumi.yaml").write_text("name: [ascend\n")
    _refused(prepared, r"Pulumi\.yaml")


def test_a_missing_passphrase_says_which_variables_to_set(prepared: Project) -> None:
    _refused(prepared, "PULUMI_CONFIG_PASSPHRASE", PULUMI_CONFIG_PASSPHRASE=None)


def test_a_phase_on_the_command_line_is_checked_alike(prepared: Project) -> None:
    _assert_refused(prepared.ascend("preview", "dev", "--embedded", "--phase", "huge"), "'huge'", "single-region")


def test_several_wrong_values_are_told_in_one_pass(prepared: Project) -> None:
    (prepared.root / "Pulumi.dev.yaml").write_text(DEV + "  ascend:budget: -1\n  ascend:nonsense: 1\n")
    ran = prepared.ascend("preview", "dev", "--embedded")
    assert ran.code == 2
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert any("ascend:budget" in line for line in errors)
    assert any("ascend:nonsense" in line for line in errors)


def _corrupted(text: str, how: str) -> str:
    return {
        "truncated": text[: len(text) // 2],
        "empty": "",
        "not a checkpoint": '{"version": 99, "checkpoint": {}}',
    }[how]


@pytest.fixture
def small(project: Project) -> Project:
    """A project whose program is one random string, so that it deploys at once."""
    (project.root / "infra" / "__main__.py").write_text(
        'import pulumi_random\n\npulumi_random.RandomString("one", length=8)\n'
    )
    return project


@pytest.mark.parametrize("how", ["truncated", "empty", "not a checkpoint"])
def test_a_corrupt_state_file_is_named_and_left_alone(small: Project, how: str) -> None:
    small.up()
    (file,) = (small.root / ".ascend" / "state" / ".pulumi" / "stacks").rglob("dev.json")
    file.write_text(_corrupted(file.read_text(), how))
    before = file.read_bytes()
    for arguments in (["up", "dev", "--embedded", "--yes"], ["destroy", "dev", "--embedded", "--yes"]):
        _assert_refused(small.ascend(*arguments), r"dev\.json")
    assert file.read_bytes() == before


def test_another_passphrase_is_refused(small: Project) -> None:
    small.up()
    before = small.state()
    _assert_refused(small.ascend("up", "dev", "--embedded", "--yes", PULUMI_CONFIG_PASSPHRASE="wrong"), "passphrase")
    assert small.state() == before


def test_a_crash_of_the_program_is_not_ours_to_trace(small: Project) -> None:
    (small.root / "infra" / "__main__.py").write_text("raise KeyError('nothing here')\n")
    ran = small.ascend("preview", "dev", "--embedded")
    assert ran.code in {1, 2}
    assert "nothing here" in ran.err
    assert "ascend/engine" not in ran.err
