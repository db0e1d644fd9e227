"""What moto's EC2 does not do and `ascend.cloud.aws.moto_overrides.ec2` does.

The cases run on plain moto, in a process of its own. When one fails, moto has learned it, and that override can go.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.thorough import thorough

PRELUDE = """
import json
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
mock_aws().start()
ec2 = boto3.client("ec2", region_name="eu-west-1")

def new_vpc():
    return ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

def group(vpc, name):
    return ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]

def rule(owner, source):
    pair = {"UserIdGroupPairs": [{"GroupId": source}], "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
    answer = ec2.authorize_security_group_ingress(GroupId=owner, IpPermissions=[pair])
    return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

def referred_group_is_deleted(vpc):
    a, b = group(vpc, "a"), group(vpc, "b")
    rule(a, b)
    ec2.delete_security_group(GroupId=b)

def group_of_a_rule_stays(vpc):
    a, b, c = group(vpc, "a"), group(vpc, "b"), group(vpc, "c")
    made = rule(a, b)
    new = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "ReferencedGroupId": c}
    change = {"SecurityGroupRuleId": made, "SecurityGroupRule": new}
    ec2.modify_security_group_rules(GroupId=a, SecurityGroupRules=[change])
    found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made])["SecurityGroupRules"][0]
    assert found["ReferencedGroupInfo"]["GroupId"] == b

def vpc_with_a_gateway_is_deleted(vpc):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)

def vpc_with_a_group_is_deleted(vpc):
    group(vpc, "a")
    ec2.delete_vpc(VpcId=vpc)

def endpoint_with_other_tables_stays(vpc):
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    service = "com.amazonaws.eu-west-1.s3"
    made = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=service, RouteTableIds=tables[:1], VpcEndpointType="Gateway"
    )
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=tables[1:])
    try:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    except ClientError as error:
        assert "InvalidRoute.NotFound" in str(error)
    else:
        raise AssertionError("it can be deleted")

def zone_by_id_makes_a_default_subnet(vpc):
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZoneId="euw1-az1")["Subnet"]
    assert made["MapPublicIpOnLaunch"] is True

def zone_of_another_region_is_taken(vpc):
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone="us-west-2a")["Subnet"]
    assert made["AvailabilityZone"] == "us-west-2a"

result = {}
for case in CASES:
    try:
        globals()[case](new_vpc())
        result[case] = ""
    except Exception as error:
        result[case] = repr(error)
print(json.dumps(result))
"""

GAPS = (
    "referred_group_is_deleted",
    "group_of_a_rule_stays",
    "vpc_with_a_gateway_is_deleted",
    "vpc_with_a_group_is_deleted",
    "endpoint_with_other_tables_stays",
    "zone_by_id_makes_a_default_subnet",
    "zone_of_another_region_is_taken",
)


@pytest.fixture(scope="module")
def plain_moto() -> dict[str, str]:
    code = f"CASES = {GAPS!r}\n{PRELUDE}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    result: dict[str, str] = json.loads(run.stdout)
    return result


@thorough
@pytest.mark.parametrize("gap", GAPS)
def test_moto_still_needs_the_override(plain_moto: dict[str, str], gap: str) -> None:
    assert plain_moto[gap] == "", f"moto no longer has this gap: drop the override ({plain_moto[gap]})"
