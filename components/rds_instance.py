"""What every RDS instance has alike, whether it is a primary or a replica."""

from typing import Any, Protocol

import pulumi

from components import facts
from components.base import Component, physical
from components.logs import log_group

PORT = 5432
LOGS = ("postgresql", "upgrade")
#: Days of Performance Insights that cost nothing.
INSIGHTS_DAYS = 7


class Sized(Protocol):
    """The size of an instance, and what encrypts it."""

    @property
    def key_arn(self) -> pulumi.Input[str]:
        """The key that encrypts storage, logs and insights."""

    @property
    def instance_class(self) -> str:
        """RDS instance class."""

    @property
    def performance_insights(self) -> bool:
        """Whether the class has Performance Insights."""

    @property
    def storage_gib(self) -> int:
        """Storage at least, in GiB."""

    @property
    def max_storage_gib(self) -> int:
        """How far storage may grow by itself, in GiB."""


def arguments(component: Component, args: Sized) -> dict[str, Any]:
    """The arguments of `rds.Instance` that no instance of ours has otherwise.

    Args:
        component: the parent, whose name the instance bears.
        args: its size.
    """
    insights = args.performance_insights
    return {
        "identifier": physical(component.name),
        "instance_class": args.instance_class,
        "auto_minor_version_upgrade": True,
        "port": PORT,
        "publicly_accessible": False,
        "ca_cert_identifier": facts.load("database")["ca_certificate"],
        "storage_type": "gp3",
        # No `ignore_changes`: the provider itself passes over a size below the one that storage has grown to (its
        # DiffSuppressFunc, internal/service/rds/instance.go), and a larger size has to take effect. A replica begins
        # with its source's storage, whatever is said here.
        "allocated_storage": args.storage_gib,
        "max_allocated_storage": args.max_storage_gib if args.max_storage_gib > args.storage_gib else None,
        "storage_encrypted": True,
        "kms_key_id": args.key_arn,
        "copy_tags_to_snapshot": True,
        "enabled_cloudwatch_logs_exports": list(LOGS),
        "performance_insights_enabled": insights,
        "performance_insights_kms_key_id": args.key_arn if insights else None,
        "performance_insights_retention_period": INSIGHTS_DAYS if insights else None,
        # When an update has ended, what it shows is what runs.
        "apply_immediately": True,
        "region": component.scope.region,
        "tags": component.tags(component.name),
    }


def log_groups(component: Component, key_arn: pulumi.Input[str], *, protect: bool) -> list[pulumi.Resource]:
    """The log groups of an instance. RDS would make them itself, without key and retention.

    Args:
        component: the parent of the instance and of these.
        key_arn: the key that encrypts them.
        protect: whether they are kept as data is.
    """
    identifier = physical(component.name)
    return [
        log_group(component, f"log-{kind}", f"/aws/rds/instance/{identifier}/{kind}", key_arn, protect=protect)
        for kind in LOGS
    ]
