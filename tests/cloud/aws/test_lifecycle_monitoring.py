"""Logs, alarms, dashboards and budgets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab

GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
BUDGET = "aws:budgets/budget:Budget"
CPU = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 3,
    "metricName": "CPUUtilization",
    "namespace": "AWS/ECS",
    "period": 60,
    "statistic": "Average",
    "threshold": 80,
    "dimensions": {"ClusterName": "main"},
}
RATE = {
    "comparisonOperator": "GreaterThanThreshold",
    "evaluationPeriods": 1,
    "threshold": 5,
    "metricQueries": [
        {"id": "rate", "expression": "100 * bad / all", "label": "Failed", "returnData": True},
        *(
            {
                "id": name,
                "metric": {
                    "metricName": metric,
                    "namespace": "AWS/ApiGateway",
                    "period": 300,
                    "stat": "Sum",
                    "dimensions": {"ApiId": "a1"},
                },
            }
            for name, metric in (("bad", "5xx"), ("all", "Count"))
        ),
    ],
}
EIGHTY = {
    "comparisonOperator": "GREATER_THAN",
    "notificationType": "ACTUAL",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
    "subscriberEmailAddresses": ["a@floyo.example"],
}
MONTHLY = {
    "name": "monthly",
    "budgetType": "COST",
    "limitAmount": "100",
    "limitUnit": "USD",
    "timeUnit": "MONTHLY",
    "notifications": [EIGHTY],
}


def test_log_group(lab: Lab) -> None:
    keys = [lab.create("aws:kms/key:Key").outputs["arn"] for _ in range(2)]
    made = lab.create(GROUP, name="/floyo/web", retentionInDays=30, kmsKeyId=keys[0], tags={"a": "b"})
    assert made.outputs["arn"].endswith(":log-group:/floyo/web")
    changed = lab.update(made, name="/floyo/web", retentionInDays=365, kmsKeyId=keys[1], tags={"c": "d"})
    seen = lab.client("logs").describe_log_groups()["logGroups"][0]
    assert (seen["retentionInDays"], seen["kmsKeyId"]) == (365, keys[1])
    changed = lab.update(changed, name="/floyo/web")
    seen = lab.client("logs").describe_log_groups()["logGroups"][0]
    assert "retentionInDays" not in seen
    assert "kmsKeyId" not in seen
    assert lab.replaced_by(changed, name="/floyo/api") == {"name"}
    assert lab.replaced_by(changed, name="/floyo/web", logGroupClass="INFREQUENT_ACCESS") == {"logGroupClass"}
    with pytest.raises(ProviderError, match="ResourceAlreadyExistsException"):
        lab.create(GROUP, name="/floyo/web")
    lab.delete(changed)


def test_names_that_begin_alike(lab: Lab) -> None:
    lab.create(GROUP, name="/floyo/web-2")
    made = lab.create(GROUP, name="/floyo/web")
    lab.delete(made)
    assert len(lab.client("logs").describe_log_groups()["logGroups"]) == 1


def test_protected_log_group(lab: Lab) -> None:
    made = lab.create(GROUP, name="/floyo/audit", deletionProtectionEnabled=True)
    with pytest.raises(ProviderError, match="protected from deletion"):
        lab.delete(made)
    lab.delete(lab.update(made, name="/floyo/audit", deletionProtectionEnabled=False))


def test_log_group_that_outlives_its_stack(lab: Lab) -> None:
    made = lab.create(GROUP, name="/floyo/audit", skipDestroy=True)
    lab.provider.delete(made.resource, made.id, made.inputs, made.outputs)
    assert lab.read(made) is not None


def test_alarm(lab: Lab) -> None:
    made = lab.create(ALARM, "cpu", **CPU)
    client = lab.client("cloudwatch")
    assert client.describe_alarms()["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    client.set_alarm_state(AlarmName=made.id, StateValue="ALARM", StateReason="a test")
    topic = lab.create("aws:sns/topic:Topic").id
    news = {**CPU, "threshold": 90, "alarmActions": [topic], "treatMissingData": "notBreaching", "tags": {"a": "b"}}
    changed = lab.update(made, **news)
    seen = client.describe_alarms()["MetricAlarms"][0]
    assert (seen["Threshold"], seen["AlarmActions"], seen["StateValue"]) == (90, [topic], "ALARM")
    assert lab.replaced_by(changed, **news, name="other") == {"name"}
    with pytest.raises(ProviderError, match=r"there is an alarm named cpu-.* already"):
        lab.create(ALARM, **CPU, name=made.id)
    lab.delete(changed)


def test_alarm_on_an_expression(lab: Lab) -> None:
    made = lab.create(ALARM, "rate", **RATE)
    assert not lab.change(made, **{**RATE, "metricQueries": list(reversed(RATE["metricQueries"]))}).changes  # type: ignore[arg-type, call-overload]
    lab.delete(lab.update(made, **{**RATE, "threshold": 1}))


def test_dashboard(lab: Lab) -> None:
    text = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "# Floyo"}}
    made = lab.create(DASHBOARD, dashboardName="floyo", dashboardBody=json.dumps({"widgets": [text]}))
    same = json.dumps({"widgets": [text]}, indent=2)
    assert not lab.change(made, dashboardName="floyo", dashboardBody=same).changes
    changed = lab.update(made, dashboardName="floyo", dashboardBody=json.dumps({"widgets": []}))
    assert lab.replaced_by(changed, dashboardName="other", dashboardBody=same) == {"dashboardName"}
    lab.delete(changed)


def test_budget(lab: Lab) -> None:
    made = lab.create(BUDGET, **MONTHLY, tags={"a": "b"})
    assert made.id == "123456789012:monthly"
    assert made.outputs["timePeriodStart"].endswith("-01_00:00")
    topic = lab.create("aws:sns/topic:Topic").id
    forecast = {**EIGHTY, "notificationType": "FORECASTED", "threshold": 100, "subscriberSnsTopicArns": [topic]}
    filters = [{"name": "TagKeyValue", "values": ["user:app$floyo"]}]
    news = {**MONTHLY, "limitAmount": "250", "costFilters": filters, "notifications": [forecast], "tags": {"c": "d"}}
    changed = lab.update(made, **news)
    where = {"AccountId": "123456789012", "BudgetName": "monthly"}
    client = lab.client("budgets")
    assert client.describe_budget(**where)["Budget"]["BudgetLimit"]["Amount"] == "250"
    [row] = client.describe_notifications_for_budget(**where)["Notifications"]
    assert (row["NotificationType"], row["Threshold"]) == ("FORECASTED", 100)
    subscribers = client.describe_subscribers_for_notification(**where, Notification=row)["Subscribers"]
    assert {one["SubscriptionType"] for one in subscribers} == {"EMAIL", "SNS"}
    assert not lab.change(changed, **{**news, "limitAmount": "250.0"}).changes, "the same amount"
    assert lab.replaced_by(changed, **{**news, "name": "other"}) == {"name"}
    lab.delete(changed)


def test_subscribers_of_a_notification_can_change(lab: Lab) -> None:
    made = lab.create(BUDGET, **MONTHLY)
    both = {**EIGHTY, "subscriberEmailAddresses": ["b@floyo.example", "a@floyo.example"]}
    changed = lab.update(made, **{**MONTHLY, "notifications": [both]})
    with pytest.raises(ProviderError, match="DuplicateRecordException"):
        lab.create(BUDGET, **MONTHLY)
    lab.delete(changed)


def test_budget_keeps_its_notifications_when_only_the_limit_changes(lab: Lab) -> None:
    made = lab.create(BUDGET, **MONTHLY)
    changed: Any = lab.update(made, **{**MONTHLY, "limitAmount": "1"})
    assert changed.outputs["notifications"] == made.outputs["notifications"]
