"""The slow statements of a region's databases, counted for the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.slow_queries import SlowQueries, SlowQueriesArgs
from infra.environment import DATABASES, metrics_namespace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from components.database import Database
    from components.replica import Replica
    from infra.data import Data
    from infra.databases import Shard
    from infra.ground import Ground


def make_slow_queries(ground: Ground, data: Data) -> SlowQueries:
    """Count the slow statements of a region's databases.

    Args:
        ground: what the region is built on.
        data: its databases.
    """
    return SlowQueries(
        ground.parent.child("slow-queries"),
        SlowQueriesArgs(
            scope=ground.parent.scope,
            namespace=metrics_namespace(ground.deployment, DATABASES),
            log_groups={
                name: pulumi.Output.concat("/aws/rds/instance/", server.identifier, "/postgresql")
                for name, server in servers_of(data.shards)
            },
        ),
        ground.parent.child_options(),
    )


def servers_of(shards: Iterable[Shard]) -> list[tuple[str, Database | Replica]]:
    """Every server of a region's databases, by its name in the region."""
    found: list[tuple[str, Database | Replica]] = []
    for shard in shards:
        found.append((shard.name, shard.database))
        found += [(f"{shard.name}-replica-{number}", one) for number, one in enumerate(shard.replicas, start=1)]
    return found
