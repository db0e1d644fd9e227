"""Whom an origin trusts: the authority that signs what Cloudflare shows."""

from pulumi_aws import s3

from components import facts
from components.base import Component
from components.bucket import private_bucket

_KEY = "origin-pull-ca.pem"


def trusted_authority(component: Component) -> s3.BucketObjectv2:
    """The authority's certificate in a bucket of its own below `component`, which holds no data and so can go.

    It is public, and AWS reads it in the name of whoever deploys: a key of ours would only be one more permission that
    both need.

    Args:
        component: the parent.
    """
    trusted = private_bucket(component, "trust")
    return s3.BucketObjectv2(
        component.child("trust"),
        bucket=trusted.bucket.bucket,
        key=_KEY,
        content=facts.load("cloudflare")["origin_pull_ca"],
        content_type="application/x-pem-file",
        server_side_encryption="AES256",
        region=component.scope.region,
        tags=component.tags(),
        # An object that is put before versions are kept has none.
        opts=component.child_options(depends_on=[trusted.versioning]),
    )
