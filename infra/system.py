"""What runs: the model of one product, as its YAML file in ``systems/`` describes it.

It speaks of services, a database, queues and users, never of a cloud's products; `infra.resolve` turns it into sizes.
Values that grow with the phases are given once (``cpu: 0.25``) or per phase (``cpu: {single-region: 0.25, scaled:
1}``); a phase that is not named takes the value of the one before it.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from infra.modeling import (
    Model,
    Name,
    Percent,
    PerPhase,
    PositiveFloat,
    PositiveInt,
    Prefix,
    Range,
    Share,
    VariableName,
    at,
    from_first_phase,
    refuse_twice,
)
from infra.phases import PhaseName

#: Names that the program gives to every container (design: the environment contract); a system cannot give them.
CONTRACT_VARIABLES = (
    "CDN_URL",
    "DATABASE_READ_URL",
    "DATABASE_URL",
    "ENVIRONMENT",
    "PORT",
    "QUEUE_URL",
    "REDIS_URL",
    "STOP_TIMEOUT_S",
)
CONTRACT_PREFIXES = ("AWS_", "BUCKET_", "CACHE_TTL_", "DB_POOL_", "QUEUE_URL_", "RATE_LIMIT_")
#: Names of a region's own parts, which a service beside them cannot take.
PART_NAMES = (
    "alarms",
    "cache",
    "certificate",
    "cluster",
    "database",
    "ingress",
    "keys",
    "network",
    "origin",
    "routes",
    "secrets",
    "storage",
)
#: Words that give away a secret put where everyone who may describe a task can read it.
_SECRET_WORDS = ("SECRET", "PASSWORD", "TOKEN", "PRIVATE_KEY", "API_KEY", "CREDENTIAL")


class Placeholder(Model):
    """What runs in a service's place until the stack's config names the product's own image."""

    image: str = Field(min_length=1, description="Container image, with registry and tag.")
    command: tuple[str, ...] = Field(default=(), description="Command that replaces the image's own, one word each.")
    health_command: tuple[str, ...] = Field(min_length=1, description="Command that exits 0 while the container works.")


