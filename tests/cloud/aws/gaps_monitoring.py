"""CloudWatch, SNS, SQS and Budgets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cloud.aws.gaps import client, gap, not_implemented

# CloudWatch and Logs


def alarm(**more: Any) -> dict[str, Any]:
    metric = {"MetricName": "a", "Namespace": "b", "Period": 60, "Statistic": "Sum", "Threshold": 1.0}
    rule = {"EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"}
    client("cloudwatch").put_metric_alarm(AlarmName="a", **{**metric, **rule, **more})
    found: dict[str, Any] = client("cloudwatch").describe_alarms()["MetricAlarms"][0]
    return found


@gap
def cloudwatch_alarm_begins_in_the_wrong_state() -> None:
    assert alarm()["StateValue"] != "INSUFFICIENT_DATA"


@gap
def cloudwatch_alarm_forgets_its_state() -> None:
    alarm()
    client("cloudwatch").set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="x")
    assert alarm(Threshold=2.0)["StateValue"] != "ALARM"


@gap
def logs_class_is_not_kept() -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="a", logGroupClass="INFREQUENT_ACCESS")
    assert logs.describe_log_groups()["logGroups"][0].get("logGroupClass") != "INFREQUENT_ACCESS"


@gap
def logs_key_cannot_change() -> None:
    client("logs").create_log_group(logGroupName="a")
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    not_implemented(lambda: client("logs").associate_kms_key(logGroupName="a", kmsKeyId=key))
    not_implemented(lambda: client("logs").disassociate_kms_key(logGroupName="a"))


@gap
def logs_groups_cannot_be_protected() -> None:
    client("logs").create_log_group(logGroupName="a", deletionProtectionEnabled=True)
    client("logs").delete_log_group(logGroupName="a")


# SNS and SQS


@gap
def sns_email_confirms_itself() -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="a")["TopicArn"]
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@b.example", ReturnSubscriptionArn=True)
    found = sns.get_subscription_attributes(SubscriptionArn=made["SubscriptionArn"])["Attributes"]
    assert found["PendingConfirmation"] == "false"


@gap
def sqs_policy_is_lost_by_a_change() -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    statement = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "Policy" not in found


@gap
def sqs_redrive_allow_policy_is_not_shown() -> None:
    sqs = client("sqs")
    allow = json.dumps({"redrivePermission": "denyAll"})
    url = sqs.create_queue(QueueName="a", Attributes={"RedriveAllowPolicy": allow})["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "RedriveAllowPolicy" not in found


@gap
def sqs_encryption_by_sqs_stays_beside_a_key() -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="a", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found.get("SqsManagedSseEnabled") == "true"


# Budgets

WHERE = {"AccountId": "123456789012", "BudgetName": "a"}
NOTIFICATION = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}


def budget() -> Any:
    made = client("budgets")
    plain = {"BudgetName": "a", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    limit = {"BudgetLimit": {"Amount": "1", "Unit": "USD"}}
    subscriber = {"SubscriptionType": "EMAIL", "Address": "a@b.example"}
    made.create_budget(
        AccountId=WHERE["AccountId"],
        Budget={**plain, **limit},
        NotificationsWithSubscribers=[{"Notification": NOTIFICATION, "Subscribers": [subscriber]}],
    )
    return made


@gap
def budgets_cannot_change() -> None:
    plain = {"BudgetName": "a", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    limit = {"BudgetLimit": {"Amount": "2", "Unit": "USD"}}
    made = budget()
    not_implemented(lambda: made.update_budget(AccountId=WHERE["AccountId"], NewBudget={**plain, **limit}))


@gap
def budgets_subscribers_are_not_shown() -> None:
    made = budget()
    not_implemented(lambda: made.describe_subscribers_for_notification(**WHERE, Notification=NOTIFICATION))


@gap
def budgets_have_no_tags() -> None:
    made = budget()
    arn = f"arn:aws:budgets::{WHERE['AccountId']}:budget/a"
    not_implemented(lambda: made.list_tags_for_resource(ResourceARN=arn))


@gap
def budgets_notifications_repeat() -> None:
    made = budget()
    subscriber = {"SubscriptionType": "EMAIL", "Address": "a@b.example"}
    made.create_notification(**WHERE, Notification=NOTIFICATION, Subscribers=[subscriber])


# What promotion reads: percentiles, forecasts, quotas


def figures(stat: str, names: str) -> list[float]:
    """What is found of a figure of two dimensions, asked for with them in the order of `names`."""
    cloudwatch = client("cloudwatch")
    now = datetime.now(UTC)
    dimensions = {name: {"Name": name, "Value": "z"} for name in "bc"}
    row = {"MetricName": "a", "Value": 1.0, "Timestamp": now, "Dimensions": [dimensions["b"], dimensions["c"]]}
    cloudwatch.put_metric_data(Namespace="a", MetricData=[row])
    metric = {"Namespace": "a", "MetricName": "a", "Dimensions": [dimensions[name] for name in names]}
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}
    times = {"StartTime": now - timedelta(minutes=2), "EndTime": now + timedelta(minutes=1)}
    found: list[float] = cloudwatch.get_metric_data(MetricDataQueries=[query], **times)["MetricDataResults"][0][
        "Values"
    ]
    return found


@gap
def cloudwatch_has_no_percentiles() -> None:
    assert figures("Average", "bc") == [1.0]
    try:
        assert figures("p95", "bc") != [1.0]
    except TypeError:  # it is None, which cannot be written into the answer
        return


@gap
def cloudwatch_wants_dimensions_in_order() -> None:
    assert figures("Average", "bc") == [1.0]
    assert figures("Average", "cb") == []


@gap
def costs_are_not_foreseen() -> None:
    period = {"Start": "2026-11-21", "End": "2026-12-01"}
    ce = client("ce", "us-east-1")
    not_implemented(lambda: ce.get_cost_forecast(TimePeriod=period, Metric="UNBLENDED_COST", Granularity="DAILY"))


@gap
def quotas_of_other_services_are_not_known() -> None:
    not_implemented(lambda: client("service-quotas").get_service_quota(ServiceCode="rds", QuotaCode="L-7B6409FD"))


@gap
def quotas_have_no_defaults() -> None:
    asked = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    not_implemented(lambda: client("service-quotas").get_aws_default_service_quota(**asked))


@gap
def quotas_cannot_be_raised() -> None:
    asked = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE", "DesiredValue": 10.0}
    not_implemented(lambda: client("service-quotas").request_service_quota_increase(**asked))
