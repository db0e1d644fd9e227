"""The relational database of one region."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_random as random
from pulumi_aws import ec2, rds

from components import alarms, database_parameters, facts, rds_instance
from components.base import Component, Scope, physical
from components.database_alarms import DatabaseThresholds, database_alarms, replica_alarms
from components.errors import ComponentError

#: The TCP port that clients connect to.
PORT = rds_instance.PORT
#: The user that owns the database. It cannot be renamed, so it says nothing about the product.
USERNAME = "app"
DATABASE_NAME = database_parameters.DATABASE_NAME
_PASSWORD_LENGTH = 40
#: How long a replica in another region may take to come up: it begins as a copy of a snapshot that crosses regions. The
#: provider gives up after 40 minutes otherwise (website/docs/r/db_instance.html.markdown, read 2026-11-21).
_COPYING = "12h"
#: What only a primary or only a follower has. A follower leaves it as it is: RDS gives no instance another source than
#: the one it was made with, and a former primary stays one.
_OWN = [
    "allowMajorVersionUpgrade",
    "backupRetentionPeriod",
    "backupWindow",
    "dbName",
    "engine",
    "engineVersion",
    "finalSnapshotIdentifier",
    "maintenanceWindow",
    "multiAz",
    "password",
    "replicateSourceDb",
    "skipFinalSnapshot",
    "username",
]
#: What a retired one leaves as it is, too: it is as large and as new as it was when another took its place.
_LEFT = [
    *_OWN,
    "allocatedStorage",
    "instanceClass",
    "maxAllocatedStorage",
    "parameterGroupName",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseArgs:
    """What `Database` needs.

    Attributes:
        scope: where it belongs.
        vpc_id: the network.
        subnet_ids: isolated subnets in at least two zones.
        key_arn: the key that encrypts storage, logs and insights.
        topic_arn: the topic of its alarms.
        version: major version of PostgreSQL; minor ones follow by themselves in the maintenance window.
        instance_class: RDS instance class.
        max_connections: the most connections that PostgreSQL takes on that class.
        performance_insights: whether the class has Performance Insights.
        storage_gib: storage at least, in GiB.
        max_storage_gib: how far storage may grow by itself, in GiB.
        multi_az: whether a standby in another zone takes over.
        backup_days: days that point-in-time backups reach back.
        slow_query_ms: statements that take longer are logged, in ms.
        thresholds: where alarms go off.
        source_arn: ARN of the database in another region that it follows; None for a primary.
        retired: whether it is out of use, another having taken its place: it stays as it is, and nobody is let in.
        protect: whether it is kept as data is; what is retired may be let go.
        deletion_protection: whether AWS refuses to delete it.
        extensions: PostgreSQL extensions in use.
        parameters: further parameters of the server, by name.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    version: str
    instance_class: str
    max_connections: int
    performance_insights: bool
    storage_gib: int
    max_storage_gib: int
    multi_az: bool
    backup_days: int
    slow_query_ms: int
    thresholds: DatabaseThresholds
    source_arn: pulumi.Input[str] | None = None
    retired: bool = False
    protect: bool = True
    deletion_protection: bool = True
    extensions: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what RDS refuses or what would cost data.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        storage = facts.load("rds_classes")["storage"]
        if not storage["min_gib"] <= self.storage_gib <= storage["max_gib"]:
            msg = f"database storage of {self.storage_gib} GiB; allowed: {storage['min_gib']} to {storage['max_gib']}"
            raise ComponentError(msg)
        least = self.storage_gib * (1 + storage["headroom"])
        if not (self.max_storage_gib == self.storage_gib or least <= self.max_storage_gib <= storage["max_gib"]):
            msg = (
                f"database storage may grow to {self.max_storage_gib} GiB; allowed: {self.storage_gib} (no growth) or "
                f"{least:g} to {storage['max_gib']}"
            )
            raise ComponentError(msg)
        if not 1 <= self.backup_days <= 35:  # noqa: PLR2004 -- RDS's own range; 0 would mean no backups at all
            msg = f"database backups of {self.backup_days} days; allowed: 1 to 35"
            raise ComponentError(msg)


