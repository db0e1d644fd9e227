"""The way in from another PostgreSQL: its place in a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components import database as database_module
from components.rds_instance import PORT

if TYPE_CHECKING:
    import pulumi

    from infra.data import Data
    from infra.ground import Ground
    from infra.migration_plan import MigrationPlan


def make_migration(ground: Ground, data: Data, plan: MigrationPlan, password: str) -> dict[str, pulumi.Input[object]]:
    """Declare it, into the first database, and return what the stack shows of it.

    Args:
        ground: the region where the database is written to.
        data: its databases.
        plan: the migration.
        password: of the source's user.
    """
    # Few stacks have one, and its SDK module takes a while to import.
    from components.migration import Migration, MigrationArgs, MigrationEnd  # noqa: PLC0415

    network, first = ground.network, data.shards[0]
    behind_nat = bool(network.task_subnet_ids)
    migration = Migration(
        ground.parent.child("migration"),
        MigrationArgs(
            scope=ground.parent.scope,
            vpc_id=network.vpc_id,
            subnet_ids=network.task_subnet_ids or network.public_subnet_ids,
            public_address=not behind_nat,
            key_arn=ground.keys.key_arn,
            topic_arn=ground.alarms.topic_arn,
            source=MigrationEnd(
                host=plan.host,
                port=plan.port,
                database=plan.database,
                username=plan.username,
                password=password,
            ),
            # By its own address: a pool in front of it would hold on to a connection that changes its own settings.
            target=MigrationEnd(
                host=first.database.address,
                port=PORT,
                database=database_module.DATABASE_NAME,
                username=database_module.USERNAME,
                password=first.database.password,
            ),
            target_group_id=first.database.security_group_id,
            tables=plan.tables,
            instance_class=plan.instance_class,
            storage_gib=plan.storage_gib,
            started=plan.started,
        ),
        ground.parent.child_options(),
    )
    return {"migrationTaskArn": migration.task_arn, "migrationInstanceArn": migration.instance_arn}
