"""What a dashboard shows of each part of a stack. Graphs carry no alarms of their own; those are beside the parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi

from components.alarms import Metric
from components.dashboard import Graph, Line

_MINUTE_S = 60
_LATENCIES = ("p50", "p95", "p99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What takes requests in, and what CloudWatch calls its figures.

    Attributes:
        namespace: the CloudWatch namespace.
        dimensions: what it is measured on.
        requests: the metric of requests.
        failed: the metrics of failed ones, which are added up.
        latency: the metric of response times.
        latency_unit: what that counts in.
        traffic: the metric of bytes.
    """

    namespace: str
    dimensions: Mapping[str, pulumi.Input[str]]
    requests: str
    failed: Sequence[str]
    latency: str
    latency_unit: str
    traffic: str


def http_api(api_id: pulumi.Input[str]) -> Entrance:
    """An HTTP API (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html)."""
    return Entrance(
        namespace="AWS/ApiGateway",
        dimensions={"ApiId": api_id},
        requests="Count",
        failed=("5xx",),
        latency="Latency",
        latency_unit="ms",
        traffic="DataProcessed",
    )


def load_balancer(dimension: pulumi.Input[str]) -> Entrance:
    """A load balancer (…/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html)."""
    return Entrance(
        namespace="AWS/ApplicationELB",
        dimensions={"LoadBalancer": dimension},
        requests="RequestCount",
        failed=("HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"),
        latency="TargetResponseTime",
        latency_unit="s",
        traffic="ProcessedBytes",
    )


