"""The four phases of growth, as data.

A phase says how much of each thing there is. What a phase needs is named as capabilities; `BUILT` names those that the
components provide, and a phase that needs more is refused by name instead of half deployed. Nothing outside this table
and `infra.deployment.resolve` knows phases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PhaseName(StrEnum):
    """The phases from first user to many regions, in order."""

    SINGLE_REGION = "single-region"
    CACHED = "cached"
    SCALED = "scaled"
    GLOBAL = "global"

    @property
    def number(self) -> int:
        """1 to 4."""
        return list(PhaseName).index(self) + 1

    @classmethod
    def parse(cls, given: str) -> "PhaseName | None":
        """The phase of a name or a number (``scaled``, ``3``); None if there is no such phase."""
        return next((phase for phase in cls if given in (phase.value, str(phase.number))), None)

    @classmethod
    def choices(cls) -> tuple[str, ...]:
        """What a message lists as allowed: ``single-region (1)`` and so on."""
        return tuple(f"{phase} ({phase.number})" for phase in cls)


class Capability(StrEnum):
    """What a deployment can need of the components. The values are the words used in messages."""

    HTTP_API = "HTTP API ingress"
    SERVICE = "services"
    DATABASE = "database"
    STORAGE = "storage"
    QUEUE = "queues"
    CACHE = "cache"
    CDN = "CDN"
    READ_REPLICAS = "read replicas"
    LOAD_BALANCER = "load balancer"
    FIREWALL = "web application firewall"
    PRIVATE_TASKS = "private tasks behind NAT"
    AUTOSCALING = "autoscaling"
    DATABASE_PROXY = "database proxy"
    SHARDS = "database shards"
    REGIONS = "several regions"
    STORAGE_REPLICATION = "storage replication"
    GLOBAL_ROUTING = "global load balancing"


#: What the components of this version provide.
BUILT = frozenset(
    {
        Capability.HTTP_API,
        Capability.SERVICE,
        Capability.DATABASE,
        Capability.STORAGE,
        Capability.QUEUE,
        Capability.CDN,
        Capability.CACHE,
        Capability.READ_REPLICAS,
        Capability.LOAD_BALANCER,
        Capability.FIREWALL,
        Capability.PRIVATE_TASKS,
        Capability.AUTOSCALING,
        Capability.DATABASE_PROXY,
        Capability.SHARDS,
        Capability.REGIONS,
        Capability.STORAGE_REPLICATION,
        Capability.GLOBAL_ROUTING,
    },
)


class Ingress(StrEnum):
    """How requests reach the services."""

    NONE = "none"
    HTTP_API = "http-api"
    LOAD_BALANCER = "load-balancer"
    GLOBAL = "global"


class Nat(StrEnum):
    """How tasks without a public address reach the internet."""

    NONE = "none"
    SINGLE = "single"
    PER_ZONE = "per-zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaling:
    """When the number of tasks follows the load.

    Attributes:
        cpu_pct: average CPU that target tracking holds, in percent.
        memory_pct: average memory that target tracking holds, in percent.
        scale_out_cooldown_s: seconds between two steps up.
        scale_in_cooldown_s: seconds between two steps down.
    """

    cpu_pct: int
    memory_pct: int
    scale_out_cooldown_s: int
    scale_in_cooldown_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseShape:
    """The relational database at a phase.

    Attributes:
        instance_class: the class where the system asks for no more.
        multi_az: whether a standby in another zone takes over.
        read_replicas: how many replicas in the primary region.
        proxy: whether connections go through a pool in front of it.
        backup_days: days that point-in-time backups reach back.
        cross_region_replica: whether every other region holds a replica.
        copy_backups: whether backups are copied to another region.
    """

    instance_class: str
    multi_az: bool
    read_replicas: int
    proxy: bool
    backup_days: int
    cross_region_replica: bool = False
    copy_backups: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheShape:
    """The in-memory cache at a phase.

    Attributes:
        node_type: the node's type where the system asks for no more.
        nodes: how many nodes, each in another zone.
        failover: whether a replica takes over by itself.
    """

    node_type: str
    nodes: int
    failover: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CdnShape:
    """The edge in front of the ingress.

    Attributes:
        rate_limiting: whether the edge enforces the system's rate limits.
        tiered: whether edge locations ask a regional tier before the origin.
    """

    rate_limiting: bool = False
    tiered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One row of the table.

    Attributes:
        name: the phase.
        users: the most users it is meant for where the system says nothing else; None is "no ceiling".
        needs: what it needs of the components, whatever the system.
        ingress: how requests come in.
        private_tasks: whether tasks have no public address.
        nat: how private tasks reach out.
        min_tasks: tasks of each service at rest.
        max_tasks: tasks of each service under the highest load.
        autoscaling: when between the two; None holds `min_tasks`.
        database: the database.
        cache: the cache; at a phase without one, a system that requires it gets `SMALLEST_CACHE`.
        cdn: the edge, None for none.
        storage_replication: whether buckets are replicated to the other regions.
        min_regions: how many regions it takes.
    """

    name: PhaseName
    users: int | None
    needs: frozenset[Capability]
    ingress: Ingress
    private_tasks: bool
    nat: Nat
    min_tasks: int
    max_tasks: int
    autoscaling: Autoscaling | None
    database: DatabaseShape
    cache: CacheShape | None
    cdn: CdnShape | None
    storage_replication: bool
    min_regions: int

    @property
    def in_every_region(self) -> bool:
        """Whether services run in every region of the stack, or in the primary one alone."""
        return self.min_regions > 1


