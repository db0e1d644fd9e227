"""The part of a system's model that says what it keeps: database, cache, queues, files."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from infra.modeling import (
    Model,
    Name,
    PerPhase,
    PositiveFloat,
    PositiveInt,
    Prefix,
    RangeOrFigure,
    Share,
    at,
    from_first_phase,
    refuse_twice,
)
from infra.phases import PhaseName

#: The name of a table or a column.
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)]


class Partition(Model):
    """A table that is split by time, so that old rows leave as whole partitions."""

    table: ColumnName = Field(
        description="Table's name.",
    )
    column: ColumnName = Field(
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
    shard_key: ColumnName | None = Field(
        default=None, description="Column whose value decides a row's shard; the services divide by it."
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
    jobs_per_user_hour: RangeOrFigure | None = Field(
        default=None, description="Jobs that one active user sends in an hour; null where nobody knows."
    )


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
    replicate: Literal["both-ways", "from-primary", "no"] = Field(
        default="both-ways",
        description="Where there are several regions: `both-ways` copies between the primary one and each other, "
        "`from-primary` only outwards, `no` keeps each region's files apart.",
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        refuse_twice("archive", (rule.prefix for rule in self.archive))
        return self
