"""Rules of Application Auto Scaling that need more than a schema: limits, steps, metrics, schedules.

Source: Application Auto Scaling API reference and user guide (step scaling, target tracking, scheduled scaling); and
botocore's service model, internal/service/appautoscaling of the official provider. Read 2026-11-21.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from ascend.cloud.provider import Failure
from ascend.cloud.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from ascend.cloud.values import Props

#: The bounds of a step, lower first.
BOUNDS = ("metricIntervalLowerBound", "metricIntervalUpperBound")
_METRICS = "targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics"
#: CloudWatch user guide, metric math: functions are upper case, so what begins in lower case is an id.
_IDENTIFIER = re.compile(r"(?<![\w.'\"])[a-z][A-Za-z0-9_]*")
#: Minutes, hours, day of month, month, day of week, year.
_CRON_FIELDS = 6


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def limits(props: Props, prefix: str = "") -> list[Failure]:
    """Capacities begin at 0 and the minimum is no more than the maximum."""
    low, high = props.get("minCapacity"), props.get("maxCapacity")
    failures = [
        Failure(f"{prefix}{name}", f"{value:g} is less than 0")
        for name, value in (("minCapacity", low), ("maxCapacity", high))
        if _number(value) and value < 0
    ]
    if _number(low) and _number(high) and low > high:
        failures.append(Failure(f"{prefix}minCapacity", f"{low:g} is more than maxCapacity ({high:g})"))
    return failures


def steps(inputs: Props) -> list[Failure]:
    """Steps must meet without gap or overlap, and only the outermost are open."""
    path = "stepScalingPolicyConfiguration.stepAdjustments"
    config = inputs.get("stepScalingPolicyConfiguration")
    rows = config.get("stepAdjustments") if isinstance(config, dict) else None
    if not isinstance(rows, list) or has_unknown(rows):
        return []
    spans, failures = [], []
    for index, row in enumerate(rows):
        try:
            low, high = (float(row[name]) if row.get(name) not in (None, "") else None for name in BOUNDS)
        except ValueError as error:
            failures.append(Failure(f"{path}[{index}]", f"a bound is a number written as text: {error}"))
            continue
        if low is None and high is None and len(rows) > 1:
            failures.append(Failure(f"{path}[{index}]", "has no bound, so no other step can exist beside it"))
        elif low is not None and high is not None and low >= high:
            failures.append(
                Failure(f"{path}[{index}]", f"its lower bound {low:g} is not below its upper one, {high:g}")
            )
        spans.append((float("-inf") if low is None else low, float("inf") if high is None else high))
    if failures:
        return failures
    spans.sort()
    for (_, end), (start, _) in pairwise(spans):
        if end != start:
            how = "overlap" if start < end else "leave a gap"
            return [Failure(path, f"two steps {how}: one ends at {end:g}, the next begins at {start:g}")]
    return []


def metrics(inputs: Props) -> list[Failure]:
    """Metric math must name its own metrics and return one series."""
    config = inputs.get("targetTrackingScalingPolicyConfiguration")
    custom = config.get("customizedMetricSpecification") if isinstance(config, dict) else None
    rows = custom.get("metrics") if isinstance(custom, dict) else None
    if not isinstance(rows, list) or not rows or has_unknown(rows):
        return []
    return list(_metrics(rows))


def _metrics(rows: list[Any]) -> Iterator[Failure]:
    ids = [row.get("id") for row in rows]
    repeated = sorted({str(name) for name in ids if ids.count(name) > 1})
    if repeated:
        yield Failure(_METRICS, f"the id {repeated[0]} is used twice")
    returned = [str(row.get("id")) for row in rows if row.get("returnData", True)]
    if len(returned) != 1:
        many = ", ".join(returned) or "none"
        yield Failure(_METRICS, f"exactly one must have returnData: true (the default), the one tracked; {many} has")
    for index, row in enumerate(rows):
        text = re.sub(r"'[^']*'|\"[^\"]*\"", "", str(row.get("expression") or ""))
        missing = sorted(set(_IDENTIFIER.findall(text)) - {str(name) for name in ids} - {"m", "e"})
        if missing:
            yield Failure(f"{_METRICS}[{index}].expression", f"{missing[0]} is not the id of a metric")


def schedule(inputs: Props) -> list[Failure]:
    """``at(…)``, ``rate(…)`` or ``cron(…)``, and the time zone that it is in."""
    failures = []
    text, zone = inputs.get("schedule"), inputs.get("timezone")
    if isinstance(text, str) and (reason := _schedule(text)):
        failures.append(Failure("schedule", f'"{text}": {reason}'))
    if isinstance(zone, str) and zone not in _zones():
        failures.append(Failure("timezone", f'"{zone}" is not a time zone of the IANA database'))
    return failures


def _schedule(text: str) -> str:
    """Why a schedule is none; empty for a good one."""
    match = re.fullmatch(r"(at|rate|cron)\((.*)\)", text)
    if match is None:
        return "must be at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(fields)"
    kind, inner = match.groups()
    return {"at": _at, "rate": _rate, "cron": _cron}[kind](inner)


def _at(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 -- the zone is a property of its own
    except ValueError:
        return "at takes a time as yyyy-mm-ddThh:mm:ss"
    return ""


def _rate(text: str) -> str:
    good = re.fullmatch(r"(1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))", text)
    return "" if good else "rate takes a value and a unit: 1 minute, 5 minutes, 1 hour, 2 hours, 1 day, 2 days"


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != _CRON_FIELDS:
        return f"cron takes six fields (minutes hours day-of-month month day-of-week year), not {len(fields)}"
    if (fields[2] == "?") == (fields[4] == "?"):
        return "cron takes ? for exactly one of day-of-month and day-of-week"
    return ""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def times(inputs: Props) -> list[Failure]:
    """Start and end in RFC 3339, in their order."""
    failures, found = [], {}
    for name in ("startTime", "endTime"):
        value = inputs.get(name)
        if value is None or value is UNKNOWN:
            continue
        found[name] = _time(value)
        if found[name] is None:
            failures.append(Failure(name, f'"{value}" is not a time in RFC 3339 with a zone, 2026-11-21T06:00:00Z'))
    start, end = found.get("startTime"), found.get("endTime")
    if start and end and end <= start:
        failures.append(Failure("endTime", f"{inputs['endTime']} is not after startTime ({inputs['startTime']})"))
    return failures


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def same_time(one: Any, other: Any) -> bool:
    """Whether two texts are the same moment."""
    first, second = _time(one), _time(other)
    return first is not None and first == second
