"""How many tasks of a service run over a month: at its floor, over the day's load curve, at its ceiling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ascend.cost import load_curve, usage
from ascend.cost.model import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cost.plan import Plan, Resource

_TARGET = "aws:appautoscaling/target:Target"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_CPU_UNITS = 1024
_MINUTES_PER_DAY = 24 * 60


def limits(plan: Plan, service: Resource) -> tuple[int, int]:
    """The least and the most tasks of a service: its scaling target's, or what it asks for."""
    ending = f"/{service.text('name')}"
    for target in plan.of(_TARGET, service.region):
        if target.text("resourceId").endswith(ending):
            return int(target.number("minCapacity")), int(target.number("maxCapacity"))
    desired = int(service.number("desiredCount"))
    return desired, desired


def running(plan: Plan, service: Resource, use: usage.Use, vcpu: float, share: float) -> Span:
    """Tasks of a service, averaged over a month.

    Args:
        plan: the stack.
        service: the ECS service.
        use: what happens in its region.
        vcpu: vCPU of one of its tasks.
        share: its part of the requests, 0 to 1.
    """
    least, most = limits(plan, service)
    if least == most:
        return Span.flat(least)
    figures: Mapping[str, Any] = (plan.figures.get("services") or {}).get(service.component, {})
    wanted = _wanted_at_peak(figures, use, vcpu, share)
    shape = load_curve.curve(float(plan.figures["traffic"]["average_load"]))
    floors = _floors(figures)
    counts = [
        min(max(math.ceil(load * wanted - 1e-9), least, _floor_at(floors, sample)), most)
        for sample, load in enumerate(shape)
    ]
    return Span(least, sum(counts) / len(counts), most)


def _wanted_at_peak(figures: Mapping[str, Any], use: usage.Use, vcpu: float, share: float) -> float:
    """Tasks that the busiest time takes, before floor and ceiling."""
    capacity = figures.get("capacity") or {}
    size = vcpu / float(capacity["cpu"]) if capacity else 1.0
    held = float(usage.defaults()["target_utilization"])
    if queue := figures.get("consumes"):
        jobs = use.peak_jobs_per_hour.get(queue)
        each = capacity.get("jobs_per_hour")
        return 0.0 if jobs is None or each is None else jobs.expected / (usage.span(each).expected * size * held)
    if not figures.get("public_path"):
        return 0.0
    if each := capacity.get("requests_per_second"):
        return use.peak_requests_per_second.expected * share / (usage.span(each).expected * size * held)
    if each := capacity.get("concurrent"):
        # Every active user holds a WebSocket, wherever the requests go.
        users = use.peak_users * (share if takes_requests(figures) else 1.0)
        return users / (usage.span(each).expected * size * held)
    each_vcpu = float(usage.defaults()["requests_per_second_per_vcpu"])
    return use.peak_requests_per_second.expected * share / (each_vcpu * vcpu * held)


def shares_of_requests(plan: Plan) -> dict[str, float]:
    """Each service's part of the requests, by name; a service that takes none is in none.

    No document says it. They are taken to be in the proportion of what one task of each carries, so that each task is
    about as busy as the next; `ascend capacity` divides them alike.
    """
    vcpus = {task.component: task.number("cpu") / _CPU_UNITS for task in plan.of(_TASK)}
    weights = {
        name: _carried_by_task(figures, vcpus.get(name, 1.0))
        for name, figures in (plan.figures.get("services") or {}).items()
        if takes_requests(figures)
    }
    whole = sum(weights.values())
    return {name: weight / whole for name, weight in weights.items()}


def takes_requests(figures: Mapping[str, Any]) -> bool:
    """Whether requests from outside reach a service; one that is known for its WebSockets alone takes none."""
    capacity = figures.get("capacity") or {}
    only_sockets = figures.get("websockets") and capacity and not capacity.get("requests_per_second")
    return bool(figures.get("public_path")) and not only_sockets


def _carried_by_task(figures: Mapping[str, Any], vcpu: float) -> float:
    """Requests a second of one task: of the size that the document speaks of, else of the size that it has."""
    capacity = figures.get("capacity") or {}
    size = float(capacity.get("cpu", vcpu))
    if each := capacity.get("requests_per_second"):
        return usage.span(each).expected
    return float(usage.defaults()["requests_per_second_per_vcpu"]) * size


def _floors(figures: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Minute of the day from which on there are at least so many tasks, in order.

    Floors whose time is not one minute of a day (``*/2``) are left out, and their days are not looked at: a floor of
    working days counts on all.
    """
    found = []
    for floor in figures.get("floors") or ():
        minute, hour, *_ = str(floor["cron"]).split()
        if minute.isdigit() and hour.isdigit():
            found.append((int(hour) * 60 + int(minute), int(floor["min_tasks"])))
    return sorted(found)


def _floor_at(floors: list[tuple[int, int]], sample: int) -> int:
    """Least tasks at a sample of the day; the last floor of the day before holds until the first of this one."""
    if not floors:
        return 0
    minute = sample * _MINUTES_PER_DAY // load_curve.SAMPLES
    passed = [tasks for start, tasks in floors if start <= minute]
    return passed[-1] if passed else floors[-1][1]
