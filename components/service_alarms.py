"""The alarms of a service."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.alarms import Alarm, Metric, above, below

_PERIOD_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceThresholds:
    """Where the service's alarms go off.

    Attributes:
        cpu_pct: CPU in percent of what its tasks have.
        memory_pct: memory in percent of what its tasks have.
    """

    cpu_pct: float
    memory_pct: float


def service_alarms(
    name: str,
    cluster_name: pulumi.Input[str],
    service_name: pulumi.Input[str],
    limits: ServiceThresholds,
    *,
    tasks: int,
) -> list[Alarm]:
    """CPU, memory, and whether anything runs at all where something should.

    Args:
        name: the service, as people know it.
        cluster_name: its cluster, as metrics name it.
        service_name: the service, as metrics name it.
        limits: where they go off.
        tasks: how many are to run.
    """
    dimensions = {"ClusterName": cluster_name, "ServiceName": service_name}

    def metric(metric_name: str, statistic: str) -> Mapping[str, Metric]:
        return {
            "m": Metric(
                namespace="AWS/ECS", name=metric_name, dimensions=dimensions, statistic=statistic, period_s=_PERIOD_S
            )
        }

    def busy(what: str, metric_name: str, limit: float) -> Alarm:
        return Alarm(
            name=what,
            description=f"{name}: {what} above {limit:g} % for 5 minutes. More or larger tasks.",
            metrics=metric(metric_name, "Average"),
            **above(limit),
            periods=5,
            datapoints=5,
            # No task, no figure: `tasks` below is the alarm for that.
            missing="notBreaching",
        )

    load = [busy("cpu", "CPUUtilization", limits.cpu_pct), busy("memory", "MemoryUtilization", limits.memory_pct)]
    if tasks == 0:
        return load
    return [
        *load,
        Alarm(
            name="tasks",
            description=f"{name}: no task has run for 3 minutes. Look at the service's events and its log.",
            # ECS reports CPU each minute for every running task, and nothing where there are none.
            metrics=metric("CPUUtilization", "SampleCount"),
            **below(1),
            periods=3,
            datapoints=3,
            missing="breaching",
        ),
    ]
