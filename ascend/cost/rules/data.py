"""Databases, their proxies and backups, caches, migrations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ascend.cost.model import Span
from ascend.cost.usage import GB

if TYPE_CHECKING:
    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource

_INSTANCE = "aws:rds/instance:Instance"
_DATABASE = "ascend:components:Database"
_SMALL_VCPU = 2
_GP3_STEP_GIB = 400
_VCPU_OF_XLARGE = 4

#: The end of a database's name that took another's place (`infra.lineage`).
_GENERATION = re.compile(r"-g[0-9]+$")


def instance(resource: Resource, bill: Bill) -> None:
    """A database server: hours, storage, throughput above what is included, backups beyond the free part."""
    class_, standby = resource.text("instanceClass"), resource.inputs.get("multiAz") is True
    # With a standby a server, its storage and its throughput are billed as one thing with a price of its own, which is
    # not always twice that of one zone: AWS rounds each.
    bill.add(resource, f"Instance {class_}", f"rds.postgres.{'multi-az.' * standby}{class_}", bill.hours)
    storage = _storage(resource, bill)
    if resource.text("storageType") != "gp3":
        bill.miss(resource, f"Storage: no price for type '{resource.text('storageType')}'")
    else:
        zones = ".multi-az" * standby
        bill.add(resource, "Storage", f"rds.storage.gp3{zones}", storage, usage_based=storage.low != storage.high)
        _throughput(resource, bill, f"rds.iops.gp3{zones}")
    if days := resource.number("backupRetentionPeriod"):
        backups = _backups(storage, days, bill)
        # Backups up to the size of the provisioned storage are free (https://aws.amazon.com/rds/postgresql/pricing/).
        beyond = Span(
            max(0.0, backups.low - storage.low),
            max(0.0, backups.expected - storage.expected),
            max(0.0, backups.high - storage.high),
        )
        if beyond.high > 0:
            bill.add(resource, "Backups beyond the free part", "rds.backup", beyond, usage_based=True)
    if source := _followed(resource, bill):
        changed = _changed(_storage(source, bill), bill)
        bill.add(
            resource,
            "Data from the other region",
            "transfer.cross-region",
            changed,
            usage_based=True,
            priced_in=source.region,
        )
    if resource.number("performanceInsightsRetentionPeriod") > bill.default("insights_free_days"):
        bill.miss(resource, "Performance Insights: no price for what is kept longer than the free days")
    if resource.number("monitoringInterval") > 0:
        bill.miss(resource, "Enhanced Monitoring: its log is not in the plan")


def _storage(resource: Resource, bill: Bill) -> Span:
    """Provisioned storage in GiB; at the most, grown to where the alarm on the database's size stands."""
    start = resource.number("allocatedStorage")
    limit = float((bill.plan.figures.get("limits") or {}).get("database_gib", 0.0))
    return Span(start, start, max(start, min(resource.number("maxAllocatedStorage"), limit)))


def _throughput(resource: Resource, bill: Bill, price: str) -> None:
    """IOPS above those that gp3 includes."""
    size = "below_400_gib" if resource.number("allocatedStorage") < _GP3_STEP_GIB else "from_400_gib"
    above = resource.number("iops") - float(bill.table("gp3_free_iops")[size])
    if above > 0:
        bill.add(resource, "IOPS above the included", price, above)


def _backups(storage: Span, days: float, bill: Bill) -> Span:
    """Size of all backups in GiB: the data once, and what changed on each day that they reach back."""
    filled = bill.table("database_filled_share")
    kept = 1 + bill.default("database_changed_daily_share") * days
    shares = Span(float(filled["low"]), float(filled["expected"]), float(filled["high"]))
    return storage.each(shares) * kept


def _changed(storage: Span, bill: Bill) -> Span:
    """What changes in a database in a month, in GiB."""
    return storage * (bill.default("database_changed_daily_share") * bill.default("days"))


def _followed(resource: Resource, bill: Bill) -> Resource | None:
    """The server of another region that one follows; None for one that follows none, or one of its own region."""
    if not resource.text("replicateSourceDb") or resource.owner_type != _DATABASE:
        return None
    found = [
        one
        for one in bill.plan.of(_INSTANCE)
        if one.region != resource.region
        and _GENERATION.sub("", one.component) == _GENERATION.sub("", resource.component)
        and not one.text("replicateSourceDb")
    ]
    # Those of earlier generations were written to before a failover, and nobody follows them any more.
    return max(found, key=lambda one: len(one.component), default=None)


