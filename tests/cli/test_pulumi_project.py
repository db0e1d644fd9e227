"""Where the official CLI works. A stand-in for it on PATH answers its version; nothing else is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ascend.cloud import process
from ascend.engine import pulumi_project
from ascend.engine.model import Target
from ascend.errors import InputError

SALT = "v1:c2FsdA==:v1:bm9uY2U=:eA=="


@pytest.fixture
def workplace(project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, with a stand-in CLI on PATH and a stand-in cloud."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "pulumi").write_text("#!/bin/sh\necho v3.260.0\n")
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    info = process.CloudInfo(pid=1, aws_endpoint="http://127.0.0.1:1", providers={"aws": 2}, started="now")
    monkeypatch.setattr(process, "start", lambda root: info)
    (project / "infra").mkdir()
    (project / "infra" / "__main__.py").touch()
    return project


def _saved_state(root: Path, text: str) -> None:
    folder = root / ".ascend" / "state" / ".pulumi" / "stacks" / "ascend"
    folder.mkdir(parents=True)
    (folder / "dev.json").write_text(text)


def test_the_copy_links_the_program_and_lays_config_over_the_stack_file(workplace: Path) -> None:
    target = Target(workplace, "dev", {"ascend:phase": "2"})
    with pulumi_project.embedded(target) as (workspace, config_file):
        copy = Path(workspace.work_dir)
        assert config_file is None
        assert (copy / "infra" / "__main__.py").is_file()
        assert (copy / "Pulumi.yaml").read_bytes() == (workplace / "Pulumi.yaml").read_bytes()
        assert not (copy / "Pulumi.yaml").is_symlink()
        assert yaml.safe_load((copy / "Pulumi.dev.yaml").read_text()) == {
            "config": {"ascend:system": "floyo", "ascend:phase": "2"}
        }
        assert workspace.pulumi_home == str(workplace / ".ascend" / "pulumi-home")
        assert workspace.env_vars["PULUMI_BACKEND_URL"] == f"file://{workplace}/.ascend/state"
        assert workspace.env_vars["PULUMI_DEBUG_PROVIDERS"] == "aws:2"
        assert workspace.env_vars["no_grpc_proxy"] == "127.0.0.1", "a proxy of the user is not asked"
    assert not copy.exists()
    assert "phase" not in (workplace / "Pulumi.dev.yaml").read_text()


def test_the_cli_goes_on_with_the_salt_of_the_state(workplace: Path) -> None:
    latest = {"secrets_providers": {"type": "passphrase", "state": {"salt": SALT}}}
    _saved_state(workplace, json.dumps({"version": 3, "checkpoint": {"latest": latest}}))
    with pulumi_project.embedded(Target(workplace, "dev")) as (workspace, _):
        written = yaml.safe_load((Path(workspace.work_dir) / "Pulumi.dev.yaml").read_text())
    assert written["encryptionsalt"] == SALT


def test_a_stack_never_deployed_has_no_salt(workplace: Path) -> None:
    _saved_state(workplace, json.dumps({"version": 3, "checkpoint": {"latest": None}}))
    with pulumi_project.embedded(Target(workplace, "dev")) as (workspace, _):
        assert "encryptionsalt" not in (Path(workspace.work_dir) / "Pulumi.dev.yaml").read_text()


@pytest.mark.parametrize("text", ["{", "[]", '{"checkpoint": 3}', "{}"])
def test_a_corrupt_state_is_named(workplace: Path, text: str) -> None:
    _saved_state(workplace, text)
    with (
        pytest.raises(InputError, match=r"dev\.json: not a checkpoint"),
        pulumi_project.embedded(Target(workplace, "dev")),
    ):
        pytest.fail("opened")


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("Pulumi.dev.yaml", "config: [a\nb: c\n", r"Pulumi\.dev\.yaml:2: not YAML"),
        ("Pulumi.dev.yaml", "- a\n", r"Pulumi\.dev\.yaml: expected a mapping, found list"),
        ("Pulumi.dev.yaml", "config: 3\n", r"Pulumi\.dev\.yaml: config: expected a mapping, found int"),
        ("Pulumi.yaml", "runtime: python\n", r"Pulumi\.yaml: name: None is not a project name"),
    ],
)
def test_a_file_that_is_wrong_is_named(workplace: Path, file: str, text: str, says: str) -> None:
    (workplace / file).write_text(text)
    with pytest.raises(InputError, match=says), pulumi_project.embedded(Target(workplace, "dev")):
        pytest.fail("opened")


def test_in_place_nothing_is_written_but_a_config_laid_over(workplace: Path) -> None:
    with pulumi_project.in_place(Target(workplace, "dev")) as (workspace, config_file):
        assert (workspace.work_dir, config_file) == (str(workplace), None)
    with pulumi_project.in_place(Target(workplace, "dev", {"ascend:phase": "2"})) as (_, config_file):
        assert config_file is not None
        assert yaml.safe_load(Path(config_file).read_text())["config"]["ascend:phase"] == "2"
    assert not Path(config_file).exists()
