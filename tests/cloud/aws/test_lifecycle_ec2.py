from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


@pytest.fixture
def vpc(lab: Lab) -> Made:
    return lab.create(VPC, cidrBlock="10.16.0.0/16", enableDnsHostnames=True, tags={"component": "network"})


@pytest.fixture
def subnet(lab: Lab, vpc: Made) -> Made:
    return lab.create(SUBNET, vpcId=vpc.id, cidrBlock="10.16.0.0/20", availabilityZoneId="euw1-az1")


@pytest.fixture
def group(lab: Lab, vpc: Made) -> Made:
    return lab.create(GROUP, "tasks", vpcId=vpc.id, description="Tasks")


def test_vpc(lab: Lab, vpc: Made) -> None:
    assert vpc.outputs["arn"] == f"arn:aws:ec2:eu-west-1:123456789012:vpc/{vpc.id}"
    assert vpc.outputs["enableDnsHostnames"] is True
    assert vpc.outputs["enableDnsSupport"] is True
    assert vpc.outputs["mainRouteTableId"].startswith("rtb-")
    assert vpc.outputs["defaultSecurityGroupId"].startswith("sg-")
    assert vpc.outputs["defaultNetworkAclId"].startswith("acl-")
    assert vpc.outputs["tagsAll"] == {"component": "network"}
    assert lab.replaced_by(vpc, cidrBlock="10.17.0.0/16") == {"cidrBlock"}
    changed = lab.update(vpc, cidrBlock="10.16.0.0/16", enableDnsSupport=True, tags={"component": "net", "x": "y"})
    assert changed.outputs["enableDnsHostnames"] is True, "left out: AWS keeps it"
    changed = lab.update(changed, cidrBlock="10.16.0.0/16", enableDnsHostnames=False, tags={})
    assert changed.outputs["enableDnsHostnames"] is False
    seen = lab.client("ec2").describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]
    assert seen["CidrBlock"] == "10.16.0.0/16"
    assert not seen.get("Tags")
    lab.delete(changed)


def test_default_tags_are_merged_and_belong_to_the_plan(lab: Lab) -> None:
    lab.config = {"defaultTags": '{"tags": {"managed-by": "ascend", "x": "default"}}'}
    made = lab.create(VPC, cidrBlock="10.0.0.0/16", tags={"x": "own"})
    assert made.outputs["tagsAll"] == {"managed-by": "ascend", "x": "own"}
    assert made.inputs["tags"] == {"x": "own"}
    lab.config = {"defaultTags": '{"tags": {"managed-by": "other"}}'}
    made.resource = lab.resource(VPC, made.resource.name)
    assert set(lab.change(made, cidrBlock="10.0.0.0/16", tags={"x": "own"}).changes) == {"tagsAll.managed-by"}


def test_subnet(lab: Lab, vpc: Made, subnet: Made) -> None:
    assert subnet.outputs["availabilityZone"] == "eu-west-1b"
    assert subnet.outputs["mapPublicIpOnLaunch"] is False
    common: dict[str, Any] = {"vpcId": vpc.id, "cidrBlock": "10.16.0.0/20"}
    assert lab.replaced_by(subnet, **common, availabilityZoneId="euw1-az2") == {"availabilityZoneId"}
    changed = lab.update(subnet, **common, availabilityZoneId="euw1-az1", mapPublicIpOnLaunch=True, tags={"a": "b"})
    assert changed.outputs["mapPublicIpOnLaunch"] is True
    lab.delete(changed)


def test_a_subnet_outside_its_vpc_is_refused(lab: Lab, vpc: Made) -> None:
    with pytest.raises(ProviderError, match=r"InvalidSubnet\.Range"):
        lab.create(SUBNET, vpcId=vpc.id, cidrBlock="10.99.0.0/20")


def test_gateway_routes_and_associations(lab: Lab, vpc: Made, subnet: Made) -> None:
    gateway = lab.create("aws:ec2/internetGateway:InternetGateway", vpcId=vpc.id, tags={"a": "b"})
    assert gateway.outputs["vpcId"] == vpc.id
    table = lab.create("aws:ec2/routeTable:RouteTable", vpcId=vpc.id, tags={"a": "b"})
    other = lab.create("aws:ec2/routeTable:RouteTable", vpcId=vpc.id)
    common = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0"}
    route = lab.create("aws:ec2/route:Route", **common, gatewayId=gateway.id)
    assert route.id == f"r-{table.id}1080289494"
    assert route.outputs["state"] == "active"
    assert lab.replaced_by(route, **{**common, "destinationCidrBlock": "10.0.0.0/8"}, gatewayId=gateway.id) == {
        "destinationCidrBlock"
    }
    link = lab.create("aws:ec2/routeTableAssociation:RouteTableAssociation", subnetId=subnet.id, routeTableId=table.id)
    moved = lab.update(link, subnetId=subnet.id, routeTableId=other.id)
    assert moved.outputs["routeTableId"] == other.id
    for made in (moved, route, table, other):
        lab.delete(made)
    lab.delete(gateway)


