"""Alarms: what CloudWatch takes, the topic, its receivers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from components import alarms
from components.alarms import Alarm, Alarms, AlarmsArgs, Metric, Receiver
from components.base import Component
from components.errors import ComponentError
from tests.components.support import ACCOUNT, KEY_ARN, SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARGS = AlarmsArgs(
    scope=SCOPE,
    key_arn=KEY_ARN,
    receivers=(
        Receiver(protocol="email", endpoint="ops@example.com"),
        Receiver(protocol="https", endpoint="https://x.io"),
    ),
)


def metric(**changed: Any) -> Metric:
    base = {"namespace": "AWS/X", "name": "M", "dimensions": {"A": "b"}, "statistic": "Average", "period_s": 60}
    return Metric(**{**base, **changed})


def alarm(**changed: Any) -> Alarm:
    base: dict[str, Any] = {
        "name": "busy",
        "description": "It is busy.",
        "metrics": {"m": metric()},
        "threshold": 70,
        "comparison": "GreaterThanThreshold",
        "periods": 5,
        "datapoints": 5,
        "missing": "notBreaching",
    }
    return Alarm(**{**base, **changed})


def declared(run: Run, one: Alarm) -> dict[str, Any]:
    class Owner(Component):
        tag = "owner"

        def __init__(self) -> None:
            super().__init__("owner", SCOPE)
            alarms.declare(self, [one], "arn:topic")

    return run(Owner).one("cloudwatch/metricAlarm:MetricAlarm").inputs


def topic(run: Run, **changed: Any) -> Registered:
    return run(lambda: Alarms("al", dataclasses.replace(ARGS, **changed)))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"metrics": {"m": metric(period_s=7)}}, "a period of 7 s; allowed: 10, 20, 30, multiples of 60"),
        ({"metrics": {"m": metric(period_s=0)}}, "a period of 0 s"),
        (
            {"metrics": {"m": metric(period_s=300)}, "periods": 289},
            "289 periods of 300 s; .* not be longer than 86400 s",
        ),
        (
            {"metrics": {"m": metric(period_s=86400)}, "periods": 8},
            "8 periods of 86400 s; .* not be longer than 604800 s",
        ),
        ({"datapoints": 6}, "6 datapoints of 5 periods"),
        ({"datapoints": 0}, "0 datapoints of 5 periods"),
        ({"metrics": {"a": metric(), "b": metric()}}, "2 metrics without an expression; one is needed"),
    ],
)
def test_what_cloudwatch_refuses_is_refused_before(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError, match=f"^alarm 'busy': {message}"):
        alarm(**changed)


@pytest.mark.parametrize("period", [10, 20, 30, 60, 300])
def test_periods_that_cloudwatch_takes(period: int) -> None:
    assert alarm(metrics={"m": metric(period_s=period)}).metrics["m"].period_s == period


def test_an_alarm_tells_its_beginning_and_its_end(run: Run) -> None:
    inputs = declared(run, alarm())
    assert inputs["alarmActions"] == inputs["okActions"] == ["arn:topic"]
    assert inputs["name"] == "owner-busy"
    assert inputs["treatMissingData"] == "notBreaching"
    assert inputs["statistic"] == "Average"
    assert "extendedStatistic" not in inputs


def test_a_percentile_is_an_extended_statistic_also_of_few_samples(run: Run) -> None:
    inputs = declared(run, alarm(metrics={"m": metric(statistic="p95")}))
    assert inputs["extendedStatistic"] == "p95"
    assert inputs["evaluateLowSampleCountPercentiles"] == "evaluate"
    assert "statistic" not in inputs


def test_an_expression_returns_itself_and_only_reads_its_metrics(run: Run) -> None:
    inputs = declared(run, alarm(metrics={"a": metric(), "b": metric(name="N")}, expression="a / b"))
    assert [(one["id"], one["returnData"]) for one in inputs["metricQueries"]] == [
        ("result", True),
        ("a", False),
        ("b", False),
    ]
    assert inputs["metricQueries"][0]["expression"] == "a / b"
    assert inputs["metricQueries"][2]["metric"]["metricName"] == "N"
    assert not {"metricName", "period", "statistic"} & set(inputs)


def test_the_topic_is_encrypted_and_lets_only_this_accounts_alarms_and_budgets_publish(run: Run) -> None:
    result = topic(run)
    assert result.one("sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY_ARN
    policy = result.one("sns/topicPolicy:TopicPolicy").policy()
    assert {sid: one["Principal"]["Service"] for sid, one in policy.items()} == {
        "Alarms": "cloudwatch.amazonaws.com",
        "Budgets": "budgets.amazonaws.com",
    }
    for statement in policy.values():
        assert statement["Action"] == ["sns:Publish"]
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert policy["Alarms"]["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:*"
    }
    assert policy["Budgets"]["Condition"]["ArnLike"] == {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"}


def test_every_receiver_is_subscribed_under_a_name_that_does_not_depend_on_the_others(run: Run) -> None:
    both = {one.name: one.inputs["endpoint"] for one in topic(run).of("TopicSubscription")}
    assert sorted(both.values()) == ["https://x.io", "ops@example.com"]
    alone = {
        one.name: one.inputs["endpoint"] for one in topic(run, receivers=ARGS.receivers[1:]).of("TopicSubscription")
    }
    assert alone.items() <= both.items()
