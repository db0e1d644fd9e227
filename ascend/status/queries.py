"""Figures of metrics from CloudWatch: many at once, in whole periods."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from ascend.incidents.alarms import Metric
    from ascend.live.aws import Clients

FILE: Final = Path(__file__).with_name("data") / "signals.yaml"
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
#: Queries that one GetMetricData takes.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html, read 2026-11-21
_MOST_QUERIES: Final = 500
#: The start of each period, in seconds since 1970, and its figure.
Points = Mapping[float, float]


@functools.cache
def table() -> Mapping[str, Any]:
    """``data/signals.yaml``."""
    loaded: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True, slots=True)
class Query:
    """One metric, by one period.

    Attributes:
        metric: the metric.
        period_s: seconds that each figure covers.
    """

    metric: Metric
    period_s: int

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from others."""
        metric = self.metric
        return (metric.full_name, tuple(sorted(metric.dimensions.items())), metric.statistic, self.period_s)


def read(clients: Clients, region: str, queries: Sequence[Query], now: datetime) -> Mapping[Any, Points]:
    """The figures of each query, by its key; none where CloudWatch has none.

    Args:
        clients: who answers.
        region: where the metrics are.
        queries: what to ask for.
        now: until when.

    Raises:
        AwsError: CloudWatch does not answer.
    """
    by_period: dict[int, dict[Any, Query]] = {}
    for query in queries:
        by_period.setdefault(query.period_s, {})[query.key] = query
    found: dict[Any, Points] = {}
    for period_s, wanted in by_period.items():
        start, end = window(period_s, now)
        rows = list(wanted.values())
        for first in range(0, len(rows), _MOST_QUERIES):
            found |= _asked(clients, region, rows[first : first + _MOST_QUERIES], start, end)
    return found


def window(period_s: int, now: datetime) -> tuple[datetime, datetime]:
    """Whole periods only: one that is not over has a sum that says nothing."""
    end = datetime.fromtimestamp(now.timestamp() // period_s * period_s, UTC)
    back = (
        timedelta(hours=table()["long_hours"]) if period_s >= HOUR_S else timedelta(minutes=table()["recent_minutes"])
    )
    return end - back, end


def _asked(
    clients: Clients, region: str, queries: Sequence[Query], start: datetime, end: datetime
) -> dict[Any, dict[float, float]]:
    asked = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": query.metric.namespace,
                    "MetricName": query.metric.name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in query.metric.dimensions.items()],
                },
                "Period": query.period_s,
                "Stat": query.metric.statistic,
            },
        }
        for number, query in enumerate(queries)
    ]
    found: dict[Any, dict[float, float]] = {query.key: {} for query in queries}
    answers = clients.pages(
        "cloudwatch",
        region,
        "get_metric_data",
        "MetricDataResults",
        MetricDataQueries=asked,
        StartTime=start,
        EndTime=end,
        ScanBy="TimestampAscending",
    )
    for answer in answers:
        points = found[queries[int(answer["Id"][1:])].key]
        for when, value in zip(answer["Timestamps"], answer["Values"], strict=True):
            if start <= when < end:
                points[when.timestamp()] = float(value)
    return found
