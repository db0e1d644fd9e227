"""Good inputs and refusals of AWS WAF's types; see `good_inputs` and `refusals`.

Sources: ``facts/wafv2.yaml`` and ``data/waf.yaml``; for what a rule must have the API reference (Rule,
RateBasedStatement).
"""

from __future__ import annotations

import json
from typing import Any

ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"

ARN = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/web/1"
LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group:aws-waf-logs-web"
TARGET = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/1"


def visibility(name: str) -> dict[str, Any]:
    return {"cloudwatchMetricsEnabled": True, "metricName": name, "sampledRequestsEnabled": True}


def group(name: str = "AWSManagedRulesCommonRuleSet", priority: int = 1, **more: Any) -> dict[str, Any]:
    """A rule that names one of AWS's groups."""
    statement = {"managedRuleGroupStatement": {"vendorName": "AWS", "name": name}}
    rule = {"name": f"group-{priority}", "priority": priority, "overrideAction": {"none": {}}, "statement": statement}
    return {**rule, "visibilityConfig": visibility("group"), **more}


def rate(**more: Any) -> dict[str, Any]:
    """A rule that counts requests."""
    statement = {"rateBasedStatement": {"limit": 1000, "aggregateKeyType": "IP", **more}}
    rule = {"name": "rate", "priority": 0, "action": {"block": {}}, "statement": statement}
    return {**rule, "visibilityConfig": visibility("rate")}


def answer(**response: Any) -> dict[str, Any]:
    return {**rate(), "action": {"block": {"customResponse": {"responseCode": 429, **response}}}}


def without(rule: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name not in names}


GEO = {"geoMatchStatement": {"countryCodes": ["DE"]}}
FILTER = {
    "defaultBehavior": "DROP",
    "filters": [
        {"behavior": "KEEP", "requirement": "MEETS_ANY", "conditions": [{"actionCondition": {"action": "BLOCK"}}]}
    ],
}

GOOD: dict[str, dict[str, Any]] = {
    ACL: {
        "name": "web",
        "description": "edge",
        "scope": "REGIONAL",
        "defaultAction": {"allow": {}},
        "rules": [group(), rate()],
        "customResponseBodies": [{"key": "slow", "content": "slow down", "contentType": "TEXT_PLAIN"}],
        "visibilityConfig": visibility("web"),
    },
    ASSOCIATION: {"resourceArn": TARGET, "webAclArn": ARN},
    LOGGING: {
        "resourceArn": ARN,
        "logDestinationConfigs": [LOGS],
        "loggingFilter": FILTER,
        "redactedFields": [{"singleHeader": {"name": "authorization"}}],
    },
}

