"""Buckets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components import policy
from components.base import Component, Scope

_UPLOAD_DAYS = 7
_ARCHIVE_CLASS = "GLACIER"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRule:
    """What happens with objects under a prefix as they grow old.

    Attributes:
        prefix: start of the objects' names.
        archive_after_days: days until they move to archive storage.
        delete_after_days: days until they are deleted; None for never.
    """

    prefix: str
    archive_after_days: int
    delete_after_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketArgs:
    """One bucket.

    Attributes:
        versions: whether overwritten and deleted objects can be brought back.
        old_versions_days: days that old versions are kept.
        archive: rules for objects that grow old.
    """

    versions: bool = True
    old_versions_days: int = 30
    archive: Sequence[ArchiveRule] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageArgs:
    """What `Storage` needs.

    Attributes:
        scope: where it belongs.
        key_arn: the key that encrypts objects.
        buckets: the buckets by name.
    """

    scope: Scope
    key_arn: pulumi.Input[str]
    buckets: Mapping[str, BucketArgs]


class Storage(Component):
    """Private, encrypted, versioned buckets with lifecycle rules.

    Names are derived (a bucket's name is taken in all of AWS). No object is reachable without signed credentials and
    TLS, and access lists are switched off, so that policies alone decide.

    Attributes:
        names: name of each bucket.
        arns: ARN of each bucket.
    """

    tag = "storage"

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        self.names: dict[str, pulumi.Output[str]] = {}
        self.arns: dict[str, pulumi.Output[str]] = {}
        for key, bucket in args.buckets.items():
            self._bucket(key, bucket)
        self.register_outputs({"names": self.names, "arns": self.arns})

    def _bucket(self, key: str, args: BucketArgs) -> None:
        name, region = self.child(key), self.scope.region
        bucket = s3.Bucket(name, region=region, tags=self.tags(name), opts=self.child_options(protect=True))
        block = s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=region,
            opts=self.child_options(),
        )
        s3.BucketOwnershipControls(
            name,
            bucket=bucket.bucket,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            region=region,
            opts=self.child_options(),
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=(
                        s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            sse_algorithm="aws:kms",
                            kms_master_key_id=self._args.key_arn,
                        )
                    ),
                    # One call to the key per bucket and a while, not one per object.
                    bucket_key_enabled=True,
                ),
            ],
            region=region,
            opts=self.child_options(),
        )
        versioning = s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(
                # Replication, which a later phase brings, needs versions; "Disabled" is possible only at the start.
                status="Enabled" if args.versions else "Suspended",
            ),
            region=region,
            opts=self.child_options(),
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=_lifecycle(args),
            region=region,
            # Rules for old versions are refused while there can be none.
            opts=self.child_options(depends_on=[versioning]),
        )
        s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=policy.document(
                policy.deny_plain_transport("s3:*", [bucket.arn, bucket.arn.apply(lambda arn: f"{arn}/*")]),
            ),
            region=region,
            # Both change the bucket's policy status; side by side, S3 answers one of them with a conflict.
            opts=self.child_options(depends_on=[block]),
        )
        self.names[key] = bucket.bucket
        self.arns[key] = bucket.arn


def _lifecycle(args: BucketArgs) -> list[s3.BucketLifecycleConfigurationRuleArgs]:
    """Unfinished uploads and old versions go; what grows old is archived, then deleted if it may be."""
    everything = s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    rules = [
        s3.BucketLifecycleConfigurationRuleArgs(
            id="unfinished-uploads",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=_UPLOAD_DAYS,
            ),
        ),
        s3.BucketLifecycleConfigurationRuleArgs(
            id="old-versions",
            status="Enabled",
            filter=everything,
            noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=args.old_versions_days,
            ),
        ),
    ]
    for rule in args.archive:
        expiration = (
            None
            if rule.delete_after_days is None
            else s3.BucketLifecycleConfigurationRuleExpirationArgs(days=rule.delete_after_days)
        )
        rules.append(
            s3.BucketLifecycleConfigurationRuleArgs(
                id=f"archive-{rule.prefix.strip('/').replace('/', '-')}",
                status="Enabled",
                filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=rule.prefix),
                transitions=[
                    s3.BucketLifecycleConfigurationRuleTransitionArgs(
                        days=rule.archive_after_days,
                        storage_class=_ARCHIVE_CLASS,
                    ),
                ],
                expiration=expiration,
            ),
        )
    return rules
