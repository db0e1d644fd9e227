"""The steps of a promotion and of a demotion: what each does, in which order, and how they go on after an interruption.

Check, plan and rehearsal change nothing; the snapshot adds something; only then does the stack change. What was found
before the stack changed is found anew when a move is continued, because it may have become old. From the first step
that changes the stack on, what is done stays done.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ascend import protection
from ascend.errors import AscendError, InputError
from ascend.live import verify
from ascend.live.deployed import Deployed
from ascend.promotion import checks, demotion, plan, snapshots
from ascend.promotion.apply import apply, failed
from ascend.promotion.journal import Kind
from ascend.promotion.moves import PROTECTION, left_at
from ascend.status import metrics, rules, signals, triggers
from ascend.ui import console
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.live.aws import Clients
    from ascend.promotion.checks import Check
    from ascend.promotion.journal import Journal
    from ascend.promotion.moves import Move
    from ascend.promotion.plan import Planned
    from ascend.session import Session

#: The steps that change nothing, and all of them in order.
LOOKING: Final = ("check", "plan", "rehearse")
STEPS: Final = {
    Kind.PROMOTE: (*LOOKING, "snapshot", "apply", "verify"),
    Kind.DEMOTE: (*LOOKING, "snapshot", "unlock", "apply", "lock", "verify"),
}
CHANGING: Final = ("unlock", "apply", "lock", "verify")
#: What was found or made longer ago than this, in seconds, is not relied on when the stack is about to change.
FRESH_S: Final = 3600.0

Result = dict[str, Any]


def changed(book: Journal) -> bool:
    """Whether a journal's move has begun to change the stack."""
    return any(book.attempts(step) for step in CHANGING)


