"""What the stack's alarms watch, as series of figures from CloudWatch.

The alarms that are deployed say what is worth knowing, on what it is measured and where it becomes too much; the table
``data/signals.yaml`` says what that is in words. So what a status shows is what somebody would be woken by.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ascend.incidents import alarms
from ascend.incidents.math import evaluate
from ascend.live.aws import DeniedError, UnreachableError
from ascend.status.queries import DAY_S, HOUR_S, Query, read, table, window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ascend.incidents.alarms import Alarm, Metric
    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed
    from ascend.status.queries import Points

#: Limits are set in whole bytes; shown in GiB they are no more exact than this.
_DIGITS: Final = 4
#: Name of the series of requests.
REQUESTS: Final = "requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Figures over time.

    Attributes:
        signal: what they say, ``cpu``.
        unit: their unit.
        resource: name of the component that they are about, within its region.
        region: where it is.
        threshold: where the alarm goes off, in `unit`; None where no alarm watches it.
        upward: whether it goes off above that.
        period_s: seconds that each figure covers.
        points: start of each period (seconds since 1970) and its figure, the oldest first.
        end: end of the time that was asked for, in seconds since 1970.
        source: the metric, and the alarm.
    """

    signal: str
    unit: str
    resource: str
    region: str
    threshold: float | None
    upward: bool
    period_s: int
    points: tuple[tuple[float, float], ...]
    end: float
    source: str

    def within(self, seconds: float) -> list[float]:
        """The figures of the last `seconds`."""
        return [value for start, value in self.points if start >= self.end - seconds]

    def breaches(self, value: float) -> bool:
        """Whether a figure is where the alarm goes off."""
        if self.threshold is None:
            return False
        return value > self.threshold if self.upward else value < self.threshold


@dataclass(frozen=True, slots=True)
class Measured:
    """What CloudWatch knows of a stack.

    Attributes:
        recent: series of the last hours, one for each alarm, by the alarm's own period.
        long: series by the hour, over days, of what has to be judged over days.
        unread: regions of which nothing could be read, and why.
    """

    recent: tuple[Series, ...]
    long: tuple[Series, ...]
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Watch:
    """An alarm, and what it says in words."""

    alarm: Alarm
    signal: str
    unit: str
    divide: float
    resource: str
    summed_up: bool = False

    @property
    def period_s(self) -> int:
        return min(self.alarm.period_s, HOUR_S)


def measure(clients: Clients, deployed: Deployed, now: datetime | None = None, *, long: Sequence[str] = ()) -> Measured:
    """Reads what the stack's alarms watch.

    A region that does not answer, or whose metrics the credentials may not read, is left out and noted.

    Args:
        clients: who answers.
        deployed: the stack.
        now: until when; the present by default.
        long: signals to read over days too, by the hour.

    Raises:
        InputError: the credentials are of no use, or an alarm is none that CloudWatch would take.
    """
    now = now or datetime.now(UTC)
    # A state has no order of its own.
    watches = sorted(_watches(deployed), key=lambda one: (one.signal, one.resource, one.alarm.name))
    recent: list[Series] = []
    hourly: list[Series] = []
    unread: dict[str, str] = {}
    for region in sorted({watch.alarm.region for watch in watches}):
        here = [watch for watch in watches if watch.alarm.region == region]
        over_days = [_by_the_hour(one) for one in here if one.signal in long]
        if REQUESTS in long:
            over_days += _requests(here)
        asked = [*_queries(here), *_queries(over_days)]
        try:
            found = read(clients, region, asked, now)
        except (DeniedError, UnreachableError) as error:
            unread[region] = str(error)
            continue
        recent += [_series(one, found, now) for one in here]
        hourly += [_series(one, found, now) for one in over_days]
    return Measured(tuple(recent), tuple(hourly), unread)