def test_inline_routes(lab: Lab, vpc: Made) -> None:
    gateway = lab.create("aws:ec2/internetGateway:InternetGateway", vpcId=vpc.id)
    out = {"cidrBlock": "0.0.0.0/0", "gatewayId": gateway.id}
    table = lab.create("aws:ec2/routeTable:RouteTable", vpcId=vpc.id, routes=[out])
    assert table.outputs["routes"] == [out]
    changed = lab.update(table, vpcId=vpc.id, routes=[{**out, "cidrBlock": "8.8.8.0/24"}])
    assert changed.outputs["routes"] == [{"cidrBlock": "8.8.8.0/24", "gatewayId": gateway.id}]
    lab.delete(changed)


def test_gateway_endpoint(lab: Lab, vpc: Made) -> None:
    tables = [lab.create("aws:ec2/routeTable:RouteTable", vpcId=vpc.id).id for _ in range(3)]
    common = {"vpcId": vpc.id, "serviceName": "com.amazonaws.eu-west-1.s3", "vpcEndpointType": "Gateway"}
    document = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}'
    )
    made = lab.create("aws:ec2/vpcEndpoint:VpcEndpoint", **common, routeTableIds=tables[:2], policy=document)
    assert made.outputs["prefixListId"].startswith("pl-")
    reordered = list(reversed(tables[:2]))
    assert not lab.change(made, **common, routeTableIds=reordered, policy=document).changes
    assert lab.replaced_by(made, **{**common, "serviceName": "com.amazonaws.eu-west-1.dynamodb"}) == {"serviceName"}
    changed = lab.update(made, **common, routeTableIds=tables[1:], policy=document)
    seen = lab.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[made.id])["VpcEndpoints"][0]
    assert sorted(seen["RouteTableIds"]) == sorted(tables[1:])
    lab.delete(changed)


def test_interface_endpoint(lab: Lab, vpc: Made, subnet: Made, group: Made) -> None:
    made = lab.create(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        vpcId=vpc.id,
        serviceName="com.amazonaws.eu-west-1.ecr.api",
        vpcEndpointType="Interface",
        subnetIds=[subnet.id],
        securityGroupIds=[group.id],
        privateDnsEnabled=True,
    )
    assert made.outputs["networkInterfaceIds"]
    lab.delete(made)


def test_security_group_lets_nothing_out_by_itself(lab: Lab, vpc: Made, group: Made) -> None:
    assert group.outputs["name"].startswith("tasks-")
    assert group.outputs["egress"] == []
    seen = lab.client("ec2").describe_security_groups(GroupIds=[group.id])["SecurityGroups"][0]
    assert seen["IpPermissionsEgress"] == []
    assert lab.replaced_by(group, vpcId=vpc.id, description="Other") == {"description"}
    lab.delete(group)


def test_inline_rules(lab: Lab, vpc: Made) -> None:
    web = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8", "10.9.0.0/16"]}
    out = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
    own = {"protocol": "udp", "fromPort": 53, "toPort": 53, "self": True, "description": "names"}
    made = lab.create(GROUP, vpcId=vpc.id, ingress=[web, own], egress=[out])
    assert not lab.change(made, vpcId=vpc.id, ingress=[own, web], egress=[out]).changes
    changed = lab.update(made, vpcId=vpc.id, ingress=[own], egress=[])
    seen = lab.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    assert len(seen["IpPermissions"]) == 1
    assert seen["IpPermissionsEgress"] == []
    lab.delete(changed)


def test_drift_of_inline_rules_is_read(lab: Lab, vpc: Made) -> None:
    made = lab.create(GROUP, vpcId=vpc.id, ingress=[])
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    lab.client("ec2").authorize_security_group_ingress(GroupId=made.id, IpPermissions=[permission])
    found = lab.read(made)
    assert found is not None
    assert found.inputs["ingress"] == [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]


def test_default_security_group_is_emptied_and_never_deleted(lab: Lab, vpc: Made) -> None:
    made = lab.create("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", vpcId=vpc.id, ingress=[], egress=[])
    assert made.id == vpc.outputs["defaultSecurityGroupId"]
    seen = lab.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    assert seen["IpPermissions"] == seen["IpPermissionsEgress"] == []
    lab.provider.delete(made.resource, made.id, made.inputs, made.outputs)
    assert lab.read(made) is not None


