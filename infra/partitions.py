"""Tables that are split by time: the way to their archive, and the SQL that a database's owner runs."""

from collections.abc import Sequence

import pulumi

from components import partitions
from components.database import Database
from components.partition_archive import PartitionArchive, PartitionArchiveArgs
from components.partitions import PartitionedTable
from components.storage import Storage
from infra.deployment import Deployment
from infra.ground import Ground


def archive_bucket(deployment: Deployment) -> str:
    """The bucket that takes old partitions: the one with a rule for them, which the system's model makes sure of."""
    (name, *_) = [
        name
        for name, bucket in deployment.buckets.items()
        if {f"{one.table}/" for one in deployment.database.partitions} & {rule.prefix for rule in bucket.archive}
    ]
    return name


def make_archives(ground: Ground, databases: dict[str, Database], storage: Storage) -> None:
    """Open the way to the archive for each database that is written to.

    Args:
        ground: what it is built on.
        databases: the databases by their names in the region.
        storage: the region's buckets.
    """
    tables = _tables(ground.deployment)
    if not tables:
        return
    for name, database in databases.items():
        PartitionArchive(
            ground.parent.child(f"{name}-archive"),
            PartitionArchiveArgs(
                scope=ground.parent.scope,
                database_identifier=database.identifier,
                database_group_id=database.security_group_id,
                bucket_arn=storage.arns[archive_bucket(ground.deployment)],
                prefixes=[table.prefix for table in tables],
                key_arn=ground.keys.key_arn,
                storage_prefix_list_id=ground.network.storage_prefix_list_id,
            ),
            ground.parent.child_options(),
        )


def partition_sql(ground: Ground, storage: Storage) -> pulumi.Output[str] | None:
    """The script for every database that is written to in this region; None where no table is split."""
    tables, region = _tables(ground.deployment), ground.region.name
    if not tables:
        return None
    return storage.names[archive_bucket(ground.deployment)].apply(
        lambda bucket: partitions.script(tables, bucket=bucket, region=region)
    )


def _tables(deployment: Deployment) -> Sequence[PartitionedTable]:
    return [
        PartitionedTable(
            table=one.table,
            column=one.column,
            interval=one.interval,
            retention_days=one.retention_days,
            prefix=f"{one.table}/",
        )
        for one in deployment.database.partitions
    ]
