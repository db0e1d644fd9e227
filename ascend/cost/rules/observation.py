"""CloudWatch: alarms, metrics, dashboards, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.cost.model import Span
from ascend.cost.rules.network import log_gb, outbound_gb
from ascend.cost.usage import GB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource

_SERVICE = "aws:ecs/service:Service"
_API = "aws:apigatewayv2/api:Api"
_COMPONENTS = "ascend:components:"


def alarm(resource: Resource, bill: Bill) -> None:
    """An alarm, billed by the metrics that it looks at."""
    queries = resource.rows("metricQueries")
    metrics = sum(1 for query in queries if "metric" in query) if queries else 1
    bill.add(resource, "Alarm metrics", "cloudwatch.alarm", max(1, metrics))


def target_tracking(resource: Resource, bill: Bill) -> None:
    """The alarms that a scaling policy makes for itself, each on the metrics of its target."""
    if resource.text("policyType") != "TargetTrackingScaling":
        return
    tracking = resource.inputs.get("targetTrackingScalingPolicyConfiguration") or {}
    customized = tracking.get("customizedMetricSpecification") or {}
    metrics = [one for one in customized.get("metrics") or () if "metricStat" in one]
    alarms = bill.default("alarms_per_policy") * max(1, len(metrics))
    bill.add(resource, "Alarms of target tracking", "cloudwatch.alarm", alarms)


def metric_filter(resource: Resource, bill: Bill) -> None:
    """A metric made from a log."""
    bill.add(resource, "Metric", "cloudwatch.metric", 1)


def dashboard(resource: Resource, bill: Bill) -> None:
    """A dashboard."""
    bill.add(resource, "Dashboard", "cloudwatch.dashboard", 1)


def log_group(resource: Resource, bill: Bill) -> None:
    """A log: what is written to it, and keeping it. A service's metrics are written to its log and billed there."""
    written, vended = _written(resource, bill)
    if written.high > 0:
        key = "logs.vended" if vended else "logs.ingestion"
        bill.add(resource, "Ingestion", key, written, usage_based=True)
        months = (resource.number("retentionInDays") or bill.default("log_days")) / bill.default("days")
        kept = written * (bill.default("log_compression") * months)
        bill.add(resource, "Storage", "logs.storage", kept, usage_based=True)
    for service in bill.plan.beside(resource, _SERVICE):
        count = len(bill.figures(service).get("metrics") or ())
        if count and bill.tasks(service).high > 0 and _is_of_the_service(resource):
            bill.add(resource, "Metrics of the service", "cloudwatch.metric", count)


def _is_of_the_service(resource: Resource) -> bool:
    """Whether a log of a service is the application's, not the deployment's or a companion's."""
    return resource.urn.endswith("-logs")


def _written(resource: Resource, bill: Bill) -> tuple[Span, bool]:
    """GB a month that a log takes in, and whether AWS itself writes it."""
    writer = _WRITERS.get(resource.owner_type.removeprefix(_COMPONENTS))
    if writer is not None:
        return writer(resource, bill)
    kind = "database_log_gb" if resource.text("name").endswith("/postgresql") else "component_log_gb"
    return Span.flat(bill.default(kind)), False


def _by_service(resource: Resource, bill: Bill) -> tuple[Span, bool]:
    """A service's own log, and those of its deployments and companions."""
    running = [one for one in bill.plan.beside(resource, _SERVICE) if bill.tasks(one).high > 0]
    if not running:
        return Span.flat(0), False
    if _is_of_the_service(resource):
        return log_gb(running[0], bill), False
    return Span.flat(bill.default("component_log_gb")), False


def _by_ingress(resource: Resource, bill: Bill) -> tuple[Span, bool]:
    """One line for each request, where the HTTP API serves."""
    if not bill.plan.of(_API, resource.region):
        return Span.flat(0), True
    size = bill.default("access_log_bytes_per_request") / GB
    return bill.used(resource.region).requests * size, True


def _by_firewall(resource: Resource, bill: Bill) -> tuple[Span, bool]:
    """What the firewall refused or counted."""
    size = bill.default("firewall_logged_share") * bill.default("firewall_log_bytes") / GB
    return bill.used(resource.region).requests * size, True


def _by_network(resource: Resource, bill: Bill) -> tuple[Span, bool]:
    """Flow logs."""
    size = float(bill.plan.figures["traffic"]["bytes_per_request"])
    flowing = bill.used(resource.region).requests * (size / GB) + outbound_gb(bill, resource.region)
    return flowing * (bill.default("flow_log_bytes_per_gb") / GB), True


#: Who writes how much, by the component that made the log.
_WRITERS: Mapping[str, Callable[[Resource, Bill], tuple[Span, bool]]] = {
    "Firewall": _by_firewall,
    "Ingress": _by_ingress,
    "Network": _by_network,
    "Service": _by_service,
}


RULES = {
    "aws:appautoscaling/policy:Policy": target_tracking,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": metric_filter,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
}
