"""The private network: NAT gateways and their addresses, interface endpoints and their names."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INTERNET = "aws:ec2/internetGateway:InternetGateway"
EIP = "aws:ec2/eip:Eip"
NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@pytest.fixture
def vpc(lab: Lab) -> Made:
    return lab.create(VPC, cidrBlock="10.0.0.0/16", enableDnsHostnames=True, enableDnsSupport=True)


@pytest.fixture
def subnets(lab: Lab, vpc: Made) -> list[str]:
    return [
        lab.create(SUBNET, vpcId=vpc.id, cidrBlock=f"10.0.{index}.0/24", availabilityZone=f"eu-west-1{zone}").id
        for index, zone in enumerate("aba")
    ]


@pytest.fixture
def internet(lab: Lab, vpc: Made) -> Made:
    return lab.create(INTERNET, vpcId=vpc.id)


# NAT gateways


def test_a_gateway_holds_its_address_and_what_it_stands_on(
    lab: Lab, vpc: Made, subnets: list[str], internet: Made
) -> None:
    address = lab.create(EIP, domain="vpc")
    gateway = lab.create(NAT, subnetId=subnets[0], allocationId=address.id, tags={"a": "b"})
    inside = ipaddress.ip_network("10.0.0.0/24")
    assert ipaddress.ip_address(gateway.outputs["privateIp"]) in inside
    with pytest.raises(ProviderError, match=r"InvalidIPAddress\.InUse"):
        lab.delete(address)
    with pytest.raises(ProviderError, match="mapped public address"):
        lab.delete(internet)
    with pytest.raises(ProviderError, match="DependencyViolation"):
        lab.provider.delete(lab.resource(SUBNET), subnets[0], {}, {})
    with pytest.raises(ProviderError, match="AlreadyAssociated"):
        lab.create(NAT, subnetId=subnets[1], allocationId=address.id)
    gateway = lab.update(gateway, subnetId=subnets[0], allocationId=address.id, tags={"a": "c"})
    lab.delete(gateway)
    again = lab.create(NAT, subnetId=subnets[1], allocationId=address.id)
    assert again.outputs["publicIp"] == address.outputs["publicIp"]
    lab.delete(again)
    lab.delete(address)
    lab.delete(internet)
    assert lab.client("ec2").describe_network_interfaces()["NetworkInterfaces"] == []


def test_a_public_gateway_needs_the_internet(lab: Lab, subnets: list[str]) -> None:
    address = lab.create(EIP, domain="vpc")
    with pytest.raises(ProviderError, match="has no Internet gateway attached"):
        lab.create(NAT, subnetId=subnets[0], allocationId=address.id)


def test_private_gateway(lab: Lab, subnets: list[str]) -> None:
    given = {"subnetId": subnets[0], "connectivityType": "private", "privateIp": "10.0.0.9"}
    made = lab.create(NAT, **given)
    assert made.outputs["privateIp"] == "10.0.0.9"
    assert lab.replaced_by(made, **{**given, "privateIp": "10.0.0.8"}) == {"privateIp"}
    lab.delete(made)
    with pytest.raises(ProviderError, match="does not fall within the subnet's address range"):
        lab.create(NAT, **{**given, "privateIp": "10.0.1.9"})


def test_secondary_addresses_are_not_emulated(lab: Lab, subnets: list[str]) -> None:
    with pytest.raises(ProviderError, match="secondaryPrivateIpAddressCount is not emulated"):
        lab.create(NAT, subnetId=subnets[0], connectivityType="private", secondaryPrivateIpAddressCount=2)


# Interface endpoints


def interface(vpc: Made, *subnets: str, **more: Any) -> dict[str, Any]:
    return {
        "vpcId": vpc.id,
        "serviceName": "com.amazonaws.eu-west-1.ecr.api",
        "vpcEndpointType": "Interface",
        "subnetIds": list(subnets),
        "privateDnsEnabled": True,
        **more,
    }


def interfaces(lab: Lab) -> dict[str, set[str]]:
    """Groups of each interface, by its subnet."""
    found = lab.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    for row in found:
        subnet = lab.client("ec2").describe_subnets(SubnetIds=[row["SubnetId"]])["Subnets"][0]
        assert ipaddress.ip_address(row["PrivateIpAddress"]) in ipaddress.ip_network(subnet["CidrBlock"])
    return {row["SubnetId"]: {group["GroupId"] for group in row["Groups"]} for row in found}


def test_interface_endpoint_changes_in_place(lab: Lab, vpc: Made, subnets: list[str]) -> None:
    first, second = (lab.create(GROUP, name, vpcId=vpc.id) for name in ("first", "second"))
    made = lab.create(ENDPOINT, **interface(vpc, *subnets[:2], securityGroupIds=[first.id]))
    assert interfaces(lab) == {name: {first.id} for name in subnets[:2]}
    with pytest.raises(ProviderError, match="DependencyViolation"):
        lab.delete(first)
    moved = interface(vpc, *subnets[1:], securityGroupIds=[second.id])
    assert lab.replaced_by(made, **moved) == set()
    made = lab.update(made, **moved)
    assert interfaces(lab) == {name: {second.id} for name in subnets[1:]}
    lab.delete(first)
    made = lab.update(made, **{**moved, "privateDnsEnabled": False})
    seen = lab.client("ec2").describe_vpc_endpoints()["VpcEndpoints"][0]
    assert seen["PrivateDnsEnabled"] is False
    lab.delete(made)
    assert interfaces(lab) == {}
    lab.delete(second)


def test_what_replaces_an_interface_endpoint(lab: Lab, vpc: Made, subnets: list[str]) -> None:
    made = lab.create(ENDPOINT, **interface(vpc, *subnets[:2]))
    assert made.outputs["securityGroupIds"], "the VPC's default group"
    other = "com.amazonaws.eu-west-1.logs"
    assert lab.replaced_by(made, **interface(vpc, *subnets[:2], serviceName=other)) == {"serviceName"}
    assert lab.replaced_by(made, **interface(vpc, subnets[0])) == set()


def test_endpoints_that_aws_refuses(lab: Lab, vpc: Made, subnets: list[str]) -> None:
    lab.create(ENDPOINT, **interface(vpc, subnets[0]))
    with pytest.raises(ProviderError, match="conflicting DNS domain"):
        lab.create(ENDPOINT, **interface(vpc, subnets[1]))
    second = lab.create(ENDPOINT, **interface(vpc, subnets[1], privateDnsEnabled=False))
    with pytest.raises(ProviderError, match="conflicting DNS domain"):
        lab.update(second, **interface(vpc, subnets[1]))
    logs = "com.amazonaws.eu-west-1.logs"
    with pytest.raises(ProviderError, match="DuplicateSubnetsInSameZone"):
        lab.create(ENDPOINT, **interface(vpc, *subnets, serviceName=logs))
    quiet = lab.create(VPC, cidrBlock="10.1.0.0/16", enableDnsHostnames=False)
    inside = lab.create(SUBNET, vpcId=quiet.id, cidrBlock="10.1.0.0/24", availabilityZone="eu-west-1a").id
    with pytest.raises(ProviderError, match="requires both enableDnsSupport and enableDnsHostnames"):
        lab.create(ENDPOINT, **interface(quiet, inside))
    with pytest.raises(ProviderError, match="is not in the VPC"):
        lab.create(ENDPOINT, **interface(vpc, inside, serviceName=logs))
