"""The way out of private subnets: NAT gateways, each with an address that stays."""

from collections.abc import Sequence

import pulumi
from pulumi_aws import ec2

from components import alarms
from components.base import Component


def nat_gateway(
    component: Component, number: int, subnet_id: pulumi.Input[str], needed: Sequence[pulumi.Resource]
) -> ec2.NatGateway:
    """A NAT gateway in a public subnet.

    Args:
        component: the network, its parent.
        number: 1 for the first, and so on.
        subnet_id: the public subnet that it stands in.
        needed: the route from that subnet to the internet, without which AWS refuses the gateway.
    """
    suffix, region = f"nat-{number}", component.scope.region
    address = ec2.Eip(
        component.child(suffix),
        domain="vpc",
        region=region,
        tags=component.tags(component.child(suffix)),
        opts=component.child_options(depends_on=list(needed)),
    )
    return ec2.NatGateway(
        component.child(suffix),
        allocation_id=address.allocation_id,
        subnet_id=subnet_id,
        connectivity_type="public",
        region=region,
        tags=component.tags(component.child(suffix)),
        opts=component.child_options(depends_on=list(needed)),
    )


def nat_alarms(number: int, gateway_id: pulumi.Input[str]) -> list[alarms.Alarm]:
    """Connections that a gateway refused, because all its ports to one destination were taken.

    https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html, read 2026-11-21.
    """
    return [
        alarms.Alarm(
            name=f"nat-{number}-ports",
            description="The NAT gateway had no free port for new connections to one destination for 5 minutes: it "
            "takes 55,000 to each at once. Look for connections that are not reused; then a gateway in every zone.",
            metrics={
                "m": alarms.Metric(
                    namespace="AWS/NATGateway",
                    name="ErrorPortAllocation",
                    dimensions={"NatGatewayId": gateway_id},
                    statistic="Sum",
                    period_s=60,
                )
            },
            **alarms.above(0),
            periods=5,
            datapoints=5,
            # A gateway that nobody uses may be silent.
            missing="notBreaching",
        )
    ]
