"""EC2's elastic addresses and NAT gateways."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props


_COUNT = "secondaryPrivateIpAddressCount"


class Eip(ResourceType):
    """An elastic address."""

    pulumi_type = "aws:ec2/eip:Eip"
    service = "ec2"
    cfn = "AWS::EC2::EIP"
    create_op = "AllocateAddress"
    create_skip = ("instance", "networkInterface", "associateWithPrivateIp")
    id_path = "AllocationId"
    read_op, read_param, read_path = "DescribeAddresses", "AllocationIds[]", "Addresses[0]"
    delete_op, delete_param = "ReleaseAddress", "AllocationId"
    kind = "elastic-ip"
    gone = ("InvalidAllocationID.NotFound",)
    tags = tagging.ec2("elastic-ip")

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With its names."""
        address = str(found["PublicIp"])
        zone = "compute-1" if api.region == "us-east-1" else f"{api.region}.compute"
        return {
            **super().outputs(api, object_id, inputs, found),
            "allocationId": object_id,
            "arn": api.arn(f"elastic-ip/{object_id}"),
            "domain": found.get("Domain", "vpc"),
            "publicIp": address,
            "publicDns": f"ec2-{address.replace('.', '-')}.{zone}.amazonaws.com",
            "instance": found.get("InstanceId") or "",
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Only tags change here: gateways take their address themselves."""
        raise ProviderError(f"{api.where}: changing {', '.join(sorted(changed))} is not emulated")


class NatGateway(ResourceType):
    """A NAT gateway."""

    pulumi_type = "aws:ec2/natGateway:NatGateway"
    service = "ec2"
    cfn = "AWS::EC2::NatGateway"
    kind = "nat-gateway"
    create_op = "CreateNatGateway"
    rename: ClassVar = {"privateIp": "PrivateIpAddress"}
    id_path = "NatGateway.NatGatewayId"
    read_op, read_param, read_path = "DescribeNatGateways", "NatGatewayIds[]", "NatGateways[0]"
    delete_op, delete_param = "DeleteNatGateway", "NatGatewayId"
    gone = ("NatGatewayNotFound",)
    tags = tagging.ec2("natgateway")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """A public gateway has an address of its own, a private one has none (resourceNATGatewayCustomizeDiff)."""
        kind = inputs.get("connectivityType", "public")
        if kind == "public":
            failures = [Failure(_COUNT, "is only for a private gateway")] if _COUNT in inputs else []
            if "allocationId" not in inputs:
                failures.append(Failure("allocationId", "is required for a public gateway"))
            return failures
        if kind != "private":
            return []
        addresses = ("allocationId", "secondaryAllocationIds")
        return [Failure(name, "must not be set for a private gateway") for name in addresses if name in inputs]

    def create(self, api: Api, inputs: Props) -> str:
        """One address: secondary ones are refused by name."""
        for name in (_COUNT, "secondaryAllocationIds", "secondaryPrivateIpAddresses", "availabilityZoneAddresses"):
            if inputs.get(name):
                raise ProviderError(f"{api.where}: {name} is not emulated")
        return super().create(api, inputs)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """A deleted gateway is shown for an hour."""
        found = super().describe(api, object_id, inputs)
        return None if found is None or found.get("State") in {"deleted", "deleting"} else found

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The addresses of its first interface."""
        address = (found.get("NatGatewayAddresses") or [{}])[0]
        return {
            **super().outputs(api, object_id, inputs, found),
            "allocationId": address.get("AllocationId") or inputs.get("allocationId"),
            "networkInterfaceId": address.get("NetworkInterfaceId"),
            "privateIp": address.get("PrivateIp"),
            "publicIp": address.get("PublicIp"),
        }


TYPES = (Eip(), NatGateway())
