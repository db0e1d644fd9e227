"""What runs: the model of one product, as its YAML file in ``systems/`` describes it.

It speaks of services, a database, queues and users, never of a cloud's products; `infra.resolve` turns it into sizes.
Values that grow with the phases are given once (``cpu: 0.25``) or per phase (``cpu: {single-region: 0.25, scaled:
1}``); a phase that is not named takes the value of the one before it.
"""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from infra.data_model import Archive, Bucket, Cache, Compute, Database, Partition, Pool, Queue
from infra.load_model import ExternalCost, Limits, RateLimit, Sync, Target, Thresholds, Tier, Traffic
from infra.modeling import Model, Name, PerPhase, PositiveFloat, PositiveInt, from_first_phase, refuse_twice
from infra.phases import PhaseName
from infra.service_model import (
    CONTRACT_PREFIXES,
    CONTRACT_VARIABLES,
    Capacity,
    Floor,
    Metric,
    Placeholder,
    Service,
)

__all__ = (
    "CONTRACT_PREFIXES",
    "CONTRACT_VARIABLES",
    "PART_NAMES",
    "Archive",
    "Bucket",
    "Cache",
    "Capacity",
    "Compute",
    "Database",
    "ExternalCost",
    "Floor",
    "Limits",
    "Metric",
    "Partition",
    "Placeholder",
    "Pool",
    "Queue",
    "RateLimit",
    "Service",
    "Sync",
    "System",
    "Target",
    "Thresholds",
    "Tier",
    "Traffic",
)

#: Names of a region's own parts, which a service beside them cannot take.
PART_NAMES = (
    "alarms",
    "balancer",
    "cache",
    "certificate",
    "cluster",
    "dashboard",
    "database",
    "firewall",
    "ingress",
    "keys",
    "load-balancer",
    "migration",
    "network",
    "origin",
    "peering",
    "proxy",
    "replication",
    "routes",
    "secrets",
    "storage",
)
#: Parts of which there may be several, each with a name that begins so.
PART_PREFIXES = ("cache-", "database-", "peering-", "queue-")


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
        description="Most the stack itself may cost at each phase, in US dollars a month, without `external_costs`."
    )
    targets: Mapping[PhaseName, Target] = Field(default_factory=dict, description="What the document promises.")
    external_costs: tuple[ExternalCost, ...] = Field(default=(), description="Bills that do not come from the stack.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        from_first_phase(self, ("limits",))
        missing = [str(phase) for phase in PhaseName if phase not in self.budget_usd]
        if missing:
            msg = f"budget_usd needs every phase; missing: {', '.join(missing)}"
            raise ValueError(msg)
        if any(queue.kind == "cache" for queue in self.queues.values()) and "cache" not in self.requires:
            # Also where its workers come later: a step down to a phase without a cache would lose what waits in it.
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
            if name in PART_NAMES or name.startswith(PART_PREFIXES):
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
