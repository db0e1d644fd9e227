"""What a stack's dashboard shows: requests, databases, queues, services and what they measure, of every region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components import dashboard_graphs as graphs
from components import queue as managed
from components import queue_depth
from components.alarms import Metric
from components.dashboard import Dashboard, DashboardArgs, Graph, Section
from infra.databases import most_connections
from infra.environment import QUEUES, metrics_namespace
from infra.slow_queries import servers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from components.base import Component
    from infra.deployment import Deployment
    from infra.region import Region


def make_dashboard(parent: Component, deployment: Deployment, regions: Mapping[str, Region]) -> Dashboard:
    """Declare the stack's dashboard, in its first region, where it stays whichever region is written to.

    Args:
        parent: the root.
        deployment: what the stack is.
        regions: its regions by name.
    """
    home = next(iter(regions.values()))
    return Dashboard(
        parent.child("dashboard"),
        DashboardArgs(
            scope=home.scope,
            sections=[
                Section(title="Requests", graphs=_each(_requests(one) for one in regions.values())),
                Section(title="Services", graphs=_each(_services(one) for one in regions.values())),
                Section(title="Database", graphs=_each(_databases(one) for one in regions.values())),
                Section(title="Queues", graphs=_each(_queues(one) for one in regions.values())),
                *(
                    Section(title=f"What {name} measures", graphs=_each(_own(one, name) for one in regions.values()))
                    for name in deployment.services
                ),
            ],
        ),
        parent.child_options(),
    )


def _each(found: Iterable[list[Graph]]) -> list[Graph]:
    return [graph for one in found for graph in one]


def _requests(region: Region) -> list[Graph]:
    front, limits = region.front, region.ground.deployment.thresholds
    if front.balancer is not None and front.balancer.public:
        entrance = graphs.load_balancer(front.balancer.dimension)
    elif front.api is not None:
        entrance = graphs.http_api(front.api.api_id)
    else:
        return []
    return graphs.requests(region.scope.region, entrance, error_rate_pct=limits.error_rate_pct, p95_s=limits.p95_s)


def _services(region: Region) -> list[Graph]:
    plans, limits = region.ground.deployment.services, region.ground.deployment.thresholds
    running = {name: region.services[name].name for name, plan in plans.items() if plan.max_tasks}
    if not running:
        return []
    return graphs.services(
        region.scope.region,
        region.ground.cluster.cluster_name,
        running,
        cpu_pct=limits.cpu_pct,
        memory_pct=limits.memory_pct,
    )


def _databases(region: Region) -> list[Graph]:
    plan, shards = region.ground.deployment.database, region.data.shards
    servers = [
        graphs.Server(
            name=name,
            identifier=server.identifier,
            resource_id=server.resource_id if plan.instance.performance_insights else None,
            slow=region.slow_queries.metrics[name],
        )
        for name, server in servers_of(shards)
    ]
    return [
        *graphs.databases(region.scope.region, servers, connections=most_connections(region.ground)),
        *graphs.pools(region.scope.region, {one.name: one.proxy.proxy_name for one in shards if one.proxy}),
    ]


def _queues(region: Region) -> list[Graph]:
    deployment = region.ground.deployment
    namespace = metrics_namespace(deployment, QUEUES)
    found = [
        graphs.Queue(
            name=name,
            waiting=managed.waiting(one.queue_name),
            failed=managed.waiting(one.dead_name),
            done=managed.done(one.queue_name),
            oldest=managed.oldest(one.queue_name),
        )
        for name, one in region.data.queues.items()
    ]
    found += [
        graphs.Queue(
            name=name, waiting=queue_depth.waiting(name, namespace), failed=queue_depth.failed(name, namespace)
        )
        for name in deployment.cache_queues
    ]
    return graphs.queues(region.scope.region, found, depth=deployment.thresholds.queue_depth)


def _own(region: Region, service: str) -> list[Graph]:
    deployment = region.ground.deployment
    plan = deployment.services[service]
    if plan.max_tasks == 0:
        return []
    namespace = metrics_namespace(deployment, service)
    figures = {
        name: (
            Metric(namespace=namespace, name=name, dimensions={}, statistic=metric.statistic, period_s=60),
            metric.unit,
            metric.alarm_above,
        )
        for name, metric in plan.metrics.items()
    }
    return graphs.own(region.scope.region, service, figures)
