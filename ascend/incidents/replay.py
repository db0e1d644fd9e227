"""Incidents, replayed against the alarms of a plan: which is caught, by which alarm, how soon."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from ascend.capacity.hardware import database_class
from ascend.errors import InputError
from ascend.incidents.alarms import Alarm, Metric, alarms_of, watches
from ascend.incidents.cloudwatch import Samples, fires

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Step

REGION_TYPE = "ascend:index:Region"
ROOT_TYPE = "ascend:index:World"
_DATABASE = "aws:rds/instance:Instance"
_BUDGET_TYPE = "aws:budgets/budget:Budget"
_DAYS, _MINUTES = 30, 1440
_GIB = 1024**3
#: Requests of a minute, and the part of them that is below the value of a series.
_REQUESTS, _BELOW = 20, 0.95


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one incident to one resource.

    Attributes:
        incident: its name.
        what: what happens.
        urn: the resource that it happened to.
        target: that resource's name.
        alarm: the name of the alarm that went off first; empty where all stayed silent.
        minutes: when, from the start of the incident; None where all stayed silent.
        within_min: by when somebody must know.
    """

    incident: str
    what: str
    urn: str
    target: str
    alarm: str
    minutes: int | None
    within_min: int

    @property
    def caught(self) -> bool:
        """Whether somebody knew in time."""
        return self.minutes is not None and self.minutes <= self.within_min

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "incident": self.incident,
            "urn": self.urn,
            "target": self.target,
            "caught": self.caught,
            "alarm": self.alarm or None,
            "minutes": self.minutes,
            "within_min": self.within_min,
        }


