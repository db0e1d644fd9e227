"""A failback: new replicas where a failover left none, then home again at leisure, so that nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import InputError, UpdateError
from ascend.failover import generations, moving, switch
from ascend.failover.failover import kept, kept_lines, read_databases
from ascend.failover.settling import update
from ascend.failover.waiting import patience, until
from ascend.live import replication, verify
from ascend.live.deployed import Deployed
from ascend.promotion import stack_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ascend.live.aws import Clients
    from ascend.live.deployed import Resource
    from ascend.promotion.journal import Journal
    from ascend.session import Session

REBUILD: Final = "rebuild"
FOLLOW: Final = "follow"
BEGIN_MOVE: Final = "begin-move"
FOLLOW_HOME: Final = "follow-home"


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
    rebuilt = generations.rebuilt(databases, primary, deployed.shards)
    keys = generations.shard_keys(deployed.shards)
    made = {region: [generations.name(rebuilt, region, key) for key in keys] for region in lost}
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
        self.book.run(REBUILD, self._rebuild)
        self.book.run(FOLLOW, self._follow)
        if home == since:
            return
        about = self.book.run(BEGIN_MOVE, self._begin_move)
        mover = switch.Switch(self.session, self.clients, self.book, about, self.say, planned=True)
        mover.move()
        mover.settle()
        self.book.run(FOLLOW_HOME, self._follow)

    def _rebuild(self) -> dict[str, Any]:
        """New replicas. What is refused at once leaves the stack's file as it was."""
        root, stack = self.session.target.root, self.session.target.stack
        first = self.book.attempts(REBUILD) == 1
        before = stack_file.write(root, stack, {generations.KEY: self.book.about["rebuilt"] or None})
        try:
            return update(self.session, self.say)
        except InputError:
            if first:
                stack_file.write(root, stack, before)
            raise

    def _follow(self) -> dict[str, Any]:
        """Until every replica in another region is close behind."""
        deployed = Deployed.read(self.session.engine, self.session.target)
        waits = patience(embedded=self.clients.embedded is not None)
        most_s = deployed.threshold("replica_lag_s") or waits.lag_s
        replicas = followers(deployed)
        found: dict[str, Any] = {}

        def look() -> str:
            behind = []
            for one in replicas:
                lag = replication.lag(self.clients, one.region, one.text("identifier"), waits.look_back_s)
                found[lag.identifier] = lag.said
                if not replication.close(lag, most_s, measured=self.clients.embedded is None):
                    behind.append(lag.said)
            return "; ".join(behind)

        if left := until(look, waits.follow_s, waits.poll_s, self.say):
            raise UpdateError(f"after {waits.follow_s:g} s: {left}; at most {most_s:g} s are wanted")
        return {"replicas": found}

    def _begin_move(self) -> dict[str, Any]:
        """What moves, as it is now that the replicas are there."""
        deployed = Deployed.read(self.session.engine, self.session.target)
        databases = read_databases(self.session, deployed)
        found = moving.about(deployed, databases, self.book.about["home"])
        # Nobody has to come back for the others: they get their replicas in the same update.
        after = generations.rebuilt(found["databases"], found["to"], deployed.shards)
        return {**found, "databases": after, "alarms": list(self.book.about["alarms"])}


def followers(deployed: Deployed) -> list[Resource]:
    """The databases that follow one of another region, and are in use."""
    return [
        one
        for one in deployed.of_type(moving.DATABASE)
        if one.text("replicateSourceDb")
        and one.region != deployed.primary
        and one.text("identifier") not in deployed.out_of_use
    ]
