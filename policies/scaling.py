"""Scaling: targets, cooldowns and limits as the documents say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policies.durability import SERVICE, row
from policies.kit import About, Finding, Option, Severity, on_resource, on_stack
from policies.services import most_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi_policy

    from policies.stack import Item, Stack

GROUP = "scaling"
POLICY = "aws:appautoscaling/policy:Policy"
TARGET = "aws:appautoscaling/target:Target"
_TRACKING = "targetTrackingScalingPolicyConfiguration"
_CPU, _MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"


def _metric(item: Item) -> str:
    return item.text(_TRACKING, "predefinedMetricSpecification", "predefinedMetricType")


def _cpu_target(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    target = item.number(_TRACKING, "targetValue")
    if _metric(item) == _CPU and (target is None or abs(target - config["pct"]) > config["tolerance_pct"]):
        yield f"{item.name}: holds {target} % CPU; {config['pct']:g} ± {config['tolerance_pct']:g} are allowed"


def _memory_target(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    target = item.number(_TRACKING, "targetValue")
    if _metric(item) == _MEMORY and (target is None or target > config["pct"]):
        yield f"{item.name}: holds {target} % memory; at most {config['pct']:g} is allowed"


def _cooldowns(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    if item.value(_TRACKING) is None:
        return
    for key, least, most in (
        ("scaleOutCooldown", config["out_least_s"], config["out_most_s"]),
        ("scaleInCooldown", config["in_least_s"], config["in_most_s"]),
    ):
        given = item.number(_TRACKING, key) or 0
        if not least <= given <= most:
            yield f"{item.name}: {key} is {given:g} s; {least:g} to {most:g} are allowed"


def _limits(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    most = config["most"] or row(stack)["most_tasks"]
    for item in stack.of(TARGET):
        low, high = item.number("minCapacity"), item.number("maxCapacity")
        if low is None or high is None or low > high:
            yield item.urn, f"{item.name}: scales from {low} to {high} tasks"
        elif high > most:
            yield item.urn, f"{item.name}: up to {high:g} tasks; at most {most:g} at phase '{stack.phase}'"


def _scales(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    """From phase 3 on every service follows its load, by CPU and by what else fills."""
    if not row(stack)["multi_az"]:
        return
    followed = {item.text("resourceId").rpartition("/")[2] for item in stack.of(POLICY) if _metric(item) == _CPU}
    for item in stack.of(SERVICE):
        if most_tasks(stack, item) and item.text("name") not in followed:
            yield item.urn, f"{item.name}: the number of its tasks does not follow CPU"


def _workers_follow_queue(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    if not row(stack)["multi_az"]:
        return
    services: Mapping[str, Any] = (stack.world.get("figures") or {}).get("services") or {}
    consumers = tuple(f"-{name}" for name, one in services.items() if one.get("consumes"))
    backlog = {
        item.text("resourceId").rpartition("/")[2]
        for item in stack.of(POLICY)
        if item.value(_TRACKING, "customizedMetricSpecification")
    }
    for item in stack.of(SERVICE):
        name = item.text("name")
        if name.endswith(consumers) and most_tasks(stack, item) and name not in backlog:
            yield item.urn, f"{item.name}: the number of its tasks does not follow the queue"


def _count_ignored(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    """Else every update puts the number back to where it began."""
    scaled = {item.text("resourceId").rpartition("/")[2] for item in stack.of(TARGET)}
    for item in stack.of(SERVICE):
        if item.text("name") in scaled and "desiredCount" not in item.ignored:
            yield item.urn, f"{item.name}: an update would undo what autoscaling did: desiredCount is not ignored"


def policies() -> list[pulumi_policy.Policy]:
    """The policies of the group."""
    return [
        on_resource(
            About(
                name="scaling-cpu-target",
                group=GROUP,
                description="Autoscaling holds CPU at 70 %.",
                fix="set targetValue",
                options={"pct": Option(70, "CPU in percent"), "tolerance_pct": Option(5, "more or less, in points")},
            ),
            (POLICY,),
            _cpu_target,
        ),
        on_resource(
            About(
                name="scaling-memory-target",
                group=GROUP,
                description="Autoscaling holds memory at 80 % or less.",
                fix="lower targetValue",
                options={"pct": Option(80, "memory in percent, at most")},
            ),
            (POLICY,),
            _memory_target,
        ),
        on_resource(
            About(
                name="scaling-cooldowns",
                group=GROUP,
                description="Autoscaling goes up fast and comes down slowly.",
                fix="set the cooldown within these bounds",
                options={
                    "out_least_s": Option(30, "seconds between two steps up, at least"),
                    "out_most_s": Option(120, "seconds between two steps up, at most"),
                    "in_least_s": Option(300, "seconds between two steps down, at least"),
                    "in_most_s": Option(900, "seconds between two steps down, at most"),
                },
            ),
            (POLICY,),
            _cooldowns,
        ),
        on_stack(
            About(
                name="scaling-limits",
                group=GROUP,
                description="Autoscaling stays within what the phase allows.",
                fix="set minTasks and maxTasks within them",
                options={"most": Option(0, "tasks of a service in a region, at most; 0 for those of the phase")},
            ),
            _limits,
        ),
        on_stack(
            About(
                name="service-scales",
                group=GROUP,
                description="From phase 3 on the number of a service's tasks follows its CPU.",
                fix="give it a target tracking policy on CPU",
            ),
            _scales,
        ),
        on_stack(
            About(
                name="worker-follows-queue",
                group=GROUP,
                description="From phase 3 on the number of a worker's tasks follows its queue.",
                fix="give it a target tracking policy on the backlog of its queue",
            ),
            _workers_follow_queue,
        ),
        on_stack(
            About(
                name="desired-count-ignored",
                group=GROUP,
                description="An update leaves the number of tasks to autoscaling.",
                severity=Severity.MEDIUM,
                fix="add desiredCount to ignore_changes",
            ),
            _count_ignored,
        ),
    ]
