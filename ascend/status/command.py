"""``ascend status``: what is deployed of a stack, what it tells of itself, and whether it should move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend import session as sessions
from ascend.errors import InputError
from ascend.live import drift as drifts
from ascend.live.aws import Clients, UnreachableError
from ascend.live.deployed import Deployed
from ascend.status import rules, signals, triggers
from ascend.status.metrics import REQUESTS
from ascend.status.status import Status, show
from ascend.ui import console
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from ascend.session import EngineName, Session


def status(
    cwd: Path,
    stack: str,
    *,
    drift: bool = False,
    users: int | None = None,
    json: bool = False,
    embedded: bool = False,
    engine: EngineName | None = None,
) -> None:
    """Prints a stack's status. Changes nothing.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack.
        drift: also hold each resource against what the cloud has.
        users: how many users there are, where somebody knows; else it is reckoned from the requests.
        json: print JSON.
        embedded: look at the embedded cloud.
        engine: the engine asked for, if any.

    Raises:
        InputError: nothing is deployed, or the cloud does not answer.
    """
    if users is not None and users < 0:
        raise InputError(f"--users {users}; allowed: 0 and more")
    session = sessions.open_session(cwd, stack, engine, embedded=embedded, json=json, runs_program=False)
    found = read(session, drift=drift, users=users)
    if json:
        console.print_json(found.document())
        return
    show(console.stdout(), found)
    for note in found.readings.notes:
        console.print_note(f"not read: {note}")
    if found.verdict.move is triggers.Move.PROMOTE and found.deployed.next_phase is not None:
        console.print_note(f"Next: {session.command('promote')} --dry-run")
    elif found.verdict.move is triggers.Move.DEMOTE:
        console.print_note(f"Next: {session.command('demote')} --dry-run")


def read(session: Session, *, drift: bool = False, users: int | None = None) -> Status:
    """A stack's status.

    Args:
        session: the command.
        drift: also hold each resource against what the cloud has.
        users: how many users there are, where somebody knows.

    Raises:
        InputError: nothing is deployed, or the cloud does not answer.
    """
    known = rules.load(session.target.root)
    with sessions.harmless(), Progress(console.stderr(), f"reading {session.target.stack}", detailed=False) as progress:
        clients = Clients.of(session)
        deployed = Deployed.read(session.engine, session.target)
        _check_account(clients, deployed)
        differs = None
        if drift:
            steps = session.engine.refresh(session.target, progress.on_event, preview=True).steps
            differs = drifts.found(steps)
        readings = signals.read(clients, deployed, long=(*known.long_signals, REQUESTS), costs=True)
    return Status(
        deployed, readings, triggers.judge(readings.measured, triggers.Situation.of(deployed), known, users), differs
    )


def _check_account(clients: Clients, deployed: Deployed) -> None:
    """Asks the regions in turn: when one is down, a status is needed most."""
    others = [region for region in deployed.regions if region != deployed.primary]
    for region in (deployed.primary, *others):
        try:
            clients.check_account(deployed.account, region, deployed.stack)
        except UnreachableError:
            if region == (others or [deployed.primary])[-1]:
                raise
        else:
            return
