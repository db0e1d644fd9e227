"""The alarm catalogue: every planned alarm, in words; those that say the same of several things as one entry."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.cost.plan import Plan, Resource

UNITS_FILE = Path(__file__).with_name("metrics.yaml")
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
_SIGNS = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at or above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
}
_BINARY = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_TIMES = (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Entry:
    """Alarms that say the same.

    Attributes:
        what: what has happened and what to do.
        when: the threshold, with its unit.
        lasting: for how long.
        silent: whether a time without data counts as a breach.
        watched: what they are of, by component.
        names: the alarms' names.
        receivers: who hears of them; empty for nobody.
    """

    what: str
    when: str
    lasting: str
    silent: bool
    watched: tuple[str, ...]
    names: tuple[str, ...]
    receivers: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "what": self.what,
            "when": self.when,
            "for": self.lasting,
            "without_data_too": self.silent,
            "watched": list(self.watched),
            "alarms": list(self.names),
            "receivers": list(self.receivers),
        }


@functools.cache
def units() -> Mapping[str, Mapping[str, str]]:
    """What metrics measure, and their units (``metrics.yaml``)."""
    loaded: Mapping[str, Mapping[str, str]] = yaml.safe_load(UNITS_FILE.read_text(encoding="utf-8"))["metrics"]
    return loaded


def catalogue(plan: Plan, regions: Sequence[str]) -> list[Entry]:
    """Every alarm of a plan, by what they watch.

    Args:
        plan: the plan.
        regions: its regions, home first.
    """
    places = {region: number for number, region in enumerate(regions)}
    alarms = sorted(plan.of(_ALARM), key=lambda one: (one.component, places.get(one.region, len(places)), one.urn))
    by_region = {region: _receivers(plan, region) for region in {one.region for one in alarms}}
    groups: dict[tuple[str, str, str, bool, tuple[str, ...]], list[Resource]] = {}
    for one in alarms:
        heard = by_region[one.region] if one.rows("alarmActions") else ()
        silent = one.text("treatMissingData") == "breaching"
        groups.setdefault((_what(one), _when(one), _lasting(one), silent, heard), []).append(one)
    return [
        Entry(
            what=what,
            when=when,
            lasting=lasting,
            silent=silent,
            watched=_watched(alike, several=len(by_region) > 1),
            names=tuple(one.text("name") for one in alike),
            receivers=heard,
        )
        for (what, when, lasting, silent, heard), alike in groups.items()
    ]


def _receivers(plan: Plan, region: str) -> tuple[str, ...]:
    return tuple(sorted(one.text("endpoint") for one in plan.of(_SUBSCRIPTION, region)))


def _watched(alike: Sequence[Resource], *, several: bool) -> tuple[str, ...]:
    """Components; with their regions where the stack has several."""
    regions: dict[str, list[str]] = {}
    for one in alike:
        found = regions.setdefault(one.component, [])
        if one.region not in found:
            found.append(one.region)
    return tuple(f"{name} ({', '.join(where)})" if several else name for name, where in regions.items())


def _what(alarm: Resource) -> str:
    """The description without the name of what it watches, which has a column of its own."""
    text = alarm.text("alarmDescription")
    before, colon, after = text.partition(": ")
    named = colon and (alarm.text("name").startswith(before) or before == alarm.component)
    stripped = after if named else text
    # Descriptions of services begin with the metric, in lower case.
    return f"CPU {stripped[4:]}" if stripped.startswith("cpu ") else stripped[:1].upper() + stripped[1:]


def _queries(alarm: Resource) -> list[Mapping[str, Any]]:
    return [query for query in alarm.rows("metricQueries") if isinstance(query, dict)]


def _when(alarm: Resource) -> str:
    """``p95 of response time above 1 s``."""
    metrics = [query["metric"]["metricName"] for query in _queries(alarm) if query.get("metric")]
    expression = next((str(query["expression"]) for query in _queries(alarm) if query.get("expression")), "")
    statistic = alarm.text("statistic") or alarm.text("extendedStatistic")
    name = alarm.text("metricName") or (metrics[0] if metrics and len(set(metrics)) == 1 else "")
    known = units().get(f"{name}/{statistic}") or units().get(name, {})
    measure, unit = known.get("measure", name), known.get("unit", "")
    if not name:
        # A share of two metrics: its name is the alarm's own, as `components/alarms.py` labels it.
        label = next((str(query.get("label")) for query in _queries(alarm) if query.get("expression")), "")
        measure, unit = f"share of {label.replace('-', ' ')}", "%" if "100 *" in expression else ""
    prefix = f"{statistic} of " if statistic.startswith("p") and statistic[1:].isdigit() else ""
    sign = _SIGNS.get(alarm.text("comparisonOperator"), alarm.text("comparisonOperator"))
    return f"{prefix}{measure} {sign} {_amount(alarm.number('threshold'), unit)}"


def _amount(value: float, unit: str) -> str:
    """A number with its unit, large ones in larger units."""
    if unit == "bytes":
        for name, size in _BINARY:
            if value >= size:
                return f"{_number(value / size)} {name}"
    if unit == "ms" and value >= 1000:  # noqa: PLR2004 -- milliseconds in a second
        return f"{_number(value / 1000)} s"
    return f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004 -- three digits


def _lasting(alarm: Resource) -> str:
    """``15 min``, or ``10 of 15 min`` where not every period has to breach."""
    stats = [query["metric"] for query in _queries(alarm) if query.get("metric")]
    period = alarm.number("period") or float(stats[0]["period"] if stats else 0)
    periods = alarm.number("evaluationPeriods", 1)
    breaching = alarm.number("datapointsToAlarm", periods)
    if breaching == periods:
        return _time(period * periods)
    return f"{_time(period * breaching)} of {_time(period * periods)}"


def _time(seconds: float) -> str:
    for name, size in _TIMES:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {name}{'s' if name == 'day' and seconds != size else ''}"
    return f"{seconds:g} s"
