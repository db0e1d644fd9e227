"""Elastic Load Balancing: load balancers and target groups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ascend.cloud.provider import PartialError, ProviderError
from tests.cloud.aws.balancing import BALANCER, GROUP, LISTENER, WEB, balancer_in, open_vpc, subnets_in

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made


@pytest.fixture
def vpc(lab: Lab) -> str:
    return open_vpc(lab)


@pytest.fixture
def subnets(lab: Lab, vpc: str) -> list[str]:
    return subnets_in(lab, vpc)


@pytest.fixture
def web(vpc: str) -> dict[str, Any]:
    return {**WEB, "vpcId": vpc}


@pytest.fixture
def balancer(lab: Lab, subnets: list[str], security_group: str) -> Made:
    return balancer_in(lab, subnets[:2], securityGroups=[security_group], tags={"a": "b"})


@pytest.fixture
def security_group(lab: Lab, vpc: str) -> str:
    return lab.create("aws:ec2/securityGroup:SecurityGroup", "front", vpcId=vpc, description="front").id


@pytest.fixture
def group(lab: Lab, web: dict[str, Any]) -> Made:
    return lab.create(GROUP, "web", **web)


@pytest.fixture
def bucket(lab: Lab) -> Made:
    return lab.create("aws:s3/bucket:Bucket", bucket="trust")


def test_balancer(lab: Lab, balancer: Made, subnets: list[str], security_group: str) -> None:
    assert balancer.id == balancer.outputs["arn"]
    assert balancer.outputs["arnSuffix"].startswith("app/front-")
    assert balancer.outputs["dnsName"].endswith(".elb.amazonaws.com")
    assert balancer.outputs["zoneId"] == "Z32O12XQLNTSW2"
    assert balancer.outputs["internal"] is False
    inputs = {"subnets": subnets, "securityGroups": [security_group], "idleTimeout": 120}
    changed = lab.update(balancer, **inputs, dropInvalidHeaderFields=True, tags={"c": "d"})
    client = lab.client("elbv2")
    seen = client.describe_load_balancer_attributes(LoadBalancerArn=balancer.id)["Attributes"]
    attributes = {row["Key"]: row["Value"] for row in seen}
    assert attributes["idle_timeout.timeout_seconds"] == "120"
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    zones = client.describe_load_balancers(LoadBalancerArns=[balancer.id])["LoadBalancers"][0]["AvailabilityZones"]
    assert len(zones) == 3
    assert client.describe_tags(ResourceArns=[balancer.id])["TagDescriptions"][0]["Tags"] == [
        {"Key": "c", "Value": "d"}
    ]
    assert lab.replaced_by(changed, **inputs, internal=True) == {"internal"}
    lab.delete(changed)


def test_group(lab: Lab, group: Made, web: dict[str, Any]) -> None:
    assert group.outputs["healthCheck"]["matcher"] == "200-299"
    health = {**web["healthCheck"], "path": "/ready", "matcher": "200", "enabled": True}
    changed = lab.update(
        group,
        **{**web, "healthCheck": health, "slowStart": 30, "deregistrationDelay": 3600},
        stickiness={"type": "lb_cookie", "cookieDuration": 3600},
        tags={"a": "b"},
    )
    client = lab.client("elbv2")
    seen = client.describe_target_groups(TargetGroupArns=[group.id])["TargetGroups"][0]
    assert (seen["HealthCheckPath"], seen["Matcher"]["HttpCode"]) == ("/ready", "200")
    rows = client.describe_target_group_attributes(TargetGroupArn=group.id)["Attributes"]
    attributes = {row["Key"]: row["Value"] for row in rows}
    assert attributes["stickiness.lb_cookie.duration_seconds"] == "3600"
    assert attributes["deregistration_delay.timeout_seconds"] == "3600"
    changed = lab.update(changed, **web, loadBalancingAlgorithmType="least_outstanding_requests")
    assert lab.replaced_by(changed, **{**web, "port": 9000}) == {"port"}
    assert lab.replaced_by(changed, **{**web, "protocol": "HTTPS"}) == {"protocol"}
    lab.delete(changed)


def write(resource: str, **principal: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", "Resource": resource}


def put_policy(lab: Lab, bucket: str, *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    lab.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)


@pytest.mark.parametrize(
    "principal",
    [{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, {"AWS": "arn:aws:iam::156460612806:root"}],
    ids=["service", "account"],
)
def test_access_logs_need_a_bucket_that_lets_them_in(
    lab: Lab, subnets: list[str], bucket: Made, principal: dict[str, str]
) -> None:
    inputs: dict[str, Any] = {"subnets": subnets, "accessLogs": {"bucket": bucket.id, "prefix": "web", "enabled": True}}
    with pytest.raises(ProviderError, match="Access Denied for bucket"):
        lab.create(BALANCER, **inputs)
    put_policy(lab, bucket.id, write(f"arn:aws:s3:::{bucket.id}/other/AWSLogs/123456789012/*", **principal))
    with pytest.raises(ProviderError, match="Access Denied for bucket"):
        lab.create(BALANCER, **inputs)
    put_policy(lab, bucket.id, write(f"arn:aws:s3:::{bucket.id}/web/AWSLogs/123456789012/*", **principal))
    made = lab.create(BALANCER, **inputs)
    assert made.outputs["accessLogs"] == {"bucket": bucket.id, "prefix": "web", "enabled": True}
    changed = lab.update(made, subnets=subnets)
    rows = lab.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=made.id)["Attributes"]
    assert {"Key": "access_logs.s3.enabled", "Value": "false"} in rows
    with pytest.raises(ProviderError, match="does not exist in the load balancer's region"):
        lab.update(changed, subnets=subnets, accessLogs={"bucket": "nowhere", "enabled": True})


def test_access_logs_are_not_encrypted_by_a_key(lab: Lab, subnets: list[str], bucket: Made) -> None:
    service = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    put_policy(lab, bucket.id, write(f"arn:aws:s3:::{bucket.id}/*", **service))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    lab.client("s3").put_bucket_encryption(Bucket=bucket.id, ServerSideEncryptionConfiguration={"Rules": [rule]})
    with pytest.raises(ProviderError, match="Access Denied for bucket"):
        lab.create(BALANCER, subnets=subnets, accessLogs={"bucket": bucket.id, "enabled": True})


def test_a_failed_create_leaves_what_there_is(lab: Lab, subnets: list[str]) -> None:
    """The official provider makes the load balancer, then sets its attributes: what failed is known to exist."""
    with pytest.raises(PartialError) as caught:
        lab.create(BALANCER, subnets=subnets, accessLogs={"bucket": "nowhere", "enabled": True})
    found = lab.client("elbv2").describe_load_balancers(LoadBalancerArns=[caught.value.id])["LoadBalancers"]
    assert len(found) == 1


def test_protection_against_deletion(lab: Lab, subnets: list[str]) -> None:
    made = lab.create(BALANCER, "front", subnets=subnets, enableDeletionProtection=True)
    with pytest.raises(ProviderError, match="OperationNotPermitted"):
        lab.delete(made)
    lab.delete(lab.update(made, subnets=subnets))


def test_what_a_balancer_uses_stays(lab: Lab, balancer: Made, security_group: str) -> None:
    with pytest.raises(ClientError, match="DependencyViolation"):
        lab.client("ec2").delete_security_group(GroupId=security_group)
    lab.delete(balancer)
    lab.client("ec2").delete_security_group(GroupId=security_group)


def test_where_a_balancer_may_be(lab: Lab, subnets: list[str], vpc: str) -> None:
    twice = lab.create("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.0.9.0/24", availabilityZone="eu-west-1a").id
    with pytest.raises(ProviderError, match="two different Availability Zones"):
        lab.create(BALANCER, subnets=[subnets[0], twice])
    with pytest.raises(ProviderError, match="same Availability Zone"):
        lab.create(BALANCER, subnets=[*subnets, twice])
    small = lab.create("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.0.10.0/28", availabilityZone="eu-west-1b").id
    eni = [lab.client("ec2").create_network_interface(SubnetId=small) for _ in range(4)]
    assert len(eni) == 4
    with pytest.raises(ProviderError, match="at least 8 free IP addresses"):
        lab.create(BALANCER, subnets=[subnets[0], small])
    closed = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.1.0.0/16").id
    inside = subnets_in(lab, closed, "10.1", "ab")
    with pytest.raises(ProviderError, match="has no internet gateway"):
        lab.create(BALANCER, subnets=inside)
    made = lab.create(BALANCER, "hidden", subnets=inside, internal=True)
    assert made.outputs["dnsName"].startswith("internal-hidden-")
    with pytest.raises(ProviderError, match="All subnets must belong to the same VPC"):
        lab.create(BALANCER, subnets=[subnets[2], *inside], internal=True)
    foreign = lab.create("aws:ec2/securityGroup:SecurityGroup", "foreign", vpcId=vpc, description="foreign").id
    with pytest.raises(ProviderError, match="is not in the VPC"):
        lab.update(made, subnets=inside, internal=True, securityGroups=[foreign])
    with pytest.raises(ProviderError, match="already exists"):
        lab.create(BALANCER, name=made.outputs["name"], subnets=inside, internal=True)


def health(lab: Lab, group: Made) -> list[str]:
    rows = lab.client("elbv2").describe_target_health(TargetGroupArn=group.id)["TargetHealthDescriptions"]
    return [row["TargetHealth"]["State"] for row in rows]


def test_targets_are_healthy_behind_a_listener(lab: Lab, balancer: Made, group: Made) -> None:
    client = lab.client("elbv2")
    with pytest.raises(ClientError, match="outside the VPC"):
        client.register_targets(TargetGroupArn=group.id, Targets=[{"Id": "192.168.0.1"}])
    with pytest.raises(ClientError, match="not a valid IPv4 address"):
        client.register_targets(TargetGroupArn=group.id, Targets=[{"Id": "web"}])
    client.register_targets(TargetGroupArn=group.id, Targets=[{"Id": "10.0.0.10", "Port": 8000}, {"Id": "10.0.1.10"}])
    assert health(lab, group) == ["unused", "unused"]
    actions = [{"type": "forward", "targetGroupArn": group.id}]
    listener = lab.create(LISTENER, loadBalancerArn=balancer.id, port=80, defaultActions=actions)
    assert health(lab, group) == ["healthy", "healthy"]
    found = lab.read(group)
    assert found is not None
    assert found.outputs["loadBalancerArns"] == [balancer.id]
    lab.delete(listener)
    assert health(lab, group) == ["unused", "unused"]
    client.deregister_targets(TargetGroupArn=group.id, Targets=[{"Id": "10.0.0.10"}, {"Id": "10.0.1.10"}])
    lab.delete(group)


def test_what_changed_outside_is_seen(lab: Lab, balancer: Made, group: Made, web: dict[str, Any]) -> None:
    client = lab.client("elbv2")
    client.modify_load_balancer_attributes(
        LoadBalancerArn=balancer.id, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "30"}]
    )
    client.modify_target_group(TargetGroupArn=group.id, HealthCheckPath="/other")
    found = lab.read(balancer)
    assert found is not None
    assert found.inputs["idleTimeout"] == 30
    found = lab.read(group)
    assert found is not None
    assert found.inputs["healthCheck"]["path"] == "/other"
    assert found.inputs["deregistrationDelay"] == web["deregistrationDelay"]
