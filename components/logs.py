"""Log groups."""

import pulumi
from pulumi_aws import cloudwatch

from components.base import Component

#: Days that logs are kept. An incident is looked into within weeks; longer is paid for and not read.
RETENTION_DAYS = 30


def log_group(
    component: Component, suffix: str, name: str, key_arn: pulumi.Input[str], *, protect: bool = True
) -> cloudwatch.LogGroup:
    """An encrypted log group below `component`.

    The name is given, not derived: it is where people and queries look, and it must not change while logs are in it.

    Args:
        component: the parent.
        suffix: what the logical name adds to the parent's.
        name: the group's name.
        key_arn: the key that encrypts it; its policy must name the logs service.
        protect: whether it is kept as data is: what happened before something went is asked for after it.
    """
    return cloudwatch.LogGroup(
        component.child(suffix),
        name=name,
        retention_in_days=RETENTION_DAYS,
        kms_key_id=key_arn,
        region=component.scope.region,
        tags=component.tags(),
        opts=component.child_options(protect=protect),
    )
