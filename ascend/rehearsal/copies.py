"""Throw-away copies of a project: the two YAML files, and links to everything else."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend.errors import InputError
from ascend.rehearsal.rebuild import OPAQUE
from ascend.target import PROJECT_FILE, stack_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ascend.engine.model import Target

_PASSPHRASES: Final = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
_HIDDEN: Final = ".ascend"
#: What says how a stack's secrets are encrypted.
_KEYS: Final = ("encryptionsalt", "encryptedkey", "secretsprovider")


def project_name(root: Path) -> str:
    """The project's name.

    Raises:
        InputError: there is none.
    """
    name = _mapping(root / PROJECT_FILE).get("name")
    if not isinstance(name, str):
        raise InputError(f"{root / PROJECT_FILE}: name: {name!r} is not a project name")
    return name


def config_of(target: Target) -> dict[str, Any]:
    """The config that a run on the target has, secrets still encrypted.

    Raises:
        InputError: the stack's file is no mapping.
    """
    return {**(_document(target).get("config") or {}), **target.config}


@contextlib.contextmanager
def passphrase() -> Iterator[bool]:
    """What a copy's state is encrypted with: the user's own passphrase, else one that is forgotten at the end.

    Yields:
        Whether it is one of those, which reads nothing of the user's.
    """
    made = not any(name in os.environ for name in _PASSPHRASES)
    if made:
        os.environ[_PASSPHRASES[0]] = secrets.token_hex()
    try:
        yield made
    finally:
        if made:
            del os.environ[_PASSPHRASES[0]]


def make(root: Path, target: Target, *, sealed: bool) -> Target:
    """Makes a copy of a target's project; secrets of its config whose key is not at hand are stand-ins.

    Args:
        root: the new folder.
        target: what to copy.
        sealed: whether there is no passphrase to read secrets with.

    Returns:
        The same stack in the copy.
    """
    root.mkdir(parents=True)
    for entry in target.root.iterdir():
        if entry.name != _HIDDEN and not (entry.name.startswith("Pulumi.") and entry.suffix == ".yaml"):
            (root / entry.name).symlink_to(entry)
    (root / PROJECT_FILE).write_bytes((target.root / PROJECT_FILE).read_bytes())
    if stack_file(target.root, target.stack).is_file():
        document = _document(target)
        if sealed or not document.get("encryptionsalt"):
            document = {key: value for key, value in document.items() if key not in _KEYS}
            document["config"] = _opaque(document.get("config") or {})
        stack_file(root, target.stack).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return replace(target, root=root)


def _opaque(value: Any) -> Any:
    if isinstance(value, dict):
        return OPAQUE if set(value) == {"secure"} else {key: _opaque(item) for key, item in value.items()}
    return [_opaque(item) for item in value] if isinstance(value, list) else value


def _document(target: Target) -> dict[str, Any]:
    file = stack_file(target.root, target.stack)
    return _mapping(file) if file.is_file() else {}


def _mapping(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise InputError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise InputError(f"{file}: expected a mapping, found {type(document).__name__}")
    return document
