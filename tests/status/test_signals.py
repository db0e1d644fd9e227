"""Signals: what CloudWatch, Cost Explorer and Budgets say of a stack, each against its limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from ascend.cloud.aws import moto
from ascend.live.aws import Clients, DeniedError, UnreachableError
from ascend.status import metrics, signals
from tests.live.clouds import REGION, alarm, deployed, kept, put, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.live.deployed import Deployed
    from ascend.status.signals import Readings, Signal

NOW = datetime(2026, 11, 21, 12, 34, 56, tzinfo=UTC)
DAY = timedelta(days=1)
BUDGET = "aws:budgets/budget:Budget"


def ago(minutes: float) -> datetime:
    """So many minutes before the last whole minute."""
    return NOW.replace(second=0) - timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with served() as made:
        yield made


@pytest.fixture
def cloud(clients: Clients) -> Clients:
    """Those of an AWS that holds nothing."""
    moto.reset()
    return clients


def read(cloud: Clients, stack: Deployed, **more: Any) -> Readings:
    return signals.read(cloud, stack, NOW, **more)


def only(found: Readings) -> Signal:
    (signal,) = found.signals
    return signal


def test_a_figure_against_the_limit_of_its_alarm(cloud: Clients) -> None:
    put(cloud, "CPUUtilization", {ago(2): 50.0, ago(1): 42.0})
    found = only(read(cloud, deployed(alarm("cpu", "CPUUtilization", 70))))
    assert (found.name, found.resource, found.region) == ("cpu", "api", REGION)
    assert (found.value, found.unit, found.threshold) == (42.0, "%", 70.0)
    assert (found.breached, found.sustained_s) == (False, 0)
    assert found.source == "AWS/ECS CPUUtilization, alarm floyo-dev-use1-api-cpu"


def test_the_order_of_dimensions_does_not_matter(cloud: Clients) -> None:
    given = {"ServiceName": "api", "ClusterName": "main"}
    put(cloud, "CPUUtilization", {ago(1): 42.0}, Dimensions=dict(reversed(given.items())))
    assert only(read(cloud, deployed(alarm("cpu", "CPUUtilization", 70, dimensions=given)))).value == 42.0
    put(cloud, "CPUUtilization", {ago(1): 0.0}, Dimensions={**given, "ServiceName": "web"})
    assert only(read(cloud, deployed(alarm("cpu", "CPUUtilization", 70, dimensions=given)))).value == 42.0


def test_how_long_it_has_been_beyond_its_limit(cloud: Clients) -> None:
    put(cloud, "CPUUtilization", {ago(minute): 80.0 for minute in range(1, 11)} | {ago(11): 60.0, ago(12): 90.0})
    found = only(read(cloud, deployed(alarm("cpu", "CPUUtilization", 70))))
    assert (found.breached, found.sustained_s) == (True, 600)


def test_a_gap_ends_it(cloud: Clients) -> None:
    put(cloud, "CPUUtilization", {ago(minute): 80.0 for minute in (1, 2, 3, 5, 6)})
    assert only(read(cloud, deployed(alarm("cpu", "CPUUtilization", 70)))).sustained_s == 180


@pytest.mark.parametrize(("minutes", "known"), [(3, True), (4, False), (60, False)])
def test_an_old_figure_tells_nothing(cloud: Clients, minutes: int, known: bool) -> None:
    put(cloud, "CPUUtilization", {ago(minutes): 99.0})
    found = only(read(cloud, deployed(alarm("cpu", "CPUUtilization", 70))))
    assert found.value == (99.0 if known else None)
    assert found.breached is known


def test_the_minute_that_is_not_over_does_not_count(cloud: Clients) -> None:
    put(cloud, "CPUUtilization", {ago(1): 10.0, ago(0): 99.0})
    assert only(read(cloud, deployed(alarm("cpu", "CPUUtilization", 70)))).value == 10.0


def test_a_limit_from_below_in_another_unit(cloud: Clients) -> None:
    gib = 1024.0**3
    disk = alarm(
        "disk",
        "FreeStorageSpace",
        2 * gib,
        component="database",
        namespace="AWS/RDS",
        dimensions={"DBInstanceIdentifier": "db"},
        statistic="Minimum",
        period=300.0,
        comparisonOperator="LessThanThreshold",
    )
    put(
        cloud,
        "FreeStorageSpace",
        {ago(9): 1.5 * gib},
        Namespace="AWS/RDS",
        Dimensions={"DBInstanceIdentifier": "db"},
    )
    found = only(read(cloud, deployed(disk)))
    assert (found.name, found.value, found.unit, found.threshold, found.breached) == (
        "free storage",
        1.5,
        "GiB",
        2.0,
        True,
    )


def test_percentiles(cloud: Clients) -> None:
    latency = alarm(
        "latency",
        "Latency",
        1000,
        component="ingress",
        namespace="AWS/ApiGateway",
        dimensions={"ApiId": "a"},
        statistic=None,
        extendedStatistic="p95",
        period=300.0,
    )
    times = {ago(9) + timedelta(seconds=number): 1000.0 + number for number in range(100)}
    put(cloud, "Latency", times, Namespace="AWS/ApiGateway", Dimensions={"ApiId": "a"})
    found = only(read(cloud, deployed(latency)))
    assert (found.name, found.value, found.unit, found.threshold) == ("p95", 1.094, "s", 1.0)


def errors_alarm() -> Any:
    def metric(key: str, name: str) -> dict[str, Any]:
        source = {"namespace": "AWS/ApiGateway", "metricName": name, "dimensions": {"ApiId": "a"}, "stat": "Sum"}
        return {"id": key, "returnData": False, "metric": {**source, "period": 300.0}}

    expression = "IF(requests > 0, 100 * FILL(failed, 0) / requests, 0)"
    result = {"id": "result", "expression": expression, "returnData": True}
    return alarm(
        "errors",
        "",
        1,
        component="ingress",
        namespace=None,
        metricName=None,
        dimensions=None,
        statistic=None,
        period=None,
        metricQueries=[result, metric("failed", "5xx"), metric("requests", "Count")],
    )


def test_metric_math(cloud: Clients) -> None:
    where = {"Namespace": "AWS/ApiGateway", "Dimensions": {"ApiId": "a"}}
    put(cloud, "Count", {ago(9): 150.0, ago(8): 50.0}, **where)
    put(cloud, "5xx", {ago(9): 3.0}, **where)
    found = only(read(cloud, deployed(errors_alarm())))
    assert (found.name, found.value, found.unit, found.breached) == ("error rate", 1.5, "%", True)


def test_requests_by_the_hour(cloud: Clients) -> None:
    where = {"Namespace": "AWS/ApiGateway", "Dimensions": {"ApiId": "a"}}
    put(cloud, "Count", {ago(60): 100.0, ago(50): 20.0, ago(200): 7.0}, **where)
    found = read(cloud, deployed(errors_alarm()), long=(metrics.REQUESTS,))
    (series,) = found.measured.long
    assert (series.signal, series.period_s, series.threshold) == ("requests", 3600, None)
    assert [value for _, value in series.points] == [7.0, 120.0]


def test_traffic_of_a_day_is_that_of_the_last_24_hours(cloud: Clients) -> None:
    gib = 1024.0**3
    bandwidth = alarm(
        "bandwidth",
        "DataProcessed",
        2 * gib,
        component="ingress",
        namespace="AWS/ApiGateway",
        dimensions={"ApiId": "a"},
        statistic="Sum",
        period=86400.0,
    )
    where = {"Namespace": "AWS/ApiGateway", "Dimensions": {"ApiId": "a"}}
    put(cloud, "DataProcessed", {ago(60 * 2): gib, ago(60 * 20): 1.5 * gib, ago(60 * 30): 9 * gib}, **where)
    found = only(read(cloud, deployed(bandwidth)))
    assert (found.name, found.value, found.unit, found.breached) == ("bandwidth", 2.5, "GiB/day", True)
    assert found.sustained_s == 2 * 86400


def test_a_metric_that_no_table_knows_goes_by_its_own_name(cloud: Clients) -> None:
    put(cloud, "Frobnications", {ago(1): 7.0})
    found = only(read(cloud, deployed(alarm("frob", "Frobnications", 5))))
    assert (found.name, found.value, found.unit, found.breached) == ("Frobnications", 7.0, "", True)


def test_an_alarm_that_has_gone_off(cloud: Clients) -> None:
    cloudwatch = cloud.client("cloudwatch", REGION)
    for name in ("floyo-dev-use1-api-cpu", "another-stack-s"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName="x",
            Namespace="y",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="too\nmuch")
    (found,) = read(cloud, deployed(alarm("cpu", "CPUUtilization", 70))).ringing
    assert (found.name, found.region, found.reason) == ("floyo-dev-use1-api-cpu", REGION, "too much")


def budget(cloud: Clients) -> Any:
    limit = {"Amount": "50", "Unit": "USD"}
    cloud.client("budgets", REGION).create_budget(
        AccountId="123456789012",
        Budget={
            "BudgetName": "monthly",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": limit,
            "CalculatedSpend": {
                "ActualSpend": {"Amount": "31.5", "Unit": "USD"},
                "ForecastedSpend": {"Amount": "61", "Unit": "USD"},
            },
        },
    )
    return kept(BUDGET, "monthly", name="monthly", accountId="123456789012")


def spent(cloud: Clients, first: datetime, *amounts: float) -> None:
    """Has moto answer the next question for costs with so much for each day."""
    days = [
        {
            "TimePeriod": {"Start": f"{first + DAY * day:%Y-%m-%d}", "End": f"{first + DAY * (day + 1):%Y-%m-%d}"},
            "Total": {"UnblendedCost": {"Amount": str(amount), "Unit": "USD"}},
        }
        for day, amount in enumerate(amounts)
    ]
    assert cloud.embedded is not None
    url = f"{cloud.embedded.aws_endpoint}/moto-api/static/ce/cost-and-usage-results"
    answer = requests.post(url, json={"results": [{"ResultsByTime": days}]}, timeout=10)
    assert answer.status_code == 201


def test_costs_against_the_budget(cloud: Clients) -> None:
    spent(cloud, NOW.replace(day=1), *[2.0] * 21)
    found = {one.name: one for one in read(cloud, deployed(budget(cloud)), costs=True).signals}
    assert {name: one.value for name, one in found.items()} == {
        "cost to date": 42.0,
        "cost forecast": 60.0,  # 20 whole days, and 10 at the same rate
        "budget spent": 31.5,
        "budget forecast": 61.0,
    }
    assert {name for name, one in found.items() if one.breached} == {"cost forecast", "budget forecast"}
    assert {one.threshold for one in found.values()} == {50.0}
    assert {one.unit for one in found.values()} == {"USD"}


def test_a_stack_without_a_past_has_no_forecast(cloud: Clients) -> None:
    found = {one.name: one.value for one in read(cloud, deployed(), costs=True).signals}
    assert found == {"cost to date": 0.0}


def test_the_first_day_of_a_month(cloud: Clients) -> None:
    first = datetime(2026, 12, 1, 3, tzinfo=UTC)
    spent(cloud, first, 1.5)
    found = {one.name: one.value for one in signals.read(cloud, deployed(), first, costs=True).signals}
    assert found == {"cost to date": 1.5, "cost forecast": 31 * 1.5}


def test_a_budget_that_is_gone_is_no_failure(cloud: Clients) -> None:
    gone = kept(BUDGET, "gone", name="gone", accountId="123456789012")
    assert {one.name for one in read(cloud, deployed(gone), costs=True).signals} == {"cost to date"}


@pytest.mark.parametrize("error", [DeniedError("cloudwatch is not allowed"), UnreachableError("eu: no answer")])
def test_what_cannot_be_read_is_noted(cloud: Clients, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A region that is down hides nothing of another."""
    put(cloud, "CPUUtilization", {ago(1): 42.0})
    there = alarm("cpu", "CPUUtilization", 70, name="there", region="eu-west-1")
    pages = Clients.pages

    def failing(self: Clients, service: str, region: str, *arguments: Any, **more: Any) -> Any:
        if region == "eu-west-1":
            raise error
        return pages(self, service, region, *arguments, **more)

    monkeypatch.setattr(Clients, "pages", failing)
    stack = deployed(alarm("cpu", "CPUUtilization", 70), there, regions=[REGION, "eu-west-1"])
    found = read(cloud, stack)
    assert only(found).value == 42.0
    assert found.notes == (f"no metrics of eu-west-1: {error}",)
