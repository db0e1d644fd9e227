"""Alarms: where they are sent, and how a component declares those of its resources."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

import pulumi
from pulumi_aws import cloudwatch, sns

from components import policy
from components.base import Component, Scope
from components.errors import ComponentError

Comparison = Literal[
    "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"
]
Missing = Literal["breaching", "notBreaching", "ignore", "missing"]

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html, read 2026-11-21
_HOUR_S = 3_600
_DAY_S = 86_400
_WEEK_S = 604_800
_SHORT_PERIODS_S = (10, 20, 30)
_MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric that an alarm reads.

    Attributes:
        namespace: CloudWatch namespace (``AWS/RDS``).
        name: metric name.
        dimensions: what it is measured on.
        statistic: ``Average``, ``Sum``, ``SampleCount`` … or a percentile (``p95``).
        period_s: seconds that one datapoint covers.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    period_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm.

    Attributes:
        name: what its name adds to its parent's.
        description: what has happened and what to do, for whoever is woken by it.
        metrics: what it reads, by the id that `expression` uses; one metric where there is no expression.
        threshold: in the unit of the metric or the expression.
        comparison: when it is breached.
        periods: how many periods are looked at.
        datapoints: how many of them must breach.
        missing: what a period without data counts as; every alarm decides that for itself.
        expression: metric math over `metrics`; None for a plain metric.
    """

    name: str
    description: str
    metrics: Mapping[str, Metric]
    threshold: float
    comparison: Comparison
    periods: int
    datapoints: int
    missing: Missing
    expression: str | None = None

    def __post_init__(self) -> None:
        """Refuse what CloudWatch refuses.

        Raises:
            ComponentError: naming the alarm and the limit.
        """
        for metric in self.metrics.values():
            if metric.period_s not in _SHORT_PERIODS_S and (metric.period_s <= 0 or metric.period_s % _MINUTE_S):
                msg = f"alarm '{self.name}': a period of {metric.period_s} s; allowed: 10, 20, 30, multiples of 60"
                raise ComponentError(msg)
            most = _DAY_S if metric.period_s < _HOUR_S else _WEEK_S
            if metric.period_s * self.periods > most:
                msg = (
                    f"alarm '{self.name}': {self.periods} periods of {metric.period_s} s; "
                    f"together they must not be longer than {most} s"
                )
                raise ComponentError(msg)
        if not 1 <= self.datapoints <= self.periods:
            msg = f"alarm '{self.name}': {self.datapoints} datapoints of {self.periods} periods"
            raise ComponentError(msg)
        if self.expression is None and len(self.metrics) != 1:
            msg = f"alarm '{self.name}': {len(self.metrics)} metrics without an expression; one is needed"
            raise ComponentError(msg)


class When(TypedDict):
    """The part of an alarm that says when it goes off."""

    threshold: float
    comparison: Comparison


def above(limit: float) -> When:
    """Goes off above `limit`."""
    return {"threshold": limit, "comparison": "GreaterThanThreshold"}


def below(limit: float) -> When:
    """Goes off below `limit`."""
    return {"threshold": limit, "comparison": "LessThanThreshold"}


def declare(
    component: Component, alarms: Sequence[Alarm], topic_arn: pulumi.Input[str], *, region: str | None = None
) -> None:
    """Declare `alarms` as children of the component whose resources they watch.

    Call it before `register_outputs`. Both the alarm and its end are sent to `topic_arn`.

    Args:
        component: the parent.
        alarms: what to declare.
        topic_arn: the topic, in the alarms' region.
        region: where their metrics are; None for the component's own region.
    """
    for alarm in alarms:
        name = component.child(alarm.name)
        cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=alarm.description,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.datapoints,
            treat_missing_data=alarm.missing,
            alarm_actions=[topic_arn],
            ok_actions=[topic_arn],
            region=region or component.scope.region,
            tags=component.tags(),
            opts=component.child_options(),
            **(_plain(alarm) if alarm.expression is None else {"metric_queries": _queries(alarm, alarm.expression)}),
        )


def _plain(alarm: Alarm) -> dict[str, object]:
    """The arguments of an alarm on one metric."""
    (metric,) = alarm.metrics.values()
    percentile = metric.statistic.startswith("p")
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": metric.dimensions,
        "period": metric.period_s,
        "extended_statistic" if percentile else "statistic": metric.statistic,
        # Few requests still count: at the first phase there are never many.
        **({"evaluate_low_sample_count_percentiles": "evaluate"} if percentile else {}),
    }


def _queries(alarm: Alarm, expression: str) -> list[cloudwatch.MetricAlarmMetricQueryArgs]:
    """The metric math of an alarm on an expression."""
    return [
        cloudwatch.MetricAlarmMetricQueryArgs(
            id="result",
            expression=expression,
            label=alarm.name,
            return_data=True,
        ),
        *(
            cloudwatch.MetricAlarmMetricQueryArgs(
                id=key,
                return_data=False,
                metric=cloudwatch.MetricAlarmMetricQueryMetricArgs(
                    namespace=metric.namespace,
                    metric_name=metric.name,
                    dimensions=metric.dimensions,
                    stat=metric.statistic,
                    period=metric.period_s,
                ),
            )
            for key, metric in alarm.metrics.items()
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who hears of alarms.

    Attributes:
        protocol: ``email`` or ``https``.
        endpoint: the address.
    """

    protocol: Literal["email", "https"]
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsArgs:
    """What `Alarms` needs.

    Attributes:
        scope: where it belongs.
        key_arn: the key that encrypts messages; its policy must name those that publish.
        receivers: who hears of alarms. Each has to confirm once, by the message it is sent.
    """

    scope: Scope
    key_arn: pulumi.Input[str]
    receivers: Sequence[Receiver] = ()


class Alarms(Component):
    """The encrypted topic that alarms and the budget publish to, and its subscriptions.

    Alarms themselves are children of what they watch; see `declare`.

    Attributes:
        topic_arn: ARN of the topic, which exists together with the policy that lets alarms and budgets publish.
    """

    tag = "alarms"

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        region, account = args.scope.region, args.scope.account_id
        topic = sns.Topic(
            self.child("topic"),
            kms_master_key_id=args.key_arn,
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        sources = {
            "Alarms": (
                "cloudwatch.amazonaws.com",
                pulumi.Output.concat("arn:aws:cloudwatch:", region, ":", account, ":alarm:*"),
            ),
            "Budgets": ("budgets.amazonaws.com", pulumi.Output.concat("arn:aws:budgets::", account, ":*")),
        }
        permission = sns.TopicPolicy(
            self.child("policy"),
            arn=topic.arn,
            policy=policy.document(
                *(
                    policy.allow(
                        sid,
                        ["sns:Publish"],
                        topic.arn,
                        service=service,
                        conditions={
                            "StringEquals": {"aws:SourceAccount": account},
                            "ArnLike": {"aws:SourceArn": source},
                        },
                    )
                    for sid, (service, source) in sources.items()
                ),
            ),
            region=region,
            opts=self.child_options(),
        )
        for receiver in args.receivers:
            # Named by the address, not by its place in the list, so that removing one does not move the others.
            mark = hashlib.sha256(receiver.endpoint.encode()).hexdigest()[:8]
            sns.TopicSubscription(
                self.child(f"{receiver.protocol}-{mark}"),
                topic=topic.arn,
                protocol=receiver.protocol,
                endpoint=receiver.endpoint,
                region=region,
                opts=self.child_options(),
            )
        # Through the policy: what publishes here must not exist before it may.
        self.topic_arn = permission.arn
        self.register_outputs({"topicArn": self.topic_arn})
