"""The address plan, the tiers, and what is locked."""

from __future__ import annotations

import dataclasses
import ipaddress
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from pulumi_aws import ec2

from components.errors import ComponentError
from components.network import Network, NetworkArgs
from tests.components.support import ACCOUNT, KEY_ARN, SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARGS = NetworkArgs(scope=SCOPE, cidr="10.16.0.0/16", zone_ids=("use1-az1", "use1-az2", "use1-az4"), key_arn=KEY_ARN)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Network("net", dataclasses.replace(ARGS, **changed)))


def test_every_tier_has_a_subnet_in_every_zone_and_none_overlap(run: Run) -> None:
    subnets = made(run).of("ec2/subnet:Subnet")
    assert [(one.name, one.inputs["availabilityZoneId"], one.inputs["cidrBlock"]) for one in subnets] == [
        ("net-public-1", "use1-az1", "10.16.0.0/20"),
        ("net-public-2", "use1-az2", "10.16.16.0/20"),
        ("net-public-3", "use1-az4", "10.16.32.0/20"),
        ("net-private-1", "use1-az1", "10.16.64.0/20"),
        ("net-private-2", "use1-az2", "10.16.80.0/20"),
        ("net-private-3", "use1-az4", "10.16.96.0/20"),
        ("net-isolated-1", "use1-az1", "10.16.128.0/20"),
        ("net-isolated-2", "use1-az2", "10.16.144.0/20"),
        ("net-isolated-3", "use1-az4", "10.16.160.0/20"),
    ]
    blocks = [ipaddress.ip_network(one.inputs["cidrBlock"]) for one in subnets]
    assert not [pair for pair in combinations(blocks, 2) if pair[0].overlaps(pair[1])]


def test_no_subnet_gives_out_public_addresses(run: Run) -> None:
    assert {one.inputs["mapPublicIpOnLaunch"] for one in made(run).of("ec2/subnet:Subnet")} == {False}


def test_only_public_subnets_have_a_way_out(run: Run) -> None:
    result = made(run)
    route = result.one("ec2/route:Route")
    assert route.inputs["routeTableId"] == "net-public-id"
    assert route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
    tables = {one.inputs["subnetId"]: one.inputs["routeTableId"] for one in result.of("RouteTableAssociation")}
    assert tables["net-isolated-2-id"] == "net-isolated-id"
    assert tables["net-private-1-id"] == "net-private-id"
    assert len(tables) == 9


def test_what_stands_in_a_public_subnet_waits_for_its_way_out(run: Run) -> None:
    def program() -> None:
        network = Network("net", ARGS)
        ec2.SecurityGroup("waits", description=network.public_subnet_ids[0])
        ec2.SecurityGroup("does-not", description=network.isolated_subnet_ids[0])

    result = run(program)
    way_out = {result.one("ec2/route:Route").urn, result.one("RouteTableAssociation", "net-public-1").urn}
    assert way_out <= set(result.one("SecurityGroup", "waits").depends_on)
    assert result.one("SecurityGroup", "waits").inputs["description"] == "net-public-1-id"
    assert not way_out & set(result.one("SecurityGroup", "does-not").depends_on)


def test_names_resolve_in_the_network(run: Run) -> None:
    vpc = made(run).one("ec2/vpc:Vpc").inputs
    assert vpc["enableDnsSupport"] is True
    assert vpc["enableDnsHostnames"] is True


def test_the_default_security_group_lets_nothing_through(run: Run) -> None:
    group = made(run).one("DefaultSecurityGroup").inputs
    assert group["ingress"] == []
    assert group["egress"] == []


def test_the_storage_endpoint_serves_own_buckets_and_image_layers_only(run: Run) -> None:
    endpoint = made(run).one("VpcEndpoint")
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"
    assert endpoint.inputs["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert len(endpoint.inputs["routeTableIds"]) == 3
    policy = endpoint.policy()
    assert policy["OwnBuckets"]["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
    assert policy["ImageLayers"]["Resource"] == "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"
    assert policy["ImageLayers"]["Action"] == ["s3:GetObject"]
    assert not [action for one in policy.values() for action in one["Action"] if "*" in action]


def test_flow_logs_only_where_asked_for(run: Run) -> None:
    assert not made(run).of("ec2/flowLog:FlowLog")
    result = made(run, flow_logs=True)
    assert result.one("ec2/flowLog:FlowLog").inputs["trafficType"] == "ALL"
    group = result.one("cloudwatch/logGroup:LogGroup")
    assert group.inputs["kmsKeyId"] == KEY_ARN
    assert group.inputs["retentionInDays"] == 30
    assert not group.protect
    trust = result.one("iam/role:Role").policy("assumeRolePolicy")["Trust"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert result.one("iam/rolePolicy:RolePolicy").policy()["Write"]["Resource"].endswith(":*")


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.16.0.0/20", "network addresses '10.16.0.0/20': a /16 of IPv4 is needed"),
        ("fd00::/16", "network addresses 'fd00::/16': a /16 of IPv4 is needed"),
        ("10.16.1.0/16", "network addresses '10.16.1.0/16': 10.16.1.0/16 has host bits set"),
        ("ten", "network addresses 'ten': 'ten' does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_other_address_plans_are_refused(run: Run, cidr: str, message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        made(run, cidr=cidr)
    assert str(caught.value) == message


@pytest.mark.parametrize("count", [0, 5])
def test_too_few_or_too_many_zones_are_refused(run: Run, count: int) -> None:
    with pytest.raises(ComponentError, match=f"{count} availability zones given; allowed: 1 to 4"):
        made(run, zone_ids=[f"use1-az{n}" for n in range(count)])