_RATE = "rules[0].statement.rateBasedStatement"
BAD: list[tuple[str, dict[str, Any], str]] = [
    (ACL, {"name": "web acl"}, "name"),
    (ACL, {"name": "a" * 129}, "name"),
    (ACL, {"namePrefix": "web"}, "namePrefix"),
    (ACL, {"description": ""}, "description"),
    (ACL, {"scope": "GLOBAL"}, "scope"),
    (ACL, {"scope": "CLOUDFRONT"}, "scope"),
    (ACL, {"defaultAction": {}}, "defaultAction"),
    (ACL, {"defaultAction": {"allow": {}, "block": {}}}, "defaultAction"),
    (ACL, {"ruleJson": "[]"}, "rules"),
    (ACL, {"rules": None, "ruleJson": "rules"}, "ruleJson"),
    (ACL, {"tokenDomains": ["a b"]}, "tokenDomains[0]"),
    (ACL, {"visibilityConfig": visibility("All")}, "visibilityConfig.metricName"),
    (ACL, {"visibilityConfig": visibility("web acl")}, "visibilityConfig.metricName"),
    (
        ACL,
        {"customResponseBodies": [{"key": "a b", "content": "c", "contentType": "TEXT_PLAIN"}]},
        "customResponseBodies[0].key",
    ),
    (
        ACL,
        {"customResponseBodies": [{"key": "a", "content": "c", "contentType": "TEXT_XML"}]},
        "customResponseBodies[0].contentType",
    ),
    (ACL, {"rules": [group(), group()]}, "rules[1].name"),
    (ACL, {"rules": [group(), group(name="AWSManagedRulesSQLiRuleSet")]}, "rules[1].priority"),
    (ACL, {"rules": [group(name="AWSManagedRulesEverything")]}, "rules[0].statement.managedRuleGroupStatement.name"),
    (ACL, {"rules": [without(group(), "overrideAction")]}, "rules[0].overrideAction"),
    (ACL, {"rules": [group(action={"block": {}})]}, "rules[0].overrideAction"),
    (ACL, {"rules": [group(overrideAction={})]}, "rules[0].overrideAction"),
    (ACL, {"rules": [group(visibilityConfig=visibility("a b"))]}, "rules[0].visibilityConfig.metricName"),
    (ACL, {"rules": [without(rate(), "action")]}, "rules[0].action"),
    (ACL, {"rules": [{**rate(), "overrideAction": {"none": {}}}]}, "rules[0].action"),
    (ACL, {"rules": [{**rate(), "action": {"block": {}, "count": {}}}]}, "rules[0].action"),
    (ACL, {"rules": [{**rate(), "statement": {}}]}, "rules[0].statement"),
    (ACL, {"rules": [{**rate(), "statement": {**GEO, **rate()["statement"]}}]}, "rules[0].statement"),
    (ACL, {"rules": [rate(limit=9)]}, f"{_RATE}.limit"),
    (ACL, {"rules": [rate(evaluationWindowSec=30)]}, f"{_RATE}.evaluationWindowSec"),
    (ACL, {"rules": [rate(aggregateKeyType="HEADER")]}, f"{_RATE}.aggregateKeyType"),
    (ACL, {"rules": [rate(aggregateKeyType="FORWARDED_IP")]}, f"{_RATE}.forwardedIpConfig"),
    (ACL, {"rules": [rate(aggregateKeyType="CUSTOM_KEYS")]}, f"{_RATE}.customKeys"),
    (ACL, {"rules": [rate(aggregateKeyType="CONSTANT")]}, f"{_RATE}.scopeDownStatement"),
    (
        ACL,
        {"rules": [rate(forwardedIpConfig={"headerName": "X-Forwarded-For", "fallbackBehavior": "MATCH"})]},
        f"{_RATE}.forwardedIpConfig",
    ),
    (
        ACL,
        {"rules": [answer(customResponseBodyKey="fast")]},
        "rules[0].action.block.customResponse.customResponseBodyKey",
    ),
    (ACL, {"rules": [answer(responseCode=100)]}, "rules[0].action.block.customResponse.responseCode"),
    (ACL, {"rules": [group(priority=number) for number in range(8)]}, "rules"),
    (ACL, {"dataProtectionConfig": {"dataProtections": []}}, "dataProtectionConfig"),
    (ASSOCIATION, {"resourceArn": "web"}, "resourceArn"),
    (ASSOCIATION, {"resourceArn": "arn:aws:apigateway:eu-west-1::/apis/a1/stages/$default"}, "resourceArn"),
    (ASSOCIATION, {"resourceArn": "arn:aws:cloudfront::123456789012:distribution/E1"}, "resourceArn"),
    (ASSOCIATION, {"resourceArn": TARGET.replace("eu-west-1", "us-east-1")}, "resourceArn"),
    (ASSOCIATION, {"webAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/web/1"}, "webAclArn"),
    (LOGGING, {"logDestinationConfigs": []}, "logDestinationConfigs"),
    (LOGGING, {"logDestinationConfigs": [LOGS, f"{LOGS}-2"]}, "logDestinationConfigs"),
    (LOGGING, {"logDestinationConfigs": [LOGS.replace("aws-waf-logs-", "")]}, "logDestinationConfigs[0]"),
    (LOGGING, {"logDestinationConfigs": ["arn:aws:s3:::logs"]}, "logDestinationConfigs[0]"),
    (LOGGING, {"resourceArn": TARGET}, "resourceArn"),
    (LOGGING, {"loggingFilter": {**FILTER, "defaultBehavior": "SKIP"}}, "loggingFilter.defaultBehavior"),
    (LOGGING, {"redactedFields": [{"method": {}, "queryString": {}}]}, "redactedFields[0]"),
    (LOGGING, {"redactedFields": [{"singleHeader": {"name": "a" * 65}}]}, "redactedFields[0].singleHeader.name"),
]

FINE: list[tuple[str, dict[str, Any]]] = [
    (ACL, {"name": None, "rules": None, "customResponseBodies": None, "description": None}),
    (ACL, {"rules": None, "ruleJson": json.dumps([{"Name": "geo"}])}),
    (ACL, {"rules": [answer(customResponseBodyKey="slow")]}),
    (ACL, {"rules": [rate(aggregateKeyType="CONSTANT", scopeDownStatement=GEO, evaluationWindowSec=60)]}),
    (ACL, {"rules": [{**rate(), "action": {"count": {}}, "statement": {"notStatement": {"statement": GEO}}}]}),
    (ACL, {"region": "us-east-1", "scope": "CLOUDFRONT"}),
    (LOGGING, {"logDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-web"], "loggingFilter": None}),
]
