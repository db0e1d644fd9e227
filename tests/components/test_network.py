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
from tests.components.support import ACCOUNT, KEY_ARN, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARGS = NetworkArgs(
    scope=SCOPE,
    cidr="10.16.0.0/16",
    zone_ids=("use1-az1", "use1-az2", "use1-az4"),
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
)


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


def joined(result: Registered) -> dict[str, str]:
    """The route table of each private subnet."""
    return {
        one.name: one.inputs["routeTableId"]
        for one in result.of("RouteTableAssociation")
        if one.name.startswith("net-private-")
    }


def nat_routes(result: Registered) -> dict[str, str]:
    """Where each table with a NAT gateway sends what is for the internet."""
    return {
        one.inputs["routeTableId"]: one.inputs["natGatewayId"]
        for one in result.of("ec2/route:Route")
        if "natGatewayId" in one.inputs
    }


def test_one_gateway_serves_all_zones(run: Run) -> None:
    result = made(run, nat_gateways=1)
    assert nat_routes(result) == {"net-private-id": "net-nat-1-id"}
    assert set(joined(result).values()) == {"net-private-id"}
    gateway = result.one("ec2/natGateway:NatGateway").inputs
    assert (gateway["subnetId"], gateway["connectivityType"]) == ("net-public-1-id", "public")


def test_a_gateway_in_each_zone_serves_its_own(run: Run) -> None:
    result = made(run, nat_gateways=3)
    assert joined(result) == {
        "net-private-1": "net-private-id",
        "net-private-2": "net-private-2-id",
        "net-private-3": "net-private-3-id",
    }
    assert nat_routes(result) == {
        "net-private-id": "net-nat-1-id",
        "net-private-2-id": "net-nat-2-id",
        "net-private-3-id": "net-nat-3-id",
    }
    subnets = {one.name: one.inputs["subnetId"] for one in result.of("ec2/natGateway:NatGateway")}
    assert subnets == {f"net-nat-{number}": f"net-public-{number}-id" for number in (1, 2, 3)}


def test_a_subnet_moves_only_to_a_table_with_a_way_out(run: Run) -> None:
    result = made(run, nat_gateways=3)
    route = result.one("ec2/route:Route", "net-private-internet-2")
    assert route.urn in result.one("RouteTableAssociation", "net-private-2").depends_on


def test_every_table_has_the_way_to_storage(run: Run) -> None:
    tables = {one.name: f"{one.name}-id" for one in made(run, nat_gateways=3).of("ec2/routeTable:RouteTable")}
    endpoint = made(run, nat_gateways=3).one("VpcEndpoint").inputs
    assert set(endpoint["routeTableIds"]) == set(tables.values())
    assert len(tables) == 5


def test_isolated_subnets_have_no_way_out_whatever_there_is(run: Run) -> None:
    result = made(run, nat_gateways=3)
    assert {one.inputs["routeTableId"] for one in result.of("ec2/route:Route")}.isdisjoint({"net-isolated-id"})


def test_tasks_wait_for_the_gateway_and_what_stays_there_does_not(run: Run) -> None:
    """A link whose subnets seemed to become others would be replaced."""

    def program() -> None:
        network = Network("net", dataclasses.replace(ARGS, nat_gateways=1))
        ec2.SecurityGroup("task", description=network.task_subnet_ids[2])
        ec2.SecurityGroup("link", description=network.private_subnet_ids[2])

    result = run(program)
    way_out = {
        result.one("ec2/route:Route", "net-private-internet-1").urn,
        result.one("RouteTableAssociation", "net-private-3").urn,
    }
    assert way_out <= set(result.one("SecurityGroup", "task").depends_on)
    assert result.one("SecurityGroup", "task").inputs["description"] == "net-private-3-id"
    assert not way_out & set(result.one("SecurityGroup", "link").depends_on)


def test_without_a_gateway_there_is_no_place_for_private_tasks(run: Run) -> None:
    found = []
    run(lambda: found.extend(Network("net", ARGS).task_subnet_ids))
    assert found == []


def test_nothing_that_was_there_changes_when_gateways_come(run: Run) -> None:
    before = {one.urn: one.inputs for one in made(run).resources}
    after = {one.urn: one.inputs for one in made(run, nat_gateways=1).resources}
    assert {urn: after[urn] for urn in before} == before


def test_a_gateway_without_ports_is_told_of(run: Run) -> None:
    alarms = made(run, nat_gateways=3).alarms()
    assert set(alarms) == {"net-nat-1-ports", "net-nat-2-ports", "net-nat-3-ports"}
    assert {one["metricName"] for one in alarms.values()} == {"ErrorPortAllocation"}


@pytest.mark.parametrize("count", [-1, 4])
def test_more_gateways_than_zones_are_refused(count: int) -> None:
    with pytest.raises(ComponentError, match=rf"^{count} NAT gateways in 3 zones; allowed: 0 to 3$"):
        dataclasses.replace(ARGS, nat_gateways=count)


def test_an_endpoint_answers_the_network_and_this_account_under_the_services_name(run: Run) -> None:
    result = made(run, endpoints=("logs",))
    endpoint = result.one("VpcEndpoint", "net-endpoint-logs")
    assert endpoint.inputs["serviceName"] == "com.amazonaws.us-east-1.logs"
    assert (endpoint.inputs["vpcEndpointType"], endpoint.inputs["privateDnsEnabled"]) == ("Interface", True)
    assert endpoint.inputs["subnetIds"] == ["net-private-1-id", "net-private-2-id", "net-private-3-id"]
    rule = result.one("SecurityGroupIngressRule")
    assert (rule.inputs["cidrIpv4"], rule.inputs["fromPort"], rule.inputs["toPort"]) == ("10.16.0.0/16", 443, 443)
    assert rule.urn in endpoint.depends_on
    statement = endpoint.policy()["OwnAccount"]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}


def test_without_endpoints_there_is_no_group_for_them(run: Run) -> None:
    assert {one.name for one in made(run).of("SecurityGroup")} == {"net-default", "net-front"}
