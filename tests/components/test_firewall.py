"""The firewall: rates per client, Amazon's rules, and a log without credentials."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from components.errors import ComponentError
from components.firewall import Firewall, FirewallArgs, Rate
from tests.components.support import KEY_ARN, SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

ARGS = FirewallArgs(
    scope=SCOPE,
    resource_arn="arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/1",
    key_arn=KEY_ARN,
    client_header="CF-Connecting-IP",
    rates={
        "messages": Rate(requests=100, window_s=60, path="/api/chat/*"),
        "client": Rate(requests=2_000, window_s=300),
    },
)


def made(run: Run) -> Registered:
    return run(lambda: Firewall("fw", ARGS))


def rules(run: Run) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in made(run).one("WebAcl").inputs["rules"]}


def test_each_rule_has_a_place_and_a_metric_of_its_own(run: Run) -> None:
    found = rules(run)
    assert [one["priority"] for one in found.values()] == list(range(len(found)))
    assert {one["visibilityConfig"]["metricName"] for one in found.values()} == set(found)
    assert all(one["visibilityConfig"]["cloudwatchMetricsEnabled"] for one in found.values())
    assert made(run).one("WebAcl").inputs["defaultAction"] == {"allow": {}}


def test_a_client_is_who_the_one_in_front_says_it_is(run: Run) -> None:
    rate = rules(run)["rate-client"]
    statement = rate["statement"]["rateBasedStatement"]
    assert (statement["limit"], statement["evaluationWindowSec"]) == (2_000, 300)
    assert statement["aggregateKeyType"] == "FORWARDED_IP"
    assert statement["forwardedIpConfig"] == {"headerName": "CF-Connecting-IP", "fallbackBehavior": "NO_MATCH"}
    assert "scopeDownStatement" not in statement
    assert rate["action"] == {"block": {"customResponse": {"responseCode": 429}}}
    assert "overrideAction" not in rate


def test_a_limit_counts_its_own_paths(run: Run) -> None:
    match = rules(run)["rate-messages"]["statement"]["rateBasedStatement"]["scopeDownStatement"]["byteMatchStatement"]
    assert (match["searchString"], match["positionalConstraint"]) == ("/api/chat/", "STARTS_WITH")
    assert match["fieldToMatch"] == {"uriPath": {}}


def test_amazons_groups_block_but_for_what_would_stop_messages_and_uploads(run: Run) -> None:
    found = {name: one for name, one in rules(run).items() if name.startswith("AWS")}
    assert set(found) == {
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    }
    assert all(one["overrideAction"] == {"none": {}} and "action" not in one for one in found.values())
    groups = {name: one["statement"]["managedRuleGroupStatement"] for name, one in found.items()}
    assert all(group["vendorName"] == "AWS" for group in groups.values())
    counted = groups["AWSManagedRulesCommonRuleSet"]["ruleActionOverrides"]
    assert all(one["actionToUse"] == {"count": {}} for one in counted)
    assert "SizeRestrictions_BODY" in {one["name"] for one in counted}
    assert "ruleActionOverrides" not in groups["AWSManagedRulesSQLiRuleSet"]


def test_what_is_stopped_is_logged_without_credentials(run: Run) -> None:
    result = made(run)
    log = result.one("LogGroup")
    assert (log.inputs["name"], log.inputs["kmsKeyId"], log.protect) == ("aws-waf-logs-fw", KEY_ARN, False)
    logging = result.one("WebAclLoggingConfiguration").inputs
    assert logging["logDestinationConfigs"] == ["arn:aws:cloudwatch:us-east-1:123456789012:loggroup/aws-waf-logs-fw"]
    assert {one["singleHeader"]["name"] for one in logging["redactedFields"]} == {"authorization", "cookie"}
    assert logging["loggingFilter"]["defaultBehavior"] == "DROP"
    (kept,) = logging["loggingFilter"]["filters"]
    assert {one["actionCondition"]["action"] for one in kept["conditions"]} == {"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"}


def test_it_stands_before_the_load_balancer(run: Run) -> None:
    joined = made(run).one("WebAclAssociation").inputs
    assert joined["resourceArn"] == ARGS.resource_arn
    assert joined["webAclArn"].endswith("webacl/fw-acl")


@pytest.mark.parametrize(
    ("rate", "problem"),
    [
        (Rate(requests=100, window_s=90), "windows of 90 s; at the firewall allowed: 60, 120, 300, 600"),
        (Rate(requests=9, window_s=60), "ends at 9 requests; at the firewall at least 10"),
        (Rate(requests=10, window_s=60, path="/api"), "public path '/api'; allowed"),
    ],
)
def test_a_rate_that_aws_cannot_count_is_refused(rate: Rate, problem: str) -> None:
    with pytest.raises(ComponentError, match=problem):
        dataclasses.replace(ARGS, rates={"one": rate})
