"""What stands around a load balancer in tests: a VPC that is open to the internet, subnets, a group of targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"
TRUST = "aws:lb/trustStore:TrustStore"

#: Of a target group, but for its VPC.
WEB: dict[str, Any] = {
    "port": 8000,
    "protocol": "HTTP",
    "targetType": "ip",
    "deregistrationDelay": 30,
    "healthCheck": {"path": "/health", "interval": 15, "timeout": 5, "matcher": "200-299"},
}


def open_vpc(lab: Lab) -> str:
    """A VPC with an internet gateway."""
    made = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    lab.create("aws:ec2/internetGateway:InternetGateway", vpcId=made)
    return made


def subnets_in(lab: Lab, vpc: str, prefix: str = "10.0", zones: str = "abc") -> list[str]:
    """A subnet in each zone."""
    return [
        lab.create(
            "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=f"{prefix}.{number}.0/24", availabilityZone=f"eu-west-1{zone}"
        ).id
        for number, zone in enumerate(zones)
    ]


def balancer_in(lab: Lab, subnets: list[str], name: str = "front", **more: Any) -> Made:
    """A load balancer."""
    return lab.create(BALANCER, name, subnets=subnets, **more)
