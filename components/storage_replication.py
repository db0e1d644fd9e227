"""Replication of a region's buckets to other regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam, s3

from components import alarms, policy
from components.alarms import Alarm, Metric, above
from components.base import Component, Scope
from components.errors import ComponentError

#: What S3's own promise of replication in time is, in seconds; without that option most objects take less too.
_LATENCY_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBucket:
    """A bucket whose objects are copied.

    Attributes:
        name: its name, known once it keeps versions.
        arn: its ARN.
    """

    name: pulumi.Input[str]
    arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A region that objects are copied to.

    Attributes:
        code: the region's short name (``euw1``).
        region: the region.
        key_arn: its key, which encrypts the copies.
        topic_arn: its topic of alarms.
        buckets: the bucket for each of the sources, by the same name; without one, that source is not copied there.
    """

    code: str
    region: str
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    buckets: Mapping[str, SourceBucket]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageReplicationArgs:
    """What `StorageReplication` needs.

    Attributes:
        scope: where the sources are.
        key_arn: the key that encrypts them.
        topic_arn: the topic of alarms where the sources are.
        buckets: the sources by name.
        destinations: where to, in an order that later ones are added to the end of.
    """

    scope: Scope
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    buckets: Mapping[str, SourceBucket]
    destinations: Sequence[Destination]

    def __post_init__(self) -> None:
        """Refuse copies to nowhere.

        Raises:
            ComponentError: naming the bucket.
        """
        for key in self.buckets:
            if not any(key in destination.buckets for destination in self.destinations):
                msg = f"bucket '{key}' is to be replicated, but nowhere to"
                raise ComponentError(msg)
        here = [one.region for one in self.destinations if one.region == self.scope.region]
        if here:
            msg = f"buckets of '{here[0]}' are to be replicated to their own region"
            raise ComponentError(msg)


