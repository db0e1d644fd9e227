"""Reading what the backend keeps of a stack, in the form that ``pulumi stack export`` prints."""

from __future__ import annotations

import importlib
import json
import os
from typing import TYPE_CHECKING

from ascend.engine.embedded.backend import STATE_FOLDER, Backend
from ascend.engine.embedded.checkpoint import CheckpointError
from ascend.engine.embedded.host import DEBUG_PROVIDERS
from ascend.engine.embedded.project import load_project
from ascend.engine.exported import state_of
from ascend.errors import InputError

if TYPE_CHECKING:
    from ascend.engine.embedded.checkpoint import Document
    from ascend.engine.model import State, Target


def load(target: Target, providers: str) -> tuple[Backend, Document]:
    """The backend of a deployed stack and its state, still encrypted.

    Args:
        target: the stack.
        providers: where the providers are, where not in the project's embedded cloud.

    Raises:
        InputError: the stack is not deployed, or its state cannot be used.
    """
    project = load_project(target.root)
    backend = Backend(target.root / STATE_FOLDER, project.name, target.stack)
    attached = providers or os.environ.get(DEBUG_PROVIDERS)
    running = attached or importlib.import_module("ascend.cloud.process").status(target.root) is not None
    document = backend.load() if running else None
    if document is None:
        why = "" if running else ", the embedded cloud is not running"
        raise InputError(f"stack {target.stack!r} is not deployed{why}: run up first")
    return backend, document


def export(target: Target, *, providers: str) -> State:
    """What the backend keeps of the stack.

    Raises:
        InputError: nothing is deployed, or the state cannot be used.
    """
    backend, document = load(target, providers)
    try:
        # Refuses what does not hold together, before anybody builds on it.
        document.snapshot(lambda _text, _owner: "null")
    except CheckpointError as error:
        raise backend.unusable(error) from error
    exported = {**document.head, "deployment": document.latest or {}}
    text = json.dumps(exported, indent=4, ensure_ascii=False).encode() + b"\n"
    return state_of(text, target.stack)
