"""What the number of a service's tasks follows: its load, the clock, and the work that waits for it."""

from collections.abc import Mapping

from components import alarms, queue, queue_depth
from components.container import Sidecar
from components.queue_depth import QueueDepth, QueueDepthArgs
from components.service import Service
from infra.data import Data
from infra.deployment import ServicePlan
from infra.environment import QUEUES, metrics_namespace
from infra.ground import Ground


def make_queue_depths(ground: Ground) -> None:
    """Declare the alarms of the queues that live in the cache."""
    plan = ground.deployment
    for name in plan.cache_queues:
        QueueDepth(
            ground.parent.child(f"queue-{name}"),
            QueueDepthArgs(
                scope=ground.parent.scope,
                topic_arn=ground.alarms.topic_arn,
                queue=name,
                namespace=metrics_namespace(plan, QUEUES),
                depth=plan.thresholds.queue_depth,
            ),
            ground.parent.child_options(),
        )


def waiting(ground: Ground, data: Data) -> dict[str, alarms.Metric]:
    """What waits in each queue, by the queue's name."""
    namespace = metrics_namespace(ground.deployment, QUEUES)
    return {
        **{name: queue.waiting(one.queue_name) for name, one in data.queues.items()},
        **{name: queue_depth.waiting(name, namespace) for name in ground.deployment.cache_queues},
    }


def sidecars(ground: Ground, data: Data, plan: ServicePlan) -> list[Sidecar]:
    """What stands beside a service's container: for a worker on a queue in the cache, what measures the queue."""
    if data.cache is None or plan.consumes is None or plan.consumes not in ground.deployment.cache_queues:
        return []
    host, token = data.cache_reference("host"), data.cache_reference("token")
    namespace = metrics_namespace(ground.deployment, QUEUES)
    return [queue_depth.sidecar(plan.consumes, namespace, host=host, port=data.cache.port, token=token)]


def own_alarms(ground: Ground, plan: ServicePlan) -> list[alarms.Alarm]:
    """Alarms on what a service measures itself, where its system names a limit."""
    return [
        alarms.Alarm(
            name=f"own-{name.lower()}",
            description=f"{plan.name}: {name} above {metric.alarm_above:g} ({metric.unit}, {metric.statistic}) for 5 "
            "minutes. The service measures it; look at its log.",
            metrics={
                "m": alarms.Metric(
                    namespace=metrics_namespace(ground.deployment, plan.name),
                    name=name,
                    dimensions={},
                    statistic=metric.statistic,
                    period_s=60,
                )
            },
            **alarms.above(metric.alarm_above),
            periods=5,
            datapoints=5,
            # Nothing done, nothing measured.
            missing="notBreaching",
        )
        for name, metric in plan.metrics.items()
        if metric.alarm_above is not None
    ]


def make_scaling(ground: Ground, plan: ServicePlan, service: Service, waits: Mapping[str, alarms.Metric]) -> None:
    """Let the number of a service's tasks follow its load, where the plan says so.

    Args:
        ground: what it is built on.
        plan: the service's plan.
        service: the service, which must be there before.
        waits: what waits in each queue.
    """
    rule = plan.autoscaling
    if rule is None:
        return
    # Stacks that do not scale by themselves do without its SDK module.
    from components.autoscaling import Autoscaling, AutoscalingArgs, Backlog, Floor  # noqa: PLC0415

    metric = waits.get(plan.consumes or "")
    Autoscaling(
        ground.parent.child(f"{plan.name}-scaling"),
        AutoscalingArgs(
            scope=ground.parent.scope,
            cluster_name=ground.cluster.cluster_name,
            service_name=service.name,
            min_tasks=plan.min_tasks,
            max_tasks=plan.max_tasks,
            cpu_pct=rule.cpu_pct,
            memory_pct=rule.memory_pct,
            scale_out_cooldown_s=rule.scale_out_cooldown_s,
            scale_in_cooldown_s=rule.scale_in_cooldown_s,
            backlog=Backlog(waiting=metric, per_task=plan.backlog_per_task)
            if metric is not None and plan.backlog_per_task is not None
            else None,
            floors=[
                Floor(cron=floor.cron, time_zone=floor.time_zone, min_tasks=floor.min_tasks) for floor in plan.floors
            ],
        ),
        ground.parent.child_options(depends_on=[service]),
    )