class StorageReplication(Component):
    """New objects, deletions and changes of metadata, copied to the other regions.

    Copies are encrypted with the other region's key. Where both sides replicate, each also sends the changes of
    metadata that are made to a copy, so that they agree; S3 itself never sends a copy on, so nothing goes in circles.
    Objects that were there before are not copied by a rule: that is one S3 Batch Replication job, once.

    Every object crosses once per destination and is billed as transfer between regions and as a request there.
    """

    tag = "replication"

    def __init__(self, name: str, args: StorageReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts, {"region": args.scope.region})
        self._args = args
        role = iam.Role(
            self.child("role"),
            description="Replicates buckets to other regions",
            # S3 names neither account nor bucket when it takes a replication role
            # (https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html, read
            # 2026-11-21); who may put the role into a bucket's rules is decided by iam:PassRole.
            assume_role_policy=policy.trust_unnamed("s3.amazonaws.com"),
            tags=self.tags(),
            opts=self.child_options(),
        )
        allowed = iam.RolePolicy(
            self.child("role"), role=role.name, policy=policy.document(*self._statements()), opts=self.child_options()
        )
        for key, bucket in args.buckets.items():
            s3.BucketReplicationConfig(
                self.child(key),
                bucket=bucket.name,
                role=role.arn,
                rules=[
                    _rule(priority, destination.code, destination.buckets[key].arn, destination.key_arn)
                    for priority, destination in enumerate(args.destinations, start=1)
                    if key in destination.buckets
                ],
                region=args.scope.region,
                opts=self.child_options(depends_on=[allowed]),
            )
        # S3 counts what failed where the source is, and measures how late copies are where they arrive; an alarm sees
        # the metrics of its own region only. https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
        for destination in args.destinations:
            copied = [key for key in args.buckets if key in destination.buckets]
            alarms.declare(self, [self._failed(key, destination) for key in copied], args.topic_arn)
            late = [self._late(key, destination) for key in copied]
            alarms.declare(self, late, destination.topic_arn, region=destination.region)
        self.register_outputs({"roleArn": role.arn})

    def _statements(self) -> list[policy.Statement]:
        """Read here, write there, and both keys through S3 alone, for these buckets alone."""
        args = self._args
        sources = [bucket.arn for bucket in args.buckets.values()]
        statements = [
            policy.allow("Rules", ["s3:GetReplicationConfiguration", "s3:ListBucket"], sources),
            policy.allow(
                "Read",
                [
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionTagging",
                ],
                [_objects(arn) for arn in sources],
            ),
            # With a bucket key, what S3 encrypts for is the bucket; for a writer that switches it off, the object.
            policy.allow("Decrypt", ["kms:Decrypt"], args.key_arn, conditions=_through_s3(args.scope.region, sources)),
        ]
        for destination in args.destinations:
            copies = [bucket.arn for key, bucket in destination.buckets.items() if key in args.buckets]
            suffix = destination.code.capitalize()
            statements += [
                policy.allow(
                    f"Write{suffix}",
                    ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
                    [_objects(arn) for arn in copies],
                ),
                policy.allow(
                    f"Encrypt{suffix}",
                    ["kms:Encrypt", "kms:GenerateDataKey"],
                    destination.key_arn,
                    conditions=_through_s3(destination.region, copies),
                ),
            ]
        return statements

    def _failed(self, key: str, destination: Destination) -> Alarm:
        """What did not arrive."""
        return Alarm(
            name=f"{key}-{destination.code}-failed",
            description=f"Replication of bucket '{key}' to {destination.region} failed for some objects. "
            "Look for a missing permission or key; then replicate them again by a batch job.",
            metrics=self._metric("OperationsFailedReplication", "Sum", key, destination),
            **above(0),
            periods=1,
            datapoints=1,
            missing="notBreaching",
        )

    def _late(self, key: str, destination: Destination) -> Alarm:
        """What has not arrived yet."""
        return Alarm(
            name=f"{key}-{destination.code}-late",
            description=f"Replication of bucket '{key}' from {self.scope.region} is more than {_LATENCY_S} s behind "
            "for 15 minutes.",
            metrics=self._metric("ReplicationLatency", "Maximum", key, destination),
            **above(_LATENCY_S),
            periods=3,
            datapoints=3,
            # No data where nothing waits.
            missing="notBreaching",
        )

    def _metric(self, name: str, statistic: str, key: str, destination: Destination) -> dict[str, Metric]:
        dimensions = {
            "SourceBucket": self._args.buckets[key].name,
            "DestinationBucket": destination.buckets[key].name,
            "RuleId": destination.code,
        }
        return {"m": Metric(namespace="AWS/S3", name=name, dimensions=dimensions, statistic=statistic, period_s=300)}


def _rule(
    priority: int, code: str, bucket_arn: pulumi.Input[str], key_arn: pulumi.Input[str]
) -> s3.BucketReplicationConfigRuleArgs:
    """Everything to one destination."""
    criteria = s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
        replica_modifications=s3.BucketReplicationConfigRuleSourceSelectionCriteriaReplicaModificationsArgs(
            status="Enabled"
        ),
        sse_kms_encrypted_objects=s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs(
            status="Enabled"
        ),
    )
    return s3.BucketReplicationConfigRuleArgs(
        id=code,
        priority=priority,
        status="Enabled",
        filter=s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
        delete_marker_replication=s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(status="Enabled"),
        source_selection_criteria=criteria,
        destination=s3.BucketReplicationConfigRuleDestinationArgs(
            bucket=bucket_arn,
            encryption_configuration=s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
                replica_kms_key_id=key_arn
            ),
            # Without them there is nothing that an alarm could be set on.
            metrics=s3.BucketReplicationConfigRuleDestinationMetricsArgs(status="Enabled"),
        ),
    )


def _objects(arn: pulumi.Input[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat(arn, "/*")


def _through_s3(region: str, bucket_arns: Sequence[pulumi.Input[str]]) -> dict[str, dict[str, object]]:
    return {
        "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
        "ArnLike": {"kms:EncryptionContext:aws:s3:arn": [*bucket_arns, *map(_objects, bucket_arns)]},
    }
