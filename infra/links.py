"""What connects the regions of a stack: networks, buckets, copies of backups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi

from components import database as database_module
from components.backup_copies import BackupCopies, BackupCopiesArgs
from components.peering import Opening, Peering, PeeringArgs, Side
from components.storage_replication import Destination, SourceBucket, StorageReplication, StorageReplicationArgs
from infra.region import region_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.base import Component
    from infra.databases import Source
    from infra.deployment import Deployment
    from infra.region import Region


def link_regions(parent: Component, deployment: Deployment, primary: Region, others: Sequence[Region]) -> None:
    """Build the other regions, each behind its way to the primary one, and what is copied between them.

    The ways are a star, not a mesh: a region's tasks write to the primary region and to no other.

    Args:
        parent: the root.
        deployment: what the stack is.
        primary: the primary region, built.
        others: the others, of which only the ground is there; the first that serves takes the copies of backups.
    """
    for other in others:
        peering = _make_peering(parent, primary, other)
        other.build([_through(peering, shard.source) for shard in primary.data.shards])
    serving = [other for other in others if other.ground.region in deployment.serving]
    if deployment.storage_replication:
        _replicate_storage(parent, deployment, primary, serving)
    if deployment.database.copy_backups and serving:
        _copy_backups(parent, deployment, primary, serving[0])


def _through(peering: Peering, source: Source) -> Source:
    """A database of the primary region, whose address is known once there is a way to it."""
    address = pulumi.Output.all(source.address, peering.connection_id).apply(lambda known: str(known[0]))
    return replace(source, address=address)


def _make_peering(parent: Component, primary: Region, other: Region) -> Peering:
    """The way between the networks of the primary region and another, which its databases are open to.

    Args:
        parent: the root.
        primary: the primary region, built.
        other: the other, of which only the ground is there.
    """
    first, second = sorted((_side(primary), _side(other)), key=lambda side: side.code)
    code = region_code(primary.ground.region)
    return Peering(
        parent.child(f"peering-{first.code}-{second.code}"),
        PeeringArgs(
            sides=(first, second),
            openings={
                shard.name: Opening(
                    side=code, security_group_id=shard.source.security_group_id, port=database_module.PORT
                )
                for shard in primary.data.shards
            },
        ),
        parent.child_options(),
    )


def _side(region: Region) -> Side:
    ground = region.ground
    return Side(
        code=region_code(ground.region),
        scope=region.scope,
        vpc_id=ground.network.vpc_id,
        cidr=ground.region.cidr,
        task_table_ids=ground.network.private_table_ids,
        data_table_id=ground.network.isolated_table_id,
    )


def _replicate_storage(parent: Component, deployment: Deployment, primary: Region, others: Sequence[Region]) -> None:
    """Replicate the buckets of the primary region to each other one, and back where they are to agree.

    Args:
        parent: the root.
        deployment: what the stack is.
        primary: the primary region.
        others: those that serve beside it.
    """
    ways = {name: bucket.replicate for name, bucket in deployment.buckets.items()}
    _replicate(parent, primary, others, [name for name, way in ways.items() if way != "no"])
    for other in others:
        _replicate(parent, other, [primary], [name for name, way in ways.items() if way == "both-ways"])


def _replicate(parent: Component, source: Region, destinations: Sequence[Region], names: Sequence[str]) -> None:
    if not names:
        return
    code = region_code(source.ground.region)
    StorageReplication(
        parent.child(f"replication-{code}"),
        StorageReplicationArgs(
            scope=source.scope,
            key_arn=source.ground.keys.key_arn,
            topic_arn=source.topic_arn,
            buckets=_buckets(source, names),
            destinations=[
                Destination(
                    code=region_code(one.ground.region),
                    region=one.scope.region,
                    key_arn=one.ground.keys.key_arn,
                    topic_arn=one.topic_arn,
                    buckets=_buckets(one, names),
                )
                for one in destinations
            ],
        ),
        parent.child_options(),
    )


def _buckets(region: Region, names: Sequence[str]) -> dict[str, SourceBucket]:
    storage = region.data.storage

    def arn(name: str) -> pulumi.Output[str]:
        """Known once the bucket keeps versions: S3 takes no rule whose destination does not yet."""
        return pulumi.Output.all(storage.arns[name], storage.versioned[name]).apply(lambda both: str(both[0]))

    return {name: SourceBucket(name=storage.versioned[name], arn=arn(name)) for name in names}


def _copy_backups(parent: Component, deployment: Deployment, primary: Region, second: Region) -> None:
    """Copy the backups of the primary region's databases to another.

    Args:
        parent: the root.
        deployment: what the stack is.
        primary: the primary region.
        second: where to.
    """
    BackupCopies(
        parent.child(f"backups-{region_code(second.ground.region)}"),
        BackupCopiesArgs(
            scope=second.scope,
            key_arn=second.ground.keys.key_arn,
            sources={shard.name: shard.database.arn for shard in primary.data.shards},
            days=deployment.database.backup_days,
        ),
        parent.child_options(),
    )
