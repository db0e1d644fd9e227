"""How a case of a golden file is priced: its resource in the small stack, with what its rule looks at beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cost.estimate import estimate
from tests.cost import world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.engine.model import Step

ELSEWHERE = "eu-west-1"


def lines_of(type_: str, case: Mapping[str, Any]) -> tuple[list[list[Any]], list[str]]:
    """What is billed for the case's resource: item, quantity, unit, low, expected, high, by use; and what is not."""
    kind, name = case["component"]
    where = case["region"]
    place = where or world.HOME
    steps = world.base()
    if place != world.HOME:
        steps.append(world.region(place))
    existing = {step.name: step for step in steps}
    full = f"{world.STACK}-{world.CODES[place]}-{name}"
    owner = existing.get(full) or world.component(kind, name, place)
    subject = world.resource(owner, type_, case["suffix"], where, **case["inputs"])
    steps += [step for step in (*_beside(type_, owner), owner, subject) if step.urn not in {one.urn for one in steps}]
    found = estimate(steps)
    lines = [
        [line.item, line.quantity.expected, line.unit, *_span(line.monthly), line.usage_based]
        for line in found.lines
        if line.urn == subject.urn
    ]
    return lines, [one.why for one in found.unpriced if one.urn == subject.urn]


def _span(span: Any) -> tuple[float, float, float]:
    return span.low, span.expected, span.high


def _beside(type_: str, owner: Step) -> list[Step]:
    """What some rules look at besides their resource."""
    if type_ == "aws:ecs/service:Service":
        task = world.service("api")[1]
        return [task]
    if type_.startswith(("aws:rds/proxy:", "aws:rds/instanceAutomatedBackupsReplication:")):
        database = world.component("Database", "database")
        server = world.resource(
            database,
            "aws:rds/instance:Instance",
            "primary",
            instanceClass="db.t4g.large",
            allocatedStorage=50,
            storageType="gp3",
        )
        return [database, server]
    if type_ == "cloudflare:index/loadBalancer:LoadBalancer":
        return [
            world.resource(owner, "cloudflare:index/loadBalancerPool:LoadBalancerPool", name, None, origins=[{}])
            for name in ("use1", "euw1", "apse1")
        ]
    return []
