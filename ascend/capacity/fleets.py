"""The fleets of a stack: what the simulation needs of each service, from the plan, the figures and the prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.capacity.facts import load
from ascend.capacity.simulate import Fleet
from ascend.capacity.supply import per_task
from ascend.cost import prices

if TYPE_CHECKING:
    from ascend.capacity.demand import Demand
    from ascend.capacity.stack import Stack, Tasks


def fleets(stack: Stack, asked: Demand) -> list[tuple[Fleet, float]]:
    """Each service that does anything, and its requests or jobs a second in one region at the busiest time.

    A service of which nobody knows what it does (jobs that no document counts, WebSockets alone) is in none.

    Args:
        stack: the stack.
        asked: what its users ask for, all regions together.
    """
    result = []
    for name in stack.figures.services:
        tasks = [one for one in stack.service(name) if one.most]
        if not tasks:
            continue
        made = _fleet(stack, tasks, asked)
        if made is not None:
            result.append(made)
    return result


def _fleet(stack: Stack, tasks: list[Tasks], asked: Demand) -> tuple[Fleet, float] | None:
    first, figures = tasks[0], stack.figures
    service = figures.services[first.service]
    carried = per_task(stack, first)
    if service.consumes is not None:
        jobs = asked.jobs_per_second.get(service.consumes)
        if jobs is None or carried.jobs_per_task is None:
            return None
        rate, peak = carried.jobs_per_task.expected, jobs.expected
    elif carried.requests_per_task is not None:
        rate, peak = carried.requests_per_task.expected, asked.requests_by_service[first.service].expected
    else:
        return None
    slots = 1.0
    if carried.concurrent_per_task is not None and not service.websockets:
        slots = max(1.0, carried.concurrent_per_task.expected)
    fleet = Fleet(
        service=first.service,
        regions=tuple(one.region for one in tasks),
        rate=rate,
        slots=slots,
        worker=service.consumes is not None,
        least=first.least,
        most=first.most,
        policies=first.policies,
        start_s=float(load("scaling")["task_start_s"]) + first.health_s,
        timeout_s=service.request_timeout_s,
        p95_limit_s=figures.p95_s,
        error_limit=figures.error_rate_pct / 100,
        backlog_limit=figures.queue_depth,
        usd_per_task_hour=_price(tasks),
    )
    return fleet, peak / len(tasks)


def _price(tasks: list[Tasks]) -> float | None:
    """US dollars an hour of one task in each region; None where a price is not known."""
    table = prices.load()
    whole = 0.0
    for one in tasks:
        family = f"fargate.{'arm' if one.arm else 'x86'}"
        for kind, share in ((family, 1 - one.spot_share), (f"{family}.spot", one.spot_share)):
            if not share:
                continue
            try:
                vcpu, memory = table.price(f"{kind}.vcpu", one.region), table.price(f"{kind}.memory", one.region)
            except prices.NoPriceError:
                return None
            whole += share * (one.cpu * vcpu.usd + one.memory_gib * memory.usd)
    return whole