@pytest.mark.parametrize("kind", [INGRESS, EGRESS])
def test_rules_of_their_own(lab: Lab, vpc: Made, group: Made, kind: str) -> None:
    other = lab.create(GROUP, vpcId=vpc.id)
    common = {"securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432}
    rule = lab.create(kind, **common, referencedSecurityGroupId=other.id, description="database", tags={"a": "b"})
    assert rule.id.startswith("sgr-")
    assert rule.outputs["referencedSecurityGroupId"] == other.id
    assert lab.replaced_by(rule, **common, cidrIpv4="10.0.0.0/8") >= {"cidrIpv4"}
    third = lab.create(GROUP, vpcId=vpc.id)
    changed = lab.update(
        rule,
        **{**common, "toPort": 5433},
        referencedSecurityGroupId=third.id,
        description="databases",
        tags={"a": "c"},
    )
    assert changed.outputs["toPort"] == 5433
    everything = lab.create(kind, securityGroupId=group.id, ipProtocol="-1", cidrIpv4="0.0.0.0/0")
    assert everything.outputs.get("fromPort") is None
    lab.delete(everything)
    lab.delete(changed)


def test_a_group_that_a_rule_refers_to_cannot_be_deleted(lab: Lab, vpc: Made, group: Made) -> None:
    other = lab.create(GROUP, vpcId=vpc.id)
    rule = lab.create(EGRESS, securityGroupId=group.id, ipProtocol="-1", referencedSecurityGroupId=other.id)
    with pytest.raises(ProviderError, match="DependencyViolation"):
        lab.delete(other)
    lab.delete(rule)
    lab.delete(other)


def test_flow_log(lab: Lab, vpc: Made) -> None:
    lab.client("logs").create_log_group(logGroupName="/flows")
    who = '"Principal":{"Service":"vpc-flow-logs.amazonaws.com"}'
    trust = f'{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{who},"Action":"sts:AssumeRole"}}]}}'
    role = lab.create("aws:iam/role:Role", assumeRolePolicy=trust)
    common = {
        "vpcId": vpc.id,
        "trafficType": "ALL",
        "logDestination": "arn:aws:logs:eu-west-1:123456789012:log-group:/flows",
        "iamRoleArn": role.outputs["arn"],
    }
    made = lab.create("aws:ec2/flowLog:FlowLog", **common, maxAggregationInterval=600, tags={"a": "b"})
    assert lab.replaced_by(made, **common, maxAggregationInterval=60) == {"maxAggregationInterval"}
    lab.delete(lab.update(made, **common, tags={"a": "c"}))


def test_nat_gateway_and_its_address(lab: Lab, vpc: Made, subnet: Made) -> None:
    lab.create("aws:ec2/internetGateway:InternetGateway", vpcId=vpc.id)
    address = lab.create("aws:ec2/eip:Eip", domain="vpc", tags={"a": "b"})
    assert address.outputs["publicIp"].count(".") == 3
    made = lab.create("aws:ec2/natGateway:NatGateway", subnetId=subnet.id, allocationId=address.id)
    assert made.outputs["publicIp"] == address.outputs["publicIp"]
    assert lab.replaced_by(made, subnetId="subnet-12345678", allocationId=address.id) == {"subnetId"}
    lab.delete(made)
    lab.delete(address)


def test_a_vpc_with_a_gateway_cannot_be_deleted(lab: Lab, vpc: Made) -> None:
    gateway = lab.create("aws:ec2/internetGateway:InternetGateway", vpcId=vpc.id)
    with pytest.raises(ProviderError, match="DependencyViolation"):
        lab.delete(vpc)
    lab.delete(gateway)
    lab.delete(vpc)


def test_references_must_exist_in_the_region(lab: Lab, vpc: Made) -> None:
    with pytest.raises(ProviderError, match="vpcId: there is no vpc vpc-0123 in eu-west-1"):
        lab.create(GROUP, vpcId="vpc-0123")
    with pytest.raises(ProviderError, match=f"there is no vpc {vpc.id} in us-east-1"):
        lab.create(GROUP, vpcId=vpc.id, region="us-east-1")


def test_every_region_is_a_place_of_its_own(lab: Lab) -> None:
    made = lab.create(VPC, cidrBlock="10.0.0.0/16", region="ap-southeast-1")
    assert made.outputs["region"] == "ap-southeast-1"
    assert lab.client("ec2", "ap-southeast-1").describe_vpcs(VpcIds=[made.id])["Vpcs"]
    assert lab.replaced_by(made, cidrBlock="10.0.0.0/16") == {"region"}
    lab.delete(made)
