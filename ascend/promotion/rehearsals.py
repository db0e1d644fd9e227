"""The rehearsal of a move: the same update from the stack's own state, once as it should go, once with a fault."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ascend.engine.model import LOCKS, EventKind
from ascend.errors import InputError
from ascend.promotion.moves import PROTECTION
from ascend.rehearsal.rehearsal import rehearse as rehearsed
from ascend.ui import console
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ascend.engine.model import Event, State, Step
    from ascend.promotion.moves import Move
    from ascend.session import Session


def rehearse(
    session: Session, move: Move, say: Callable[[str], None], *, unlocked: bool, planned: Sequence[Step] = ()
) -> dict[str, Any]:
    """Rehearses a move twice, and says how it went.

    Args:
        session: the command.
        move: from where to where.
        say: told what happens.
        unlocked: whether the locks that AWS keeps are open when the update comes.
        planned: the steps of its plan, where that was made just now.

    Raises:
        InputError: it does not go through, loses data, or cannot be gone on with after a fault.
    """
    state, keys = start(session.engine.export(session.target), move, unlocked=unlocked)
    with Progress(console.stderr(), f"rehearsing {session.target.stack}", detailed=False) as progress:

        def listen(event: Event) -> None:
            """What the program says was said with the plan."""
            if event.kind is not EventKind.DIAGNOSTIC:
                progress.on_event(event)

        found = rehearsed(session.target, state, keys, listen, fault=True, planned=planned)
    if not found.ok:
        raise InputError("\n".join(f"rehearsal: {line}" for line in found.problems or [found.summary]))
    say(f"rehearsed in {found.duration_s:.1f} s: {found.summary}")
    return found.document()


def start(state: State, move: Move, *, unlocked: bool) -> tuple[State, dict[str, Any]]:
    """The state that a rehearsal starts from, and the keys that its update is given.

    Args:
        state: the stack's, as it is.
        move: from where to where.
        unlocked: whether the locks that AWS keeps are opened first.
    """
    return (_unlocked(state), {**move.keys, PROTECTION: False}) if unlocked else (state, dict(move.keys))


def _unlocked(state: State) -> State:
    """The state as it will be when AWS's own locks are open."""

    def opened(values: Any) -> Any:
        return {key: False if key in LOCKS and value is True else value for key, value in values.items()}

    document = json.loads(state.text)
    for resource in (document.get("deployment") or {}).get("resources") or ():
        for part in ("inputs", "outputs"):
            if part in resource:
                resource[part] = opened(resource[part])
    resources = [replace(one, inputs=opened(one.inputs), outputs=opened(one.outputs)) for one in state.resources]
    return replace(state, text=json.dumps(document).encode(), resources=resources)
