"""What `promote` and `demote` share: begin or go on with a move, ask, take its steps, report."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ascend import session as sessions
from ascend.errors import AscendError, InputError, StoppedError
from ascend.live.aws import Clients
from ascend.live.deployed import Deployed
from ascend.promotion import journal, report
from ascend.promotion.apply import type_of
from ascend.promotion.journal import Kind
from ascend.promotion.moves import PHASE, Move, kept
from ascend.promotion.sequence import Course, changed
from ascend.ui import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.promotion.journal import Journal
    from ascend.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command was given.

    Attributes:
        kind: which command.
        to: the phase that was named; None for the next one.
        dry_run: check, plan and rehearse only.
        yes: do not ask.
        force: why it may skip phases, or go without a trigger.
        json: print the report as JSON.
        markdown: print the report as Markdown.
    """

    kind: Kind
    to: str | None
    dry_run: bool
    yes: bool
    force: str | None
    json: bool
    markdown: bool

    def check(self) -> None:
        """Refuses what does not go together.

        Raises:
            InputError: saying what does.
        """
        if self.force is not None and not self.force.strip():
            raise InputError("--force wants the reason, which is kept in the journal")
        if self.json and self.markdown:
            raise InputError("give --json or --markdown, not both")
        if not self.yes and not self.dry_run:
            sessions.require_terminal(f"{self.kind} changes the stack")


def run(session: Session, asked: Asked, move_of: Callable[[Deployed], Move]) -> None:
    """Takes a stack to another phase, or goes on with what was begun.

    Args:
        session: the command.
        asked: what it was given.
        move_of: the move that a stack, as it is deployed, is asked for.

    Raises:
        InputError: something stands in the way; nothing was changed.
        UpdateError: it stopped in its middle.
    """
    asked.check()
    root, stack = session.target.root, session.target.stack
    with contextlib.ExitStack() as held:
        if not asked.dry_run:
            held.enter_context(journal.lock(root, stack))
        with sessions.harmless():
            deployed = Deployed.read(session.engine, session.target)
            begun = _begun(session, asked)
            undone = begun if begun is not None and begun.kind is not asked.kind else None
            book = begun if undone is None else None
            if undone is not None:
                move = _undoing(undone, deployed)
            elif book is not None and changed(book):
                move = _again(book, asked)
            else:
                move = move_of(deployed)
                if book is not None and (book.about["from"], book.about["to"]) != (move.before, move.after):
                    _abandon(book, asked)
                    book = None
            going_on = book is not None and changed(book)
            if book is None and not asked.dry_run:
                book = journal.start(root, stack, move.kind, move.document())
        course = Course(session, Clients.of(session), move, deployed, None if asked.dry_run else book, _say)
        if going_on and book is not None:
            if asked.dry_run:
                _tell_unfinished(course, book, asked)
                return
            _go_on(course, book, asked)
        else:
            _look(course, asked)
        if asked.dry_run:
            _print(asked, report.document(course, outcome="dry-run"))
            console.print_note(f"Next: {_next(course, asked)}")
            return
        if undone is not None:  # from here on there is a way back to go on with
            undone.close("undone")
        course.change()
        _finish(course, asked)


def _begun(session: Session, asked: Asked) -> Journal | None:
    """The journal of what is to be gone on with, or undone; None where nothing is.

    Raises:
        InputError: something else is unfinished, which has to be ended first.
    """
    stack = session.target.stack
    opened = [one for one in journal.every(session.target.root, stack) if one.outcome is None]
    for found in reversed(opened):
        same = found.kind is asked.kind and asked.to in (None, found.about.get("to"))
        if same and (changed(found) or len(opened) == 1):
            return found
        if found.kind is Kind.PROMOTE and asked.kind is Kind.DEMOTE and changed(found):
            return found
        if found.kind not in (Kind.PROMOTE, Kind.DEMOTE) or changed(found):
            raise found.in_the_way(session)
        _abandon(found, asked)
    return None


