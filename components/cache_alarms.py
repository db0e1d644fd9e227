"""The alarms of a cache."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.alarms import Alarm, Metric, above

_PERIOD_S = 300
#: From how many vCPUs on the engine's own figure tells more than the host's.
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.WhichShouldIMonitor.html, read 2026-11-21
_ENGINE_METRIC_VCPU = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheThresholds:
    """Where the cache's alarms go off.

    Attributes:
        cpu_pct: CPU in percent of the one core that the engine works on.
        memory_pct: memory in use, in percent of what is not reserved.
        connections_pct: connections, in percent of what a node takes.
    """

    cpu_pct: float
    memory_pct: float
    connections_pct: float


def cache_alarms(
    identifier: pulumi.Input[str],
    limits: CacheThresholds,
    *,
    node: Mapping[str, Any],
    nodes: int,
    evicts: bool,
) -> list[Alarm]:
    """CPU, memory, connections, and evictions where there can be any; each for whichever node is worst off.

    There is one of each whatever the number of nodes, so that a cache that gains a replica keeps its alarms.

    Args:
        identifier: the replication group.
        limits: where they go off.
        node: the facts of the nodes' type (``components/data/cache_nodes.yaml``).
        nodes: how many there are.
        evicts: whether old entries make room for new ones.
    """
    # On small nodes only the host's figure is of use, of which the engine's one core is a part.
    own = node["vcpu"] >= _ENGINE_METRIC_VCPU
    cpu_pct = limits.cpu_pct if own else limits.cpu_pct / node["vcpu"]
    connections = int(node["max_clients"] * limits.connections_pct / 100)
    full = (
        "Old entries soon make room for new ones; shorter lives or a larger node type."
        if evicts
        else "When it is full, writes are refused: a larger node type, or less in it."
    )
    found = [
        Alarm(
            name="cpu",
            description=f"Cache CPU above {limits.cpu_pct:g} % of its engine's core, or no word from it, for "
            "15 minutes. Look at the slow log; then a larger node type.",
            metrics=_metrics(identifier, nodes, "EngineCPUUtilization" if own else "CPUUtilization", "Average"),
            expression="MAX(METRICS())",
            **above(cpu_pct),
            periods=3,
            datapoints=3,
            # A cache that is there reports each minute: silence means that it is not. One alarm says so, not all.
            missing="breaching",
        ),
        Alarm(
            name="memory",
            description=f"Cache memory above {limits.memory_pct:g} % in use for 15 minutes. {full}",
            metrics=_metrics(identifier, nodes, "DatabaseMemoryUsagePercentage", "Average"),
            expression="MAX(METRICS())",
            **above(limits.memory_pct),
            periods=3,
            datapoints=3,
            missing="missing",
        ),
        Alarm(
            name="connections",
            description=f"More than {connections} connections to a cache node; it takes {node['max_clients']}. "
            "Look for a leak; then smaller pools.",
            metrics=_metrics(identifier, nodes, "CurrConnections", "Maximum"),
            expression="MAX(METRICS())",
            **above(connections),
            periods=1,
            datapoints=1,
            missing="missing",
        ),
    ]
    if evicts:
        found.append(
            Alarm(
                name="evictions",
                description="The cache has thrown entries out before their time for 15 minutes: it is too small for "
                "what is put into it. A larger node type, or shorter lives.",
                metrics=_metrics(identifier, nodes, "Evictions", "Sum"),
                expression="MAX(METRICS())",
                **above(0),
                periods=3,
                datapoints=3,
                missing="notBreaching",
            ),
        )
    return found


def _metrics(identifier: pulumi.Input[str], nodes: int, name: str, statistic: str) -> dict[str, Metric]:
    """A metric of every node. ElastiCache names nodes after the group: ``<group>-001`` and so on."""
    return {
        f"n{number}": Metric(
            namespace="AWS/ElastiCache",
            name=name,
            dimensions={"CacheClusterId": pulumi.Output.concat(identifier, f"-{number:03}")},
            statistic=statistic,
            period_s=_PERIOD_S,
        )
        for number in range(1, nodes + 1)
    }