def requests(region: str, entrance: Entrance, *, error_rate_pct: float, p95_s: float) -> list[Graph]:
    """Request rate, response times, error rate, throughput."""

    def metric(name: str, statistic: str) -> Metric:
        return Metric(
            namespace=entrance.namespace,
            name=name,
            dimensions=entrance.dimensions,
            statistic=statistic,
            period_s=_MINUTE_S,
        )

    whole = Line(label="requests", metric=metric(entrance.requests, "Sum"), id="requests", shown=False)
    failed = [
        Line(label=name, metric=metric(name, "Sum"), id=f"failed{number}", shown=False)
        for number, name in enumerate(entrance.failed)
    ]
    total = " + ".join(f"FILL({line.id}, 0)" for line in failed)
    graph = partial(Graph, region=region)
    return [
        graph(
            title=f"Request rate, {region}",
            unit="requests/s",
            lines=[whole, Line(label="requests", expression="requests / PERIOD(requests)")],
        ),
        graph(
            title=f"Response time, {region}",
            unit=entrance.latency_unit,
            lines=[Line(label=one, metric=metric(entrance.latency, one)) for one in _LATENCIES],
            limit=p95_s * (1000 if entrance.latency_unit == "ms" else 1),
        ),
        graph(
            title=f"Error rate, {region}",
            unit="%",
            lines=[whole, *failed, Line(label="failed", expression=f"IF(requests > 0, 100 * ({total}) / requests, 0)")],
            limit=error_rate_pct,
        ),
        graph(
            title=f"Throughput, {region}",
            unit="bytes/s",
            lines=[
                Line(label="bytes", metric=metric(entrance.traffic, "Sum"), id="bytes", shown=False),
                Line(label="out", expression="bytes / PERIOD(bytes)"),
            ],
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A database's server.

    Attributes:
        name: its name in the region.
        identifier: the instance.
        resource_id: what Performance Insights calls it; None where that is off.
        slow: its slow statements.
    """

    name: str
    identifier: pulumi.Input[str]
    resource_id: pulumi.Input[str] | None
    slow: Metric


def databases(region: str, servers: Sequence[Server], *, connections: int) -> list[Graph]:
    """Time of queries (of the disk, which is what makes them slow), connections, cache hit rate, slow queries."""

    def metric(server: Server, name: str, statistic: str = "Average") -> Metric:
        return Metric(
            namespace="AWS/RDS",
            name=name,
            dimensions={"DBInstanceIdentifier": server.identifier},
            statistic=statistic,
            period_s=_MINUTE_S,
        )

    graph = partial(Graph, region=region)
    graphs = [
        graph(
            title=f"Database latency, {region}",
            unit="s",
            lines=[
                Line(label=f"{server.name} {kind}", metric=metric(server, f"{kind.title()}Latency"))
                for server in servers
                for kind in ("read", "write")
            ],
        ),
        graph(
            title=f"Database connections, {region}",
            unit="connections",
            lines=[
                Line(label=server.name, metric=metric(server, "DatabaseConnections", "Maximum")) for server in servers
            ],
            limit=connections,
        ),
        graph(
            title=f"Slow queries, {region}",
            unit="queries/min",
            lines=[Line(label=server.name, metric=server.slow) for server in servers],
        ),
    ]
    hits = [line for number, server in enumerate(servers) for line in _hit_rate(number, server)]
    if hits:
        graphs.append(graph(title=f"Database cache hit rate, {region}", unit="%", lines=hits))
    return graphs


def _hit_rate(number: int, server: Server) -> list[Line]:
    """Blocks found in the server's memory among all that were read.

    The counters are Performance Insights': https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights_Counters.html
    """
    resource_id = server.resource_id
    if resource_id is None:
        return []

    def counter(name: str, of: pulumi.Input[str] = resource_id) -> pulumi.Output[str]:
        return pulumi.Output.concat("DB_PERF_INSIGHTS('RDS', '", of, f"', '{name}.avg')")

    hit, read = f"hit{number}", f"read{number}"
    return [
        Line(label=hit, expression=counter("db.Cache.blks_hit"), id=hit, shown=False),
        Line(label=read, expression=counter("db.IO.blks_read"), id=read, shown=False),
        Line(label=server.name, expression=f"IF({hit} + {read} > 0, 100 * {hit} / ({hit} + {read}), 100)"),
    ]


def pools(region: str, names: Mapping[str, pulumi.Input[str]]) -> list[Graph]:
    """What the pools in front of databases hold, by the database's name."""

    def metric(proxy: pulumi.Input[str], name: str) -> Metric:
        return Metric(
            namespace="AWS/RDS", name=name, dimensions={"ProxyName": proxy}, statistic="Sum", period_s=_MINUTE_S
        )

    lines = [
        Line(label=f"{name} {label}", metric=metric(proxy, metric_name))
        for name, proxy in names.items()
        for label, metric_name in (
            ("clients", "ClientConnections"),
            ("open", "DatabaseConnections"),
            ("allowed", "MaxDatabaseConnectionsAllowed"),
        )
    ]
    return [Graph(title=f"Database pool, {region}", region=region, unit="connections", lines=lines)] if lines else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue.

    Attributes:
        name: its name.
        waiting: what waits.
        failed: what failed every attempt.
        done: what was done; None where only the workers know.
        oldest: how long the oldest message has waited, in seconds; None likewise.
    """

    name: str
    waiting: Metric
    failed: Metric
    done: Metric | None = None
    oldest: Metric | None = None


def queues(region: str, queues: Sequence[Queue], *, depth: int) -> list[Graph]:
    """Depth, failures, throughput, and how long work has waited."""
    shown = (
        ("Queue depth", "jobs", [(one.name, one.waiting) for one in queues], float(depth)),
        ("Failed jobs", "jobs", [(one.name, one.failed) for one in queues], None),
        ("Jobs done", "jobs/min", [(one.name, one.done) for one in queues if one.done], None),
        ("Age of the oldest job", "s", [(one.name, one.oldest) for one in queues if one.oldest], None),
    )
    return [
        Graph(
            title=f"{title}, {region}",
            region=region,
            unit=unit,
            lines=[Line(label=name, metric=metric) for name, metric in found],
            limit=limit,
        )
        for title, unit, found, limit in shown
        if found
    ]


def services(
    region: str,
    cluster: pulumi.Input[str],
    names: Mapping[str, str],
    *,
    cpu_pct: float,
    memory_pct: float,
) -> list[Graph]:
    """CPU, memory and number of tasks of each service; `names` has what ECS calls them by what the system does."""
    shown = (
        ("CPU", "%", "CPUUtilization", "Average", cpu_pct),
        ("Memory", "%", "MemoryUtilization", "Average", memory_pct),
        ("Running tasks", "tasks", "CPUUtilization", "SampleCount", None),
    )
    return [
        Graph(
            title=f"{title}, {region}",
            region=region,
            unit=unit,
            lines=[
                Line(
                    label=name,
                    metric=Metric(
                        namespace="AWS/ECS",
                        name=metric_name,
                        dimensions={"ClusterName": cluster, "ServiceName": service},
                        statistic=statistic,
                        period_s=_MINUTE_S,
                    ),
                )
                for name, service in names.items()
            ],
            limit=limit,
        )
        for title, unit, metric_name, statistic, limit in shown
    ]


def own(region: str, service: str, figures: Mapping[str, tuple[Metric, str, float | None]]) -> list[Graph]:
    """What a service measures itself: metric, unit and limit by the figure's name."""
    return [
        Graph(
            title=f"{service}: {name}, {region}",
            region=region,
            unit=unit,
            lines=[Line(label=f"{name} ({metric.statistic})", metric=metric)],
            limit=limit,
        )
        for name, (metric, unit, limit) in figures.items()
    ]
