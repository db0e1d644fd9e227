"""The way of old partitions from a database to the bucket that keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam, rds

from components import policy
from components.base import Component, Scope
from components.security_rules import HTTPS, outward


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionArchiveArgs:
    """What `PartitionArchive` needs.

    Attributes:
        scope: where it belongs.
        database_identifier: the server that writes; the primary, which alone drops what it has written.
        database_group_id: its security group, which lets nothing else out.
        bucket_arn: the bucket.
        prefixes: starts of the objects' names that it may write, each ending in ``/``.
        key_arn: the key that encrypts the bucket.
        storage_prefix_list_id: S3's addresses in the region, which the network's endpoint serves.
    """

    scope: Scope
    database_identifier: pulumi.Input[str]
    database_group_id: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    prefixes: Sequence[str]
    key_arn: pulumi.Input[str]
    storage_prefix_list_id: pulumi.Input[str]


class PartitionArchive(Component):
    """A role for the database server to write objects with (``aws_s3``), and its way to S3.

    It may only write, and only below the tables' own prefixes: who gets into the database can read nothing from the
    bucket, and what is there is kept by its versions.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/postgresql-s3-export-access-bucket.html
    """

    tag = "partition-archive"

    def __init__(self, name: str, args: PartitionArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        region, account = args.scope.region, args.scope.account_id
        role = iam.Role(
            self.child("role"),
            description="Writes old partitions to the archive",
            assume_role_policy=policy.trust(
                "rds.amazonaws.com",
                account,
                pulumi.Output.concat("arn:aws:rds:", region, ":", account, ":db:", args.database_identifier),
            ),
            tags=self.tags(),
            opts=self.child_options(),
        )
        write = iam.RolePolicy(
            self.child("role"),
            role=role.name,
            policy=policy.document(
                policy.allow(
                    "Write",
                    ["s3:AbortMultipartUpload", "s3:PutObject"],
                    [pulumi.Output.concat(args.bucket_arn, "/", prefix, "*") for prefix in args.prefixes],
                ),
                policy.allow(
                    "Encryption",
                    # Decrypt: S3 reads the parts of a large object again to put them together.
                    ["kms:Decrypt", "kms:GenerateDataKey"],
                    args.key_arn,
                    conditions={"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}},
                ),
            ),
            opts=self.child_options(),
        )
        rds.RoleAssociation(
            self.child("role"),
            db_instance_identifier=args.database_identifier,
            feature_name="s3Export",
            role_arn=role.arn,
            region=region,
            opts=self.child_options(depends_on=[write]),
        )
        outward(
            self,
            "to-storage",
            args.database_group_id,
            port=HTTPS,
            description="Old partitions go to the archive",
            prefix_list_id=args.storage_prefix_list_id,
        )
        self.register_outputs({})
