"""New replicas in regions that have none since a move, and the wait until these are close behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import InputError, UpdateError
from ascend.failover import generations, moving
from ascend.failover.settling import update
from ascend.failover.waiting import patience, until
from ascend.live import replication
from ascend.live.deployed import Deployed
from ascend.promotion import stack_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.live.aws import Clients
    from ascend.live.deployed import Resource
    from ascend.promotion.journal import Journal
    from ascend.session import Session

#: Before a failback, and after any move.
REBUILD: Final = "rebuild"
FOLLOW: Final = "follow"
REBUILD_REST: Final = "rebuild-rest"
FOLLOW_REST: Final = "follow-rest"


@dataclass
class Rebuilding:
    """New replicas of one stack.

    Attributes:
        session: the command.
        clients: who answers for the stack's cloud.
        book: the journal.
        say: told what happens, a line each.
    """

    session: Session
    clients: Clients
    book: Journal
    say: Callable[[str], None]

    def first(self, databases: Mapping[str, Any]) -> None:
        """What a failback needs before it can move.

        Args:
            databases: what the stack's file is to say of them.

        Raises:
            UpdateError: a step failed.
        """
        self.book.run(REBUILD, lambda: self._rebuild(REBUILD, databases))
        self.book.run(FOLLOW, self._follow)

    def rest(self, about: Mapping[str, Any]) -> None:
        """What a move leaves to do, once services of every region write to the right one.

        Not in the update that leads them there: a replica takes hours where there is much data, and they would wait.

        Args:
            about: what has moved (`moving.about`).

        Raises:
            UpdateError: a step failed.
        """
        databases = about.get("rebuilt", about["databases"])  # a journal of an earlier version has none
        if databases == about["databases"]:
            return
        self.book.run(REBUILD_REST, lambda: self._rebuild(REBUILD_REST, databases))
        self.book.run(FOLLOW_REST, self._follow)

    def _rebuild(self, step: str, databases: Mapping[str, Any]) -> dict[str, Any]:
        """New replicas. What is refused at once leaves the stack's file as it was."""
        root, stack = self.session.target.root, self.session.target.stack
        first = self.book.attempts(step) == 1
        before = stack_file.write(root, stack, {generations.KEY: dict(databases) or None})
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


def followers(deployed: Deployed) -> list[Resource]:
    """The databases that follow one of another region, and are in use."""
    return [
        one
        for one in deployed.of_type(moving.DATABASE)
        if one.text("replicateSourceDb")
        and one.region != deployed.primary
        and one.text("identifier") not in deployed.out_of_use
    ]
