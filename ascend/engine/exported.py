"""What ``pulumi stack export`` prints, as the `State` that both engines return."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ascend.engine.embedded.urns import name_of
from ascend.engine.embedded.values import from_state, mask
from ascend.engine.model import Kept, State
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def state_of(text: bytes, stack: str) -> State:
    """The state that an exported document describes; its secrets stay encrypted in the text, masked in the rest.

    Args:
        text: the document.
        stack: the stack's name, for errors.

    Raises:
        InputError: nothing is deployed, or the document is not one of this form.
    """
    try:
        deployment: Mapping[str, Any] = json.loads(text).get("deployment") or {}
        resources = [_kept(fields) for fields in deployment.get("resources") or () if not fields.get("delete")]
        pending = [
            f"{found['type']} {found['resource']['urn']}" for found in deployment.get("pending_operations") or ()
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the state of stack {stack!r} cannot be used: {error!r}") from error
    if not resources:
        raise InputError(f"stack {stack!r} is not deployed: run up first")
    return State(text, resources, pending)


def _kept(fields: Mapping[str, Any]) -> Kept:
    return Kept(
        urn=fields["urn"],
        type=fields["type"],
        name=name_of(fields["urn"]),
        parent=fields.get("parent") or "",
        id=fields.get("id") or "",
        custom=bool(fields.get("custom")),
        protect=bool(fields.get("protect")),
        inputs=_masked(fields.get("inputs") or {}),
        outputs=_masked(fields.get("outputs") or {}),
    )


def _masked(properties: Mapping[str, Any]) -> dict[str, Any]:
    # A secret's text is never looked at: what stands for it is masked anyway.
    return {key: mask(from_state(value, lambda _: "null")) for key, value in properties.items()}
