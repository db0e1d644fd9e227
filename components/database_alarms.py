"""The alarms of a database and of its read replicas."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pulumi

from components import facts
from components.alarms import Alarm, Metric, above, below

_GIB = 1024**3
#: What must stay free of the storage that there is, in percent. Below it, storage that may grow has begun to.
_DISK_FREE_PCT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceThresholds:
    """Where the alarms of any instance go off.

    Attributes:
        cpu_pct: CPU in percent.
        memory_pct: memory in use, in percent of what the class gives PostgreSQL.
        connections: connections at once.
    """

    cpu_pct: float
    memory_pct: float
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaThresholds(InstanceThresholds):
    """Where the alarms of a read replica go off.

    Attributes:
        lag_s: seconds that it is behind its source.
    """

    lag_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseThresholds(ReplicaThresholds):
    """Where the alarms of a `Database` go off: a primary's size, and its lag as long as it follows another.

    Attributes:
        size_limit_gib: the size that the product must stay below, in GiB.
        size_pct: size in percent of that limit.
    """

    size_limit_gib: float
    size_pct: float


def database_alarms(
    identifier: pulumi.Input[str],
    limits: DatabaseThresholds,
    *,
    storage_gib: int,
    max_connections: int,
) -> list[Alarm]:
    """CPU, memory, connections, room on the disk, size against the product's limit.

    Args:
        identifier: the instance.
        limits: where they go off.
        storage_gib: storage at creation, in GiB.
        max_connections: the most connections that PostgreSQL takes on the instance's class.
    """
    return [
        *_instance_alarms("Database", identifier, limits, storage_gib, max_connections),
        Alarm(
            name="size",
            description=f"Database above {limits.size_pct:g} % of its limit of {limits.size_limit_gib:g} GiB. "
            "Archive old partitions, or move to the next phase.",
            metrics=_metric(identifier, "FreeStorageSpace", "Minimum"),
            **below(round(_free_at_limit_gib(limits, storage_gib) * _GIB)),
            periods=1,
            datapoints=1,
            missing="missing",
        ),
    ]


def replica_alarms(
    identifier: pulumi.Input[str],
    limits: ReplicaThresholds,
    *,
    storage_gib: int,
    max_connections: int,
) -> list[Alarm]:
    """CPU, memory, connections, room on the disk, and how far it is behind; its size is its source's.

    Args:
        identifier: the instance.
        limits: where they go off.
        storage_gib: storage at creation, in GiB.
        max_connections: the most connections that PostgreSQL takes on the instance's class.
    """
    return [
        *_instance_alarms("Read replica", identifier, limits, storage_gib, max_connections),
        Alarm(
            name="lag",
            description=f"Read replica more than {limits.lag_s} s behind its source, or no word of it, for 15 minutes: "
            "reads are stale. Look for long queries on it and bursts of writes; then a larger class for both.",
            # The least of each 5 minutes: where nobody writes, the lag rises until RDS switches to the next segment of
            # the WAL, which it does every 5 minutes, and falls to nothing ("Read replica limitations with PostgreSQL",
            # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.Replication.ReadReplicas.html).
            metrics=_metric(identifier, "ReplicaLag", "Minimum"),
            **above(limits.lag_s),
            periods=3,
            datapoints=3,
            # Replication can end while the instance lives on: to hear of it twice costs less than not to hear of it.
            missing="breaching",
        ),
    ]


def _instance_alarms(
    subject: str, identifier: pulumi.Input[str], limits: InstanceThresholds, storage_gib: int, max_connections: int
) -> list[Alarm]:
    """What is watched on every instance."""
    metric = partial(_metric, identifier)
    thing = subject.lower()
    # The default of max_connections is the memory that PostgreSQL has, divided by this: so it tells that memory.
    usable = max_connections * facts.load("rds_classes")["max_connections"]["bytes_per_connection"]
    return [
        Alarm(
            name="cpu",
            description=f"{subject} CPU above {limits.cpu_pct:g} %, or no word from it, for 15 minutes. "
            "Look at the slowest queries; then a larger class.",
            metrics=metric("CPUUtilization", "Average"),
            **above(limits.cpu_pct),
            periods=3,
            datapoints=3,
            # A database that is there reports each minute: silence means that it is not. One alarm says so, not five.
            missing="breaching",
        ),
        Alarm(
            name="memory",
            description=f"{subject} memory above {limits.memory_pct:g} % in use for 15 minutes. "
            "Fewer connections or a larger class.",
            metrics=metric("FreeableMemory", "Average"),
            **below(round(usable * (1 - limits.memory_pct / 100))),
            periods=3,
            datapoints=3,
            missing="missing",
        ),
        Alarm(
            name="connections",
            description=f"More than {limits.connections} {thing} connections; it takes {max_connections}. "
            "Look for a leak; then smaller pools or a larger class.",
            metrics=metric("DatabaseConnections", "Maximum"),
            **above(limits.connections),
            periods=1,
            datapoints=1,
            missing="missing",
        ),
        Alarm(
            name="disk",
            description=f"Less than {_DISK_FREE_PCT} % of the {thing}'s storage is free. "
            "If it may grow it has begun to; if it may not, enlarge it now.",
            metrics=metric("FreeStorageSpace", "Minimum"),
            **below(round(storage_gib * _DISK_FREE_PCT / 100 * _GIB)),
            periods=1,
            datapoints=1,
            missing="missing",
        ),
    ]


def _metric(identifier: pulumi.Input[str], name: str, statistic: str) -> Mapping[str, Metric]:
    return {
        "m": Metric(
            namespace="AWS/RDS",
            name=name,
            dimensions={"DBInstanceIdentifier": identifier},
            statistic=statistic,
            period_s=300,
        )
    }


def _free_at_limit_gib(limits: DatabaseThresholds, storage_gib: int) -> float:
    """What is still free, in GiB, when the database has the size that the alarm is about.

    RDS has no metric of a database's size: what is used is what is missing from the storage. Logs and temporary files
    count too, so it errs on the early side. A limit beyond the storage is met by the same percentage of the storage.
    """
    share = limits.size_pct / 100
    return max(storage_gib - limits.size_limit_gib * share, storage_gib * (1 - share))
