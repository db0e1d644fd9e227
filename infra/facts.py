"""Facts of AWS that a config is checked against, from ``components/data``, where each has its source and date."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from components import facts

#: Longest that an HTTP API waits for a service, in seconds; it cannot be raised (read 2026-11-21,
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
HTTP_API_TIMEOUT_S = 30

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Region:
    """One region and its place in the address plan.

    Attributes:
        name: the region's name (``us-east-1``).
        index: second byte of its /16; no two regions share one.
        zone_ids: three availability zones, by id.
        link_zone_ids: those of them that VPC links of HTTP APIs serve, two at least.
    """

    name: str
    index: int
    zone_ids: tuple[str, ...]
    link_zone_ids: tuple[str, ...]

    @property
    def cidr(self) -> str:
        """The addresses of its network (``10.16.0.0/16``)."""
        return f"10.{self.index}.0.0/16"


@dataclass(frozen=True, slots=True)
class InstanceClass:
    """One class of database instance.

    Attributes:
        name: the class (``db.t4g.micro``).
        vcpu: virtual CPUs.
        memory_gib: memory in GiB.
        performance_insights: whether Performance Insights works on it.
        burstable: whether its CPU is a share with credits.
        max_connections: connections that PostgreSQL takes on it with RDS's defaults, on the safe side.
        not_in: names of regions that do not offer it.
    """

    name: str
    vcpu: int
    memory_gib: float
    performance_insights: bool
    burstable: bool
    max_connections: int
    not_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CacheNode:
    """One type of cache node.

    Attributes:
        name: the type (``cache.t4g.micro``).
        memory_gib: memory for data, in GiB: what is not reserved for snapshots and bursts.
    """

    name: str
    memory_gib: float


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """What a database's storage can be.

    Attributes:
        min_gib: smallest volume, in GiB.
        max_gib: largest volume, in GiB.
        headroom: how far the ceiling of its growth must be above its size, as a share of the size.
    """

    min_gib: int
    max_gib: int
    headroom: float


@cache
def regions() -> Mapping[str, Region]:
    """Every region that a stack can run in, by name."""
    return {
        name: Region(name, fact["index"], tuple(fact["zones"]), tuple(fact["link_zones"]))
        for name, fact in facts.load("regions").items()
    }


@cache
def instance_classes() -> Mapping[str, InstanceClass]:
    """Every class of database instance that a stack can use, by name."""
    data = facts.load("rds_classes")
    rule = data["max_connections"]

    def connections(memory_gib: float) -> int:
        usable_mib = (memory_gib * 1024 - rule["reserved_mib"]) * (1 - rule["reserved_share"])
        return min(int(usable_mib * _MIB / rule["bytes_per_connection"]), int(rule["most"]))

    return {
        name: InstanceClass(
            name=name,
            vcpu=fact["vcpu"],
            memory_gib=fact["memory_gib"],
            performance_insights=fact["performance_insights"],
            burstable=fact["burstable"],
            max_connections=connections(fact["memory_gib"]),
            not_in=tuple(fact.get("not_in", ())),
        )
        for name, fact in data["classes"].items()
    }


@cache
def cache_nodes() -> Mapping[str, CacheNode]:
    """Every type of cache node that a stack can use, by name, the least memory first."""
    return {
        name: CacheNode(name, fact["maxmemory_bytes"] * (1 - fact["reserved_pct"] / 100) / 1024**3)
        for name, fact in facts.load("cache_nodes")["types"].items()
    }


@cache
def storage() -> StorageFacts:
    """What a database's storage can be."""
    return StorageFacts(**facts.load("rds_classes")["storage"])


@cache
def most_replicas() -> int:
    """The most read replicas that one database instance has, in all regions."""
    return int(facts.load("database")["most_replicas"])


@cache
def most_instances() -> int:
    """The most database instances that an account has in a region, primaries and replicas."""
    return int(facts.load("database")["most_instances"])


def edge_timeout_s() -> int:
    """Longest that the edge waits for the first byte of an answer, in seconds."""
    longest: int = facts.load("cloudflare")["read_timeout_s"]
    return longest


@cache
def fargate_sizes() -> Mapping[int, tuple[int, ...]]:
    """CPU units (1,024 to a vCPU) → every amount of memory in MiB that Fargate runs with them, ascending."""
    return {
        int(cpu): tuple(fact.get("amounts") or range(fact["first"], fact["last"] + 1, fact["step"]))
        for cpu, fact in facts.load("fargate").items()
    }
