"""The plan of a move to another phase, judged as a review judges a change: data, policies, cost, capacity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ascend import target
from ascend.engine.model import EventKind
from ascend.errors import InputError
from ascend.plans import Plan
from ascend.promotion import moves
from ascend.promotion.journal import Kind
from ascend.protection import PASSING
from ascend.rehearsal import options
from ascend.review import guards
from ascend.review import review as reviews
from ascend.review.findings import Finding, Level
from ascend.review.planning import Planned as Judged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ascend.engine.model import Engine, Event, OnEvent, RunResult, Step, Target
    from ascend.live.deployed import Deployed
    from ascend.promotion.moves import Move
    from ascend.review.review import Review, Side

_AT_RISK: Final = "data-at-risk"
#: What stands in the way on the way down too.
_GRAVE: Final = (_AT_RISK, "refused")
#: What a review says of a change to a stack, and the steps of a promotion say themselves.
_ELSEWHERE: Final = frozenset({"phase-skipped", "step-down"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan of the engine's.

    Attributes:
        target: the stack as it is to be.
        result: the plan.
        said: what the program says by the way, such as what the phase offers and the config does not give.
    """

    target: Target
    result: RunResult
    said: Sequence[str]


def make(engine: Engine, target: Target, overlay: Mapping[str, Any], on_event: OnEvent) -> Planned:
    """Plans an update.

    Args:
        engine: what plans.
        target: the stack.
        overlay: laid over its config, as the phase is.
        on_event: told of the progress.

    Raises:
        InputError: the program refuses the config.
    """
    said: list[str] = []

    def listen(event: Event) -> None:
        """Advice comes once, with the plan."""
        if event.kind is EventKind.DIAGNOSTIC and event.severity == "info":
            said.extend(line.strip() for line in event.message.splitlines() if line.strip())
        else:
            on_event(event)

    wanted = replace(target, config={**target.config, **overlay})
    result = engine.preview(wanted, listen)
    return Planned(wanted, result, tuple(dict.fromkeys(said)))


def of_move(engine: Engine, target: Target, deployed: Deployed, move: Move, on_event: OnEvent) -> tuple[Move, Planned]:
    """The plan of a move, and the move with the keys that keep what holds data as large as it is on the way down.

    Args:
        engine: what plans.
        target: the stack.
        deployed: what there is of it.
        move: from where to where.
        on_event: told of the progress.

    Raises:
        InputError: the program refuses the config at that phase.
    """
    planned = make(engine, target, move.keys, on_event)
    more = moves.sizes(deployed, planned.result.steps) if move.kind is Kind.DEMOTE else {}
    if not more:
        return move, planned
    move = replace(move, keys={**move.keys, **more})
    return move, make(engine, target, move.keys, on_event)


def judge(root: Path, deployed: Deployed, planned: Planned, *, down: bool = False) -> Review:
    """Judges a plan against what is deployed.

    On the way up what a policy forbids blocks, whether or not it was so before: the official CLI refuses it likewise.
    On the way down it is told, and does not stand in the way: what is kept beyond the phase may be above its cap.

    Args:
        root: the project's folder.
        deployed: what is deployed.
        planned: the plan.
        down: whether it is the way down.

    Raises:
        InputError: the plan or the policy pack cannot be read.
    """
    stack, steps = deployed.stack, _with_options(planned)
    after = Judged(steps=steps, violations=_violations(root, stack, steps))
    found = reviews.review(root, stack, Judged(steps=deployed.steps()), after, changed={})
    if found.after is None:
        raise InputError(f"{stack}: its plan does not say what it is; bring infra/ up to this version")
    kept = [one for one in found.findings if one.rule not in _ELSEWHERE]
    kept += _above_cap(found.after, kept)
    return replace(found, findings=_eased(kept, deployed) if down else kept)


def blocking(found: Review, *, begun: bool = False) -> list[str]:
    """What stands in the way, a line each: rule and message.

    Args:
        found: the judgement.
        begun: whether the update was begun: the stack then says the new phase of itself already, so that budgets and
            thresholds which that phase raises look as if they were raised by the way.
    """
    return [
        f"{one.rule}: {one.message}"
        for one in found.findings
        if one.level is Level.BLOCKING and not (begun and one.rule in guards.rules())
    ]


def document(found: Review, said: Sequence[str]) -> dict[str, Any]:
    """A judged plan as JSON: what changes, costs and carries.

    Args:
        found: the judgement.
        said: what the program says by the way.
    """
    whole = found.document()
    return {
        "summary": whole["summary"],
        "changes": whole["changes"],
        "findings": [one for one in whole["findings"] if one["level"] != str(Level.NOTE)],
        "before": whole["before"],
        "after": whole["after"],
        "cost_changes": whole["cost_changes"],
        "said": list(said),
    }


def _with_options(planned: Planned) -> Sequence[Step]:
    """The plan's steps with what the program says of its resources and the official engine does not tell."""
    steps = planned.result.steps
    if all(step.ignore_changes is not None for step in steps):
        return steps
    ignored = options.ignored(planned.target)
    return [replace(step, ignore_changes=ignored.get(step.urn, ())) for step in steps]


def _violations(root: Path, stack: str, steps: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    folder = target.policy_pack(root)
    if folder is None:
        return ()
    from ascend import packs  # noqa: PLC0415 -- loads the SDK of policies, which only a plan needs

    verdict = packs.judge(packs.load(folder), Plan.of(stack, steps).resources)
    return [one.keyed() for one in verdict.violations]


def _eased(findings: Sequence[Finding], deployed: Deployed) -> list[Finding]:
    """What is found on the way down: only the loss of data, and what the engine refuses, stand in the way.

    A password, and the secret with it, that the program does not protect leads to something that may go: a cache of
    copies, a pool. Both go with that.
    """
    passing = {one.urn for one in deployed.resources if one.type in PASSING and not one.protect}
    return [
        replace(one, level=Level.WARNING)
        if one.level is Level.BLOCKING and (one.rule not in _GRAVE or (one.rule == _AT_RISK and one.urn in passing))
        else one
        for one in findings
    ]


def _above_cap(after: Side, findings: Sequence[Finding]) -> list[Finding]:
    """The cap, where no policy has said it."""
    cap, cost = after.cost.cap, after.cost.monthly.expected
    if cap is None or cost <= cap or any(one.policy and "cap" in one.rule for one in findings):
        return []
    return [
        Finding(
            rule="cap-exceeded",
            level=Level.BLOCKING,
            message=f"expected to cost ${cost:,.2f} a month, the cap is ${cap:,.2f}; raise ascend:budget or size down",
            about="A stack costs no more than its cap.",
        )
    ]
