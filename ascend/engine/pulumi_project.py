"""Where the official CLI works: in the project itself, or in a throw-away copy beside the embedded cloud's state."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pulumi.automation import LocalWorkspace, OutputValue

from ascend.cloud import process
from ascend.engine.embedded.backend import STATE_FOLDER, Backend
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pulumi.automation import CommandResult, OutputMap

    from ascend.engine.model import Target

_HIDDEN = ".ascend"
_QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}


class Workspace(LocalWorkspace):
    """A workspace that leaves the user's selected stack alone and never asks for secrets that nobody wants to see."""

    def cli(self, *arguments: str) -> CommandResult:
        """Runs one command of the CLI in this workspace.

        Raises:
            pulumi.automation.CommandError: it failed.
        """
        environment = dict(self.env_vars)
        if self.pulumi_home:
            environment["PULUMI_HOME"] = self.pulumi_home
        return self.pulumi_command.run([*arguments, "--non-interactive"], self.work_dir, environment)

    def select_stack(self, stack_name: str) -> None:
        """Makes sure that the stack is there."""
        self.cli("stack", "--show-name", "--stack", stack_name)

    def create_stack(self, stack_name: str) -> None:
        """Creates the stack without selecting it."""
        self.cli("stack", "init", stack_name, "--no-select")

    def stack_outputs(self, stack_name: str) -> OutputMap:
        """The stack's outputs, secrets masked."""
        values = self.outputs_of(stack_name, show_secrets=False)
        return {name: OutputValue(value=value, secret=False) for name, value in values.items()}

    def outputs_of(self, stack_name: str, *, show_secrets: bool) -> Mapping[str, Any]:
        """The stack's outputs, secrets masked unless asked for."""
        flags = ["--show-secrets"] if show_secrets else []
        values: dict[str, Any] = json.loads(self.cli("stack", "output", "--json", "--stack", stack_name, *flags).stdout)
        return values


@contextmanager
def in_place(target: Target) -> Iterator[tuple[Workspace, str | None]]:
    """The project's own folder and the user's own backend.

    Yields:
        The workspace, and the path of a config file in place of ``Pulumi.<stack>.yaml`` where the run lays values
        over it (None where it does not).
    """
    workspace = Workspace(work_dir=str(target.root), env_vars=_QUIET)
    if not target.config:
        yield workspace, None
        return
    with tempfile.TemporaryDirectory(prefix="ascend-") as folder:
        file = Path(folder) / f"Pulumi.{target.stack}.yaml"
        _write_config(file, _stack_config(target))
        yield workspace, str(file)


@contextmanager
def embedded(target: Target) -> Iterator[tuple[Workspace, str | None]]:
    """A copy of the project in front of the embedded cloud, which is started where it does not run.

    The copy holds the two YAML files and links to everything else, so that what the CLI writes to them (a salt) stays
    out of the project.

    Yields:
        As `in_place`.
    """
    hidden = target.root / _HIDDEN
    info = process.start(target.root)
    state = hidden / "state"
    state.mkdir(parents=True, exist_ok=True)
    environment = _QUIET | {
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_DEBUG_PROVIDERS": process.debug_providers(info),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # gRPC in Python, unlike that of the CLI, asks the user's proxy even for this machine's own addresses.
        "no_grpc_proxy": "127.0.0.1",
    }
    with tempfile.TemporaryDirectory(prefix="project-", dir=hidden) as folder:
        copy = Path(folder)
        for entry in target.root.iterdir():
            if entry.name != _HIDDEN and not (entry.name.startswith("Pulumi.") and entry.suffix == ".yaml"):
                (copy / entry.name).symlink_to(entry)
        (copy / "Pulumi.yaml").write_bytes((target.root / "Pulumi.yaml").read_bytes())
        config = _stack_config(target)
        if salt := _salt(state, _project_name(target.root), target.stack):
            config["encryptionsalt"] = salt
        _write_config(copy / f"Pulumi.{target.stack}.yaml", config)
        yield Workspace(work_dir=folder, pulumi_home=str(hidden / "pulumi-home"), env_vars=environment), None


def clear_locks(target: Target, warn: Callable[[str], None]) -> None:
    """Removes what killed runs have left locked in the embedded cloud's state; `warn` is told of each lock."""
    Backend(target.root / STATE_FOLDER, _project_name(target.root), target.stack).clear_locks(warn)


def _write_config(file: Path, config: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump(dict(config), sort_keys=False), encoding="utf-8")


def _project_name(root: Path) -> str:
    document = _mapping(root / "Pulumi.yaml")
    name = document.get("name")
    if not isinstance(name, str):
        raise InputError(f"{root / 'Pulumi.yaml'}: name: {name!r} is not a project name")
    return name


def _stack_config(target: Target) -> dict[str, Any]:
    """The stack file's document with the target's config laid over it."""
    file = target.root / f"Pulumi.{target.stack}.yaml"
    document = _mapping(file) if file.is_file() else {}
    config = document.get("config") or {}
    if not isinstance(config, dict):
        raise InputError(f"{file.name}: config: expected a mapping, found {type(config).__name__}")
    return {**document, "config": {**config, **target.config}}


def _mapping(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise InputError(f"{file.name}{where}: not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(document, dict):
        raise InputError(f"{file.name}: expected a mapping, found {type(document).__name__}")
    return document


def _salt(state: Path, project: str, stack: str) -> str | None:
    """The salt that the stack's secrets are encrypted with, so that the CLI goes on with the same key."""
    file = state / ".pulumi" / "stacks" / project / f"{stack}.json"
    if not file.is_file():
        return None
    try:
        latest = json.loads(file.read_bytes())["checkpoint"]["latest"] or {}
        salt = ((latest.get("secrets_providers") or {}).get("state") or {}).get("salt")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{os.path.relpath(file)}: not a checkpoint: {error!r}") from error
    return salt if isinstance(salt, str) else None