@dataclass
class Course:
    """One promotion or demotion under way.

    Attributes:
        session: the command.
        clients: who answers for the stack's cloud.
        move: from where to where.
        deployed: the stack as it was found.
        book: the journal; None on a dry run.
        say: told what happens, a line each.
        results: what each step came to.
    """

    session: Session
    clients: Clients
    move: Move
    deployed: Deployed
    book: Journal | None
    say: Callable[[str], None]
    results: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    _planned: Planned | None = None

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self.session.target.stack

    @property
    def onward(self) -> str:
        """The command that goes on."""
        return self.session.command(str(self.move.kind))

    @property
    def back(self) -> str:
        """The command that goes back."""
        other = Kind.DEMOTE if self.move.kind is Kind.PROMOTE else Kind.PROMOTE
        return self.session.command(str(other))

    def look(self) -> None:
        """The steps that change nothing.

        Raises:
            InputError: something stands in the way; nothing was changed.
        """
        for step in LOOKING:
            self._run(step, again=True)

    def change(self) -> None:
        """The steps that change the stack, each of them that is not done yet.

        Raises:
            AscendError: one failed; it says what state the stack is in, and the commands that go on and back.
        """
        for step in STEPS[self.move.kind][len(LOOKING) :]:
            try:
                self._run(step, again=step == "snapshot" and not self._is_fresh(step))
            except AscendError as error:
                raise failed(
                    error,
                    f"{self.move.text(self.stack)} stopped at {step}",
                    left_at(self.move, self.stack, step),
                    *self._ways(step),
                ) from error

    def recall(self) -> None:
        """Takes from the journal what the steps before a change came to."""
        if self.book is not None:
            for step in (*LOOKING, "snapshot"):
                known = self.book.result(step)
                if known is not None:
                    self.results[step], self.took[step] = known, self.book.seconds(step)

    def _run(self, step: str, *, again: bool) -> None:
        work: Callable[[], Result] = getattr(self, f"_{step}")
        began = time.monotonic()
        if self.book is None:
            self.results[step] = work()
        else:
            self.results[step] = self.book.run(step, work, again=again)
        self.took[step] = time.monotonic() - began if self.book is None else self.book.seconds(step)

    # -- the steps, by name

    def _check(self) -> Result:
        target, engine = self.session.target, self.session.engine
        with Progress(console.stderr(), f"checking {self.stack}", detailed=False) as progress:
            self.deployed = Deployed.read(engine, target)
            self.clients.check_account(self.deployed.account, self.deployed.primary, self.stack)
            found: list[Check] = []
            try:
                self._planned = self._make_plan()
            except InputError as error:
                found.append(_refused(error))
            if self.move.kind is Kind.PROMOTE:
                known = rules.load(target.root)
                readings = signals.read(self.clients, self.deployed, long=(*known.long_signals, metrics.REQUESTS))
                verdict = triggers.judge(readings.measured, triggers.Situation.of(self.deployed), known)
                found += checks.run(
                    engine,
                    target,
                    self.deployed,
                    self.clients,
                    progress.on_event,
                    to=self.move.after,
                    planned=() if self._planned is None else self._planned.result.steps,
                    verdict=verdict,
                    force=self.move.force,
                    again=self.session.command("up"),
                )
            else:
                found += [
                    checks.pending(self.deployed, self.session.command("up")),
                    checks.drift(engine, target, self.deployed, progress.on_event),
                    checks.backups(self.clients, self.deployed),
                ]
            ringing = verify.alarms_before(self.clients, self.deployed)
        self.results["check"] = result = {
            "checks": [one.document() for one in found],
            "alarms": ringing,
            "phase": self.deployed.phase,
        }
        wrong = [one for one in found if not one.passes]
        if wrong:
            raise InputError("\n".join(f"check {one.name}: {one.detail}; {one.remedy}" for one in wrong))
        return result

    def _plan(self) -> Result:
        planned = self._planned or self._make_plan()
        self._planned = planned
        found = plan.judge(self.session.target.root, self.deployed, planned, down=self.move.kind is Kind.DEMOTE)
        self.results["plan"] = result = {**plan.document(found, planned.said), "keys": dict(self.move.keys)}
        if self.move.kind is Kind.DEMOTE:
            result["stays_behind"] = demotion.stays_behind(self.session.target, self.move, planned.result.steps)
            result["locked"] = protection.locked(planned.result.steps, self.stack)
        elif refusal := protection.locked(planned.result.steps, self.stack):
            raise InputError(f"plan: {refusal}")
        blocked = plan.blocking(found)
        if blocked:
            said = [f"the program says: {line}" for line in planned.said]
            raise InputError("\n".join([*(f"plan {line}" for line in blocked), *said]))
        return result

    def _rehearse(self) -> Result:
        from ascend.promotion import rehearsals  # noqa: PLC0415 -- a cloud of its own, which only this step needs

        steps = () if self._planned is None else self._planned.result.steps
        unlocked = bool(self.results["plan"].get("locked"))
        return rehearsals.rehearse(self.session, self.move, self.say, unlocked=unlocked, planned=steps)

    def _snapshot(self) -> Result:
        taken = snapshots.take(self.clients, self.deployed, self._mark(), self.say)
        return {"snapshots": taken, "at": datetime.now(UTC).isoformat(timespec="seconds")}

    def _unlock(self) -> Result:
        if not self.results["plan"].get("locked"):
            return {"skipped": "nothing that goes is locked"}
        return apply(self.session, self._written(), "unlock", {PROTECTION: False})

    def _apply(self) -> Result:
        book = self._written()
        if book.attempts("apply") > 1 or self._age("plan") > FRESH_S:
            self._guard()
        return apply(self.session, book, "apply", self.move.keys)

    def _lock(self) -> Result:
        unlocked = self.results["unlock"]
        if "skipped" in unlocked:
            return {"skipped": "nothing was unlocked"}
        return apply(self.session, self._written(), "lock", {PROTECTION: unlocked["file_before"][PROTECTION]})

    def _verify(self) -> Result:
        with Progress(console.stderr(), f"verifying {self.stack}", detailed=False):
            self.deployed = Deployed.read(self.session.engine, self.session.target)
            began = time.monotonic()
            before = self.results.get("check", {}).get("alarms", ())
            found = verify.verify(self.clients, self.deployed, before, self.say)
        return {**verify.document(found, time.monotonic() - began), "phase": self.deployed.phase}

    # -- what they share

    def _make_plan(self) -> Planned:
        engine, target = self.session.engine, self.session.target
        with Progress(console.stderr(), f"planning {self.stack}", detailed=False) as progress:
            self.move, planned = plan.of_move(engine, target, self.deployed, self.move, progress.on_event)
        return planned

    def _guard(self) -> None:
        """No data at risk and no protected resource that goes, by a plan made now: the program may have changed.

        Raises:
            InputError: the plan is one that would not have been agreed to.
        """
        session, down = self.session, self.move.kind is Kind.DEMOTE
        planned = self._make_plan()
        found = plan.judge(session.target.root, Deployed.read(session.engine, session.target), planned, down=down)
        blocked = plan.blocking(found, begun=True)
        if blocked:
            raise InputError("\n".join(blocked))

    def _written(self) -> Journal:
        if self.book is None:
            raise InputError("a dry run changes nothing")
        return self.book

    def _mark(self) -> str:
        """What the snapshots of this attempt are called by; one that was begun within the hour is gone on with."""
        book = self._written()
        notes = [one for one in book.notes("snapshot") if _age(str(one["at"])) <= FRESH_S]
        if notes:
            return str(notes[-1]["mark"])
        mark = f"{self.move.kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        book.note("snapshot", {"mark": mark, "at": datetime.now(UTC).isoformat(timespec="seconds")})
        return mark

    def _age(self, step: str) -> float:
        """How long ago a step was done, in seconds; endless where it is not."""
        done = [one.at for one in self._written().records if one.step == step and one.event == "done"]
        return _age(done[-1]) if done else float("inf")

    def _is_fresh(self, step: str) -> bool:
        return changed(self._written()) or self._age(step) <= FRESH_S

    def _ways(self, step: str) -> tuple[str, str]:
        """The commands that go on and back from a step that failed."""
        onward = self.onward
        if step == "verify":
            onward = f"{onward} (after {self.session.command('up')}, where the program had to be mended)"
        return onward, self.back


def _age(at: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()


def _refused(error: InputError) -> Check:
    """The program's refusal of the config at that phase, as a check: each line names file and key."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return checks.Check("config", False, "; ".join(lines), "change the stack's file")
