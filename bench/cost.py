"""How long cost and capacity take over the time of the plan, for every system at every phase and for 1,000 services.

    .venv/bin/python bench/cost.py [--rounds 3] [--json]

Printed are medians of wall times within one process: the plan by the embedded engine, and what the bill and the load on
its resources take over it. The last row is the plan of Floyo at phase 3 with 1,000 services: copies of its own, made by
renaming what the plan holds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from common import PROJECT

from ascend import plans
from ascend.capacity import estimate as capacity
from ascend.capacity import stack
from ascend.cost import estimate as cost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ascend.engine.model import Step

SERVICE_TYPES = ("ascend:components:Service", "ascend:components:Autoscaling")
COPIES = 1000


@dataclass(frozen=True)
class Row:
    """One measured stack.

    Attributes:
        what: the stack.
        resources: how many resources it has.
        plan: seconds of its plan; None where it was not planned.
        cost: seconds of the bill.
        capacity: seconds of the load.
    """

    what: str
    resources: int
    plan: float | None
    cost: float
    capacity: float


def median(work: Callable[[], Any], rounds: int) -> float:
    """Seconds that something takes, the median of some rounds."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def measured(what: str, plan: plans.Plan, seconds: float | None, rounds: int) -> Row:
    """A plan's row."""
    return Row(
        what,
        len(plan.resources),
        seconds,
        median(lambda: cost.estimate(plan.resources), rounds),
        median(lambda: capacity.estimate(stack.read(plan)), rounds),
    )


def widened(plan: plans.Plan, copies: int) -> plans.Plan:
    """A plan with so many services: copies of those that it has, with all that their components made."""
    world = next(step for step in plan.resources if step.type == plans.ROOT_TYPE)
    names = list(world.inputs["figures"]["services"])
    tops = [step for step in plan.resources if step.type in SERVICE_TYPES]
    kept: list[Step] = [step for step in plan.resources if step is not world]
    services: dict[str, Any] = dict(world.inputs["figures"]["services"])
    for number in range(copies - len(names)):
        name = names[number % len(names)]
        new = f"{name}-copy-{number}"
        services[new] = services[name]
        for top in tops:
            if top.name.endswith((f"-{name}", f"-{name}-scaling")):
                kept += [_renamed(step, top.name, top.name.replace(f"-{name}", f"-{new}")) for step in _tree(plan, top)]
    figures = {**world.inputs["figures"], "services": services}
    root = replace(world, inputs={**world.inputs, "figures": figures})
    return plans.Plan.of(plan.stack, [root, *kept])


def _tree(plan: plans.Plan, top: Step) -> Sequence[Step]:
    """A component and what it made."""
    return [step for step in plan.resources if step is top or step.name.startswith(f"{top.name}-")]


def _renamed(step: Step, old: str, new: str) -> Step:
    """A step under another component's name, wherever its texts hold it."""
    text = json.dumps(step.inputs).replace(old, new)
    return replace(
        step,
        urn=step.urn.replace(old, new),
        name=step.name.replace(old, new),
        parent=step.parent.replace(old, new),
        inputs=json.loads(text),
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = []
    wide: plans.Plan | None = None
    for system in sorted(file.stem for file in (PROJECT / "systems").glob("*.yaml")):
        for phase in plans.PHASES:
            started = time.perf_counter()
            plan = plans.plan(PROJECT, None, system, phase)
            rows.append(measured(f"{system}, {phase}", plan, time.perf_counter() - started, given.rounds))
            if (system, phase) == ("floyo", "scaled"):
                wide = widened(plan, COPIES)
    if wide is not None:
        rows.append(measured(f"floyo, scaled, {COPIES:,} services", wide, None, 1))
    if given.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{'':<34}{'resources':>10}{'plan, s':>10}{'cost, s':>10}{'capacity, s':>13}")
    for row in rows:
        planned = "-" if row.plan is None else f"{row.plan:.2f}"
        print(f"{row.what:<34}{row.resources:>10,}{planned:>10}{row.cost:>10.3f}{row.capacity:>13.3f}")


if __name__ == "__main__":
    main()
