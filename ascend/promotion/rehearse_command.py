"""``ascend rehearse``: whether a stack, as it is deployed, can be taken to another phase. Changes nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from ascend import protection
from ascend import session as sessions
from ascend.engine.model import EventKind
from ascend.errors import AscendError, InputError, StoppedError
from ascend.live.deployed import Deployed
from ascend.plans import PHASES, phase_name
from ascend.promotion import moves, plan, rehearsals
from ascend.promotion.journal import Kind
from ascend.rehearsal.rehearsal import rehearse as rehearsed
from ascend.ui import console, report
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ascend.engine.model import Event, Step
    from ascend.rehearsal.rehearsal import Rehearsal
    from ascend.session import EngineName

#: Exit code where the rehearsal shows that it may not be done.
FAILED: Final = 1


def rehearse(
    cwd: Path,
    stack: str,
    *,
    to: str | None = None,
    fault: bool = True,
    json: bool = False,
    embedded: bool = False,
    engine: EngineName | None = None,
) -> int:
    """Rehearses a move to another phase from the stack's exported state, and prints how it went.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack.
        to: the phase, by name or number; the next one by default.
        fault: also fail it halfway, and see whether it can be continued.
        json: print JSON.
        embedded: the stack is in the embedded cloud.
        engine: the engine asked for, if any.

    Returns:
        The exit code.

    Raises:
        InputError: nothing is deployed, or it is at that phase already.
    """
    session = sessions.open_session(cwd, stack, engine, embedded=embedded, json=json)
    with contextlib.ExitStack() as shown:
        shown.enter_context(sessions.harmless())
        progress = shown.enter_context(Progress(console.stderr(), f"rehearsing {stack}", detailed=False))
        state = session.engine.export(session.target)
        deployed = Deployed.of(stack, state)
        move = _move(deployed, None if to is None else phase_name(to))

        def listen(event: Event) -> None:
            """What the program says is of no interest here; warnings are."""
            if event.kind is not EventKind.DIAGNOSTIC or event.severity != "info":
                progress.on_event(event)

        steps: Sequence[Step] = ()
        try:
            move, planned = plan.of_move(session.engine, session.target, deployed, move, listen)
            steps = planned.result.steps
        except StoppedError:
            raise
        except AscendError as error:  # the rehearsal shows what comes of it
            console.print_note(f"no plan: {' '.join(str(error).split())}")
        # As ascend demote does it; upwards a lock in the way is a fault of the plan.
        unlocked = move.kind is Kind.DEMOTE and protection.locked(steps, stack) is not None
        state, keys = rehearsals.start(state, move, unlocked=unlocked)
        found = rehearsed(session.target, state, keys, listen, fault=fault, planned=steps)
    if json:
        console.print_json({"stack": stack, "from": move.before, "to": move.after, **found.document()})
    else:
        _print(stack, move, found)
    return 0 if found.ok else FAILED


def _move(deployed: Deployed, to: str | None) -> moves.Move:
    """The move that is asked for, up or down.

    Raises:
        InputError: there is none.
    """
    if to == deployed.phase:
        raise InputError(f"{deployed.stack} is at {to} already; to rehearse a change, name another phase with --to")
    if to is not None and PHASES.index(to) < PHASES.index(deployed.phase):
        return moves.downward(deployed, to)
    return moves.upward(deployed, to, "rehearsal")


def _print(stack: str, move: moves.Move, found: Rehearsal) -> None:
    out = console.stdout()
    verdict = "can go" if found.ok else "cannot go"
    out.print(f"{stack} {verdict} from {move.before} to {move.after} ({found.duration_s:.0f} s)")
    if found.changes:
        out.print(report.counts(found.changes, planned=True))
    for line in found.problems or [found.summary]:
        out.print(f"  {line}")
    out.print(
        "data: every database, bucket, key and queue is the one that it was" if found.data_ids_kept else "data: LOST"
    )
