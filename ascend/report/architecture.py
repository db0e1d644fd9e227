"""What a plan draws: the parts that a founder would name, by region, each with its size and number."""

# ruff: noqa: ARG001 -- all readers of resources are called alike

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ascend.capacity.stack import Tasks
    from ascend.cost.plan import Plan, Resource
    from ascend.report.ladder import Rung

_GLOBAL_REGION = "global"


class Lane(StrEnum):
    """Where in a region's picture a part stands; from the users down."""

    IN = "Way in"
    SERVICES = "Services"
    DATABASE = "Databases and cache"
    STORAGE = "Queues and files"
    OUT = "Way out"


@dataclass(frozen=True, slots=True)
class Part:
    """One box of the picture.

    Attributes:
        kind: what it is (``service``, ``database``); also its colour.
        name: what it is called.
        details: its sizes, a line each.
        number: how many alike there are.
    """

    kind: str
    name: str
    details: tuple[str, ...] = ()
    number: int = 1

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"kind": self.kind, "name": self.name, "details": list(self.details), "number": self.number}


@dataclass(frozen=True, slots=True)
class Place:
    """One region.

    Attributes:
        region: its name.
        role: what it is in the stack, in words.
        lanes: its parts.
    """

    region: str
    role: str
    lanes: dict[Lane, tuple[Part, ...]]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        lanes = {str(lane): [part.document() for part in parts] for lane, parts in self.lanes.items()}
        return {"region": self.region, "role": self.role, "lanes": lanes}


@dataclass(frozen=True, slots=True)
class Architecture:
    """A stack as it is drawn.

    Attributes:
        edge: what stands in front of all regions.
        places: the regions, home first.
        between: what goes from region to region, a line each.
    """

    edge: tuple[Part, ...]
    places: tuple[Place, ...]
    between: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "edge": [part.document() for part in self.edge],
            "regions": [place.document() for place in self.places],
            "between_regions": list(self.between),
        }


def read(rung: Rung) -> Architecture:
    """The picture of a stack at a phase."""
    plan, world = rung.resources, rung.plan.world
    regions = [str(region) for region in world.get("regions") or ()]
    # What is kept in a region that the config does not list any more is still there to be seen.
    regions += sorted({one.region for one in plan.resources} - {*regions, _GLOBAL_REGION})
    primary = str(world.get("primary") or (regions[0] if regions else ""))
    tasks = rung.capacity.stack.tasks
    return Architecture(
        edge=tuple(_edge(plan)),
        places=tuple(_place(plan, tasks, region, primary, regions) for region in regions),
        between=tuple(_between(plan)),
    )


def _edge(plan: Plan) -> Iterator[Part]:
    """Cloudflare, where the plan has it."""
    package = [one for one in plan.resources if one.type.startswith("cloudflare:")]
    phases = {one.text("phase") for one in package}
    types = {one.type.rpartition(":")[2] for one in package}
    says = {
        "caches static files": "http_request_cache_settings" in phases,
        "one cache behind all locations": "TieredCache" in types,
        "limits rates": "http_ratelimit" in phases,
        "HTTPS only, TLS to the origin": "ZoneSetting" in types,
    }
    if any(says.values()):
        yield Part("edge", "Cloudflare edge", tuple(text for text, true in says.items() if true))
    for balancer in plan.of("cloudflare:index/loadBalancer:LoadBalancer"):
        pools = len(plan.of("cloudflare:index/loadBalancerPool:LoadBalancerPool"))
        steering = balancer.text("steeringPolicy")
        yield Part(
            "edge",
            "Global load balancer",
            (
                f"to {pools} regions, {'the nearest first' if steering == 'geo' else steering}",
                "checks health, fails over",
            ),
        )


def _place(plan: Plan, tasks: Sequence[Tasks], region: str, primary: str, regions: Sequence[str]) -> Place:
    found = [
        part
        for one in plan.resources
        if one.region == region and one.type in _READERS
        for part in _READERS[one.type](plan, one)
    ]
    services = tuple(_service(one) for one in tasks if one.region == region)
    lanes = {lane: services if lane is Lane.SERVICES else _merged(found, lane) for lane in Lane}
    roles = []
    if len(regions) > 1:
        roles.append("home" if region == regions[0] else "")
        roles.append("takes writes" if region == primary else "reads, ready to take over")
    if services and not any(one.most for one in tasks if one.region == region):
        roles.append("at rest")
    return Place(region, ", ".join(role for role in roles if role), {lane: lanes[lane] for lane in Lane if lanes[lane]})


def _merged(found: Sequence[tuple[Lane, Part]], wanted: Lane) -> tuple[Part, ...]:
    """The parts of a lane in the order of their kinds, those that are alike as one with a number."""
    counted: dict[Part, int] = {}
    for lane, part in found:
        if lane is wanted:
            counted[part] = counted.get(part, 0) + part.number
    parts = [replace(part, number=number) for part, number in counted.items()]
    order = {kind: place for place, kind in enumerate(_KINDS)}
    return tuple(sorted(parts, key=lambda part: (order[part.kind], part.name, part.details)))


