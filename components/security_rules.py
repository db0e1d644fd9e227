"""Who may connect to whom: rules of security groups, one port of TCP each."""

import pulumi
from pulumi_aws import vpc

from components.base import Component

HTTPS = 443
ANYWHERE = "0.0.0.0/0"


def outward(
    component: Component,
    suffix: str,
    group_id: pulumi.Input[str],
    *,
    port: int,
    description: str,
    cidr: str | None = None,
    target_id: pulumi.Input[str] | None = None,
    prefix_list_id: pulumi.Input[str] | None = None,
) -> vpc.SecurityGroupEgressRule:
    """Let what is in a group connect to addresses, to what is in another group, or to a list of ranges.

    Args:
        component: the rule's parent.
        suffix: of the rule's name.
        group_id: the group.
        port: the port there.
        description: as consoles show it.
        cidr: the addresses.
        target_id: the other group.
        prefix_list_id: the list.
    """
    return vpc.SecurityGroupEgressRule(
        component.child(suffix),
        security_group_id=group_id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        cidr_ipv4=cidr,
        referenced_security_group_id=target_id,
        prefix_list_id=prefix_list_id,
        region=component.scope.region,
        tags=component.tags(),
        opts=component.child_options(),
    )


def inward(
    component: Component,
    suffix: str,
    group_id: pulumi.Input[str],
    *,
    port: int,
    description: str,
    cidr: str | None = None,
    source_id: pulumi.Input[str] | None = None,
    prefix_list_id: pulumi.Input[str] | None = None,
    region: str | None = None,
) -> vpc.SecurityGroupIngressRule:
    """Let addresses, what is in another group, or a list of ranges connect to what is in a group.

    Args:
        component: the rule's parent.
        suffix: of the rule's name.
        group_id: the group.
        port: its port.
        description: as consoles show it.
        cidr: the addresses.
        source_id: the other group.
        prefix_list_id: the list.
        region: where the group is; None for the component's own region.
    """
    return vpc.SecurityGroupIngressRule(
        component.child(suffix),
        security_group_id=group_id,
        description=description,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        cidr_ipv4=cidr,
        referenced_security_group_id=source_id,
        prefix_list_id=prefix_list_id,
        region=region or component.scope.region,
        tags=component.tags(),
        opts=component.child_options(),
    )


def connect(
    component: Component,
    suffix: str,
    source_id: pulumi.Input[str],
    target_id: pulumi.Input[str],
    *,
    port: int,
    description: str,
    inward_description: str | None = None,
) -> list[pulumi.Resource]:
    """Let one group connect to another on a port: out of the one, into the other.

    Args:
        component: the parent of both rules.
        suffix: of the rules' name.
        source_id: the group that connects.
        target_id: the group that is connected to.
        port: its port.
        description: as consoles show it.
        inward_description: as they show it at the target; None for the same.
    """
    return [
        outward(component, suffix, source_id, port=port, description=description, target_id=target_id),
        inward(
            component,
            suffix,
            target_id,
            port=port,
            description=inward_description or description,
            source_id=source_id,
        ),
    ]