def _watches(deployed: Deployed) -> list[_Watch]:
    components = {one.urn: one.component for one in deployed.resources}
    found = []
    for alarm in alarms.alarms_of(deployed.steps()):
        row = next((row for metric in alarm.metrics.values() if (row := _row(metric, alarm))), None)
        first = next(iter(alarm.metrics.values()))
        named = row or {"signal": first.name}
        found.append(
            _Watch(
                alarm,
                str(named["signal"]),
                str(named.get("unit", "")),
                float(named.get("divide", 1)),
                components.get(alarm.urn, ""),
                summed_up=first.statistic == "Sum",
            )
        )
    return found


def _row(metric: Metric, alarm: Alarm) -> Mapping[str, Any] | None:
    rows = table()["metrics"]
    for key in (f"{metric.full_name}/{metric.statistic}", metric.full_name, f"{metric.name}/{metric.statistic}"):
        if key in rows:
            return _fitting(rows[key], alarm)
    return _fitting(rows[metric.name], alarm) if metric.name in rows else None


def _fitting(rows: Iterable[Mapping[str, Any]], alarm: Alarm) -> Mapping[str, Any] | None:
    return next((row for row in rows if alarm.name.endswith(f"-{row['alarm']}" if "alarm" in row else "")), None)


def _by_the_hour(watch: _Watch) -> _Watch:
    metrics = {key: replace(metric, period_s=HOUR_S) for key, metric in watch.alarm.metrics.items()}
    return replace(watch, alarm=replace(watch.alarm, metrics=metrics))


def _requests(watches: Sequence[_Watch]) -> list[_Watch]:
    """The requests of each way in, of which some alarm reads the number."""
    found: dict[Any, _Watch] = {}
    for watch in watches:
        for metric in watch.alarm.metrics.values():
            if metric.full_name in table()["requests"]:
                hourly = replace(metric, period_s=HOUR_S, statistic="Sum")
                plain = replace(watch.alarm, metrics={"m": hourly}, expression=None)
                found[Query(hourly, HOUR_S).key] = _Watch(plain, REQUESTS, "", 1.0, watch.resource, summed_up=True)
    return list(found.values())


def _queries(watches: Iterable[_Watch]) -> list[Query]:
    return [Query(metric, watch.period_s) for watch in watches for metric in watch.alarm.metrics.values()]


def _series(watch: _Watch, found: Mapping[Any, Points], now: datetime) -> Series:
    alarm, period_s = watch.alarm, watch.period_s
    start, end = (one.timestamp() for one in window(period_s, now))
    metrics = {key: found.get(Query(metric, period_s).key, {}) for key, metric in alarm.metrics.items()}
    points = []
    for number in range(int((end - start) // period_s)):
        when = start + number * period_s
        values = {key: points_of.get(when) for key, points_of in metrics.items()}
        value = next(iter(values.values())) if alarm.expression is None else evaluate(alarm.expression, values)
        if value is not None:
            points.append((when, value / watch.divide))
    if alarm.period_s == DAY_S:
        points, period_s = _days(points, end, total=watch.summed_up), DAY_S
    full_name = next(iter(alarm.metrics.values())).full_name
    return Series(
        signal=watch.signal,
        unit=watch.unit,
        resource=watch.resource,
        region=alarm.region,
        threshold=None if watch.signal == REQUESTS else round(alarm.threshold / watch.divide, _DIGITS),
        upward=alarm.upward,
        period_s=period_s,
        points=tuple(points),
        end=end,
        source=full_name if watch.signal == REQUESTS else f"{full_name}, alarm {alarm.name}",
    )


def _days(points: Sequence[tuple[float, float]], end: float, *, total: bool) -> list[tuple[float, float]]:
    """Figures of 24 hours each, back from the last hour: CloudWatch's own days begin at midnight in UTC.

    What is no sum is worst in the hour in which it is lowest: only certificates are watched by the day, in days left.
    """
    days: dict[float, list[float]] = {}
    for when, value in points:
        days.setdefault(end - DAY_S * -((when - end) // DAY_S), []).append(value)
    return sorted((start, sum(values) if total else min(values)) for start, values in days.items())
