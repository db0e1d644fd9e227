"""A failback: new replicas where a failover left none, then home again at leisure, so that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import InputError
from ascend.failover import generations, moving, switch
from ascend.failover.failover import kept, kept_lines, read_databases
from ascend.failover.rebuilding import Rebuilding
from ascend.live import verify
from ascend.live.deployed import Deployed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ascend.live.aws import Clients
    from ascend.promotion.journal import Journal
    from ascend.session import Session

BEGIN_MOVE: Final = "begin-move"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a failback would do.

    Attributes:
        stack: the stack.
        about: what it is about: the ``home`` region, where it is written to (``from``), and what the file is to say of
            its databases (``rebuilt``).
        made: names of the replicas that are made anew, by region.
        there: the databases that are kept already, and what they cost.
    """

    stack: str
    about: Mapping[str, Any]
    made: Mapping[str, Sequence[str]]
    there: Sequence[Mapping[str, Any]]

    def lines(self) -> list[str]:
        """For a person to decide by."""
        home, since = self.about["home"], self.about["from"]
        found = [
            f"{region}: {', '.join(names)} made, as a replica of {since}; it begins as a copy of a snapshot"
            for region, names in self.made.items()
        ]
        if home != since:
            found += [
                f"once it has caught up {since} is closed; nothing can be written until everything is in {home}",
                f"then {self.stack} is written to in {home} again",
                f"then {since} gets a new replica; what it was written to is kept, closed",
                *(
                    f"then {region} gets a new replica too; what it has now is kept, closed"
                    for region in self.about["regions"]
                    if region not in (home, since)
                ),
            ]
        return [*found, *kept_lines(self.there)]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "stack": self.stack,
            "from": self.about["from"],
            "to": self.about["home"],
            "made": {region: list(names) for region, names in self.made.items()},
            "kept": [dict(row) for row in self.there],
        }


def look(session: Session, clients: Clients) -> Outlook:
    """What a failback would do. Changes nothing.

    Args:
        session: the command.
        clients: who answers.

    Raises:
        InputError: there is nothing to do.
    """
    deployed = Deployed.read(session.engine, session.target)
    databases = read_databases(session, deployed)
    primary, home, stack = deployed.primary, deployed.regions[0], deployed.stack
    clients.check_account(deployed.account, primary, stack)
    lost = [region for region in deployed.regions if region != primary and generations.fenced(databases, region)]
    if primary == home and not lost:
        raise InputError(f"{stack} is written to in {home}, its home, and every other region follows it; nothing to do")
    for region in lost if primary == home else [home]:
        moving.require_running(deployed, region, session.command)
    # What moves home next would leave those of other regions behind: they get theirs at the end.
    later = [] if primary == home else [region for region in lost if region != home]
    rebuilt = generations.rebuilt(databases, primary, deployed.shards, leave=later)
    made = generations.made(databases, rebuilt, deployed.shards)
    about = {
        "home": home,
        "from": primary,
        "to": home,
        "regions": list(deployed.regions),
        "shards": deployed.shards,
        "rebuilt": rebuilt,
        "alarms": verify.alarms_before(clients, deployed),
    }
    return Outlook(stack, about, made, kept(deployed))


@dataclass
class Failback:
    """One failback under way.

    Attributes:
        session: the command.
        clients: who answers for the stack's cloud.
        book: the journal, which is about what `look` has found.
        say: told what happens, a line each.
    """

    session: Session
    clients: Clients
    book: Journal
    say: Callable[[str], None]

    def run(self) -> None:
        """All steps.

        Raises:
            UpdateError: one failed.
        """
        home, since = self.book.about["home"], self.book.about["from"]
        made = Rebuilding(self.session, self.clients, self.book, self.say)
        made.first(self.book.about["rebuilt"])
        if home == since:
            return
        about = self.book.run(BEGIN_MOVE, self._begin_move)
        mover = switch.Switch(self.session, self.clients, self.book, about, self.say, planned=True)
        mover.move()
        mover.settle()
        made.rest(about)

    def _begin_move(self) -> dict[str, Any]:
        """What moves, as it is now that the replicas are there."""
        deployed = Deployed.read(self.session.engine, self.session.target)
        databases = read_databases(self.session, deployed)
        found = moving.about(deployed, databases, self.book.about["home"], self.session.command)
        # Nobody has to come back for the others: they get their replicas at the end.
        after = generations.rebuilt(found["databases"], found["to"], deployed.shards)
        return {**found, "rebuilt": after, "alarms": list(self.book.about["alarms"])}
