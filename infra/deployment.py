"""One system at one phase under one stack's config, fully resolved: what `infra.world` turns into components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config_values import Receiver
    from infra.facts import CacheNode, InstanceClass, Region
    from infra.lineage import Lineage
    from infra.migration_plan import MigrationPlan
    from infra.modeling import Range
    from infra.phases import Autoscaling, CacheShape, CdnShape, Ingress, Nat, PhaseName
    from infra.service_model import Capacity, Floor, Metric
    from infra.system import Bucket, Limits, Partition, Pool, Queue, RateLimit, Target, Thresholds, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """One service to run.

    Attributes:
        name: the service's name in the system.
        image: container image.
        command: what replaces the image's own command; empty for none.
        health_command: command in the container that exits 0 while it works.
        port: TCP port it listens on; None for a worker.
        health_path: HTTP path that answers 2xx; None for a worker.
        public_path: paths it answers on the public endpoint (``/api/*``, ``/*``); None for not public.
        cpu_units: CPU of a task, 1,024 to a vCPU.
        memory_mib: memory of a task, in MiB.
        min_tasks: tasks at rest.
        max_tasks: tasks under the highest load.
        autoscaling: when between the two; None holds `min_tasks`.
        floors: least tasks by the clock, where the number follows the load.
        spot_share: part of its tasks on spare capacity, 0 to 1; None for a service that never is.
        backlog_per_task: jobs waiting per task that scaling holds; None for none.
        metrics: what it measures itself, by name.
        consumes: the queue it takes work from; None for none.
        environment: extra plain variables.
        websockets: whether clients hold WebSocket connections to it.
        request_timeout_s: longest request it answers, in seconds.
        user: numeric user (and group) it runs as; None for the image's own.
        writable_paths: folders it writes to; the rest of its file system is read-only.
        edge_ttl_s: seconds that the edge keeps its answers where nobody is signed in; None as each answer says.
        static_paths: paths whose files never change under their name.
        pool_min: database connections that one task keeps open.
        pool_max: most database connections of one task.
        capacity: what one task carries; None where nobody knows.
    """

    name: str
    image: str
    command: tuple[str, ...]
    health_command: tuple[str, ...]
    port: int | None
    health_path: str | None
    public_path: str | None
    cpu_units: int
    memory_mib: int
    min_tasks: int
    max_tasks: int
    autoscaling: Autoscaling | None
    floors: tuple[Floor, ...]
    spot_share: float | None
    backlog_per_task: int | None
    metrics: Mapping[str, Metric]
    consumes: str | None
    environment: Mapping[str, str]
    websockets: bool
    request_timeout_s: int
    user: str | None
    writable_paths: tuple[str, ...]
    edge_ttl_s: int | None
    static_paths: tuple[str, ...]
    pool_min: int
    pool_max: int
    capacity: Capacity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePlan:
    """The database to run.

    Attributes:
        version: major version of PostgreSQL.
        instance: the instance class and its facts.
        storage_gib: storage at the start, in GiB.
        max_storage_gib: how far it may grow by itself, in GiB.
        size_limit_gib: the size that its alarm measures against, in GiB.
        multi_az: whether a standby in another zone takes over.
        read_replicas: replicas in each region.
        proxy: whether connections go through a pool in front of it.
        backup_days: days that point-in-time backups reach back.
        cross_region_replica: whether every other region holds a replica.
        copy_backups: whether backups are copied to another region.
        shards: independent primaries.
        shard_key: column by which the services divide the data among them; None where there is one.
        max_connections: the most connections it takes.
        extensions: PostgreSQL extensions in use.
        slow_query_ms: statements that take longer are logged, in ms.
        partitions: tables split by time.
        pool: how the services share its connections.
    """

    version: str
    instance: InstanceClass
    storage_gib: int
    max_storage_gib: int
    size_limit_gib: float
    multi_az: bool
    read_replicas: int
    proxy: bool
    backup_days: int
    cross_region_replica: bool
    copy_backups: bool
    shards: int
    shard_key: str | None
    max_connections: int
    extensions: tuple[str, ...]
    slow_query_ms: int
    partitions: tuple[Partition, ...]
    pool: Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePlan:
    """The in-memory store to run.

    Attributes:
        engine: ``valkey`` or ``redis``.
        shape: nodes and failover; its node type is the phase's own, which config and system go before.
        node: the type of its nodes and its facts.
        evicts: whether old entries may make room; False where a queue or sessions live in it.
        snapshot_days: days that daily snapshots are kept.
        durable: whether a queue lives in it; what else may be in it can be made again, or users sign in again.
    """

    engine: str
    shape: CacheShape
    node: CacheNode
    evicts: bool
    snapshot_days: int
    durable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePlan:
    """The edge to put before the ingress.

    Attributes:
        domain: the stack's domain name.
        zone: the name of the zone that it is in.
        shape: what the phase switches on.
    """

    domain: str
    zone: str
    shape: CdnShape


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All that a stack is.

    Attributes:
        stack: the stack's name.
        system: the system's name.
        title: the system's name for people.
        phase: the phase.
        environment: ``dev``, ``staging`` or ``prod``.
        production: whether it is the environment that customers see.
        users: the most users it is meant for; None is "no ceiling".
        budget_usd: the most it may cost, in US dollars a month.
        regions: where it is; the first is its home, which has the primary key of its encryption.
        primary: the one of them where the database is written to.
        serving: those in which anything runs; the others are kept with their data.
        lineages: which databases of a region are in use, by region, where it is not the first ones alone.
        domain: its domain name; None for the provider's own.
        receivers: who hears of alarms.
        flow_logs: whether the network's flows are logged.
        ingress: how requests come in.
        private_tasks: whether tasks have no public address.
        nat: how private tasks reach out.
        services: what runs, by name.
        database: the database.
        cache: the in-memory store, None for none.
        cache_ttls: seconds that each kind of entry lives, by kind.
        queues: queues of their own, by name.
        cache_queues: queues that live in the cache, by name.
        buckets: places for files, by name.
        storage_replication: whether buckets are replicated to the other regions.
        cdn: what the phase wants of an edge, None for none.
        edge: the edge, None where the phase has none or something is missing for it.
        direct_access: whether the ingress answers at its own address beside the edge.
        migration: the database that moves in, None for none.
        migration_password: of the user that reads it.
        deletion_protection: whether AWS refuses to delete databases and load balancers.
        missing: what the phase wants and the config does not give, a line each.
        rate_limits: limits per user, by name.
        traffic: what users do.
        limits: what the system must stay below.
        thresholds: where alarms go off.
        target: what the system's document promises of the phase; None for nothing.
        external_costs: bills that do not come from the stack, US dollars a month, by whom they are paid to.
    """

    stack: str
    system: str
    title: str
    phase: PhaseName
    environment: str
    production: bool
    users: int | None
    budget_usd: float
    regions: tuple[Region, ...]
    primary: Region
    serving: tuple[Region, ...]
    lineages: Mapping[str, Lineage]
    domain: str | None
    receivers: tuple[Receiver, ...]
    flow_logs: bool
    ingress: Ingress
    private_tasks: bool
    nat: Nat
    services: Mapping[str, ServicePlan]
    database: DatabasePlan
    cache: CachePlan | None
    cache_ttls: Mapping[str, int]
    queues: Mapping[str, Queue]
    cache_queues: Mapping[str, Queue]
    buckets: Mapping[str, Bucket]
    storage_replication: bool
    cdn: CdnShape | None
    edge: EdgePlan | None
    direct_access: bool
    migration: MigrationPlan | None
    migration_password: str | None
    deletion_protection: bool
    missing: tuple[str, ...]
    rate_limits: Mapping[str, RateLimit]
    traffic: Traffic
    limits: Limits
    thresholds: Thresholds
    target: Target | None
    external_costs: Mapping[str, Range]