#: The cache of a system that needs one before its phase brings it.
SMALLEST_CACHE = CacheShape(node_type="cache.t4g.micro", nodes=1, failover=False)

_BASE = frozenset({Capability.SERVICE, Capability.DATABASE, Capability.STORAGE})
_CACHED = _BASE | {Capability.CACHE, Capability.CDN, Capability.READ_REPLICAS}
_SCALED = _CACHED | {
    Capability.LOAD_BALANCER,
    Capability.FIREWALL,
    Capability.PRIVATE_TASKS,
    Capability.AUTOSCALING,
    Capability.DATABASE_PROXY,
}
_GLOBAL = _SCALED | {Capability.REGIONS, Capability.STORAGE_REPLICATION, Capability.GLOBAL_ROUTING}

# The figures of teacher-slots.md ("Implement Horizontal Auto-Scaling") and the memory trigger of backend-ai-worker.md.
_TARGETS = Autoscaling(cpu_pct=70, memory_pct=80, scale_out_cooldown_s=60, scale_in_cooldown_s=300)

PHASES: Mapping[PhaseName, Phase] = {
    phase.name: phase
    for phase in (
        Phase(
            name=PhaseName.SINGLE_REGION,
            users=1_000,
            needs=_BASE | {Capability.HTTP_API},
            ingress=Ingress.HTTP_API,
            private_tasks=False,
            nat=Nat.NONE,
            min_tasks=1,
            max_tasks=1,
            autoscaling=None,
            database=DatabaseShape(
                instance_class="db.t4g.micro",
                multi_az=False,
                read_replicas=0,
                proxy=False,
                backup_days=7,
            ),
            cache=None,
            cdn=None,
            storage_replication=False,
            min_regions=1,
        ),
        Phase(
            name=PhaseName.CACHED,
            users=10_000,
            needs=_CACHED | {Capability.HTTP_API},
            ingress=Ingress.HTTP_API,
            private_tasks=False,
            nat=Nat.NONE,
            min_tasks=2,
            max_tasks=2,
            autoscaling=None,
            database=DatabaseShape(
                instance_class="db.t4g.small",
                multi_az=False,
                read_replicas=1,
                proxy=False,
                backup_days=7,
            ),
            cache=CacheShape(node_type="cache.t4g.micro", nodes=1, failover=False),
            cdn=CdnShape(),
            storage_replication=False,
            min_regions=1,
        ),
        Phase(
            name=PhaseName.SCALED,
            users=100_000,
            needs=_SCALED,
            ingress=Ingress.LOAD_BALANCER,
            private_tasks=True,
            nat=Nat.SINGLE,
            min_tasks=2,
            max_tasks=20,
            autoscaling=_TARGETS,
            database=DatabaseShape(
                instance_class="db.t4g.large",
                multi_az=True,
                read_replicas=2,
                proxy=True,
                backup_days=14,
            ),
            cache=CacheShape(node_type="cache.t4g.small", nodes=2, failover=True),
            cdn=CdnShape(rate_limiting=True),
            storage_replication=False,
            min_regions=1,
        ),
        Phase(
            name=PhaseName.GLOBAL,
            users=None,
            needs=_GLOBAL,
            ingress=Ingress.GLOBAL,
            private_tasks=True,
            nat=Nat.PER_ZONE,
            min_tasks=2,
            max_tasks=20,
            autoscaling=_TARGETS,
            database=DatabaseShape(
                instance_class="db.r6g.large",
                multi_az=True,
                read_replicas=2,
                proxy=True,
                backup_days=35,
                cross_region_replica=True,
                copy_backups=True,
            ),
            cache=CacheShape(node_type="cache.r7g.large", nodes=2, failover=True),
            cdn=CdnShape(rate_limiting=True, tiered=True),
            storage_replication=True,
            min_regions=2,
        ),
    )
}


def deployable() -> tuple[str, ...]:
    """The phases whose every need is built, as `PhaseName.choices` writes them."""
    return tuple(f"{name} ({name.number})" for name, phase in PHASES.items() if phase.needs <= BUILT)