class Service(Model):
    """One container image, run as one or more equal tasks."""

    image: str | None = Field(
        default=None,
        min_length=1,
        description="Published image of the product, with tag or digest; null where only a stack's config can name it.",
    )
    placeholder: Placeholder | None = Field(
        default=None,
        description="What runs where neither `image` nor the stack's config names one. Never in production.",
    )
    command: tuple[str, ...] = Field(default=(), description="Command that replaces the image's own, one word each.")
    port: int | None = Field(default=None, ge=1, le=65535, description="TCP port it listens on; null for none.")
    cpu: PerPhase[PositiveFloat] = Field(description="vCPU of one task.")
    memory_gib: PerPhase[PositiveFloat] = Field(description="Memory of one task, in GiB.")
    health_path: str | None = Field(
        default=None,
        pattern=r"^/[A-Za-z0-9/_.-]*$",
        description="HTTP path that answers 2xx while the service works; needs `port`.",
    )
    health_command: tuple[str, ...] = Field(
        default=(),
        description="Command inside the container that exits 0 while it works.",
    )
    public_path: str | None = Field(
        default=None,
        pattern=r"^/([A-Za-z0-9_.-]+/)*\*$",
        description="Paths it answers on the public endpoint (`/api/*`; `/*` is all the rest); null for not public.",
    )
    worker: bool = Field(default=False, description="Whether it takes its work from a queue and answers no requests.")
    consumes: Name | None = Field(default=None, description="Name of the queue it takes work from.")
    environment: Mapping[VariableName, str] = Field(
        default_factory=dict,
        description="Extra plain environment variables; no secrets.",
    )
    websockets: bool = Field(default=False, description="Whether clients hold WebSocket connections to it.")
    request_timeout_s: int = Field(default=30, gt=0, le=4000, description="Longest request it answers, in seconds.")
    replicas: PerPhase[PositiveInt] = Field(
        default_factory=dict,
        description="Tasks at rest, only where they differ from the phase's.",
    )
    max_replicas: PerPhase[PositiveInt] = Field(
        default_factory=dict,
        description="Tasks under the highest load, only where they differ from the phase's.",
    )
    edge_ttl_s: int | None = Field(
        default=0,
        ge=0,
        le=31_536_000,
        description="Seconds that the edge keeps answers to requests without cookie or token; 0 for never, null for as "
        "long as each answer itself says.",
    )
    static_paths: tuple[Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9_.-]+/)+\*$")], ...] = Field(
        default=(),
        description="Paths whose files never change under their name (a hash is in it); kept for a year.",
    )
    user: str | None = Field(
        default=None,
        pattern=r"^[0-9]+(:[0-9]+)?$",
        description="Numeric user (and group) that the container runs as; null for the image's own.",
    )
    writable_paths: tuple[Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_.-]+$")], ...] = Field(
        default=("/tmp",),  # noqa: S108 -- a path inside the container
        description="Folders that it writes to, empty at the start; the rest of its file system is read-only. "
        "The image must hold `chmod` unless there are none.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        from_first_phase(self, ("cpu", "memory_gib"))
        rules = (
            (self.worker and not self.consumes, "a worker needs `consumes`, the queue it takes work from"),
            (not self.worker and self.consumes, "`consumes` is for workers; set `worker: true`"),
            (self.worker and self.public_path, "a worker answers no requests; drop `public_path`"),
            (not self.worker and self.port is None, "a service that is not a worker needs `port`"),
            (self.health_path and self.port is None, "`health_path` needs `port`"),
            (self.port and not self.health_path, "`port` needs `health_path`"),
            (self.websockets and not self.public_path, "`websockets` needs `public_path`"),
            (self.static_paths and not self.public_path, "`static_paths` needs `public_path`"),
            (
                not (self.image or self.placeholder),
                "needs `image`, or a `placeholder` until a stack's config names one",
            ),
            (not self.health_command, "needs `health_command`, which tells a hung task from a working one"),
        )
        for broken, message in rules:
            if broken:
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _plain_environment(self) -> Self:
        for name in self.environment:
            if name in CONTRACT_VARIABLES or name.startswith(CONTRACT_PREFIXES):
                msg = f"environment '{name}' is given to every container by the program; choose another name"
                raise ValueError(msg)
            if any(word in name for word in _SECRET_WORDS):
                msg = f"environment '{name}' looks like a secret; plain variables are readable in the console"
                raise ValueError(msg)
        return self


class Partition(Model):
    """A table that is split by time, so that old rows leave as whole partitions."""

    table: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)] = Field(
        description="Table's name.",
    )
    column: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)] = Field(
        description="Timestamp column that decides the partition.",
    )
    interval: Literal["day", "week", "month", "year"] = Field(description="Span of one partition.")
    retention_days: int = Field(gt=0, description="Days that a partition stays in the database before it is archived.")