def _abandon(book: Journal, asked: Asked) -> None:
    """Closes the journal of what has changed nothing: it stands in nobody's way."""
    if not asked.dry_run:
        book.close("abandoned")


def _again(book: Journal, asked: Asked) -> Move:
    move = Move.of(book.kind, book.about)
    return replace(move, force=asked.force or move.force)


def _undoing(book: Journal, deployed: Deployed) -> Move:
    """The way back from a promotion that stopped in its middle."""
    about = Move.of(book.kind, book.about)
    return Move(Kind.DEMOTE, about.after, about.before, {PHASE: about.before, **kept(deployed)})


def _look(course: Course, asked: Asked) -> None:
    """Checks, plans, rehearses and asks.

    Raises:
        InputError: something stands in the way, or it was not agreed to.
        StoppedError: interrupted.
    """
    book = course.book
    try:
        with sessions.harmless():
            course.look()
        if book is not None and not asked.yes:
            report.show(console.stderr(), report.document(course, outcome="dry-run"))
            sessions.confirm(f"{str(asked.kind).capitalize()} {course.stack} to {course.move.after}?")
    except StoppedError:
        if book is not None:
            book.close("interrupted")
        raise
    except AscendError as error:
        if book is not None:
            book.close("blocked")
        if asked.json or asked.markdown:
            _print(asked, report.document(course, outcome="blocked", problems=str(error)))
        raise type_of(error)(
            f"{error}\n{course.stack} is at {course.move.before} as before; then try again: {course.onward}"
        ) from error


def _go_on(course: Course, book: Journal, asked: Asked) -> None:
    """Says where a move is gone on with, and asks.

    Raises:
        InputError: it was not agreed to.
    """
    course.recall()
    _say(_where(course, book))
    if not asked.yes:
        sessions.confirm(f"Go on with the {course.move.text(course.stack)}?")


def _where(course: Course, book: Journal) -> str:
    step = book.current or "its next step"
    why = f": {book.failure.splitlines()[0]}" if book.failure else ""
    return f"the {course.move.text(course.stack)} ({book.id}) is unfinished, and goes on at {step}{why}"


def _tell_unfinished(course: Course, book: Journal, asked: Asked) -> None:
    """What a dry run says of a move that has begun: there is no plan of it any more, only the rest of it."""
    if asked.json:
        rest = {"step": book.current, "failure": book.failure, "journal": book.id}
        console.print_json({"kind": str(book.kind), "stack": course.stack, "outcome": "unfinished", **rest})
    elif asked.markdown:
        sys.stdout.write(f"## {_where(course, book)}\n")
    else:
        console.stdout().print(_where(course, book))
    console.print_note(f"Next: {course.onward}")


def _finish(course: Course, asked: Asked) -> None:
    """Reports, and closes the journal."""
    book = course.book
    found = report.document(course, outcome="done")
    if book is not None:
        book.run("report", lambda: {"steps": found["steps"], "cost": _cost(found)}, again=True)
        book.close("done")
    _print(asked, found)
    console.print_note(f"Next: {course.session.command('status')}")


def _cost(found: dict[str, object]) -> object:
    planned = found["plan"]
    after = planned.get("after") if isinstance(planned, dict) else None
    return after.get("cost") if isinstance(after, dict) else None


def _next(course: Course, asked: Asked) -> str:
    words = [course.onward]
    if asked.to is not None:
        words.append(f"--to {asked.to}")
    if asked.force is not None:
        words.append("--force REASON")
    return " ".join(words)


def _print(asked: Asked, found: dict[str, object]) -> None:
    if asked.json:
        console.print_json(found)
    elif asked.markdown:
        sys.stdout.write(report.markdown(found))
    else:
        report.show(console.stdout(), found)


def _say(line: str) -> None:
    console.print_note(line)
