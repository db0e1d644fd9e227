"""Moving writes from one region to another, step by step.

Whatever a step needs was written down when the move was begun, so that it goes on the same way after an interruption,
whichever part of the stack had changed by then. Until `promote` nothing is moved and the way back is open; from then on
the only way is forward.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ascend.errors import AscendError, InputError, UpdateError
from ascend.failover import fencing, generations, takeover
from ascend.failover.moving import loss
from ascend.failover.settling import update
from ascend.failover.waiting import patience, until
from ascend.live import replication, verify
from ascend.live.deployed import Deployed
from ascend.promotion import stack_file
from ascend.promotion.apply import counted
from ascend.ui import console
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ascend.live.aws import Clients
    from ascend.promotion.journal import Journal
    from ascend.session import Session

#: The steps in order.
FENCE, CATCH_UP, PROMOTE, REDIRECT, BACK_UP, CONFIG = "fence", "catch-up", "promote", "redirect", "back-up", "config"
REFRESH, FENCE_LATER, SETTLE, VERIFY = "refresh", "fence-later", "settle", "verify"


@dataclass
class Switch:
    """One move of writes under way.

    Attributes:
        session: the command.
        clients: who answers for the stack's cloud.
        book: the journal.
        about: what moves (`moving.about`).
        say: told what happens, a line each.
        planned: whether it is done at leisure: then nothing may be lost, and it stops where it cannot be sure.
    """

    session: Session
    clients: Clients
    book: Journal
    about: Mapping[str, Any]
    say: Callable[[str], None]
    planned: bool = False

    def __post_init__(self) -> None:
        self._patience = patience(embedded=self.clients.embedded is not None)

    def move(self) -> None:
        """The steps until writes go to the other region and the stack's file says so.

        Raises:
            UpdateError: a step failed.
        """
        self.book.run(FENCE, self._fence)
        self.book.run(CATCH_UP, self._catch_up)
        self.book.run(PROMOTE, self._promote)
        self.book.run(REDIRECT, self._redirect)
        self.book.run(BACK_UP, self._back_up)
        self.book.run(CONFIG, self._config)

    def settle(self) -> bool:
        """The steps until the state and the program agree with what was moved; False where the old region is away.

        Raises:
            UpdateError: a step failed.
        """
        fenced = bool(self._result(FENCE).get("fenced"))
        self.book.run(REFRESH, lambda: self._take_in([*self._promoted(), *(self._rules() if fenced else ())]))
        if not fenced and self.book.result(FENCE_LATER) is None:
            self.book.begin(FENCE_LATER)
            found = self._fence()
            if not found["fenced"]:
                self.book.note(FENCE_LATER, found)
                return False
            self.book.end(FENCE_LATER, {**found, **self._take_in(self._rules())})
        self.book.run(SETTLE, lambda: update(self.session, self.say))
        self.book.run(VERIFY, self._verify)
        return True

    def reopen(self) -> None:
        """The way back before anything was promoted: the old primary takes connections again.

        Raises:
            UpdateError: a step failed.
        """
        self._take_in(self._rules())
        update(self.session, self.say)

    def lags(self) -> list[replication.Lag]:
        """How far the replicas that take over are behind.

        Raises:
            AwsError: CloudWatch cannot be asked.
        """
        look_back = self._patience.look_back_s
        return [
            replication.lag(self.clients, self.about["to"], shard["identifier"], look_back)
            for shard in self.about["shards"]
        ]

    # -- the steps

    def _fence(self) -> dict[str, Any]:
        databases = [shard["old"] for shard in self.about["shards"]]
        found = fencing.fence(self.clients, self.about["from"], databases, self.say)
        if not found["fenced"] and self.planned:
            raise InputError(f"{found['why']}; nothing is moved while {self.about['from']} does not answer")
        return {**found, "at": time.time()}

    def _catch_up(self) -> dict[str, Any]:
        """Until everything that was committed before the fence is replayed; without a fence there is no such moment."""
        fenced = self._result(FENCE)
        if not fenced.get("fenced"):
            return self._lost("the old primary could not be closed")
        since = float(fenced["at"])
        measured = self.clients.embedded is None

        def look() -> str:
            behind = [one.said for one in self.lags() if not replication.has_all(one, since, measured=measured)]
            return "; ".join(behind)

        left = until(look, self._patience.catch_up_s, self._patience.poll_s, self.say)
        if not left:
            return {"caught_up": True, "lost_s": 0.0}
        if self.planned:
            raise InputError(f"{left}, {self._patience.catch_up_s:g} s after {self.about['from']} was closed")
        return self._lost(left)

    def _lost(self, why: str) -> dict[str, Any]:
        now = datetime.now(UTC).timestamp()
        window = replication.worst_s(self.lags(), now)
        self.say(f"not caught up ({why}): {loss(window)}")
        return {"caught_up": False, "why": why, "lost_s": window}

    def _promote(self) -> dict[str, Any]:
        takeover.promote(self.clients, self.about["to"], self.about["shards"], self._patience, self.say)
        return {"promoted": [shard["identifier"] for shard in self.about["shards"]]}

    def _redirect(self) -> dict[str, Any]:
        changed = takeover.redirect(self.clients, self.about["to"], self.about["shards"], self.say)
        running = takeover.redeploy(self.clients, self.about["to"], self.about["services"], self._patience, self.say)
        return {"secrets": changed, "services": running}

    def _back_up(self) -> dict[str, Any]:
        takeover.back_up(self.clients, self.about["to"], self.about["shards"], self._patience, self.say)
        return {"days": [shard["backup_days"] for shard in self.about["shards"]]}

    def _config(self) -> dict[str, Any]:
        to, target = self.about["to"], self.session.target
        keys = {
            generations.PRIMARY: None if to == self.about["home"] else to,
            generations.KEY: dict(self.about["databases"]) or None,
        }
        before = stack_file.write(target.root, target.stack, keys)
        return {"file": keys, "file_before": before}

    def _promoted(self) -> list[str]:
        return [str(shard["urn"]) for shard in self.about["shards"]]

    def _rules(self) -> list[str]:
        """The rules that the fence revokes, as the state knows them."""
        return [str(urn) for shard in self.about["shards"] for urn in shard["old"]["rules"].values()]

    def _take_in(self, urns: Sequence[str]) -> dict[str, Any]:
        """Brings the state to what there is; what the state has forgotten already cannot be asked for."""
        there = {one.urn for one in self.session.engine.export(self.session.target).resources}
        wanted = [urn for urn in urns if urn in there]
        with Progress(console.stderr(), f"reading {self.session.target.stack}", detailed=False) as progress:
            result = self.session.engine.refresh(self.session.target, progress.on_event, wanted, preview=False)
        return {"read": len(wanted), **counted(result)}

    def _verify(self) -> dict[str, Any]:
        deployed = Deployed.read(self.session.engine, self.session.target)
        began = time.monotonic()
        found = verify.verify(self.clients, deployed, self.about.get("alarms") or (), self.say)
        return verify.document(found, time.monotonic() - began)

    def _result(self, step: str) -> Mapping[str, Any]:
        return self.book.result(step) or {}


def explained(error: AscendError, book: Journal, command: str, back: str) -> AscendError:
    """The error of a step once something may have changed: where it stands, and how it goes on.

    Args:
        error: what was raised.
        book: the journal.
        command: goes on.
        back: goes back, while that can be.
    """
    step = book.current
    if step is None:
        return error
    if book.result(VERIFY) is not None:
        state, way = "writes are in the other region, and not every region that follows has its replicas yet", ""
    elif book.attempts(PROMOTE):
        state, way = "writes are on their way to the other region, and there is no way back but a failback later", ""
    elif book.attempts(FENCE):
        state, way = "the old primary may be closed already, and nothing has moved", f"; go back: {back}"
    else:
        state, way = "writes are where they were", f"; go back: {back}"
    return UpdateError(f"{step}: {error}\n{state}; go on: {command}{way}; journal: {book.file}")
