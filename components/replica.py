"""A read replica of the database, in the region of its source."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from components import alarms, facts, rds_instance
from components.base import Component, Scope
from components.database_alarms import ReplicaThresholds, replica_alarms
from components.errors import ComponentError

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
    source or has none. It is a copy: nothing protects it, so that a step down takes it away again; what would take its
    source's place is the standby, or the `Database` of another region.

    It begins as a snapshot of its source, which has to have backups for that; `Database` never is without them. While
    both grow to a larger class it stands still until it has got there too, because the source goes first: reads are
    stale for those minutes.

    Attributes:
        identifier: the instance's name.
        arn: its ARN.
        resource_id: what Performance Insights calls it.
        address: host name.
    """

    tag = "replica"

    def __init__(self, name: str, args: ReplicaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        instance = rds.Instance(
            self.child("instance"),
            **rds_instance.arguments(self, args),
            replicate_source_db=args.source_identifier,
            # Of its own, not the source's: a copy needs no standby.
            multi_az=False,
            availability_zone=pulumi.Output.all(args.source_zone, *args.zones).apply(
                lambda names: zone_for(args.number, str(names[0]), [str(one) for one in names[1:]])
            ),
            vpc_security_group_ids=[args.security_group_id],
            parameter_group_name=args.parameter_group_name,
            maintenance_window=maintenance_window(args.number),
            deletion_protection=False,
            # RDS takes no final snapshot of a replica; its source has the data.
            skip_final_snapshot=True,
            opts=self.child_options(
                depends_on=rds_instance.log_groups(self, args.key_arn, protect=False),
                # Where it was put is where it stays: after a failover the source is in another zone, and a replica that
                # followed would be a new one. Its storage grows by itself as its source's data does: RDS refuses to
                # enlarge that of a replica in its first six hours and while its source's is being optimized, which is
                # when a promotion would (hashicorp/terraform-provider-aws issue 12493).
                ignore_changes=["availabilityZone", "allocatedStorage"],
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
        self.resource_id = instance.resource_id
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
