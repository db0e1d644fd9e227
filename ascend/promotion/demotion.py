"""What a step down leaves standing that its phase would not have: data in other regions, further shards."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.cost.estimate import estimate
from ascend.cost.model import total
from ascend.plans import Plan
from ascend.promotion.moves import PHASE
from ascend.review.changes import holders
from ascend.review.job import Job
from ascend.review.planning import Planners, read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.engine.model import Step, Target
    from ascend.promotion.moves import Move

#: What names data beyond the phase's own, and how a key says "as the system and the phase say".
_AS_THE_PHASE = {"ascend:regions": [], "ascend:shards": 0, "ascend:primary": ""}


def stays_behind(target: Target, move: Move, planned: Sequence[Step]) -> dict[str, Any]:
    """What a stack has after a step down that a new stack of that phase would not, and what it costs.

    Args:
        target: the stack.
        move: the step down.
        planned: the steps of its plan.

    Returns:
        As JSON: the resources, and US dollars a month.

    Raises:
        UnjudgedError: the phase could not be planned.
    """
    if not _AS_THE_PHASE.keys() & move.keys.keys():
        return {"resources": [], "monthly_usd": 0.0}  # the stack is all that its phase asks for, and no more
    fresh = {step.urn for step in _fresh(target, move)}
    there = Plan.of(target.stack, planned).resources
    more = [step for step in there if step.custom and step.urn not in fresh]
    urns = {step.urn for step in more}
    costs = [line.monthly for line in estimate(there).lines if line.urn in urns]
    return {
        "resources": [
            {
                "name": step.name,
                "type": step.type,
                "region": str(step.inputs.get("region") or ""),
                "holds_data": _holds_data(step),
            }
            for step in more
        ],
        "monthly_usd": total(costs).expected if costs else 0.0,
    }


def _holds_data(step: Step) -> bool:
    row = holders().get(step.type)
    return step.protect if row is None or row["when"] == "protected" else True


def _fresh(target: Target, move: Move) -> Sequence[Step]:
    """The plan of a new stack of that name at that phase, beside no state."""
    with tempfile.TemporaryDirectory(prefix="ascend-demote-") as folder, Planners(target.root, None) as planners:
        result = Path(folder) / "plan"
        config = {**target.config, **_AS_THE_PHASE, PHASE: move.after}
        planners.send([Job(root=str(target.root), stack=target.stack, result=str(result), config=config, salt="new")])
        return read(result, target.stack, f"a new stack at {move.after}").steps
