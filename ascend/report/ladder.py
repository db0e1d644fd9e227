"""The four phases of one stack, each planned, priced and loaded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ascend import plans, target
from ascend.capacity import estimate as capacity
from ascend.capacity import stack as capacity_stack
from ascend.cost import estimate as cost
from ascend.cost import plan as cost_plans
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ascend.cost.model import Estimate
    from ascend.engine.model import Target


@dataclass(frozen=True, slots=True)
class Rung:
    """The stack at one phase.

    Attributes:
        plan: what there will be.
        resources: the same as an estimate reads it, each resource with its region and component.
        cost: what it costs.
        capacity: what it carries under the users that the bill is for.
    """

    plan: plans.Plan
    resources: cost_plans.Plan
    cost: Estimate
    capacity: capacity.Estimate

    @property
    def phase(self) -> str:
        """The phase's name."""
        return self.resources.phase

    @property
    def number(self) -> int:
        """The phase's number, 1 to 4."""
        return plans.PHASES.index(self.phase) + 1

    @classmethod
    def of(cls, plan: plans.Plan) -> Rung:
        """The figures of a plan.

        Raises:
            InputError: the plan describes its system in another version, or has what is not known.
        """
        resources = cost_plans.read(plan.resources)
        bill = cost.of(resources)
        # As many users as the bill is for, so that both speak of the same load.
        return cls(plan, resources, bill, capacity.estimate(capacity_stack.read(plan), bill.users))


@dataclass(frozen=True, slots=True)
class Ladder:
    """A stack at every phase.

    Attributes:
        rungs: one a phase, in order.
        place: index among them of the phase that the report is about.
        refused: the phases that the stack's config does not fit, with the reason.
    """

    rungs: Sequence[Rung]
    place: int
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def here(self) -> Rung:
        """The phase that the report is about."""
        return self.rungs[self.place]

    @property
    def next(self) -> Rung | None:
        """The phase that a promotion leads to; None at the last, and where the stack's config does not fit it."""
        return next((rung for rung in self.rungs if rung.number == self.here.number + 1), None)


def climb(cwd: Path, stack: str | None, system: str | None, phase: str | None) -> Ladder:
    """Plans a stack, or a system at a phase, and the same at all other phases.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack's name; `system` and `phase` are laid over its file.
        system: what runs; without a stack, with `phase`.
        phase: how far it has grown.

    Raises:
        InputError: too little is given, or something that is not there.
    """
    root = target.find_root(cwd)
    if stack is not None:
        first = plans.of_target(target.resolve(root, stack, system, phase))
        here = plans.phase_name(str(first.world.get("phase", "")))
        regions = [str(region) for region in first.world.get("regions") or ()]
        others = {
            name: plans.at_phase(target.resolve(root, stack, system, name), name, regions) for name in plans.PHASES
        }
    elif system is not None and phase is not None:
        here = plans.phase_name(phase)
        others = {name: _system_at(root, system, name) for name in plans.PHASES}
        first = plans.of_target(others[here])
    else:
        raise plans.unnamed(root)
    found, refused = {here: Rung.of(first)}, {}
    for name, wanted in others.items():
        if name != here:
            try:
                found[name] = Rung.of(plans.of_target(wanted))
            except InputError as error:
                # A size that fits this phase need not fit another: `maxTasks` where nothing scales by itself.
                refused[name] = "; ".join(str(error).splitlines())
    rungs = [found[name] for name in plans.PHASES if name in found]
    return Ladder(rungs, rungs.index(found[here]), refused)


def _system_at(root: Path, system: str, phase: str) -> Target:
    """A system at a phase under a name that is the same at each, so that its resources can be held side by side."""
    wanted = plans.target_of(root, system, phase)
    named = {"ascend:domain": f"app.{system}.example", "ascend:zone": f"{system}.example"}
    return replace(wanted, stack=target.check_name(system), config={**wanted.config, **named})
