"""The alarm catalogue: complete, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from ascend.cost import plan as cost_plans
from ascend.report.alarms import Entry, catalogue
from tests.cost import world
from tests.report.plans_of import rung

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
OWNER = world.component("Service", "web")


def entries(*alarms: dict[str, Any], receivers: tuple[str, ...] = ()) -> list[Entry]:
    steps = [world.world(), world.region(), OWNER]
    for number, given in enumerate(alarms):
        plain = {
            "name": f"shop-use1-web-{number}",
            "alarmDescription": "shop-use1-web: cpu above 70 %.",
            "metricName": "CPUUtilization",
            "statistic": "Average",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 70,
            "period": 60,
            "evaluationPeriods": 5,
            "datapointsToAlarm": 5,
            "treatMissingData": "notBreaching",
            "alarmActions": ["topic"],
        }
        steps.append(world.resource(OWNER, ALARM, str(number), **{**plain, **given}))
    for receiver in receivers:
        kind = "aws:sns/topicSubscription:TopicSubscription"
        steps.append(world.resource(OWNER, kind, receiver, endpoint=receiver, protocol="email"))
    return catalogue(cost_plans.read(steps), [world.HOME])


def test_every_planned_alarm_is_in_it_once() -> None:
    plan = rung("floyo", "global").resources
    named = [name for entry in catalogue(plan, ["us-east-1", "eu-west-1"]) for name in entry.names]
    assert sorted(named) == sorted(one.text("name") for one in plan.of(ALARM))
    assert len(named) > 50


def test_no_planned_alarm_is_shown_by_the_name_of_its_metric() -> None:
    shown = [entry.when for entry in catalogue(rung("floyo", "global").resources, ["us-east-1"])]
    assert [one for one in shown if one[:1].isupper()] == []


@pytest.mark.parametrize(
    ("given", "when", "lasting"),
    [
        ({}, "processor above 70 %", "5 min"),
        ({"statistic": "SampleCount", "threshold": 1}, "tasks that report above 1", "5 min"),
        ({"metricName": "FreeableMemory", "threshold": 352661504}, "free memory above 336 MiB", "5 min"),
        ({"metricName": "FreeStorageSpace", "threshold": 512}, "free storage above 512 bytes", "5 min"),
        (
            {"metricName": "Latency", "statistic": "", "extendedStatistic": "p95", "threshold": 1500},
            "p95 of response time above 1.5 s",
            "5 min",
        ),
        ({"metricName": "Sales", "threshold": 12345}, "Sales above 12,345", "5 min"),
        ({"comparisonOperator": "LessThanOrEqualToThreshold"}, "processor at or below 70 %", "5 min"),
        ({"period": 86400, "evaluationPeriods": 2, "datapointsToAlarm": 2}, "processor above 70 %", "2 days"),
        ({"datapointsToAlarm": 3}, "processor above 70 %", "3 min of 5 min"),
        (
            {
                "metricName": "",
                "statistic": "",
                "period": 0,
                "metricQueries": [
                    {"id": "result", "expression": "IF(all > 0, 100 * failed / all, 0)", "label": "errors"},
                    {"id": "failed", "metric": {"metricName": "5xx", "stat": "Sum", "period": 300}},
                    {"id": "all", "metric": {"metricName": "Count", "stat": "Sum", "period": 300}},
                ],
            },
            "share of errors above 70 %",
            "25 min",
        ),
        (
            {
                "metricName": "",
                "statistic": "",
                "period": 0,
                "metricQueries": [
                    {"id": "result", "expression": "MAX(METRICS())"},
                    {"id": "a", "metric": {"metricName": "CurrConnections", "stat": "Maximum", "period": 60}},
                    {"id": "b", "metric": {"metricName": "CurrConnections", "stat": "Maximum", "period": 60}},
                ],
            },
            "connections above 70",
            "5 min",
        ),
    ],
)
def test_thresholds_and_times_are_in_units_that_a_person_reads(given: dict[str, Any], when: str, lasting: str) -> None:
    (entry,) = entries(given)
    assert (entry.when, entry.lasting) == (when, lasting)


def test_alarms_that_say_the_same_are_one_entry() -> None:
    (entry,) = entries({}, {})
    assert entry.names == ("shop-use1-web-0", "shop-use1-web-1")
    assert entry.watched == ("web",)
    assert entry.what == "CPU above 70 %."


def test_who_hears_is_who_the_topic_tells() -> None:
    told, mute = entries({}, {"alarmActions": []}, receivers=("ops@shop.example", "dev@shop.example"))
    assert told.receivers == ("dev@shop.example", "ops@shop.example")
    assert mute.receivers == ()


def test_silence_counts_where_the_alarm_says_so() -> None:
    assert [entry.silent for entry in entries({"treatMissingData": "breaching"}, {"threshold": 1})] == [True, False]
