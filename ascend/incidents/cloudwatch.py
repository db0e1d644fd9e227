"""How CloudWatch evaluates an alarm: datapoints from samples, M of N, missing data.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, read 2026-11-21
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ascend.errors import InputError
from ascend.incidents.math import Value, evaluate

if TYPE_CHECKING:
    from ascend.incidents.alarms import Alarm, Metric

#: What a metric's samples are in a minute, counted from the start of the incident; None where it reports nothing.
Samples = Callable[[int], Sequence[float] | None]
#: Datapoints beyond the evaluation periods that are fetched, as in the documentation's examples (3 periods, 5 fetched).
_MORE_FETCHED = 2
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_PLAIN: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda samples: math.fsum(samples) / len(samples),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": lambda samples: float(len(samples)),
    "Sum": math.fsum,
}


def statistic(name: str, samples: Sequence[float]) -> Value:
    """A statistic of the samples of a period; None where there are none.

    Args:
        name: ``Average``, ``Sum``, ``p95`` …
        samples: the samples.

    Raises:
        InputError: there is no such statistic.
    """
    if not samples:
        return None
    if name in _PLAIN:
        return float(_PLAIN[name](samples))
    if name.startswith("p") and name[1:].replace(".", "", 1).isdigit():
        rank = math.ceil(float(name[1:]) / 100 * len(samples))
        return sorted(samples)[max(rank, 1) - 1]
    raise InputError(f"'{name}' is no statistic that this model knows; allowed: {', '.join(_PLAIN)}, p0 to p100")


def fires(alarm: Alarm, samples: Mapping[str, Samples], lasts_min: int) -> int | None:
    """When an alarm goes off.

    Args:
        alarm: the alarm.
        samples: what each of its metrics reports, by id; one that is not named reports nothing.
        lasts_min: minutes that are looked at.

    Returns:
        Minutes from the start of the incident; None where it stays silent, or had gone off before and so tells nothing.

    Raises:
        InputError: it uses what this model does not know.
    """
    compare = _COMPARISONS.get(alarm.comparison)
    if compare is None:
        raise InputError(f"{alarm.name}: comparison '{alarm.comparison}' is not known to this model")
    period = max(alarm.period_s // 60, 1)
    fetched = alarm.periods + _MORE_FETCHED
    breaches = [_breach(alarm, samples, end, period, compare) for end in range(-(fetched - 1) * period, 1, period)]
    if _in_alarm(alarm, breaches):
        return None
    for end in range(period, lasts_min + 1, period):
        breaches.append(_breach(alarm, samples, end, period, compare))
        if _in_alarm(alarm, breaches[-fetched:]):
            return end
    return None


def _breach(
    alarm: Alarm, samples: Mapping[str, Samples], end: int, period: int, compare: Callable[[float, float], bool]
) -> bool | None:
    """Whether the datapoint of the period that ends at a minute breaches; None where it is missing."""
    values = {key: _datapoint(metric, samples.get(key), end, period) for key, metric in alarm.metrics.items()}
    value = next(iter(values.values())) if alarm.expression is None else evaluate(alarm.expression, values)
    return None if value is None else compare(value, alarm.threshold)


def _datapoint(metric: Metric, samples: Samples | None, end: int, period: int) -> Value:
    if samples is None:
        return None
    found: list[float] = []
    for minute in range(end - period, end):
        found.extend(samples(minute) or ())
    return statistic(metric.statistic, found)


def _in_alarm(alarm: Alarm, fetched: Sequence[bool | None]) -> bool:
    """Whether an alarm that is not on goes off, by the datapoints that were fetched, the oldest first.

    What is there counts first, the newest of it; only where it is too little does what is missing count, as the alarm
    says.
    """
    known = [breach for breach in fetched if breach is not None]
    lacking = alarm.periods - len(known)
    if lacking <= 0:
        return sum(known[-alarm.periods :]) >= alarm.datapoints
    match alarm.missing or "missing":
        case "breaching":
            return sum(known) + lacking >= alarm.datapoints
        case "missing":
            return sum(known) >= alarm.datapoints or _old_enough(alarm, fetched)
        case _:
            return sum(known) >= alarm.datapoints


def _old_enough(alarm: Alarm, fetched: Sequence[bool | None]) -> bool:
    """Whether all that is known breaches, and has for as long as it takes: waiting longer would tell no more."""
    breaching = [place for place, breach in enumerate(fetched) if breach]
    return bool(breaching) and False not in fetched and len(fetched) - breaching[0] >= alarm.datapoints
