"""An engine that does what it is told, and the resources that it tells of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ascend.engine.model import Event, EventKind, Op, RunResult, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import OnEvent, Target

ROOT_URN = "urn:pulumi:dev::ascend::pulumi:pulumi:Stack::ascend-dev"
WORLD_URN = "urn:pulumi:dev::ascend::ascend:index:World::dev"
DB_URN = "urn:pulumi:dev::ascend::ascend:index:World$aws:rds/instance:Instance::dev-db"

STACK = Step(Op.SAME, ROOT_URN, "pulumi:pulumi:Stack", "ascend-dev", custom=False)
WORLD = Step(
    Op.SAME,
    WORLD_URN,
    "ascend:index:World",
    "dev",
    parent=ROOT_URN,
    custom=False,
    inputs={"system": "floyo", "phase": "single-region"},
)
DATABASE = Step(Op.CREATE, DB_URN, "aws:rds/instance:Instance", "dev-db", parent=WORLD_URN)


def result(*steps: Step, outputs: Mapping[str, Any] | None = None, pending: Sequence[str] = ()) -> RunResult:
    """A result with the counts that follow from its steps."""
    summary: dict[str, int] = {}
    for step in steps:
        summary[str(step.op)] = summary.get(str(step.op), 0) + 1
    return RunResult(steps, outputs or {}, summary, pending, 1.25)


@dataclass
class FakeEngine:
    """Plays one result back, with the events that go with it, and keeps what it was asked."""

    answer: RunResult = field(default_factory=lambda: result(STACK, WORLD, DATABASE, outputs={"url": "https://x"}))
    failure: BaseException | None = None
    name: str = "embedded"
    asked: list[tuple[str, Target]] = field(default_factory=list)
    unprotected: Sequence[str] = ()
    shown_secrets: bool = False

    def _run(self, what: str, target: Target, on_event: OnEvent) -> RunResult:
        self.asked.append((what, target))
        for step in self.answer.steps:
            on_event(Event(EventKind.STEP_STARTED, step, urn=step.urn))
            if self.failure is not None and step.op is not Op.SAME:
                on_event(Event(EventKind.STEP_FAILED, step, str(self.failure), urn=step.urn))
            else:
                on_event(Event(EventKind.STEP_DONE, step, urn=step.urn))
        if self.failure is not None:
            raise self.failure
        return self.answer

    def preview(self, target: Target, on_event: OnEvent) -> RunResult:
        return self._run("preview", target, on_event)

    def up(self, target: Target, on_event: OnEvent) -> RunResult:
        return self._run("up", target, on_event)

    def destroy(self, target: Target, on_event: OnEvent, unprotect: Sequence[str] = ()) -> RunResult:
        self.unprotected = unprotect
        deleted = [replace(step, op=Op.DELETE) for step in self.answer.steps]
        self.answer = result(*deleted)
        return self._run("destroy", target, on_event)

    def outputs(self, target: Target, *, show_secrets: bool = False) -> Mapping[str, Any]:
        self.asked.append(("outputs", target))
        self.shown_secrets = show_secrets
        return self.answer.outputs


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str
