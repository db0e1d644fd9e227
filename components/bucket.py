"""A private bucket, as every bucket of a stack is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components import policy
from components.base import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateBucket:
    """A bucket, and what it is not complete without.

    Attributes:
        bucket: the bucket itself.
        versioning: whether it keeps versions; what needs them waits for this.
        policy: who may do what; what writes into the bucket by it waits for this.
    """

    bucket: s3.Bucket
    versioning: s3.BucketVersioning
    policy: s3.BucketPolicy


def private_bucket(
    component: Component,
    suffix: str,
    *,
    key_arn: pulumi.Input[str] | None = None,
    versions: bool = True,
    protect: bool = False,
    force_destroy: bool = False,
    grants: Callable[[pulumi.Output[str]], Sequence[policy.Statement]] = lambda _arn: (),
) -> PrivateBucket:
    """A bucket below `component` that nobody reaches without signed credentials and TLS.

    Its name is derived (a bucket's name is taken in all of AWS). Access lists are switched off, so that policies alone
    decide.

    Args:
        component: the parent.
        suffix: what the logical name adds to the parent's.
        key_arn: the key that encrypts objects; None for Amazon's own, which some services that write logs insist on.
        versions: whether overwritten and deleted objects can be brought back.
        protect: whether it holds data.
        force_destroy: whether it goes with what is in it; never for data.
        grants: further statements of its policy, given its ARN.
    """
    name, region = component.child(suffix), component.scope.region
    bucket = s3.Bucket(
        name,
        force_destroy=force_destroy or None,
        region=region,
        tags=component.tags(name),
        opts=component.child_options(protect=protect),
    )
    block = s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        region=region,
        opts=component.child_options(),
    )
    s3.BucketOwnershipControls(
        name,
        bucket=bucket.bucket,
        rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        region=region,
        opts=component.child_options(),
    )
    _encrypt(component, name, bucket, key_arn)
    versioning = s3.BucketVersioning(
        name,
        bucket=bucket.bucket,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(
            # Replication, which a later phase brings, needs versions; "Disabled" is possible only at the start.
            status="Enabled" if versions else "Suspended",
        ),
        region=region,
        opts=component.child_options(),
    )
    rules = s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=policy.document(
            policy.deny_plain_transport("s3:*", [bucket.arn, bucket.arn.apply(lambda arn: f"{arn}/*")]),
            *grants(bucket.arn),
        ),
        region=region,
        # Both change the bucket's policy status; side by side, S3 answers one of them with a conflict.
        opts=component.child_options(depends_on=[block]),
    )
    return PrivateBucket(bucket=bucket, versioning=versioning, policy=rules)


def _encrypt(component: Component, name: str, bucket: s3.Bucket, key_arn: pulumi.Input[str] | None) -> None:
    """What objects are encrypted with that do not say so themselves."""
    default = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="AES256" if key_arn is None else "aws:kms",
        kms_master_key_id=key_arn,
    )
    s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default,
                # One call to the key per bucket and a while, not one per object.
                bucket_key_enabled=None if key_arn is None else True,
            ),
        ],
        region=component.scope.region,
        opts=component.child_options(),
    )