@cache
def incidents() -> Mapping[str, Mapping[str, Any]]:
    """The incidents by name (``incidents.yaml``)."""
    text = (resources.files("ascend.incidents") / "incidents.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    return loaded


def replay(steps: Sequence[Step], names: Sequence[str] | None = None) -> tuple[Outcome, ...]:
    """Replays incidents against the alarms of a plan.

    Args:
        steps: a step of everything that there will be, components too.
        names: the incidents; all by default.

    Returns:
        What became of each, in the order of the table and then of the resources' names.

    Raises:
        InputError: an alarm that cannot be read, or an incident that is not in the table.
    """
    world = _World.of(steps)
    outcomes: list[Outcome] = []
    for name in names or incidents():
        if name not in incidents():
            raise InputError(f"'{name}' is no incident; allowed: {', '.join(incidents())}")
        row = incidents()[name]
        for target in sorted(world.targets(row), key=lambda step: step.name):
            alarm, minutes = _first(world, row, target)
            outcomes.append(Outcome(name, row["what"], target.urn, target.name, alarm, minutes, row["within_min"]))
    return tuple(outcomes)


def left_behind(steps: Sequence[Step]) -> frozenset[str]:
    """Regions whose databases are all closed since a failover, until the way home makes replicas there.

    Args:
        steps: a step of everything that there will be, components too.
    """
    used: dict[str, bool] = {}
    closed: set[str] = set()
    for step in steps:
        closed.update(step.inputs.get("outOfUse") or () if step.type == ROOT_TYPE else ())
    for step in steps:
        if step.type == _DATABASE:
            region = str(step.inputs.get("region", ""))
            used[region] = used.get(region, False) or step.inputs.get("identifier") not in closed
    return frozenset(region for region, in_use in used.items() if not in_use)


@dataclass(frozen=True, slots=True)
class _World:
    """A plan as incidents meet it."""

    by_type: Mapping[str, Sequence[Step]]
    alarms: Sequence[Alarm]
    left: frozenset[str]

    @classmethod
    def of(cls, steps: Sequence[Step]) -> _World:
        by_type: dict[str, list[Step]] = {}
        for step in steps:
            by_type.setdefault(step.type, []).append(step)
        return cls(by_type, [alarm for alarm in alarms_of(steps) if alarm.speaks], left_behind(steps))

    def targets(self, row: Mapping[str, Any]) -> list[Step]:
        """What an incident happens to: what runs, of its types."""
        passed = re.compile(row["except"]) if "except" in row else None
        return [
            step
            for type_ in row["hits"]
            for step in self.by_type.get(type_, ())
            if self.runs(step) and not (passed and passed.search(step.name))
        ]

    def runs(self, step: Step) -> bool:
        """Whether it does anything: a service at rest without a task, and without a way to more, does not."""
        if step.type != "aws:ecs/service:Service" or step.inputs.get("desiredCount") != 0:
            return True
        return any(
            str(one.inputs.get("resourceId", "")).endswith(f"/{step.inputs.get('name')}")
            and float(one.inputs.get("maxCapacity") or 0) > 0
            for one in self.by_type.get("aws:appautoscaling/target:Target", ())
        )

    def beside(self, step: Step) -> list[Step]:
        """The resources of its type that the same component made."""
        return [one for one in self.by_type.get(step.type, ()) if one.parent == step.parent]

    def others(self, region: str) -> bool:
        """Whether there is another region that would notice: one that a failover left follows nobody."""
        there = {step.inputs.get("region") for step in self.by_type.get(REGION_TYPE, ())}
        return bool(there - self.left - {region})


def _first(world: _World, row: Mapping[str, Any], target: Step) -> tuple[str, int | None]:
    """The alarm that goes off first, and when."""
    if target.type == _BUDGET_TYPE:
        return _notification(row["budget"], target)
    found = [
        (minutes, alarm.name)
        for alarm, samples in _reports(world, row, target)
        if (minutes := fires(alarm, samples, row["lasts_min"])) is not None
    ]
    minutes, name = min(found, default=(None, ""))
    return name, minutes


def _reports(world: _World, row: Mapping[str, Any], target: Step) -> list[tuple[Alarm, dict[str, Samples]]]:
    """The alarms that an incident concerns, with what their metrics report."""
    if target.type == REGION_TYPE:
        return _of_region(world, row, target)
    beside = world.beside(target)
    made: list[tuple[Alarm, dict[str, Samples]]] = []
    for alarm in world.alarms:
        samples: dict[str, Samples] = {}
        for key, metric in alarm.metrics.items():
            series = _series(row, metric)
            if series is not None and watches(alarm, metric, target, beside):
                samples[key] = _samples(series, _whole(series, target))
        if samples:
            made.append((alarm, samples))
    return made


def _of_region(world: _World, row: Mapping[str, Any], target: Step) -> list[tuple[Alarm, dict[str, Samples]]]:
    """What is left of a lost region: what the others see of it, or, where there are none, that nothing reports."""
    lost = str(target.inputs.get("region", ""))
    if not world.others(lost):
        # Only an alarm that takes silence for a breach can tell.
        listening = [alarm for alarm in world.alarms if alarm.missing == "breaching"]
        return [(alarm, dict.fromkeys(alarm.metrics, _silent_from_now(alarm))) for alarm in listening]
    made: list[tuple[Alarm, dict[str, Samples]]] = []
    for alarm in world.alarms:
        samples = {
            key: _samples(series, 1.0)
            for key, metric in alarm.metrics.items()
            if (series := _series(row, metric)) is not None
        }
        if samples and alarm.region != lost:
            made.append((alarm, samples))
    return made


def _silent_from_now(alarm: Alarm) -> Samples:
    """Healthy until the incident, then nothing."""
    healthy = alarm.threshold - 1 if alarm.upward else alarm.threshold + 1
    # As many samples as make a count of them healthy too.
    number = max(1, round(healthy)) if any(one.statistic == "SampleCount" for one in alarm.metrics.values()) else 1
    return lambda minute: [healthy] * number if minute < 0 else None


def _series(row: Mapping[str, Any], metric: Metric) -> Mapping[str, Any] | None:
    """What an incident says of a metric; ``*`` stands for a namespace of the stack's own."""
    table: Mapping[str, Mapping[str, Any]] = row.get("series", {})
    return table.get(metric.full_name) or table.get(f"* {metric.name}")


def _samples(series: Mapping[str, Any], whole: float) -> Samples:
    low, high, over = float(series["from"]) * whole, float(series["to"]) * whole, int(series["over_min"])
    spread = series.get("samples") == "spread"

    def at(minute: int) -> Sequence[float]:
        value = low + (high - low) * min(max(minute + 1, 0) / over, 1.0)
        return [value * (rank + 1) / (_REQUESTS * _BELOW) for rank in range(_REQUESTS)] if spread else [value]

    return at


def _whole(series: Mapping[str, Any], target: Step) -> float:
    """What the values of a series are parts of."""
    match series.get("of"):
        case "max_connections":
            return float(database_class(str(target.inputs.get("instanceClass"))).max_connections)
        case "storage_bytes":
            return float(target.inputs.get("allocatedStorage") or 0) * _GIB
        case _:
            return 1.0


def _notification(pace: Mapping[str, Any], budget: Step) -> tuple[str, int | None]:
    """The first notification on what was spent. A forecast needs weeks of history, which a new stack has not."""
    found = []
    for one in budget.inputs.get("notifications") or ():
        heard = one.get("subscriberSnsTopicArns") or one.get("subscriberEmailAddresses")
        if one.get("notificationType") != "ACTUAL" or one.get("thresholdType") != "PERCENTAGE" or not heard:
            continue
        share = float(one["threshold"]) / 100
        found.append((round(share * _DAYS * _MINUTES / pace["pace"]) + int(pace["delay_min"]), share))
    if not found:
        return "", None
    minutes, share = min(found)
    return f"{budget.name} {share:.0%}", minutes