#: Kinds of parts in the order in which a lane shows them.
_KINDS = ("balancer", "firewall", "pool", "database", "replica", "cache", "migration", "queue", "bucket", "nat")


def _service(one: Tasks) -> Part:
    tasks = str(one.least) if one.least == one.most else f"{one.least}\u2013{one.most}"
    lines = [f"{tasks} task{'' if tasks == '1' else 's'}" if one.most else "no task, at rest"]
    lines.append(f"{one.cpu:g} vCPU, {one.memory_gib:g} GiB each")
    if one.spot_share:
        part = "" if one.spot_share == 1 else f"{one.spot_share * 100:.0f} % "
        lines.append(f"{part}on spare capacity")
    return Part("service", one.service, tuple(lines))


Found = Iterator[tuple[Lane, Part]]


def _http_api(plan: Plan, one: Resource) -> Found:
    yield Lane.IN, Part("balancer", "HTTP API", ("API Gateway",))


def _balancer(plan: Plan, one: Resource) -> Found:
    edge = any(other.type.startswith("cloudflare:") for other in plan.resources)
    reach = "internal" if one.inputs.get("internal") else "TLS, for the edge only" if edge else "TLS, public"
    yield Lane.IN, Part("balancer", "Load balancer", (reach,))


def _firewall(plan: Plan, one: Resource) -> Found:
    rules = len(one.rows("rules"))
    yield Lane.IN, Part("firewall", "Firewall", (f"{rules} rule{'' if rules == 1 else 's'}",))


def _database(plan: Plan, one: Resource) -> Found:
    size = [one.text("instanceClass")]
    least, most = int(one.number("allocatedStorage")), int(one.number("maxAllocatedStorage"))
    size.append(f"{least:,}\u2013{most:,} GiB" if most > least else f"{least:,} GiB")
    if one.inputs.get("multiAz"):
        size.append("standby in another zone")
    if one.inputs.get("replicateSourceDb"):
        name = "Replica of the primary region" if _across(one) else "Read replica"
        yield Lane.DATABASE, Part("replica", name, tuple(size))
    else:
        yield Lane.DATABASE, Part("database", "PostgreSQL", tuple(size))


def _across(one: Resource) -> bool:
    """Whether a database is what another region's is copied to."""
    return one.inputs.get("replicateSourceDb") is not None and one.owner_type.endswith(":Database")


def _pool(plan: Plan, one: Resource) -> Found:
    yield Lane.DATABASE, Part("pool", "Connection pool", ("RDS Proxy",))


def _cache(plan: Plan, one: Resource) -> Found:
    nodes = int(one.number("numCacheClusters", 1))
    lines = [f"{one.text('engine').capitalize()}, {one.text('nodeType')}"]
    nodes_text = "1 node" if nodes == 1 else f"{nodes} nodes"
    lines.append(f"{nodes_text}, automatic failover" if one.inputs.get("automaticFailoverEnabled") else nodes_text)
    yield Lane.DATABASE, Part("cache", "Cache", tuple(lines))


def _migration(plan: Plan, one: Resource) -> Found:
    yield Lane.DATABASE, Part("migration", "Copy of the old database", (one.text("replicationInstanceClass"),))


def _queue(plan: Plan, one: Resource) -> Found:
    if one.inputs.get("redrivePolicy") is not None:
        yield Lane.STORAGE, Part("queue", f"Queue {one.component.removeprefix('queue-')}", ("SQS, failed jobs kept",))


def _bucket(plan: Plan, one: Resource) -> Found:
    if one.owner_type.endswith(":Storage"):
        name = one.urn.rpartition("::")[2].rpartition("storage-")[2]
        yield Lane.STORAGE, Part("bucket", f"Bucket {name}", ("S3, encrypted, versioned",))


def _gateway(plan: Plan, one: Resource) -> Found:
    yield Lane.OUT, Part("nat", "NAT gateway", ("private tasks reach out",))


_READERS: dict[str, Callable[[Plan, Resource], Found]] = {
    "aws:apigatewayv2/api:Api": _http_api,
    "aws:dms/replicationInstance:ReplicationInstance": _migration,
    "aws:ec2/natGateway:NatGateway": _gateway,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:rds/instance:Instance": _database,
    "aws:rds/proxy:Proxy": _pool,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:sqs/queue:Queue": _queue,
    "aws:wafv2/webAcl:WebAcl": _firewall,
}


def _between(plan: Plan) -> Iterator[str]:
    """What goes from region to region."""
    if any(_across(one) for one in plan.of("aws:rds/instance:Instance")):
        yield "The database is replicated to every other region"
    copies = plan.of("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication")
    if copies:
        yield f"Backups are copied to {', '.join(sorted({one.region for one in copies}))}"
    if plan.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig"):
        yield "Files are replicated both ways"
    if plan.of("aws:ec2/vpcPeeringConnection:VpcPeeringConnection"):
        yield "Writes travel through a private link between the networks"
