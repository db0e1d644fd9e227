"""The model of CloudWatch's evaluation, against the tables of its documentation."""

from __future__ import annotations

from typing import Any

import pytest

from ascend.engine.model import UNKNOWN_MASK, Op, Step
from ascend.errors import InputError
from ascend.incidents.alarms import ALARM_TYPE, Alarm, parse, watches
from ascend.incidents.cloudwatch import _in_alarm, fires, statistic
from ascend.incidents.math import evaluate

STATES = {"0": False, "X": True, "-": None}


def alarm(**inputs: Any) -> Alarm:
    given = {
        "namespace": "AWS/ECS",
        "metricName": "CPUUtilization",
        "dimensions": {"ServiceName": "web"},
        "statistic": "Average",
        "period": 60,
        "evaluationPeriods": 3,
        "threshold": 70,
        "comparisonOperator": "GreaterThanThreshold",
        "alarmActions": ["topic"],
        "region": "us-east-1",
    }
    return parse(Step(Op.CREATE, "urn", ALARM_TYPE, "web-cpu", "parent", inputs=given | inputs))


# The rows of "Configuring how CloudWatch alarms treat missing data": five datapoints are fetched for three periods.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, read 2026-11-21
@pytest.mark.parametrize(
    ("datapoints", "fetched", "missing", "breaching", "not_breaching"),
    [
        (3, "0-X-X", False, False, False),
        (3, "0----", False, False, False),
        (3, "-----", False, True, False),
        (3, "0XX-X", True, True, True),
        (3, "--X--", True, True, False),
        (3, "----X", False, True, False),
        (2, "0-X-X", True, True, True),
        (2, "00X0X", True, True, True),
        (2, "0-X--", False, True, False),
        (2, "----0", False, True, False),
        (2, "---X-", True, True, False),
    ],
)
def test_missing_data_is_as_documented(
    datapoints: int, fetched: str, missing: bool, breaching: bool, not_breaching: bool
) -> None:
    points = [STATES[one] for one in fetched]
    for treatment, state in (("missing", missing), ("breaching", breaching), ("notBreaching", not_breaching)):
        of = alarm(datapointsToAlarm=datapoints, treatMissingData=treatment)
        assert _in_alarm(of, points) is state, treatment


@pytest.mark.parametrize(
    ("name", "value"),
    [("Average", 2.5), ("Sum", 10), ("Maximum", 4), ("Minimum", 1), ("SampleCount", 4), ("p50", 2), ("p95", 4)],
)
def test_statistics(name: str, value: float) -> None:
    assert statistic(name, [4, 1, 3, 2]) == value
    assert statistic(name, []) is None


def test_an_alarm_goes_off_once_enough_periods_breach() -> None:
    rising = {"m": lambda minute: [60.0 + minute]}
    assert fires(alarm(), rising, 60) == 14  # above 70 from minute 11 on: the third period ends at 14
    assert fires(alarm(datapointsToAlarm=1), rising, 60) == 12
    assert fires(alarm(period=300), rising, 60) == 25
    assert fires(alarm(threshold=500), rising, 60) is None
    assert fires(alarm(threshold=10), rising, 60) is None, "on before the incident: it tells nothing"


def test_silence_is_a_breach_only_where_the_alarm_says_so() -> None:
    silent = {"m": lambda minute: [50.0] if minute < 0 else None}
    assert fires(alarm(treatMissingData="breaching"), silent, 60) == 5
    for treatment in ("notBreaching", "missing", "ignore", None):
        assert fires(alarm(treatMissingData=treatment), silent, 60) is None


@pytest.mark.parametrize(
    ("expression", "values", "result"),
    [
        ("IF(requests > 0, 100 * FILL(failed, 0) / requests, 0)", {"requests": 200.0, "failed": 5.0}, 2.5),
        ("IF(requests > 0, 100 * FILL(failed, 0) / requests, 0)", {"requests": 200.0, "failed": None}, 0),
        ("IF(requests > 0, 100 * FILL(failed, 0) / requests, 0)", {"requests": None, "failed": None}, None),
        ("MAX(METRICS())", {"a": 1.0, "b": None, "c": 3.0}, 3),
        ("SUM([a, b])", {"a": 1.0, "b": 2.0}, 3),
        ("a / b", {"a": 1.0, "b": 0.0}, None),
        ("-a + 2", {"a": 1.0}, 1),
        ("a > 1 && b < 2 || a == 0", {"a": 2.0, "b": 1.0}, 1),
    ],
)
def test_metric_math(expression: str, values: dict[str, float | None], result: float | None) -> None:
    assert evaluate(expression, values) == result


@pytest.mark.parametrize("expression", ["ANOMALY_DETECTION_BAND(a, 2)", "a ** 2", "a +", "unknown", "__import__('os')"])
def test_math_that_the_model_does_not_know_is_refused(expression: str) -> None:
    with pytest.raises(InputError, match="metric math"):
        evaluate(expression, {"a": 1.0})


@pytest.mark.parametrize("wrong", [{"statistic": "Median"}, {"comparisonOperator": "LessThanLowerThreshold"}])
def test_what_the_model_does_not_know_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match="model"):
        fires(alarm(**wrong), {"m": lambda _: [1.0]}, 10)


def test_an_alarm_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InputError, match="web-cpu: an alarm that cannot be read"):
        alarm(period="soon")


@pytest.mark.parametrize(
    ("dimension", "own", "parent", "siblings", "watched"),
    [
        ("web", "web", "elsewhere", 1, True),
        ("api", "web", "parent", 1, False),
        (UNKNOWN_MASK, "web", "parent", 1, True),
        (UNKNOWN_MASK, "web", "elsewhere", 1, False),
        (UNKNOWN_MASK, UNKNOWN_MASK, "parent", 2, True),
    ],
)
def test_an_alarm_watches_by_name_or_by_its_component(
    dimension: str, own: str, parent: str, siblings: int, watched: bool
) -> None:
    service = Step(Op.CREATE, "s", "aws:ecs/service:Service", "web", parent, inputs={"name": own})
    of = alarm(dimensions={"ServiceName": dimension})
    (metric,) = of.metrics.values()
    assert watches(of, metric, service, [service] * siblings) is watched
