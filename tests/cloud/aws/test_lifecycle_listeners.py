"""Elastic Load Balancing: listeners, their rules, and the trust stores by which they know their clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError
from tests.cloud.aws.balancing import GROUP, LISTENER, RULE, TRUST, WEB, balancer_in, open_vpc, subnets_in

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

BUNDLE = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@pytest.fixture
def vpc(lab: Lab) -> str:
    return open_vpc(lab)


@pytest.fixture
def subnets(lab: Lab, vpc: str) -> list[str]:
    return subnets_in(lab, vpc)


@pytest.fixture
def balancer(lab: Lab, subnets: list[str]) -> Made:
    return balancer_in(lab, subnets)


@pytest.fixture
def web(vpc: str) -> dict[str, Any]:
    return {**WEB, "vpcId": vpc}


@pytest.fixture
def group(lab: Lab, web: dict[str, Any]) -> Made:
    return lab.create(GROUP, "web", **web)


@pytest.fixture
def certificate(lab: Lab) -> str:
    made = lab.create("aws:acm/certificate:Certificate", domainName="app.floyo.example", validationMethod="DNS")
    names = [row["resourceRecordName"] for row in made.outputs["domainValidationOptions"]]
    lab.create(
        "aws:acm/certificateValidation:CertificateValidation", certificateArn=made.id, validationRecordFqdns=names
    )
    return made.id


@pytest.fixture
def bucket(lab: Lab) -> Made:
    return lab.create("aws:s3/bucket:Bucket", bucket="trust")


@pytest.fixture
def trust(lab: Lab, bucket: Made) -> Made:
    lab.create("aws:s3/bucketObjectv2:BucketObjectv2", bucket=bucket.id, key="ca.pem", content=BUNDLE)
    return lab.create(TRUST, "origin", caCertificatesBundleS3Bucket=bucket.id, caCertificatesBundleS3Key="ca.pem")


def test_listener_redirects(lab: Lab, balancer: Made) -> None:
    redirect = {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}
    inputs: dict[str, Any] = {
        "loadBalancerArn": balancer.id,
        "port": 80,
        "protocol": "HTTP",
        "defaultActions": [{"type": "redirect", "redirect": redirect}],
    }
    made = lab.create(LISTENER, **inputs, tags={"a": "b"})
    client = lab.client("elbv2")
    seen = client.describe_listeners(ListenerArns=[made.id])["Listeners"][0]
    assert seen["DefaultActions"][0]["RedirectConfig"]["StatusCode"] == "HTTP_301"
    assert "SslPolicy" not in seen
    fixed = {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "404"}}
    changed = lab.update(made, **{**inputs, "port": 8080, "defaultActions": [fixed]})
    assert lab.replaced_by(changed, **{**inputs, "loadBalancerArn": "arn:other"}) >= {"loadBalancerArn"}
    with pytest.raises(ProviderError, match="DuplicateListener"):
        lab.create(LISTENER, **{**inputs, "port": 8080})
    lab.delete(changed)


def test_listener_verifies_clients(lab: Lab, balancer: Made, group: Made, certificate: str, trust: Made) -> None:
    inputs: dict[str, Any] = {
        "loadBalancerArn": balancer.id,
        "port": 443,
        "protocol": "HTTPS",
        "certificateArn": certificate,
        "sslPolicy": POLICY,
        "mutualAuthentication": {"mode": "verify", "trustStoreArn": trust.id},
        "defaultActions": [{"type": "forward", "targetGroupArn": group.id}],
    }
    made = lab.create(LISTENER, **inputs)
    client = lab.client("elbv2")
    seen = client.describe_listeners(ListenerArns=[made.id])["Listeners"][0]
    assert seen["MutualAuthentication"]["TrustStoreArn"] == trust.id
    assert client.describe_trust_store_associations(TrustStoreArn=trust.id)["TrustStoreAssociations"]
    with pytest.raises(ProviderError, match="TrustStoreInUse"):
        lab.delete(trust)
    with pytest.raises(ProviderError, match="ResourceInUse"):
        lab.delete(group)
    inputs["mutualAuthentication"] = {"mode": "off"}
    header = "max-age=63072000"
    changed = lab.update(made, **inputs, routingHttpResponseStrictTransportSecurityHeaderValue=header)
    seen = client.describe_listeners(ListenerArns=[made.id])["Listeners"][0]
    assert seen["MutualAuthentication"]["Mode"] == "off"
    lab.delete(trust)
    lab.delete(changed)
    lab.delete(group)


def test_trust_store(lab: Lab, trust: Made, bucket: Made) -> None:
    assert trust.outputs["arnSuffix"].startswith("truststore/origin-")
    place = {"caCertificatesBundleS3Bucket": bucket.id, "caCertificatesBundleS3Key": "more.pem"}
    with pytest.raises(ProviderError, match="CaCertificatesBundleNotFound"):
        lab.update(trust, **place)
    lab.create("aws:s3/bucketObjectv2:BucketObjectv2", bucket=bucket.id, key="more.pem", content=BUNDLE * 2)
    changed = lab.update(trust, **place, tags={"a": "b"})
    seen = lab.client("elbv2").describe_trust_stores(TrustStoreArns=[trust.id])["TrustStores"][0]
    assert (seen["NumberOfCaCertificates"], seen["Status"]) == (2, "ACTIVE")
    assert lab.replaced_by(changed, **place, name="other") == {"name"}
    lab.create("aws:s3/bucketObjectv2:BucketObjectv2", bucket=bucket.id, key="no.pem", content="no")
    with pytest.raises(ProviderError, match="InvalidCaCertificatesBundle"):
        lab.create(TRUST, **{**place, "caCertificatesBundleS3Key": "no.pem"})
    lab.delete(changed)


def test_rule(lab: Lab, balancer: Made, group: Made) -> None:
    listener = lab.create(
        LISTENER,
        loadBalancerArn=balancer.id,
        port=80,
        defaultActions=[
            {"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "404"}}
        ],
    )
    rule: dict[str, Any] = {
        "listenerArn": listener.id,
        "priority": 10,
        "actions": [{"type": "forward", "targetGroupArn": group.id}],
        "conditions": [
            {"pathPattern": {"values": ["/v1/*"]}},
            {"httpHeader": {"httpHeaderName": "X-Origin", "values": ["secret"]}},
        ],
    }
    made = lab.create(RULE, **rule, tags={"a": "b"})
    client = lab.client("elbv2")
    with pytest.raises(ProviderError, match="PriorityInUse"):
        lab.create(RULE, **rule)
    changed = lab.update(made, **{**rule, "priority": 20, "conditions": [{"hostHeader": {"values": ["a.example"]}}]})
    seen = client.describe_rules(RuleArns=[made.id])["Rules"][0]
    assert (seen["Priority"], seen["Conditions"][0]["Field"]) == ("20", "host-header")
    del rule["priority"]
    last = lab.create(RULE, **rule)
    assert last.outputs["priority"] == 21
    queries = [{"queryStrings": [{"key": "v", "value": "2"}, {"value": "beta"}]}]
    lab.update(last, **{**rule, "conditions": queries})
    assert lab.replaced_by(changed, **{**rule, "listenerArn": "arn:other"}) >= {"listenerArn"}
    lab.delete(changed)


def test_weights_and_the_same_group_said_twice(lab: Lab, balancer: Made, group: Made, web: dict[str, Any]) -> None:
    other = lab.create(GROUP, "other", **web)
    weights = [{"arn": group.id, "weight": 90}, {"arn": other.id, "weight": 10}]
    forward = {"targetGroups": weights, "stickiness": {"enabled": True, "duration": 600}}
    inputs: dict[str, Any] = {"loadBalancerArn": balancer.id, "port": 80}
    made = lab.create(LISTENER, **inputs, defaultActions=[{"type": "forward", "forward": forward}])
    seen = lab.client("elbv2").describe_listeners(ListenerArns=[made.id])["Listeners"][0]["DefaultActions"][0]
    assert {row["Weight"] for row in seen["ForwardConfig"]["TargetGroups"]} == {90, 10}
    assert not lab.change(
        made, **inputs, defaultActions=[{"type": "forward", "forward": {**forward, "targetGroups": weights[::-1]}}]
    ).changes
    once = {"type": "forward", "targetGroupArn": group.id, "forward": {"targetGroups": weights[:1]}}
    lab.update(made, **inputs, defaultActions=[once])


def test_a_target_group_serves_one_balancer_in_its_vpc(
    lab: Lab, balancer: Made, group: Made, subnets: list[str], web: dict[str, Any]
) -> None:
    actions = [{"type": "forward", "targetGroupArn": group.id}]
    lab.create(LISTENER, loadBalancerArn=balancer.id, port=80, defaultActions=actions)
    other = balancer_in(lab, subnets, "second")
    with pytest.raises(ProviderError, match="TargetGroupAssociationLimit"):
        lab.create(LISTENER, loadBalancerArn=other.id, port=80, defaultActions=actions)
    elsewhere = lab.create(GROUP, **{**web, "vpcId": lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.5.0.0/16").id})
    actions = [{"type": "forward", "targetGroupArn": elsewhere.id}]
    with pytest.raises(ProviderError, match="are in different VPCs"):
        lab.create(LISTENER, loadBalancerArn=other.id, port=80, defaultActions=actions)


def test_an_https_listener_needs_an_issued_certificate(lab: Lab, balancer: Made, group: Made, certificate: str) -> None:
    waiting = lab.create("aws:acm/certificate:Certificate", domainName="b.example", validationMethod="DNS").id
    inputs: dict[str, Any] = {
        "loadBalancerArn": balancer.id,
        "port": 443,
        "protocol": "HTTPS",
        "defaultActions": [{"type": "forward", "targetGroupArn": group.id}],
    }
    with pytest.raises(ProviderError, match="UnsupportedCertificate"):
        lab.create(LISTENER, **inputs, certificateArn=waiting)
    made = lab.create(LISTENER, **inputs, certificateArn=certificate)
    assert made.outputs["sslPolicy"] == "ELBSecurityPolicy-2016-08"
    with pytest.raises(ProviderError, match="there is no certificate"):
        lab.update(made, **inputs, certificateArn=f"{certificate}0")
    plain = {**inputs, "protocol": "HTTP"}
    changed = lab.update(made, **plain)
    seen = lab.client("elbv2").describe_listeners(ListenerArns=[made.id])["Listeners"][0]
    assert (seen["Protocol"], "SslPolicy" in seen, seen.get("Certificates", [])) == ("HTTP", False, [])
    lab.update(changed, **inputs, certificateArn=certificate, sslPolicy=POLICY)


def test_security_policies_are_those_that_there_are(lab: Lab) -> None:
    """The pattern of the facts admits every policy that AWS lists."""
    listed = [row["Name"] for row in lab.client("elbv2").describe_ssl_policies()["SslPolicies"]]
    assert len(listed) > 15
    for name in listed:
        found = lab.failures(
            LISTENER,
            loadBalancerArn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/b",
            port=443,
            protocol="HTTPS",
            certificateArn="arn:aws:acm:eu-west-1:123456789012:certificate/c",
            sslPolicy=name,
            defaultActions=[{"type": "fixed-response", "fixedResponse": {"contentType": "text/plain"}}],
        )
        assert not found, name
