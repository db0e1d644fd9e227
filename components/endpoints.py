"""Interface endpoints: ways to AWS services that lead neither through NAT nor through the internet."""

from collections.abc import Sequence

import pulumi
from pulumi_aws import ec2

from components import policy
from components.base import Component
from components.security_rules import HTTPS, inward


def interface_endpoints(
    component: Component,
    services: Sequence[str],
    *,
    vpc_id: pulumi.Input[str],
    cidr: str,
    subnet_ids: Sequence[pulumi.Input[str]],
) -> None:
    """Declare endpoints that answer under the services' own names, to everything in the network and for this account.

    Args:
        component: the network, their parent.
        services: AWS services, by the last part of their endpoint's name (``logs``).
        vpc_id: the network.
        cidr: its addresses.
        subnet_ids: a subnet in each zone that they stand in.
    """
    if not services:
        return
    region = component.scope.region
    group = ec2.SecurityGroup(
        component.child("endpoints"),
        description="Endpoints of AWS services: everything in the network comes in, nothing goes out",
        vpc_id=vpc_id,
        region=region,
        tags=component.tags(component.child("endpoints")),
        opts=component.child_options(),
    )
    rule = inward(component, "endpoints", group.id, port=HTTPS, description="From the network", cidr=cidr)
    for service in services:
        ec2.VpcEndpoint(
            component.child(f"endpoint-{service}"),
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{region}.{service}",
            vpc_endpoint_type="Interface",
            subnet_ids=subnet_ids,
            security_group_ids=[group.id],
            private_dns_enabled=True,
            policy=policy.document(
                policy.allow(
                    "OwnAccount",
                    [f"{service}:*"],
                    "*",
                    principal={"AWS": "*"},
                    conditions={"StringEquals": {"aws:PrincipalAccount": component.scope.account_id}},
                )
            ),
            region=region,
            tags=component.tags(component.child(f"endpoint-{service}")),
            # Under the service's own name it must not answer before it lets anyone in.
            opts=component.child_options(depends_on=[rule]),
        )