class Pool(Model):
    """How the services share the database's connections."""

    min: int = Field(default=1, ge=0, description="Connections that one task keeps open.")
    max: int | None = Field(default=None, gt=0, description="Most connections of one task; null for its fair share.")
    share: Share = Field(
        default=0.8, description="Part of the database's connections that the services may use, 0 to 1."
    )
    idle_timeout_s: int = Field(default=30, gt=0, description="Seconds until an idle connection is closed.")
    connect_timeout_s: int = Field(default=10, gt=0, description="Seconds to wait for a connection.")
    statement_timeout_s: int = Field(default=30, gt=0, description="Seconds until a statement is cancelled.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max is not None and self.min > self.max:
            msg = f"min ({self.min}) is above max ({self.max})"
            raise ValueError(msg)
        return self


class Compute(Model):
    """What a machine must at least have."""

    cpu: PositiveFloat = Field(description="vCPU.")
    memory_gib: PositiveFloat = Field(description="Memory in GiB.")


class Database(Model):
    """The relational database."""

    engine: Literal["postgresql"] = Field(description="Database engine.")
    version: Literal["16", "17"] = Field(description="Major version.")
    storage_gib: PerPhase[PositiveInt] = Field(description="Storage at the start, in GiB.")
    max_storage_gib: PerPhase[PositiveInt] = Field(description="How far storage may grow by itself, in GiB.")
    extensions: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]*$")], ...] = Field(
        default=(),
        description="PostgreSQL extensions that the services use.",
    )
    slow_query_ms: int = Field(default=1000, gt=0, description="Statements that take longer are logged, in ms.")
    partitions: tuple[Partition, ...] = Field(default=(), description="Tables split by time.")
    compute: PerPhase[Compute] = Field(
        default_factory=dict,
        description="CPU and memory it needs, only where that differs from the phase's.",
    )
    read_replicas: PerPhase[Annotated[int, Field(ge=0, le=15)]] = Field(
        default_factory=dict,
        description="Read replicas per region, only where they differ from the phase's.",
    )
    shards: PerPhase[PositiveInt] = Field(
        default_factory=lambda: {PhaseName.SINGLE_REGION: 1},
        description="Independent primaries that the data is divided among.",
    )
    pool: Pool = Field(default_factory=Pool, description="How the services share its connections.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        from_first_phase(self, ("storage_gib", "max_storage_gib", "shards"))
        for phase in PhaseName:
            start, most = at(self.storage_gib, phase) or 0, at(self.max_storage_gib, phase) or 0
            if start > most:
                msg = f"storage_gib ({start}) is above max_storage_gib ({most}) at phase '{phase}'"
                raise ValueError(msg)
            shards = [at(self.shards, name) or 1 for name in PhaseName]
            if shards != sorted(shards):
                msg = "shards cannot become fewer from one phase to the next: each holds data"
                raise ValueError(msg)
        refuse_twice("partitions", (partition.table for partition in self.partitions))
        return self


class Cache(Model):
    """The in-memory store. Deployed where the phase brings one, or earlier where the system `requires` it."""

    engine: Literal["valkey", "redis"] = Field(default="valkey", description="Which server.")
    purposes: tuple[Literal["cache", "queue", "sessions", "rate-limits"], ...] = Field(
        min_length=1,
        description="What it is for; with a queue or sessions in it nothing may be evicted.",
    )
    memory_gib: PerPhase[PositiveFloat] = Field(
        default_factory=dict,
        description="Memory it needs in GiB, only where that differs from the phase's.",
    )
    ttls: Mapping[Name, PositiveInt] = Field(
        default_factory=dict,
        description="Seconds that each kind of entry lives.",
    )


class Queue(Model):
    """Work that waits for a worker."""

    kind: Literal["managed", "cache"] = Field(
        default="managed",
        description="`managed` is a queue of its own; `cache` lives in the cache (BullMQ).",
    )
    retries: int = Field(
        default=3, ge=1, le=1000, description="Attempts before a message goes to the dead-letter queue."
    )
    visibility_s: int = Field(
        default=60, gt=0, le=43_200, description="Seconds a worker has before others see the message."
    )
    retention_days: int = Field(default=4, gt=0, le=14, description="Days that an unread message is kept.")


class Archive(Model):
    """What happens with objects under a prefix as they grow old."""

    prefix: Prefix = Field(description="Start of the objects' names, ending in `/`.")
    archive_after_days: int = Field(ge=0, description="Days until they move to archive storage.")
    delete_after_days: int | None = Field(
        default=None, gt=0, description="Days until they are deleted; null for never."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.delete_after_days is not None and self.delete_after_days <= self.archive_after_days:
            msg = (
                f"delete_after_days ({self.delete_after_days}) must be above "
                f"archive_after_days ({self.archive_after_days})"
            )
            raise ValueError(msg)
        return self


class Bucket(Model):
    """A place for files."""

    versions: bool = Field(default=True, description="Whether overwritten and deleted objects can be brought back.")
    old_versions_days: int = Field(default=30, gt=0, description="Days that old versions are kept.")
    archive: tuple[Archive, ...] = Field(default=(), description="Rules for objects that grow old.")
    services: tuple[Name, ...] = Field(min_length=1, description="Services that read and write it.")

    @model_validator(mode="after")
    def _once(self) -> Self:
        refuse_twice("archive", (rule.prefix for rule in self.archive))
        return self


class RateLimit(Model):
    """How often one user may do one thing."""

    period_s: int = Field(gt=0, description="Length of the window, in seconds.")
    path: str | None = Field(
        default=None,
        pattern=r"^/([A-Za-z0-9_.-]+/)*\*$",
        description="Paths whose requests it counts, by which the edge can tell; null where only the service can.",
    )
    per_tier: Mapping[Name, PositiveInt] = Field(min_length=1, description="Requests per window, by tier of the user.")


class Sync(Model):
    """Clients that fetch changes on a timer."""

    interval_s: Range = Field(description="Seconds between two fetches of one client.")
    queries: Range = Field(description="Database queries of one fetch of changes.")
    full_queries: int = Field(gt=0, description="Database queries of one fetch of everything.")


class Traffic(Model):
    """What users do, at the busiest time of a day."""

    active_share: Share = Field(description="Part of the users active at once, 0 to 1.")
    requests_per_second: PositiveFloat = Field(description="Requests per second of one active user.")
    connections_per_user: Range = Field(description="Open connections of one active user.")
    bytes_per_request: int = Field(gt=0, description="Average size of a response, in bytes.")
    queries_per_request: float = Field(ge=0, description="Database queries of one request.")
    read_share: Annotated[float, Field(ge=0, le=1)] = Field(description="Part of the queries that only read, 0 to 1.")
    average_load: Share = Field(description="Average load over a month, as part of the busiest time's, 0 to 1.")
    tiers: Mapping[Name, Share] = Field(
        default_factory=dict, description="Part of the users on each tier; adds up to 1."
    )
    sync: Sync | None = Field(default=None, description="Fetching of changes by clients, null for none.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = sum(self.tiers.values())
        if self.tiers and abs(total - 1) > 1e-9:  # noqa: PLR2004 -- room for the rounding of a sum of decimals
            msg = f"shares of `tiers` add up to {total:g}, not 1"
            raise ValueError(msg)
        return self


class Limits(Model):
    """What the system must stay below; alarms watch the distance."""

    database_gib: PositiveFloat = Field(description="Largest size of the database, in GiB.")
    bandwidth_gib_month: PositiveFloat = Field(description="Most traffic out to the internet, in GiB a month.")
    connections: int | None = Field(
        default=None, gt=0, description="Most database connections; null for what its size allows."
    )


class Thresholds(Model):
    """Where alarms go off. The defaults are those that the systems' documents share."""

    p95_s: PositiveFloat = Field(default=1.0, description="Response time that 95 % of requests stay below, in seconds.")
    error_rate_pct: Percent = Field(default=1.0, description="Failed requests, in percent of all.")
    cpu_pct: Percent = Field(default=70, description="CPU of a service, the database or the cache, in percent.")
    memory_pct: Percent = Field(default=80, description="Memory of a service, the database or the cache, in percent.")
    queue_depth: PositiveInt = Field(default=100, description="Messages that wait in a queue.")
    connections_pct: Percent = Field(
        default=80, description="Connections to the database and the cache, in percent of the most there can be."
    )
    connections: PositiveInt | None = Field(
        default=None, description="Database connections, as a number; null for none."
    )
    replica_lag_s: PositiveInt = Field(default=120, description="How far a read replica is behind, in seconds.")
    database_size_pct: Percent = Field(default=80, description="Size of the database, in percent of its limit.")
    bandwidth_pct: Percent = Field(default=80, description="Run rate of traffic, in percent of the month's limit.")


class ExternalCost(Model):
    """A bill that does not come from the stack: payment fees, models of others."""

    name: str = Field(min_length=1, description="Whom it is paid to.")
    monthly_usd: PerPhase[Range] = Field(description="What it comes to, in US dollars a month.")


class System(Model):
    """One product."""

    name: Name = Field(description="Identifier; the file's name without `.yaml`.")
    title: str = Field(min_length=1, description="Name for people.")
    description: str = Field(min_length=1, description="What it is, in one sentence.")
    source: str = Field(min_length=1, description="Document that the figures come from.")
    users: Mapping[PhaseName, PositiveInt | None] = Field(
        default_factory=dict,
        description="Most users at each phase, where that differs from the phase's; null for no ceiling.",
    )
    services: Mapping[Name, Service] = Field(min_length=1, description="What runs, by name.")
    database: Database = Field(description="The relational database.")
    cache: Cache | None = Field(default=None, description="The in-memory store, null for none at any phase.")
    queues: Mapping[Name, Queue] = Field(default_factory=dict, description="Queues, by name.")
    storage: Mapping[Name, Bucket] = Field(default_factory=dict, description="Places for files, by name.")
    requires: tuple[Literal["cache"], ...] = Field(
        default=(),
        description="What it needs before its phase brings it.",
    )
    rate_limits: Mapping[Name, RateLimit] = Field(default_factory=dict, description="Limits per user, by name.")
    traffic: Traffic = Field(description="What users do.")
    limits: PerPhase[Limits] = Field(description="What it must stay below.")
    thresholds: Thresholds = Field(default_factory=Thresholds, description="Where alarms go off.")
    budget_usd: Mapping[PhaseName, PositiveFloat] = Field(
        description="Most it may cost at each phase, in US dollars a month."
    )
    external_costs: tuple[ExternalCost, ...] = Field(default=(), description="Bills that do not come from the stack.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        from_first_phase(self, ("limits",))
        missing = [str(phase) for phase in PhaseName if phase not in self.budget_usd]
        if missing:
            msg = f"budget_usd needs every phase; missing: {', '.join(missing)}"
            raise ValueError(msg)
        if any(queue.kind == "cache" for queue in self.queues.values()) and "cache" not in self.requires:
            msg = "a queue lives in the cache, so the cache is needed at every phase; add `requires: [cache]`"
            raise ValueError(msg)
        if "cache" in self.requires and self.cache is None:
            msg = "requires 'cache' but describes none; add `cache`"
            raise ValueError(msg)
        ceilings = [
            float("inf") if users is None else users
            for users in (self.users.get(p, 0) for p in PhaseName)
            if users != 0
        ]
        if ceilings != sorted(ceilings):
            msg = "users cannot become fewer from one phase to the next"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _references(self) -> Self:
        for name, service in self.services.items():
            if name in PART_NAMES or name.startswith("queue-"):
                msg = f"service '{name}' has the name of another part of the stack; choose another"
                raise ValueError(msg)
            if service.consumes and service.consumes not in self.queues:
                msg = f"service '{name}' consumes queue '{service.consumes}', which is not in `queues`"
                raise ValueError(msg)
        refuse_twice("public_path", (s.public_path for s in self.services.values() if s.public_path))
        for name, queue in self.queues.items():
            if queue.kind == "cache" and (self.cache is None or "queue" not in self.cache.purposes):
                msg = f"queue '{name}' lives in the cache, whose `purposes` do not say 'queue'"
                raise ValueError(msg)
            if all(service.consumes != name for service in self.services.values()):
                msg = f"queue '{name}' has no worker that consumes it"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _places(self) -> Self:
        for name, bucket in self.storage.items():
            for service_name in bucket.services:
                if service_name not in self.services:
                    msg = f"storage '{name}' names service '{service_name}', which is not in `services`"
                    raise ValueError(msg)
        prefixes = {rule.prefix: rule for bucket in self.storage.values() for rule in bucket.archive}
        for partition in self.database.partitions:
            if f"{partition.table}/" not in prefixes:
                msg = (
                    f"old partitions of '{partition.table}' have no place to go; "
                    f"add an `archive` rule with prefix '{partition.table}/'"
                )
                raise ValueError(msg)
        for name, limit in self.rate_limits.items():
            unknown = [tier for tier in limit.per_tier if self.traffic.tiers and tier not in self.traffic.tiers]
            if unknown:
                msg = f"rate limit '{name}' names tier '{unknown[0]}', which is not in `traffic.tiers`"
                raise ValueError(msg)
        return self
