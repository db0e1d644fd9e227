"""Copies of a database's backups in another region."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from components.base import Component, Scope
from components.errors import ComponentError

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html,
# read 2026-11-21
_MOST_DAYS = 35


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCopiesArgs:
    """What `BackupCopies` needs.

    Attributes:
        scope: where the copies are.
        key_arn: the key of that region, which encrypts them.
        sources: ARN of each database by name, all in another region.
        days: days that the copies reach back.
    """

    scope: Scope
    key_arn: pulumi.Input[str]
    sources: Mapping[str, pulumi.Input[str]]
    days: int

    def __post_init__(self) -> None:
        """Refuse what RDS refuses.

        Raises:
            ComponentError: naming the days and what is allowed.
        """
        if not 1 <= self.days <= _MOST_DAYS:
            msg = f"copies of backups for {self.days} days; allowed: 1 to {_MOST_DAYS}"
            raise ComponentError(msg)


class BackupCopies(Component):
    """Automated backups, snapshots and transaction logs, replicated to another region as they are made.

    A replica follows every mistake within a second; from these a database is restored as it was at a point in time,
    also when its own region is gone. Every byte crosses once and is billed as transfer between regions, and the copies
    as backup storage. They are copies: a step down deletes them, the backups themselves stay.
    """

    tag = "backups"

    def __init__(self, name: str, args: BackupCopiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts, {"region": args.scope.region})
        for key, arn in args.sources.items():
            rds.InstanceAutomatedBackupsReplication(
                self.child(key),
                source_db_instance_arn=arn,
                kms_key_id=args.key_arn,
                retention_period=args.days,
                region=args.scope.region,
                opts=self.child_options(),
            )
        self.register_outputs({})