def proxy(resource: Resource, bill: Bill) -> None:
    """A connection pool: vCPU-hours of the server behind it, two at least."""
    behind = _behind(resource, bill)
    if behind is None:
        bill.miss(resource, "the database behind it is not in the plan")
        return
    vcpu = max(vcpus(behind.text("instanceClass")), bill.default("proxy_least_vcpu"))
    bill.add(resource, f"vCPU of {behind.text('instanceClass')}", "rds.proxy", vcpu * bill.hours)


def _behind(resource: Resource, bill: Bill) -> Resource | None:
    """The server that a proxy stands before: that of the component whose name it continues."""
    servers = [one for one in bill.plan.of(_INSTANCE, resource.region) if not one.text("replicateSourceDb")]
    fitting = [one for one in servers if resource.component.startswith(one.component)]
    return max(fitting or servers, key=lambda one: len(one.component), default=None)


def vcpus(class_: str) -> float:
    """How many vCPU an instance class has: 2 up to large, 4 for xlarge, as many times 4 as its name says above."""
    found = re.fullmatch(r"db\.[a-z0-9]+\.(?:(\d*)(xlarge)|[a-z]+)", class_)
    if not found or not found[2]:
        return _SMALL_VCPU
    return _VCPU_OF_XLARGE * float(found[1] or 1)


def backup_copy(resource: Resource, bill: Bill) -> None:
    """Copies of another region's backups: all of their storage here, and what changes sent over."""
    source = _copied(resource, bill)
    if source is None:
        bill.miss(resource, "the database whose backups it copies is not in the plan")
        return
    storage = _storage(source, bill)
    bill.add(
        resource,
        "Backups copied here",
        "rds.backup",
        _backups(storage, resource.number("retentionPeriod"), bill),
        usage_based=True,
    )
    bill.add(
        resource,
        "Data from the other region",
        "transfer.cross-region",
        _changed(storage, bill),
        usage_based=True,
        priced_in=source.region,
    )


def _copied(resource: Resource, bill: Bill) -> Resource | None:
    """The primary whose backups are copied: of another region, of the shard that the copy is named after."""
    name = resource.urn.rpartition("::")[2]
    primaries = [
        one for one in bill.plan.of(_INSTANCE) if one.region != resource.region and not one.text("replicateSourceDb")
    ]
    fitting = [one for one in primaries if name.endswith(one.component)]
    return max(fitting or primaries, key=lambda one: len(one.component), default=None)


def cache(resource: Resource, bill: Bill) -> None:
    """Nodes of a cache, and snapshots where it takes some."""
    engine, node = resource.text("engine"), resource.text("nodeType")
    nodes = resource.number("numCacheClusters", 1)
    bill.add(resource, f"Node {node}, {engine}", f"elasticache.{engine}.{node}", nodes * bill.hours)
    if days := resource.number("snapshotRetentionLimit"):
        memory = bill.table("cache_memory_gib").get(node)
        if memory is None:
            bill.miss(resource, f"Snapshots: memory of {node} is not known")
            return
        size = float(memory) * bill.default("cache_filled_share") * days
        bill.add(resource, "Snapshots", "elasticache.backup", Span(0.0, size, 2 * size), usage_based=True)


def migration(resource: Resource, bill: Bill) -> None:
    """The machine that copies a database in, and its storage."""
    class_ = resource.text("replicationInstanceClass")
    zones = 2 if resource.inputs.get("multiAz") is True else 1
    bill.add(resource, f"Instance {class_}", f"dms.instance.{class_}", bill.hours * zones)
    included = bill.table("dms_storage_included_gib").get(class_.split(".")[1] if "." in class_ else "", 0)
    above = resource.number("allocatedStorage") - float(included)
    if above > 0:
        bill.add(resource, "Storage above the included", "dms.storage", above * zones)


def query_gb(bill: Bill, region: str) -> Span:
    """Data between services and databases or caches of a region, in GB a month."""
    return bill.used(region).queries * (bill.default("bytes_per_query") / GB)


RULES = {
    _INSTANCE: instance,
    "aws:rds/proxy:Proxy": proxy,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": backup_copy,
    "aws:elasticache/replicationGroup:ReplicationGroup": cache,
    "aws:dms/replicationInstance:ReplicationInstance": migration,
}
