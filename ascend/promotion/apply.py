"""The update itself: the stack's file says the new phase, the engine brings the stack there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.engine.model import Event, EventKind, Op
from ascend.errors import AscendError, InputError, UpdateError
from ascend.promotion import stack_file
from ascend.ui import console
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.engine.model import RunResult
    from ascend.promotion.journal import Journal
    from ascend.session import Session


def apply(session: Session, book: Journal, step: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Writes keys of the stack's file and updates the stack.

    A first attempt that is refused before anything changed puts the file back. Later ones leave it: the stack may be
    partly there already.

    Args:
        session: the command.
        book: the journal, in which `step` is under way.
        step: the step's name.
        keys: of the stack's file; None takes one out.

    Returns:
        What the update did, and what the file said before.

    Raises:
        InputError: refused; nothing was changed by this attempt.
        UpdateError: it stopped in its middle.
    """
    root, stack = session.target.root, session.target.stack
    first = not book.notes(step)
    if first:
        now = stack_file.read(root, stack)
        # Written before the file is, so that a kill between the two loses nothing.
        book.note(step, {"file_before": {key: now.get(key) for key in keys}})
    before: Mapping[str, Any] = book.notes(step)[0]["file_before"]
    stack_file.write(root, stack, keys)
    done: list[str] = []
    try:
        result = _up(session, done)
    except InputError:
        if first and not done:
            stack_file.write(root, stack, before)
        raise
    except UpdateError as error:
        raise UpdateError(f"{error}\n{len(done)} changes were carried out, and are in the state") from error
    return {"file_before": dict(before), "file": dict(keys), **counted(result)}


def counted(result: RunResult) -> dict[str, Any]:
    """What an update did, as JSON."""
    return {
        "summary": {key: int(value) for key, value in result.summary.items()},
        "pending": list(result.pending),
        "duration_s": round(result.duration_s, 1),
    }


def _up(session: Session, done: list[str]) -> RunResult:
    """The update, with its progress; `done` takes the URN of each change that was carried out."""

    def listen(event: Event) -> None:
        if event.kind is EventKind.STEP_DONE and event.step is not None and event.step.op is not Op.SAME:
            done.append(event.step.urn)
        progress.on_event(event)

    with Progress(console.stderr(), f"updating {session.target.stack}") as progress:
        return session.engine.up(session.target, listen)


def failed(error: AscendError, where: str, state: str, onward: str, back: str) -> AscendError:
    """The error of a step after something may have changed: what happened, what state it is in, how to go on or back.

    Args:
        error: what was raised.
        where: what was under way.
        state: what state the stack is in.
        onward: the command that goes on.
        back: the command that goes back.
    """
    lines = [line for line in str(error).splitlines() if line.strip()]
    said = [f"{where}: {lines[0] if lines else type(error).__name__}", *lines[1:]]
    return type_of(error)("\n".join([*said, f"{state}; go on: {onward}; go back: {back}"]))


def type_of(error: AscendError) -> type[AscendError]:
    """The plain kind of an error, by its exit code."""
    return InputError if error.exit_code == InputError.exit_code else UpdateError
