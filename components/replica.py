"""A read replica of the database, in the region of its source."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from components import alarms, facts
from components.base import Component, Scope, physical
from components.database import INSIGHTS_DAYS, LOGS, PORT
from components.database_alarms import ReplicaThresholds, replica_alarms
from components.errors import ComponentError
from components.logs import log_group

_DAYS = ("sat", "fri", "thu", "wed", "tue", "mon")
_FIRST_HOUR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaArgs:
    """What `Replica` needs.

    Attributes:
        scope: where it belongs.
        number: 1 for the first replica of its source, and so on.
        source_identifier: the primary, whose backups must be on.
        source_zone: the availability zone of the primary, by name.
        zones: the availability zones of the primary's subnets, by name.
        security_group_id: the primary's group, so that whoever may connect to the one may connect to the other.
        parameter_group_name: the primary's parameters.
        key_arn: the key that encrypts storage, logs and insights.
        topic_arn: the topic of its alarms.
        instance_class: RDS instance class, the primary's: PostgreSQL stops replaying on a server that takes fewer
            connections than its primary, and RDS derives that from the class.
        max_connections: the most connections that PostgreSQL takes on that class.
        performance_insights: whether the class has Performance Insights.
        storage_gib: storage at least, in GiB, the primary's.
        max_storage_gib: how far storage may grow by itself, in GiB, the primary's.
        thresholds: where alarms go off.
    """

    scope: Scope
    number: int
    source_identifier: pulumi.Input[str]
    source_zone: pulumi.Input[str]
    zones: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    parameter_group_name: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    instance_class: str
    max_connections: int
    performance_insights: bool
    storage_gib: int
    max_storage_gib: int
    thresholds: ReplicaThresholds

    def __post_init__(self) -> None:
        """Refuse what RDS refuses.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        most = facts.load("database")["most_replicas"]
        if not 1 <= self.number <= most:
            msg = f"read replica number {self.number}; allowed: 1 to {most}"
            raise ComponentError(msg)
        if not self.zones:
            msg = "read replica without availability zones; at least 1 is needed"
            raise ComponentError(msg)


class Replica(Component):
    """An encrypted read replica.

    It has no user, password, database, subnet group, final snapshot or backups of its own: it takes them from its
    source or has none. It is protected like its source all the same, for it may be promoted to be one, and what reads
    from it breaks when it goes.

    It begins as a snapshot of its source, which has to have backups for that; `Database` never is without them. While
    both grow to a larger class it stands still until it has got there too, because the source goes first: reads are
    stale for those minutes.

    Attributes:
        identifier: the instance's name.
        arn: its ARN.
        address: host name.
    """

    tag = "replica"

    def __init__(self, name: str, args: ReplicaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        identifier = physical(name)
        region = args.scope.region
        log_groups: list[pulumi.Resource] = [
            log_group(self, f"log-{kind}", f"/aws/rds/instance/{identifier}/{kind}", args.key_arn) for kind in LOGS
        ]
        growing = args.max_storage_gib > args.storage_gib
        instance = rds.Instance(
            self.child("instance"),
            identifier=identifier,
            replicate_source_db=args.source_identifier,
            instance_class=args.instance_class,
            # Of its own, not the source's: a replica that becomes a primary is given a standby then.
            multi_az=False,
            availability_zone=pulumi.Output.all(args.source_zone, *args.zones).apply(
                lambda names: zone_for(args.number, str(names[0]), [str(one) for one in names[1:]])
            ),
            port=PORT,
            publicly_accessible=False,
            vpc_security_group_ids=[args.security_group_id],
            parameter_group_name=args.parameter_group_name,
            ca_cert_identifier=facts.load("database")["ca_certificate"],
            storage_type="gp3",
            # It begins with its source's storage, whatever is said here; later it has to be enlarged with its source.
            allocated_storage=args.storage_gib,
            max_allocated_storage=args.max_storage_gib if growing else None,
            storage_encrypted=True,
            kms_key_id=args.key_arn,
            auto_minor_version_upgrade=True,
            maintenance_window=maintenance_window(args.number),
            copy_tags_to_snapshot=True,
            deletion_protection=True,
            # RDS takes no final snapshot of a replica; its source has the data.
            skip_final_snapshot=True,
            enabled_cloudwatch_logs_exports=list(LOGS),
            performance_insights_enabled=args.performance_insights,
            performance_insights_kms_key_id=args.key_arn if args.performance_insights else None,
            performance_insights_retention_period=INSIGHTS_DAYS if args.performance_insights else None,
            apply_immediately=True,
            region=region,
            tags=self.tags(name),
            opts=self.child_options(
                protect=True,
                depends_on=log_groups,
                # Where it was put is where it stays: after a failover the source is in another zone, and a replica that
                # followed would be a new one.
                ignore_changes=["availabilityZone"],
            ),
        )
        alarms.declare(
            self,
            replica_alarms(
                instance.identifier,
                args.thresholds,
                storage_gib=args.storage_gib,
                max_connections=args.max_connections,
            ),
            args.topic_arn,
        )
        self.identifier = instance.identifier
        self.arn = instance.arn
        self.address = instance.address
        self.register_outputs({"identifier": self.identifier, "arn": self.arn, "address": self.address})


def zone_for(number: int, source_zone: str, zones: Sequence[str]) -> str:
    """The zone of a replica: the source's comes last, the others in turn.

    Args:
        number: 1 for the first replica, and so on.
        source_zone: the zone of its source.
        zones: the zones that there are.
    """
    order = [zone for zone in zones if zone != source_zone] + [zone for zone in zones if zone == source_zone]
    return order[(number - 1) % len(order)]


def maintenance_window(number: int) -> str:
    """An hour of the week of its own for each replica, in UTC.

    All are before the primary's on Sunday: PostgreSQL wants a standby to be on a new minor version first. None meets
    the hour of backups, which a replica takes over from its source.
    """
    later, day = divmod(number - 1, len(_DAYS))
    hour = _FIRST_HOUR + later
    return f"{_DAYS[day]}:{hour:02}:30-{_DAYS[day]}:{hour + 1:02}:30"
