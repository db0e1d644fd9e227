"""The review of one stack: what changes, what that risks, what the pack says, what it costs and carries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ascend.capacity import estimate as capacity
from ascend.capacity import stack as capacity_stack
from ascend.cost import delta, usage
from ascend.cost import estimate as cost
from ascend.cost import plan as cost_plans
from ascend.engine.model import Op
from ascend.errors import InputError
from ascend.plans import Plan
from ascend.review import changes, guards, promotion
from ascend.review.findings import Finding, Level, Verdict, accepted, verdict
from ascend.review.places import Places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ascend.cost.model import Estimate
    from ascend.review.changes import Change
    from ascend.review.planning import Planned
    from ascend.review.promotion import Promotion

_ORDER = (Level.BLOCKING, Level.WARNING, Level.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carries:
    """What a stack carries.

    Attributes:
        users: how many users it is for.
        holds: whether every resource stays below its ceiling with them.
        most: the most users that it holds; None where nothing is loaded.
        bottleneck: what gives way first; empty where nothing is loaded.
        load: the load on that, as part of what it carries.
    """

    users: int
    holds: bool
    most: int | None
    bottleneck: str
    load: float

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "users": self.users,
            "holds": self.holds,
            "max_users": self.most,
            "bottleneck": self.bottleneck,
            "utilization": None if self.load == float("inf") else round(self.load, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A stack before or after.

    Attributes:
        world: what it says of itself.
        cost: its bill.
        carries: what it carries; None where that cannot be told.
        caught: incidents that its alarms catch.
        incidents: all of them that were replayed; None where no pack did.
    """

    world: Mapping[str, Any]
    cost: Estimate
    carries: Carries | None
    incidents: Sequence[Mapping[str, Any]]

    @property
    def caught(self) -> int:
        """How many of the incidents its alarms catch."""
        return sum(bool(one.get("caught")) for one in self.incidents)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "system": self.world.get("system"),
            "phase": self.world.get("phase"),
            "cost": self.cost.monthly.document(),
            "cap": self.cost.cap,
            "capacity": None if self.carries is None else self.carries.document(),
            "incidents": {"caught": self.caught, "of": len(self.incidents)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a review found out about one stack.

    Attributes:
        stack: its name.
        findings: the gravest first.
        verdict: what they come to.
        changes: the resources that change.
        unchanged: how many resources do not.
        before: the stack before; None where it is new, or its base says nothing of itself.
        after: the stack after; None where it could not be planned.
        lines: the lines of the bill that change.
        promotion: the move to another phase; None where it stays.
        incidents: the outcomes that differ, as before and after.
    """

    stack: str
    findings: Sequence[Finding] = ()
    verdict: Verdict = Verdict.PASS
    changes: Sequence[Change] = ()
    unchanged: int = 0
    before: Side | None = None
    after: Side | None = None
    lines: Sequence[delta.Change] = field(default=())
    promotion: Promotion | None = None

    def count(self, op: Op) -> int:
        """How many resources an operation is done to."""
        return sum(one.op is op for one in self.changes)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "stack": self.stack,
            "verdict": str(self.verdict),
            "findings": [one.document() for one in self.findings],
            "promotion": None if self.promotion is None else self.promotion.document(),
            "before": None if self.before is None else self.before.document(),
            "after": None if self.after is None else self.after.document(),
            "cost_changes": [one.document() for one in self.lines],
            "summary": {
                **{word: self.count(op) for op, word in changes.KINDS.items()},
                "unchanged": self.unchanged,
            },
            "changes": [one.document() for one in self.changes],
        }


def unjudged(stack: str, why: str) -> Review:
    """The review of a stack that could not be judged."""
    found = Finding(rule="unjudged", level=Level.WARNING, message=why, about="Every stack can be judged.")
    return Review(stack=stack, findings=[found], verdict=Verdict.UNJUDGED)


def review(
    root: Path,
    stack: str,
    before: Planned | None,
    after: Planned,
    *,
    changed: Mapping[str, Sequence[int]],
    agreed: Sequence[str] = (),
) -> Review:
    """Reviews one stack.

    Args:
        root: the project's folder.
        stack: the stack's name.
        before: its plan at the base, or what is deployed; None where it is new.
        after: its plan in the working tree.
        changed: the lines that the change edited, by file.
        agreed: rules whose blocking findings somebody agreed to.
    """
    if after.refused:
        places = Places(root, stack, "", changed, {})
        refusals = [_refusal(line, "", places) for line in after.refused.splitlines()]
        return Review(stack=stack, findings=refusals, verdict=verdict(refusals))
    olds = {} if before is None else {step.urn: step for step in before.steps}
    found = changes.changes(after.steps, olds)
    old_side, new_side = None if before is None else _side(stack, before), _side(stack, after)
    if new_side is None:
        return unjudged(stack, "its plan does not say what it is; only stacks of this project can be reviewed")
    moved = None if old_side is None else promotion.between(old_side.world, new_side.world)
    stays = old_side is not None and moved is None and old_side.world.get("system") == new_side.world.get("system")
    places = Places(root, stack, str(new_side.world.get("system", "")), changed, after.sources)
    own = [
        *changes.at_risk(found, olds),
        *([] if moved is None else filter(None, [moved.finding()])),
        *(guards.loosened(after.steps, found, olds) if stays else ()),
    ]
    findings = [
        *(replace(one, place=places.find(one.urn, one.message)) for one in _once(own)),
        *(_refusal(line, _named(line, found), places) for line in _unsaid(after.refusals, own)),
        *_violations(before, after, places),
        *_lost(old_side, new_side, places),
    ]
    findings = accepted(findings, agreed)
    findings.sort(key=lambda one: (_ORDER.index(one.level), one.old, one.policy, one.rule, one.urn, one.message))
    return Review(
        stack=stack,
        findings=findings,
        verdict=verdict(findings),
        changes=found,
        unchanged=sum(step.op is Op.SAME for step in after.steps),
        before=old_side,
        after=new_side,
        lines=() if old_side is None else delta.difference(old_side.cost, new_side.cost),
        promotion=moved,
    )


def _side(stack: str, planned: Planned) -> Side | None:
    try:
        plan = Plan.of(stack, planned.steps)
        bill = cost.estimate(plan.resources)
    except InputError:
        return None
    return Side(world=plan.world, cost=bill, carries=_carries(plan), incidents=planned.incidents)


def _carries(plan: Plan) -> Carries | None:
    try:
        number = usage.users_of(cost_plans.read(plan.resources), None)
        found = capacity.estimate(capacity_stack.read(plan), number)
    except InputError:
        return None
    first = found.bottleneck
    return Carries(
        users=number,
        holds=found.holds,
        most=found.max_users,
        bottleneck="" if first is None else first.name,
        load=0.0 if first is None else first.utilization,
    )


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """One finding a resource and rule; what loses data is said once, not also as something that is removed."""
    lost = {one.urn for one in findings if one.rule == "data-at-risk"}
    kept = [one for one in findings if one.rule == "data-at-risk" or one.urn not in lost or not one.urn]
    return list(dict.fromkeys(kept))


def _unsaid(refusals: Sequence[str], own: Sequence[Finding]) -> list[str]:
    """The refusals of the engine that are not about data whose loss is reported already."""
    lost = [one.name for one in own if one.rule == "data-at-risk"]
    return [line for line in refusals if "protected" not in line or not any(f" {name}:" in line for name in lost)]


def _named(line: str, found: Sequence[Change]) -> str:
    """The URN of the resource that a refusal names; empty where it names none that is known."""
    return next((one.step.urn for one in found if f" {one.step.name}:" in line), "")


def _refusal(line: str, urn: str, places: Places) -> Finding:
    return Finding(
        rule="refused",
        level=Level.BLOCKING,
        message=line,
        urn=urn,
        place=places.find(urn, line),
        about="The program, the engine and the provider accept the config.",
    )


def _violations(before: Planned | None, after: Planned, places: Places) -> list[Finding]:
    known = {tuple(one["key"]) for one in before.violations} if before is not None else set()
    found = []
    for one in after.violations:
        old = tuple(one["key"]) in known
        mandatory = one["level"] == "mandatory"
        found.append(
            Finding(
                rule=one["policy"],
                level=Level.NOTE if old else Level.BLOCKING if mandatory else Level.WARNING,
                message=one["message"],
                urn=one["urn"],
                policy=True,
                old=old,
                place=places.find(one["urn"], one["message"], old=old),
                about=one["description"],
            )
        )
    return found


def _lost(before: Side | None, after: Side, places: Places) -> list[Finding]:
    """Incidents that alarms caught and no longer do."""
    if before is None:
        return []
    then = {_incident(one) for one in before.incidents if one.get("caught")}
    return [
        Finding(
            rule="incident-missed",
            level=Level.BLOCKING,
            message=f"no alarm goes off any more at: {_incident(one)}",
            place=places.find(str(one.get("urn") or ""), str(one.get("incident"))),
            about="What alarms catch before a change they catch after it.",
        )
        for one in after.incidents
        if not one.get("caught") and _incident(one) in then
    ]


def _incident(one: Mapping[str, Any]) -> str:
    target = str(one.get("target") or one.get("urn") or "").rpartition("::")[2]
    return f"{one.get('incident')}{f' of {target}' if target else ''}"
