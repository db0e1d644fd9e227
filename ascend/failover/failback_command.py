"""``ascend failback``: new replicas after a failover, and home again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend import session as sessions
from ascend.errors import AscendError
from ascend.failover import failback as failbacks
from ascend.failover import switch
from ascend.failover.failover_command import document, may_reopen, reopen, show, show_outlook
from ascend.live.aws import Clients
from ascend.promotion import journal
from ascend.promotion.journal import Kind
from ascend.ui import console

if TYPE_CHECKING:
    from pathlib import Path

    from ascend.session import EngineName, Session


def failback(
    cwd: Path,
    stack: str,
    *,
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
    embedded: bool = False,
    engine: EngineName | None = None,
) -> None:
    """Rebuilds the other side as a replica and moves writes home, or goes on with what an interrupted failback began.

    While a failover is unfinished and has promoted nothing, it is taken back instead.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack.
        dry_run: only say what would happen.
        yes: do not ask.
        json: print the result as JSON.
        embedded: work on the embedded cloud.
        engine: the engine asked for, if any.

    Raises:
        InputError: it cannot be done; nothing was changed.
        UpdateError: it stopped in its middle; the same command goes on.
    """
    if not (yes or dry_run):
        sessions.require_terminal("failback moves the stack's writes")
    session = sessions.open_session(cwd, stack, engine, embedded=embedded, json=json)
    if dry_run:
        with sessions.harmless():
            show_outlook(failbacks.look(session, Clients.of(session)), json=json)
        console.print_note(f"Next: {session.command('failback')}")
        return
    with journal.lock(session.target.root, stack):
        _run(session, ask=not yes, json=json)


def _run(session: Session, *, ask: bool, json: bool) -> None:
    root, stack, clients = session.target.root, session.target.stack, Clients.of(session)
    book = journal.unfinished(root, stack)
    if book is not None and book.kind is Kind.FAILOVER and may_reopen(book):
        reopen(session, clients, book, json=json)
        return
    if book is not None and book.kind is not Kind.FAILBACK:
        raise book.in_the_way(session)
    if book is None:
        with sessions.harmless():
            outlook = failbacks.look(session, clients)
            if ask:
                for line in outlook.lines():
                    console.stderr().print(line)
                sessions.confirm(f"Fail {stack} back to {outlook.about['home']}?")
        book = journal.start(root, stack, Kind.FAILBACK, {**outlook.about, "outlook": outlook.document()})
    else:
        console.print_note(f"going on with {book.id} at {book.current or 'its next step'}")
    try:
        failbacks.Failback(session, clients, book, console.print_note).run()
    except AscendError as error:
        onward = session.command("failback")
        back = session.command("failover", "--to", book.about["from"])
        raise switch.explained(error, book, onward, back) from error
    book.close("done")
    found = document(session, book, outcome="done")
    if json:
        console.print_json(found)
    else:
        show(found)
    console.print_note(f"Next: {session.command('status')}")
