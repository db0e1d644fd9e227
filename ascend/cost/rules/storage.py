"""S3: what is stored, requests, copies in other regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.cost import usage
from ascend.cost.model import Span
from ascend.cost.usage import GB

if TYPE_CHECKING:
    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource

_BUCKET = "aws:s3/bucket:Bucket"
_STORAGE = "ascend:components:Storage"
_BALANCER = "ascend:components:LoadBalancer"


def bucket(resource: Resource, bill: Bill) -> None:
    """A bucket: of a system's files, its part of them; of a load balancer's log, what it wrote in a month."""
    if resource.owner_type == _STORAGE:
        stored, share = _files(resource, bill)
        bill.add(resource, "Storage", "s3.storage", stored, usage_based=True)
        requests = bill.used(resource.region).requests * share
        if requests.high > 0:
            writes = requests * bill.default("s3_writes_per_request")
            bill.add(resource, "Writing requests", "s3.write", writes, usage_based=True)
            reads = requests * bill.default("s3_reads_per_request")
            bill.add(resource, "Reading requests", "s3.read", reads, usage_based=True)
    elif resource.owner_type == _BALANCER:
        size = bill.default("access_log_bytes_per_request") / GB
        log = bill.used(resource.region).requests * size
        if log.high > 0:
            bill.add(resource, "Storage", "s3.storage", log, usage_based=True)
    else:
        bill.add(resource, "Storage", "s3.storage", bill.default("other_bucket_gb"), usage_based=True)


def _files(resource: Resource, bill: Bill) -> tuple[Span, float]:
    """GB that a bucket of files holds, and its part of its region's requests: users' files are spread evenly.

    A bucket in another region holds as much again where it is a copy, and nothing of it where it is not.
    """
    share = 1 / len([one for one in bill.plan.of(_BUCKET, resource.region) if one.owner_type == _STORAGE])
    whole = usage.users_of(bill.plan, bill.users) * bill.default("stored_gb_per_user") * share
    return Span(whole / 2, whole, 2 * whole), share


def replication(resource: Resource, bill: Bill) -> None:
    """Copies of a bucket's new objects to another region: data, writing there, metrics of the copying."""
    buckets = max(1, len([one for one in bill.plan.of(_BUCKET, resource.region) if one.owner_type == _STORAGE]))
    whole = usage.users_of(bill.plan, bill.users) * bill.default("stored_gb_per_user") / buckets
    moved = whole * bill.default("stored_changed_monthly_share")
    bill.add(
        resource,
        "Data to the other region",
        "transfer.cross-region",
        Span(moved / 2, moved, 2 * moved),
        usage_based=True,
    )
    writes = bill.used(resource.region).requests * (bill.default("s3_writes_per_request") / buckets)
    if writes.high > 0:
        bill.add(resource, "Writing requests", "s3.write", writes, usage_based=True)
    rules = len(resource.rows("rules"))
    bill.add(resource, "Metrics", "cloudwatch.metric", rules * bill.default("metrics_per_replication"))


RULES = {
    _BUCKET: bucket,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": replication,
}
