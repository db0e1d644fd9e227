"""Fargate: tasks by vCPU, memory and public address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.cost.model import Span

if TYPE_CHECKING:
    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource


def service(resource: Resource, bill: Bill) -> None:
    """Tasks of a service, part of them on spare capacity, each with a public address where it has one."""
    vcpu, memory, arm = bill.size(resource)
    if not vcpu:
        bill.miss(resource, "its task definition does not say how large a task is")
        return
    tasks = bill.tasks(resource)
    usage_based = tasks.low != tasks.high
    spare = _spare(resource, tasks)
    family = "fargate.arm" if arm else "fargate.x86"
    for part, prefix, name in ((tasks - spare, family, ""), (spare, f"{family}.spot", " on spare capacity")):
        if part.high > 0:
            bill.add(resource, f"vCPU{name}", f"{prefix}.vcpu", part * (vcpu * bill.hours), usage_based=usage_based)
            bill.add(
                resource, f"Memory{name}", f"{prefix}.memory", part * (memory * bill.hours), usage_based=usage_based
            )
    network = resource.inputs.get("networkConfiguration") or {}
    if network.get("assignPublicIp") is True and tasks.high > 0:
        bill.add(resource, "Public IPv4", "ipv4.public", tasks * bill.hours, usage_based=usage_based)


def _spare(resource: Resource, tasks: Span) -> Span:
    """Tasks on FARGATE_SPOT: what is above the base of FARGATE is shared out by weight."""
    strategy = {str(one.get("capacityProvider")): one for one in resource.rows("capacityProviderStrategies")}
    spot = strategy.get("FARGATE_SPOT")
    if not spot or not spot.get("weight"):
        return Span.flat(0)
    whole = sum(float(one.get("weight") or 0) for one in strategy.values())
    share = float(spot["weight"]) / whole
    base = float((strategy.get("FARGATE") or {}).get("base") or 0)
    return Span(
        *(max(0.0, count - base) * share for count in (tasks.low, tasks.expected, tasks.high)),
    )


def cluster(resource: Resource, bill: Bill) -> None:
    """A cluster costs nothing but with Container Insights, whose metrics no plan shows."""
    for setting in resource.rows("settings"):
        if setting.get("name") == "containerInsights" and setting.get("value") != "disabled":
            bill.miss(resource, "Container Insights: their metrics are not in the plan")


RULES = {"aws:ecs/cluster:Cluster": cluster, "aws:ecs/service:Service": service}
