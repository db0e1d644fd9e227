"""``ascend failover``: another region takes the writes over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend import session as sessions
from ascend.errors import AscendError
from ascend.failover import failover as failovers
from ascend.failover import moving, switch
from ascend.failover.rebuilding import Rebuilding
from ascend.live.aws import Clients
from ascend.live.deployed import Deployed
from ascend.promotion import journal
from ascend.promotion.journal import Kind
from ascend.ui import console

if TYPE_CHECKING:
    from pathlib import Path

    from ascend.failover import failback as failbacks
    from ascend.promotion.journal import Journal
    from ascend.session import EngineName, Session


def failover(
    cwd: Path,
    stack: str,
    *,
    to: str,
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
    embedded: bool = False,
    engine: EngineName | None = None,
) -> None:
    """Moves writes to another region, or goes on with what an interrupted failover began.

    While a failback is unfinished and has promoted nothing, a failover to the region that is still written to takes it
    back.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack.
        to: the region that takes over.
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
        sessions.require_terminal("failover moves the stack's writes")
    session = sessions.open_session(cwd, stack, engine, embedded=embedded, json=json)
    if dry_run:
        with sessions.harmless():
            show_outlook(failovers.look(session, Clients.of(session), to), json=json)
        console.print_note(f"Next: {session.command('failover', '--to', to)}")
        return
    with journal.lock(session.target.root, stack):
        _run(session, to, ask=not yes, json=json)


def _run(session: Session, to: str, *, ask: bool, json: bool) -> None:
    root, stack, clients = session.target.root, session.target.stack, Clients.of(session)
    onward = session.command("failover", "--to", to)
    book = journal.unfinished(root, stack)
    if book is not None and book.kind is Kind.FAILBACK and may_reopen(book) and book.about["from"] == to:
        reopen(session, clients, book, json=json)
        return
    if book is not None and (book.kind is not Kind.FAILOVER or book.about["to"] != to):
        raise book.in_the_way(session)
    if book is None or not book.attempts(switch.FENCE):
        with sessions.harmless():
            outlook = failovers.look(session, clients, to)
            if ask:
                for line in outlook.lines():
                    console.stderr().print(line)
                sessions.confirm(f"Fail {stack} over to {to}?")
        if book is not None:
            book.close("abandoned")
        book = journal.start(root, stack, Kind.FAILOVER, {**outlook.about, "outlook": outlook.document()})
    else:
        console.print_note(f"going on with {book.id} at {book.current or 'its next step'}")
    mover = switch.Switch(session, clients, book, book.about, console.print_note)
    try:
        mover.move()
        settled = mover.settle()
        if settled:
            Rebuilding(session, clients, book, console.print_note).rest(book.about)
    except AscendError as error:
        raise switch.explained(error, book, onward, session.command("failback")) from error
    if settled:
        book.close("done")
    _report(session, book, settled=settled, onward=onward, json=json)


def may_reopen(book: Journal) -> bool:
    """Whether a move may have closed the old primary and has promoted nothing."""
    return not book.attempts(switch.PROMOTE)


def reopen(session: Session, clients: Clients, book: Journal, *, json: bool) -> None:
    """Takes back a move that has promoted nothing.

    Raises:
        UpdateError: it stopped in its middle; the same command goes on.
    """
    about = book.result("begin-move") or book.about
    if book.attempts(switch.FENCE):
        switch.Switch(session, clients, book, about, console.print_note).reopen()
    book.close("undone")
    stack, since = session.target.stack, book.about["from"]
    if json:
        console.print_json({"stack": stack, "outcome": "undone", "primary": since, "journal": str(book.file)})
    else:
        console.stdout().print(f"{stack} is written to in {since} as before")


def show_outlook(outlook: failovers.Outlook | failbacks.Outlook, *, json: bool) -> None:
    """What a dry run says of a move."""
    if json:
        console.print_json({**outlook.document(), "outcome": "dry-run"})
        return
    for line in outlook.lines():
        console.stdout().print(line)


def _report(session: Session, book: Journal, *, settled: bool, onward: str, json: bool) -> None:
    found = document(session, book, outcome="done" if settled else "to-be-fenced")
    if json:
        console.print_json(found)
    else:
        show(found)
    if settled:
        console.print_note(f"Next: {session.command('failback')}")
        return
    since = book.about["from"]
    console.print_note(
        f"{since} did not answer and is not closed: keep visitors away from it (turn its pool off in Cloudflare), and "
        f"once it answers, before its services do: {onward}"
    )


def document(session: Session, book: Journal, *, outcome: str) -> dict[str, Any]:
    """What was done, as JSON.

    Args:
        session: the command.
        book: the journal.
        outcome: how it ended.
    """
    deployed = Deployed.read(session.engine, session.target)
    steps = [
        {"step": name, "duration_s": round(book.seconds(name), 1), "attempts": book.attempts(name)}
        for name in dict.fromkeys(one.step for one in book.records if one.step)
    ]
    caught_up = book.result(switch.CATCH_UP) or {}
    return {
        "stack": session.target.stack,
        "outcome": outcome,
        "from": book.about["from"],
        "to": book.about["to"],
        "lost_s": caught_up.get("lost_s"),
        "caught_up": bool(caught_up.get("caught_up")),
        "steps": steps,
        "kept": failovers.kept(deployed),
        "journal": str(book.file),
    }


def show(found: dict[str, Any]) -> None:
    """The same for a person."""
    out = console.stdout()
    out.print(f"{found['stack']} is written to in {found['to']}; {moving.loss(found['lost_s'])}")
    for row in found["steps"]:
        again = f", {row['attempts']} attempts" if row["attempts"] > 1 else ""
        out.print(f"  {row['step']:<12} {row['duration_s']:8.1f} s{again}")
    for line in failovers.kept_lines(found["kept"]):
        out.print(line)
    out.print(f"journal: {found['journal']}")
