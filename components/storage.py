"""Buckets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.base import Component, Scope
from components.bucket import private_bucket

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

    Attributes:
        names: name of each bucket.
        arns: ARN of each bucket.
        versioned: name of each bucket, known once it keeps versions.
    """

    tag = "storage"

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        self.names: dict[str, pulumi.Output[str]] = {}
        self.arns: dict[str, pulumi.Output[str]] = {}
        self.versioned: dict[str, pulumi.Output[str]] = {}
        for key, bucket in args.buckets.items():
            self._bucket(key, bucket)
        self.register_outputs({"names": self.names, "arns": self.arns})

    def _bucket(self, key: str, args: BucketArgs) -> None:
        made = private_bucket(self, key, key_arn=self._args.key_arn, versions=args.versions, protect=True)
        s3.BucketLifecycleConfiguration(
            self.child(key),
            bucket=made.bucket.bucket,
            rules=_lifecycle(args),
            region=self.scope.region,
            # Rules for old versions are refused while there can be none.
            opts=self.child_options(depends_on=[made.versioning]),
        )
        self.names[key] = made.bucket.bucket
        self.arns[key] = made.bucket.arn
        self.versioned[key] = made.versioning.bucket


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
