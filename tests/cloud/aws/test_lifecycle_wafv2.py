"""AWS WAF: web ACLs, what they protect, where their log goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError
from tests.cloud.aws.balancing import balancer_in, open_vpc, subnets_in

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"


def visibility(name: str) -> dict[str, Any]:
    return {"cloudwatchMetricsEnabled": True, "metricName": name, "sampledRequestsEnabled": True}


MANAGED = {
    "name": "common",
    "priority": 1,
    "overrideAction": {"none": {}},
    "statement": {
        "managedRuleGroupStatement": {
            "vendorName": "AWS",
            "name": "AWSManagedRulesCommonRuleSet",
            "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
        }
    },
    "visibilityConfig": visibility("common"),
}
PATH = {
    "byteMatchStatement": {
        "searchString": "/v1/",
        "positionalConstraint": "STARTS_WITH",
        "fieldToMatch": {"uriPath": {}},
        "textTransformations": [{"priority": 0, "type": "NONE"}],
    }
}
RATE = {
    "name": "rate",
    "priority": 0,
    "action": {"block": {"customResponse": {"responseCode": 429, "customResponseBodyKey": "slow"}}},
    "statement": {
        "rateBasedStatement": {
            "limit": 1000,
            "aggregateKeyType": "FORWARDED_IP",
            "forwardedIpConfig": {"headerName": "CF-Connecting-IP", "fallbackBehavior": "MATCH"},
            "scopeDownStatement": PATH,
        }
    },
    "visibilityConfig": visibility("rate"),
}
WEB: dict[str, Any] = {
    "scope": "REGIONAL",
    "defaultAction": {"allow": {}},
    "rules": [MANAGED, RATE],
    "customResponseBodies": [{"key": "slow", "content": '{"error": "slow down"}', "contentType": "APPLICATION_JSON"}],
    "visibilityConfig": visibility("web"),
}


@pytest.fixture
def acl(lab: Lab) -> Made:
    return lab.create(ACL, "web", **WEB, description="edge", tags={"a": "b"})


def described(lab: Lab, made: Made) -> dict[str, Any]:
    named = {"Id": made.id, "Name": made.outputs["name"], "Scope": "REGIONAL"}
    found: dict[str, Any] = lab.client("wafv2").get_web_acl(**named)["WebACL"]
    return found


def test_web_acl(lab: Lab, acl: Made) -> None:
    assert acl.outputs["capacity"] == 700 + 2 + 2
    assert f"/webacl/{acl.outputs['name']}/{acl.id}" in acl.outputs["arn"]
    seen = {rule["Name"]: rule for rule in described(lab, acl)["Rules"]}
    rate = seen["rate"]["Statement"]["RateBasedStatement"]
    assert (rate["Limit"], rate["EvaluationWindowSec"], rate["AggregateKeyType"]) == (1000, 300, "FORWARDED_IP")
    assert seen["common"]["OverrideAction"] == {"None": {}}
    changed = lab.update(acl, **{**WEB, "rules": [MANAGED], "defaultAction": {"block": {}}}, tags={"c": "d"})
    assert len(described(lab, acl)["Rules"]) == 1
    tags = lab.client("wafv2").list_tags_for_resource(ResourceARN=acl.outputs["arn"])["TagInfoForResource"]["TagList"]
    assert tags == [{"Key": "c", "Value": "d"}]
    changed = lab.update(changed, **{**WEB, "rules": [], "customResponseBodies": []})
    seen_after = described(lab, acl)
    assert (seen_after["Rules"], seen_after.get("Description", "")) == ([], "")
    assert changed.outputs["capacity"] == 0
    assert lab.replaced_by(changed, **WEB, name="other") == {"name"}
    lab.delete(changed)


def test_rules_in_any_order_are_the_same(lab: Lab, acl: Made) -> None:
    same = {**WEB, "rules": [RATE, MANAGED]}
    assert not lab.change(acl, **same, description="edge", tags={"a": "b"}).changes


def test_rules_that_are_nested(lab: Lab) -> None:
    header = {
        "byteMatchStatement": {
            "searchString": "secret",
            "positionalConstraint": "EXACTLY",
            "fieldToMatch": {"singleHeader": {"name": "x-origin"}},
            "textTransformations": [{"priority": 0, "type": "LOWERCASE"}],
        }
    }
    headers = {"headers": [{"matchPattern": {"all": {}}, "matchScope": "KEY", "oversizeHandling": "CONTINUE"}]}
    found = {
        "sqliMatchStatement": {"fieldToMatch": headers, "textTransformations": [{"priority": 0, "type": "URL_DECODE"}]}
    }
    statement = {"andStatement": {"statements": [PATH, {"notStatement": {"statement": header}}, found]}}
    rule = {**RATE, "action": {"count": {}}, "statement": statement}
    made = lab.create(ACL, **{**WEB, "rules": [rule]})
    seen = described(lab, made)["Rules"][0]["Statement"]["AndStatement"]["Statements"][1]
    assert seen["NotStatement"]["Statement"]["ByteMatchStatement"]["SearchString"] == b"secret"
    assert made.outputs["capacity"] == 2 + 2 + 10 + 20 + 10


def test_rules_as_a_document(lab: Lab) -> None:
    rule = {
        "Name": "geo",
        "Priority": 0,
        "Action": {"Count": {}},
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["DE"]}},
        "VisibilityConfig": {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "geo"},
    }
    inputs = {name: WEB[name] for name in ("scope", "defaultAction", "visibilityConfig")}
    made = lab.create(ACL, **inputs, ruleJson=json.dumps([rule]))
    assert described(lab, made)["Rules"][0]["Name"] == "geo"
    assert made.outputs["capacity"] == 1


def test_a_rule_that_is_changed_outside_is_seen(lab: Lab, acl: Made) -> None:
    client = lab.client("wafv2")
    named = {"Id": acl.id, "Name": acl.outputs["name"], "Scope": "REGIONAL"}
    answer = client.get_web_acl(**named)
    kept = {key: answer["WebACL"][key] for key in ("DefaultAction", "VisibilityConfig", "CustomResponseBodies")}
    client.update_web_acl(**named, LockToken=answer["LockToken"], **kept, Rules=answer["WebACL"]["Rules"][:1])
    found = lab.read(acl)
    assert found is not None
    assert [rule["name"] for rule in found.inputs["rules"]] == ["common"]


def test_import(lab: Lab, acl: Made) -> None:
    found = lab.provider.read(acl.resource, f"{acl.id}/{acl.outputs['name']}/REGIONAL", {}, {})
    assert found is not None
    assert found[0]["defaultAction"] == {"allow": {}}
    with pytest.raises(ProviderError, match="as <id>/<name>/<scope>"):
        lab.provider.read(acl.resource, acl.id, {}, {})


@pytest.fixture
def balancer(lab: Lab) -> Made:
    return balancer_in(lab, subnets_in(lab, open_vpc(lab)))


def test_association(lab: Lab, acl: Made, balancer: Made) -> None:
    inputs = {"resourceArn": balancer.id, "webAclArn": acl.outputs["arn"]}
    made = lab.create(ASSOCIATION, **inputs)
    assert made.id == f"{acl.outputs['arn']},{balancer.id}"
    with pytest.raises(ProviderError, match="WAFAssociatedItemException"):
        lab.delete(acl)
    other = lab.create(ACL, "other", **WEB)
    lab.client("wafv2").associate_web_acl(ResourceArn=balancer.id, WebACLArn=other.outputs["arn"])
    found = lab.read(made)
    assert found is not None
    assert found.inputs["webAclArn"] == other.outputs["arn"]
    lab.delete(acl)
    assert lab.replaced_by(made, **{**inputs, "webAclArn": other.outputs["arn"]}) == {"webAclArn"}
    lab.delete(made)
    lab.delete(other)
    third = lab.create(ACL, **WEB).outputs["arn"]
    with pytest.raises(ProviderError, match="WAFNonexistentItemException"):
        lab.create(ASSOCIATION, webAclArn=third, resourceArn=f"{balancer.id}0")


def test_a_web_acl_goes_once_its_load_balancer_went(lab: Lab, acl: Made, balancer: Made) -> None:
    made = lab.create(ASSOCIATION, resourceArn=balancer.id, webAclArn=acl.outputs["arn"])
    lab.delete(balancer)
    assert lab.read(made) is None
    lab.delete(acl)


def test_logging(lab: Lab, acl: Made) -> None:
    group = lab.create("aws:cloudwatch/logGroup:LogGroup", name="aws-waf-logs-web").outputs["arn"]
    inputs = {"resourceArn": acl.outputs["arn"], "logDestinationConfigs": [group]}
    redacted = [{"singleHeader": {"name": "authorization"}}, {"queryString": {}}]
    made = lab.create(LOGGING, **inputs, redactedFields=redacted)
    keep = {
        "defaultBehavior": "DROP",
        "filters": [
            {"behavior": "KEEP", "requirement": "MEETS_ANY", "conditions": [{"actionCondition": {"action": "BLOCK"}}]}
        ],
    }
    changed = lab.update(made, **inputs, loggingFilter=keep)
    seen = lab.client("wafv2").get_logging_configuration(ResourceArn=acl.outputs["arn"])["LoggingConfiguration"]
    assert seen["LoggingFilter"]["DefaultBehavior"] == "DROP"
    assert seen["RedactedFields"] == []
    assert lab.replaced_by(changed, **{**inputs, "logDestinationConfigs": [f"{group}-2"]})
    with pytest.raises(ProviderError, match="WAFInvalidParameterException"):
        lab.create(LOGGING, **{**inputs, "logDestinationConfigs": [f"{group}-2"]})
    lab.delete(changed)
