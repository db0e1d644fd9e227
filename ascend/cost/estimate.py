"""The estimate: every resource of a plan by its rule, and what has none."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ascend.cost import plan as plans
from ascend.cost import prices, usage
from ascend.cost.bill import Bill
from ascend.cost.model import Estimate, External, Unpriced
from ascend.cost.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Step

FREE_FILE = Path(__file__).with_name("free.yaml")
#: Packages whose resources live in the stack's own state and nowhere else.
_UNBILLED_PACKAGES = frozenset({"pulumi", "random", "ascend"})


@functools.cache
def free() -> Mapping[str, Mapping[str, str]]:
    """Types that cost nothing themselves, with the reason and its source (``free.yaml``)."""
    loaded: Mapping[str, Mapping[str, str]] = yaml.safe_load(FREE_FILE.read_text(encoding="utf-8"))
    return loaded


def estimate(steps: Sequence[Step], *, users: int | None = None, table: prices.PriceTable | None = None) -> Estimate:
    """What the stack of a preview costs in a month.

    Args:
        steps: the preview's steps.
        users: users that it is for; by default the most that the plan names.
        table: the prices; the delivered ones by default.

    Raises:
        InputError: the steps are no stack of this project.
    """
    return of(plans.read(steps), users=users, table=table)


def of(plan: plans.Plan, *, users: int | None = None, table: prices.PriceTable | None = None) -> Estimate:
    """What a plan costs in a month; arguments as those of `estimate`."""
    number = usage.users_of(plan, users)
    bill = Bill(plan, table or prices.load(), number, usage.by_region(plan, number))
    known = free()
    unbilled: dict[str, str] = {}
    for resource in plan.resources:
        rule = RULES.get(resource.type)
        if rule is not None:
            rule(resource, bill)
        elif resource.type in known:
            unbilled[resource.type] = known[resource.type]["why"]
        elif resource.type.partition(":")[0] not in _UNBILLED_PACKAGES:
            bill.unpriced.append(Unpriced(resource.urn, resource.type, "no rule for this type"))
    external = tuple(
        External(name, usage.span(monthly)) for name, monthly in (plan.figures.get("external_costs") or {}).items()
    )
    return Estimate(
        system=plan.system,
        phase=plan.phase,
        users=number,
        cap=plan.cap,
        lines=tuple(sorted(bill.lines, key=lambda line: (line.region, line.component, line.urn, line.item))),
        unpriced=tuple(sorted(bill.unpriced, key=lambda one: (one.type, one.urn, one.why))),
        free=tuple(sorted(unbilled.items())),
        external=external,
    )
