"""Alarms as a plan declares them, and which resource each one watches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.engine.model import UNKNOWN_MASK
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.engine.model import Step

ALARM_TYPE = "aws:cloudwatch/metricAlarm:MetricAlarm"
#: The dimension that names a resource of a type in its metrics, and the input that holds the same name; None where only
#: the provider knows it.
DIMENSIONS: Mapping[str, tuple[str, str | None]] = {
    "aws:rds/instance:Instance": ("DBInstanceIdentifier", "identifier"),
    "aws:rds/proxy:Proxy": ("ProxyName", "name"),
    "aws:ecs/service:Service": ("ServiceName", "name"),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("CacheClusterId", "replicationGroupId"),
    "aws:sqs/queue:Queue": ("QueueName", "name"),
    "aws:lb/loadBalancer:LoadBalancer": ("LoadBalancer", None),
    "aws:lb/targetGroup:TargetGroup": ("TargetGroup", None),
    "aws:apigatewayv2/api:Api": ("ApiId", None),
    "aws:acm/certificate:Certificate": ("CertificateArn", None),
    "aws:ec2/natGateway:NatGateway": ("NatGatewayId", None),
    "ascend:components:QueueDepth": ("Queue", None),
}
#: Types of which a resource's metrics carry the name of each of its nodes: ``<group>-001``.
_NODES = "aws:elasticache/replicationGroup:ReplicationGroup"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that an alarm reads.

    Attributes:
        namespace: CloudWatch namespace.
        name: the metric's name.
        dimensions: what it is measured on; `UNKNOWN_MASK` where that is not known yet.
        statistic: ``Average``, ``p95`` …
        period_s: seconds that one datapoint covers.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period_s: int

    @property
    def full_name(self) -> str:
        """With its namespace, ``AWS/RDS CPUUtilization``."""
        return f"{self.namespace} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm.

    Attributes:
        urn: its URN.
        name: its logical name.
        parent: URN of the component that declares it.
        region: where it is.
        metrics: what it reads, by id.
        expression: metric math over them; None for a plain metric.
        threshold: where it goes off.
        comparison: how the threshold is compared.
        periods: how many periods are looked at.
        datapoints: how many of them must breach.
        missing: what a period without data counts as; None where that is not decided.
        enabled: whether it does anything when it goes off.
        actions: how many receivers its going off has.
    """

    urn: str
    name: str
    parent: str
    region: str
    metrics: Mapping[str, Metric]
    expression: str | None
    threshold: float
    comparison: str
    periods: int
    datapoints: int
    missing: str | None
    enabled: bool
    actions: int

    @property
    def speaks(self) -> bool:
        """Whether anybody hears of it."""
        return self.enabled and self.actions > 0

    @property
    def period_s(self) -> int:
        """Seconds between two datapoints."""
        return max(metric.period_s for metric in self.metrics.values())

    @property
    def upward(self) -> bool:
        """Whether it goes off above its threshold."""
        return self.comparison.startswith("Greater")


def alarms_of(steps: Sequence[Step]) -> list[Alarm]:
    """The alarms of a plan.

    Raises:
        InputError: one that CloudWatch would not take.
    """
    return [parse(step) for step in steps if step.type == ALARM_TYPE]


def parse(step: Step) -> Alarm:
    """One alarm.

    Raises:
        InputError: it is none that CloudWatch would take.
    """
    given = step.inputs
    try:
        metrics, expression = _metrics(given)
        periods = int(given["evaluationPeriods"])
        return Alarm(
            urn=step.urn,
            name=step.name,
            parent=step.parent,
            region=str(given.get("region", "")),
            metrics=metrics,
            expression=expression,
            threshold=float(given["threshold"]),
            comparison=str(given["comparisonOperator"]),
            periods=periods,
            datapoints=int(given.get("datapointsToAlarm") or periods),
            missing=given.get("treatMissingData"),
            enabled=given.get("actionsEnabled", True) is not False,
            actions=len(given.get("alarmActions") or ()),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{step.name}: an alarm that cannot be read: {type(error).__name__} {error}") from error


def _metrics(given: Mapping[str, Any]) -> tuple[dict[str, Metric], str | None]:
    queries = given.get("metricQueries")
    if not queries:
        statistic = given.get("statistic") or given.get("extendedStatistic")
        return {"m": _metric(given, str(statistic or ""), "metricName")}, None
    metrics = {
        str(query["id"]): _metric(query["metric"], str(query["metric"]["stat"]), "metricName")
        for query in queries
        if query.get("metric")
    }
    expressions = [str(query["expression"]) for query in queries if query.get("expression") and query.get("returnData")]
    if expressions:
        return metrics, expressions[0]
    returned = next(str(query["id"]) for query in queries if query.get("returnData"))
    return {returned: metrics[returned]}, None


def _metric(given: Mapping[str, Any], statistic: str, name: str) -> Metric:
    if not statistic:
        raise KeyError("statistic")
    dimensions = given.get("dimensions") or {}
    return Metric(
        namespace=str(given["namespace"]),
        name=str(given[name]),
        dimensions=dict(dimensions) if isinstance(dimensions, Mapping) else {},
        statistic=statistic,
        period_s=int(given["period"]),
    )


def watches(alarm: Alarm, metric: Metric, resource: Step, beside: Sequence[Step]) -> bool:
    """Whether a metric of an alarm is that of a resource.

    By the name that the metric carries, where both are known; else by the component that made both, and where it made
    several of the kind, by the alarm's name, which begins with the resource's.

    Args:
        alarm: the alarm.
        metric: one of its metrics.
        resource: what may be watched.
        beside: the resources of its type that the same component made, itself too.
    """
    dimension, key = DIMENSIONS[resource.type]
    value = metric.dimensions.get(dimension)
    if value is None:
        return False
    own = resource.inputs.get(key) if key else None
    if value != UNKNOWN_MASK and isinstance(own, str) and own != UNKNOWN_MASK:
        return value == own or (resource.type == _NODES and value.startswith(f"{own}-"))
    if alarm.parent not in (resource.parent, resource.urn):
        return False
    # A name that the engine makes begins with the logical one.
    return len(beside) == 1 or any(name.startswith(f"{resource.name}-") for name in (alarm.name, value))
