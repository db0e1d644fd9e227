"""Capacity: the users that a stack is meant for fit."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ascend.capacity.estimate import CEILING, Estimate, estimate
from ascend.capacity.stack import read
from policies.kit import About, Finding, Option, on_stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi_policy

    from policies.stack import Stack

GROUP = "capacity"


@lru_cache(maxsize=2)
def _estimate(stack: Stack) -> Estimate:
    return estimate(read(stack.plan()))


def _fits(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    found = _estimate(stack)
    for one in found.resources:
        if one.utilization >= config["share"]:
            yield (
                "",
                (
                    f"{found.demand.users} users load {one.name} to {one.utilization:.0%} of "
                    f"{one.supply.expected:g} {one.unit}; below {config['share']:.0%} is needed"
                ),
            )


def policies() -> list[pulumi_policy.Policy]:
    """The policies of the group."""
    return [
        on_stack(
            About(
                name="users-fit",
                group=GROUP,
                description="The users that the stack is meant for fit.",
                fix="enlarge it, promote it, or declare fewer users (`ascend capacity` shows what gives way)",
                options={"share": Option(CEILING, "load of every resource, as part of what it carries, below")},
            ),
            _fits,
        ),
    ]