class Database(Component):
    """An encrypted RDS PostgreSQL instance that cannot be lost by mistake.

    Protected in Pulumi and in AWS, with a final snapshot, backups that outlive it, forced TLS, a parameter group of its
    own (one cannot be put in later without a restart), and its alarms. What AWS cannot change in place is the same at
    every size, so growing it never replaces it.

    Changes apply at once, not in the next maintenance window: when an update has ended, what it shows is what runs.

    With a source it is a replica in another region: under the same name, behind its own region's key, network and
    parameters, so that it becomes a primary where it stands. Dropping the source does that in one update: the provider
    promotes it with its backups, waits, and then modifies the rest (`resourceInstanceUpdate`,
    internal/service/rds/instance.go, read 2026-11-21). From then on it has its own password, which whoever still knows
    the old one does not. The other way does not exist: a former primary whose arguments name a source keeps what it
    has, and is retired for another that takes its place. What it is sent by its source crosses regions encrypted, over
    AWS's own network, and is billed as transfer between regions.

    Attributes:
        identifier: the instance's name.
        arn: its ARN.
        resource_id: what Performance Insights calls it.
        address: host name.
        zone: the availability zone that it was made in, by name.
        security_group_id: the group to let clients in by.
        parameter_group_name: the server's parameters, which its replicas share.
        password: the owner's password while this is a primary, a secret.
    """

    tag = "database"

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        region = args.scope.region
        identifier = physical(name)
        # 40 letters and digits are 238 bits; other characters would need escaping in URLs and some are refused by RDS.
        password = random.RandomPassword(
            self.child("password"),
            length=_PASSWORD_LENGTH,
            special=False,
            opts=self.child_options(protect=args.protect),
        )
        # A snapshot's name must be free when the database goes, also the second time a stack of this name does.
        farewell = random.RandomId(self.child("final"), byte_length=4, opts=self.child_options())
        group = ec2.SecurityGroup(
            self.child("group"),
            description="The database: only what asks for it comes in, nothing goes out",
            vpc_id=args.vpc_id,
            region=region,
            tags=self.tags(self.child("group")),
            opts=self.child_options(),
        )
        parameters = self._parameters()
        common = {
            **rds_instance.arguments(self, args),
            "db_subnet_group_name": self._subnets().name,
            "vpc_security_group_ids": [group.id],
            "parameter_group_name": parameters.name,
            "delete_automated_backups": False,
            "deletion_protection": args.deletion_protection,
        }
        final_name = farewell.hex.apply(lambda mark: f"{identifier}-final-{mark}")
        options = self.child_options(
            protect=args.protect,
            depends_on=rds_instance.log_groups(self, args.key_arn, protect=args.protect),
            ignore_changes=_LEFT if args.retired else None if args.source_arn is None else _OWN,
        )
        if args.source_arn is not None:
            options.custom_timeouts = pulumi.CustomTimeouts(create=_COPYING)
        instance = rds.Instance(
            self.child("primary"),
            **common,
            **(self._of_a_primary(password.result, final_name) if args.source_arn is None else self._of_a_follower()),
            opts=options,
        )
        sizes = {"storage_gib": args.storage_gib, "max_connections": args.max_connections}
        watched = database_alarms if args.source_arn is None else replica_alarms
        alarms.declare(self, watched(instance.identifier, args.thresholds, **sizes), args.topic_arn)
        self.identifier = instance.identifier
        self.arn = instance.arn
        self.resource_id = instance.resource_id
        self.address = instance.address
        self.zone = instance.availability_zone
        self.parameter_group_name = parameters.name
        self.security_group_id = group.id
        self.password = password.result
        self.register_outputs(
            {
                "identifier": self.identifier,
                "arn": self.arn,
                "address": self.address,
                "securityGroupId": self.security_group_id,
            },
        )

    def _of_a_primary(self, password: pulumi.Input[str], final_name: pulumi.Input[str]) -> dict[str, Any]:
        """What a server has that is written to."""
        args = self._args
        return {
            "engine": "postgres",
            "engine_version": args.version,
            "allow_major_version_upgrade": False,
            "multi_az": args.multi_az,
            "db_name": DATABASE_NAME,
            "username": USERNAME,
            "password": password,
            "backup_retention_period": args.backup_days,
            # UTC; an hour apart, as RDS asks, and where most of the world sleeps least at once.
            "backup_window": "03:00-04:00",
            "maintenance_window": "sun:04:30-sun:05:30",
            "skip_final_snapshot": False,
            "final_snapshot_identifier": final_name,
        }

    def _of_a_follower(self) -> dict[str, Any]:
        """What one has that follows another; the rest it takes from its source. RDS takes no final snapshot of it."""
        return {
            "replicate_source_db": self._args.source_arn,
            "skip_final_snapshot": True,
            # Before its source: PostgreSQL wants a standby to be on a new minor version first.
            "maintenance_window": "sat:01:30-sat:02:30",
        }

    def _subnets(self) -> rds.SubnetGroup:
        return rds.SubnetGroup(
            self.child("subnets"),
            description="Isolated subnets of the database",
            subnet_ids=self._args.subnet_ids,
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )

    def _parameters(self) -> rds.ParameterGroup:
        """The server's parameters, under a derived name: the group of the next major version has to exist beside it."""
        return rds.ParameterGroup(
            self.child("parameters"),
            family=f"postgres{self._args.version}",
            description=f"PostgreSQL {self._args.version} of {self.scope.system}",
            parameters=[
                rds.ParameterGroupParameterArgs(name=key, value=value, apply_method=method)
                for key, value, method in database_parameters.server_parameters(self._args)
            ],
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(
                ignore_changes=["description", "family", "parameters"] if self._args.retired else None
            ),
        )


def url(address: str, password: str) -> str:
    """The connection string for `DATABASE_URL`: libpq's form, which SQLAlchemy, asyncpg, psycopg and Prisma read.

    node-postgres takes ``require`` for ``verify-full``: its image needs RDS's certificates, by ``NODE_EXTRA_CA_CERTS``
    (https://github.com/brianc/node-postgres/issues/2375).
    """
    return f"postgresql://{USERNAME}:{password}@{address}:{PORT}/{DATABASE_NAME}?sslmode=require"
