"""Reading a stack's outputs from its state."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ascend.engine.embedded.checkpoint import CheckpointError
from ascend.engine.embedded.export import load
from ascend.engine.embedded.secrets import Crypter, read_passphrase, required
from ascend.engine.embedded.urns import STACK_TYPE
from ascend.engine.embedded.values import mask, reveal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.engine.model import Target


def read_outputs(target: Target, *, providers: str, show_secrets: bool) -> Mapping[str, Any]:
    """The outputs of the stack's last update, secrets masked unless `show_secrets`.

    Raises:
        InputError: the stack is not deployed, its state cannot be used, or the passphrase is missing or wrong.
    """
    backend, document = load(target, providers)
    decrypt = _decrypter(document.salt, target.stack) if show_secrets and document.has_secrets() else _sealed
    try:
        resources = document.snapshot(decrypt).resources
    except CheckpointError as error:
        raise backend.unusable(error) from error
    outputs = next((state.outputs for state in resources if state.type == STACK_TYPE), {})
    return dict(mask(reveal(outputs) if show_secrets else outputs))


def _decrypter(salt: str, stack: str) -> Any:
    where = f"the state of stack {stack!r}"
    return Crypter.open(required(read_passphrase(os.environ), f"reading {where}"), salt, where).decrypt


def _sealed(text: str, owner: str) -> str:  # noqa: ARG001 -- what takes the place of a decrypter
    """Stands for a secret that nobody asked to see."""
    return "null"
