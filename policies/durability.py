"""Durability: what holds data is protected, encrypted, backed up, and from phase 3 on nothing stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.incidents import left_behind
from policies.kit import About, Finding, Level, Option, Severity, on_resource, on_stack
from policies.services import least_tasks, most_tasks
from policies.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi_policy

    from policies.stack import Item, Stack

GROUP = "durability"
DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
BUCKET = "aws:s3/bucket:Bucket"
SERVICE = "aws:ecs/service:Service"
QUEUE = "aws:sqs/queue:Queue"
KEYS = ("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey")
#: Types whose resources hold data, with the components of which that is so; None for every one. Replicas and buckets of
#: access logs can be made again.
HOLDING: Mapping[str, tuple[str, ...] | None] = {
    DATABASE: ("Database",),
    BUCKET: ("Storage",),
    QUEUE: None,
    KEYS[0]: None,
    KEYS[1]: None,
}
_TWO_NODES = 2
"""Nodes of a cache that survives one."""


def component(item: Item) -> str:
    """The class of the component that made a resource."""
    return item.parent.split("::")[2].rpartition("$")[2].rpartition(":")[2] if item.parent.count("::") else ""


def holds_data(stack: Stack, item: Item) -> bool:
    """Whether a resource holds what cannot be made again: a cache does where queues are in it."""
    if item.type == CACHE:
        queues: Mapping[str, Any] = (stack.world.get("figures") or {}).get("queues") or {}
        return any(queue.get("kind") == "cache" for queue in queues.values())
    made_by = HOLDING[item.type]
    return made_by is None or component(item) in made_by


def is_primary(item: Item) -> bool:
    """Whether a database is written to."""
    return not item.value("replicateSourceDb")


def row(stack: Stack) -> Mapping[str, Any]:
    """What the stack's phase demands.

    Raises:
        KeyError: there is no such phase.
    """
    found: Mapping[str, Any] = table("phases")[stack.phase]
    return found


def _protected(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    for type_ in (*HOLDING, CACHE):
        for item in stack.of(type_):
            if holds_data(stack, item) and not item.protect:
                yield item.urn, f"{item.name}: holds data and is not protected"


def _refuses_delete(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if component(item) == "Database" and item.value("deletionProtection") is not True:
        yield f"{item.name}: AWS would delete it when asked: deletionProtection is not true"


def _encrypted(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    key = {DATABASE: "storageEncrypted", CACHE: "atRestEncryptionEnabled"}[item.type]
    if item.value(key) is not True:
        yield f"{item.name}: is not encrypted: {key} is not true"
    elif not item.value("kmsKeyId"):
        yield f"{item.name}: is encrypted with a key that is not the stack's"


def _buckets_hold(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    """Encryption and versions of buckets, which are resources of their own."""
    for bucket in stack.of(BUCKET):
        for type_, wanted in (
            ("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", _encrypts),
            ("aws:s3/bucketVersioning:BucketVersioning", _keeps_versions),
        ):
            found = [one for one in stack.beside(bucket, type_) if same_bucket(one, bucket)]
            if wanted is _keeps_versions and component(bucket) not in config["versions_of"]:
                continue
            if not any(wanted(one) for one in found):
                yield bucket.urn, f"{bucket.name}: {'is not encrypted' if wanted is _encrypts else 'keeps no versions'}"


def same_bucket(one: Item, bucket: Item) -> bool:
    """Whether a resource is about a bucket: by the bucket's name, or where that is unknown, by the resource's."""
    name, own = one.text("bucket"), bucket.text("bucket")
    if name and own:
        return name == own
    # A name that the engine makes begins with the logical one.
    return name.startswith(f"{bucket.name}-") if name else one.name == bucket.name


def _encrypts(one: Item) -> bool:
    return any((rule.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm") for rule in one.rows("rules"))


def _keeps_versions(one: Item) -> bool:
    return one.text("versioningConfiguration", "status") == "Enabled"


def _backed_up(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    days = config["days"] or row(stack)["backup_days"]
    for item in stack.of(DATABASE):
        kept = item.number("backupRetentionPeriod") or 0
        if is_primary(item) and kept < days:
            yield item.urn, f"{item.name}: backups reach back {kept:g} days; at least {days:g} at phase '{stack.phase}'"


def _final_snapshot(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if not is_primary(item):
        return
    if item.value("skipFinalSnapshot") is not False or not item.value("finalSnapshotIdentifier"):
        yield f"{item.name}: no snapshot would be left of it"


def _survives_a_zone(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    if not row(stack)["multi_az"]:
        return
    for item in stack.of(DATABASE):
        if is_primary(item) and item.value("multiAz") is not True:
            yield item.urn, f"{item.name}: has no standby in another zone: multiAz is not true"
    for item in stack.of(CACHE):
        nodes = item.number("numCacheClusters") or 0
        whole = item.value("multiAzEnabled") is True and item.value("automaticFailoverEnabled") is True
        if nodes < config["cache_nodes"] or not whole:
            yield item.urn, f"{item.name}: {nodes:g} nodes without a failover to another zone"


def _two_tasks(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    least = config["tasks"] or row(stack)["tasks"]
    services: Mapping[str, Any] = (stack.world.get("figures") or {}).get("services") or {}
    # What a worker had in hand when it died goes back to its queue, and waits for the next one.
    workers = tuple(f"-{name}" for name, one in services.items() if one.get("consumes") and not config["workers"])
    for item in stack.of(SERVICE):
        tasks = least_tasks(stack, item)
        if most_tasks(stack, item) and tasks < least and not item.text("name").endswith(workers):
            yield item.urn, f"{item.name}: {tasks:g} tasks at rest; at least {least:g} at phase '{stack.phase}'"


def _circuit_breaker(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if (
        item.value("deploymentCircuitBreaker", "enable") is not True
        or item.value("deploymentCircuitBreaker", "rollback") is not True
    ):
        yield f"{item.name}: a failed deployment is not rolled back"


def _followed(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    for region in sorted(left_behind(stack.steps())):
        yield "", f"region {region} follows nobody since a failover: its databases are closed, and no copy is there"


def _elsewhere(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    if not row(stack)["replica"]:
        return
    closed = stack.world.get("outOfUse") or ()
    databases = [item for item in stack.of(DATABASE) if item.text("identifier") not in closed]
    left = left_behind(stack.steps())
    copies = stack.of("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication")
    primaries = [item for item in databases if is_primary(item)]
    regions = [str(name) for name in stack.world.get("regions") or ()]
    for region in regions:
        if region in left or any(item.text("region") == region for item in primaries):
            continue
        there = [item for item in databases if item.text("region") == region and component(item) == "Database"]
        if len(there) < len(primaries):
            yield "", f"region {region} holds {len(there)} replicas of {len(primaries)} databases"
    if primaries and len(copies) < len(primaries):
        yield "", f"backups of {len(copies)} of {len(primaries)} databases are copied to another region"
    for bucket in stack.of(BUCKET):
        if component(bucket) == "Storage" and not any(
            same_bucket(one, bucket) for one in stack.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
        ):
            yield bucket.urn, f"{bucket.name}: is not replicated to another region"


def policies() -> list[pulumi_policy.Policy]:
    """The policies of the group."""
    return [
        on_stack(
            About(
                name="data-protected",
                group=GROUP,
                description="What holds data is protected from being deleted or replaced.",
                severity=Severity.CRITICAL,
                fix="give it protect=True",
            ),
            _protected,
        ),
        on_resource(
            About(
                name="database-deletion-protection",
                group=GROUP,
                description="AWS refuses to delete a database.",
                severity=Severity.CRITICAL,
                fix="set ascend:deletionProtection to true",
            ),
            (DATABASE,),
            _refuses_delete,
        ),
        on_resource(
            About(
                name="data-encrypted",
                group=GROUP,
                description="Databases and caches are encrypted with the stack's key.",
                severity=Severity.CRITICAL,
                fix="encrypt it from the start, with the stack's key: it cannot be changed later",
            ),
            (DATABASE, CACHE),
            _encrypted,
        ),
        on_stack(
            About(
                name="bucket-encrypted-and-versioned",
                group=GROUP,
                description="Buckets are encrypted, and those that hold data keep versions.",
                fix="give the bucket an encryption configuration, and versioning 'Enabled'",
                options={"versions_of": Option(["Storage"], "components whose buckets keep versions")},
            ),
            _buckets_hold,
        ),
        on_stack(
            About(
                name="database-backups",
                group=GROUP,
                description="Backups of a database reach back as far as its phase asks for.",
                severity=Severity.CRITICAL,
                fix="raise backupRetentionPeriod",
                options={"days": Option(0, "days that backups reach back; 0 for those of the phase")},
            ),
            _backed_up,
        ),
        on_resource(
            About(
                name="database-final-snapshot",
                group=GROUP,
                description="A database leaves a snapshot when it goes.",
                severity=Severity.CRITICAL,
                fix="set skipFinalSnapshot to false and name the snapshot",
            ),
            (DATABASE,),
            _final_snapshot,
        ),
        on_stack(
            About(
                name="survives-a-zone",
                group=GROUP,
                description="From phase 3 on databases and caches survive the loss of a zone.",
                fix="set multiAz, and two nodes with automatic failover",
                options={"cache_nodes": Option(_TWO_NODES, "nodes of a cache, at least")},
            ),
            _survives_a_zone,
        ),
        on_stack(
            About(
                name="service-two-tasks",
                group=GROUP,
                description="From phase 3 on what answers requests runs at least two tasks.",
                fix="raise minTasks",
                options={
                    "tasks": Option(0, "tasks at rest; 0 for those of the phase"),
                    "workers": Option(default=False, description="whether also of services that work on a queue"),
                },
            ),
            _two_tasks,
        ),
        on_resource(
            About(
                name="deployment-rolled-back",
                group=GROUP,
                description="A deployment that fails is rolled back.",
                fix="set deploymentCircuitBreaker with rollback",
            ),
            (SERVICE,),
            _circuit_breaker,
        ),
        on_stack(
            About(
                name="copy-in-another-region",
                group=GROUP,
                description="At phase 4 every region holds a replica, and backups and files are copied.",
                severity=Severity.CRITICAL,
                fix="add the replica, the copy of backups or the replication that is missing",
            ),
            _elsewhere,
        ),
        on_stack(
            About(
                name="follows-after-failover",
                group=GROUP,
                description="A region that another took the writes over from follows it.",
                severity=Severity.HIGH,
                # It is so from every failover on until the way home, and what is deployed meanwhile must not wait.
                level=Level.ADVISORY,
                fix="bring it back: ascend failback",
            ),
            _followed,
        ),
    ]
