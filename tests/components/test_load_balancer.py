"""The load balancer: who reaches it, what it leads to, what tells that it does not."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components import facts
from components.errors import ComponentError
from components.load_balancer import BalancedTarget, LoadBalancer, LoadBalancerArgs, name_prefix
from components.thresholds import IngressThresholds
from tests.components.support import ACCOUNT, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.components.support import Registered, Run

WEB = BalancedTarget(path="/*", port=3000, health_path="/healthz", drain_s=30)
API = BalancedTarget(path="/api/*", port=8000, health_path="/api/health", drain_s=120)
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
ARGS = LoadBalancerArgs(
    scope=SCOPE,
    vpc_id="vpc-1",
    subnet_ids=["subnet-1", "subnet-2"],
    front_security_group_id="sg-front",
    topic_arn=TOPIC_ARN,
    thresholds=IngressThresholds(p95_s=1.5, error_rate_pct=1.0, bandwidth_gib_month=50, bandwidth_pct=80),
    targets={"web": WEB, "api": API},
    idle_timeout_s=120,
    deletion_protection=True,
    certificate_arn=CERTIFICATE,
)


def made(run: Run, **changes: Any) -> Registered:
    return run(lambda: LoadBalancer("lb", dataclasses.replace(ARGS, **changes)))


def inside(run: Run) -> Registered:
    return made(run, certificate_arn=None)


def listener(result: Registered, name: str) -> dict[str, Any]:
    return result.one("lb/listener:Listener", name).inputs


def test_it_reads_requests_strictly_and_waits_as_long_as_the_longest_takes(run: Run) -> None:
    balancer = made(run).one("lb/loadBalancer:LoadBalancer").inputs
    assert balancer["loadBalancerType"] == "application"
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["desyncMitigationMode"] == "defensive"
    assert balancer["idleTimeout"] == 120
    assert balancer["enableDeletionProtection"] is True
    assert (balancer["namePrefix"], balancer["internal"], balancer["ipAddressType"]) == ("floyo-", False, "ipv4")
    assert (
        made(run, deletion_protection=False).one("lb/loadBalancer:LoadBalancer").inputs["enableDeletionProtection"]
        is False
    )


def test_it_reaches_services_by_the_front_group_and_says_by_its_own_who_reaches_it(run: Run) -> None:
    result = made(run)
    assert result.one("lb/loadBalancer:LoadBalancer").inputs["securityGroups"] == ["sg-front", "lb-group-id"]
    rules = result.of("SecurityGroupIngressRule")
    assert {one.inputs["securityGroupId"] for one in rules} == {"lb-group-id"}


def test_only_cloudflares_addresses_reach_it(run: Run) -> None:
    result = made(run)
    ranges = result.one("ManagedPrefixList").inputs
    assert {one["cidr"] for one in ranges["entries"]} == set(facts.load("cloudflare")["ranges"])
    assert ranges["addressFamily"] == "IPv4"
    rules = {one.inputs["fromPort"]: one.inputs for one in result.of("SecurityGroupIngressRule")}
    assert set(rules) == {80, 443}
    # Both ports count the list's whole room against the group's 60 rules.
    assert len(ranges["entries"]) <= ranges["maxEntries"] <= 60 // len(rules)
    for port, rule in rules.items():
        assert (rule["toPort"], rule["prefixListId"]) == (port, "lb-cloudflare-id")
        assert not {"cidrIpv4", "cidrIpv6", "referencedSecurityGroupId"} & set(rule)
    assert not result.of("SecurityGroupEgressRule")


def test_cloudflares_addresses_are_public_ones_that_do_not_overlap() -> None:
    ranges = [ipaddress.ip_network(one) for one in facts.load("cloudflare")["ranges"]]
    assert all(one.is_global and one.version == 4 for one in ranges)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one != other)


def test_https_with_tls_1_3_for_who_shows_cloudflares_certificate(run: Run) -> None:
    result = made(run)
    https = listener(result, "lb-https")
    assert (https["port"], https["protocol"], https["certificateArn"]) == (443, "HTTPS", CERTIFICATE)
    assert https["sslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-Res")
    store = result.one("TrustStore").inputs
    assert https["mutualAuthentication"]["mode"] == "verify"
    assert https["mutualAuthentication"]["trustStoreArn"].endswith("truststore/lb-trust-0a1b2c3")
    authority = result.one("BucketObjectv2").inputs
    assert authority["content"] == facts.load("cloudflare")["origin_pull_ca"]
    assert (store["caCertificatesBundleS3Key"], store["caCertificatesBundleS3ObjectVersion"]) == (
        authority["key"],
        "v-1",
    )


def test_plain_requests_are_sent_to_https(run: Run) -> None:
    (action,) = listener(made(run), "lb-redirect")["defaultActions"]
    assert action["redirect"] == {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}


def test_what_no_service_answers_is_not_found(run: Run) -> None:
    (action,) = listener(made(run), "lb-https")["defaultActions"]
    assert (action["type"], action["fixedResponse"]["statusCode"]) == ("fixed-response", "404")


def test_inside_it_answers_the_front_group_in_the_clear_and_nobody_else(run: Run) -> None:
    result = inside(run)
    assert result.one("lb/loadBalancer:LoadBalancer").inputs["internal"] is True
    assert listener(result, "lb-http")["protocol"] == "HTTP"
    assert not result.of("TrustStore")
    assert not result.of("ManagedPrefixList")
    rule = result.one("SecurityGroupIngressRule").inputs
    assert (rule["fromPort"], rule["referencedSecurityGroupId"]) == (80, "sg-front")
    out = result.one("SecurityGroupEgressRule").inputs
    assert (out["securityGroupId"], out["referencedSecurityGroupId"]) == ("sg-front", "lb-group-id")


def test_each_service_has_a_target_group_that_can_stand_beside_its_successor(run: Run) -> None:
    result = made(run)
    api = result.one("TargetGroup", "lb-api").inputs
    assert (api["targetType"], api["protocol"], api["port"]) == ("ip", "HTTP", 8000)
    assert "name" not in api
    assert api["namePrefix"] == "api-"
    assert api["deregistrationDelay"] == 120
    health = api["healthCheck"]
    assert (health["path"], health["matcher"]) == ("/api/health", "200-299")
    assert health["timeout"] < health["interval"]
    # A task that still loads is not to be replaced: as long as its container's own check waits.
    assert health["interval"] * health["unhealthyThreshold"] >= 60 + 3 * 10


@pytest.mark.parametrize(
    ("name", "prefix"), [("api", "api-"), ("backend-ai-worker", "backe-"), ("a-b-c-d", "a-b-c-"), ("abcd-e", "abcd-")]
)
def test_a_names_prefix_is_six_characters_at_most(name: str, prefix: str) -> None:
    assert name_prefix(name) == prefix


def test_the_more_particular_path_is_asked_first(run: Run) -> None:
    rules = {one.name: one.inputs for one in made(run).of("lb/listenerRule:ListenerRule")}
    patterns = {name: rule["conditions"][0]["pathPattern"]["values"] for name, rule in rules.items()}
    assert patterns == {"lb-api": ["/api", "/api/*"], "lb-web": ["/*"]}
    assert rules["lb-api"]["priority"] < rules["lb-web"]["priority"]


def test_a_target_group_is_handed_out_when_requests_reach_it(run: Run) -> None:
    seen: list[Mapping[str, str]] = []

    def program() -> None:
        pulumi.Output.all(**LoadBalancer("lb", ARGS).target_group_arns).apply(seen.append)

    run(program)
    assert seen == [{key: f"arn:aws:lb:us-east-1:{ACCOUNT}:targetgroup/lb-{key}-0a1b2c3" for key in ("web", "api")}]


def test_requests_are_noted_for_a_while_where_only_the_load_balancer_writes(run: Run) -> None:
    result = made(run)
    logs = result.one("lb/loadBalancer:LoadBalancer").inputs["accessLogs"]
    assert logs == {"bucket": "lb-access-0a1b2c3", "enabled": True}
    statement = result.one("BucketPolicy", "lb-access").policy()["AccessLog"]
    assert statement["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert statement["Action"] == ["s3:PutObject"]
    assert statement["Resource"].endswith(f"/AWSLogs/{ACCOUNT}/*")
    # Elastic Load Balancing writes with Amazon's own key only.
    (rule,) = result.one("BucketServerSideEncryptionConfiguration", "lb-access").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    (old,) = result.one("LifecycleConfiguration").inputs["rules"]
    assert old["expiration"] == {"days": 30}
    # It asks for a first write when logs are switched on.
    needed = result.one("lb/loadBalancer:LoadBalancer").depends_on
    assert result.one("BucketPolicy", "lb-access").urn in needed


def test_nothing_of_it_keeps_a_step_down_from_going_through(run: Run) -> None:
    result = made(run)
    assert not any(one.protect for one in result.resources)
    assert result.one("s3/bucket:Bucket", "lb-access").inputs["forceDestroy"] is True


def test_latency_is_watched_in_seconds(run: Run) -> None:
    alarm = made(run).alarms()["lb-latency"]
    assert (alarm["metricName"], alarm["extendedStatistic"], alarm["threshold"]) == ("TargetResponseTime", "p95", 1.5)
    assert "statistic" not in alarm


def ratio(expression: str, **figures: float | None) -> float:
    """The expression's value, None for a metric that has no datapoint."""
    names = {"IF": lambda test, then, other: then() if test else other, "FILL": lambda v, d: d if v is None else v}
    # Both branches of Python's own conditional would be worked out at once: the first waits.
    lazy = expression.replace("> 0, ", "> 0, lambda: ")
    return float(eval(lazy, {"__builtins__": {}, **names, **figures}))


@pytest.mark.parametrize(
    ("failed", "refused", "requests", "percent"),
    [
        (None, None, None, 0.0),
        (None, None, 200.0, 0.0),
        (3.0, None, 300.0, 1.0),
        # Without a healthy target nothing is counted but what was refused.
        (None, 50.0, None, 100.0),
        (None, 50.0, 50.0, 50.0),
    ],
)
def test_the_error_rate_survives_no_requests_and_no_targets(
    run: Run, failed: float | None, refused: float | None, requests: float | None, percent: float
) -> None:
    alarm = made(run).alarms()["lb-errors"]
    result, *metrics = alarm["metricQueries"]
    names = {one["id"]: one["metric"]["metricName"] for one in metrics}
    assert names == {
        "failed": "HTTPCode_Target_5XX_Count",
        "refused": "HTTPCode_ELB_5XX_Count",
        "requests": "RequestCount",
    }
    assert ratio(result["expression"], failed=failed, refused=refused, requests=requests) == percent
    assert alarm["treatMissingData"] == "notBreaching"


def test_bandwidth_is_a_run_rate_against_the_months_limit(run: Run) -> None:
    alarm = made(run).alarms()["lb-bandwidth"]
    assert (alarm["metricName"], alarm["statistic"], alarm["period"]) == ("ProcessedBytes", "Sum", 86_400)
    assert abs(alarm["threshold"] * 30 - 0.8 * 50 * 1024**3) < 30


def test_tasks_that_fail_the_health_check_are_told_of_for_each_service(run: Run) -> None:
    found = made(run).alarms()
    alarm = found["lb-api-unhealthy"]
    assert (alarm["metricName"], alarm["statistic"], alarm["threshold"]) == ("UnHealthyHostCount", "Maximum", 0)
    assert set(alarm["dimensions"]) == {"LoadBalancer", "TargetGroup"}
    assert "lb-web-unhealthy" in found


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"targets": {}}, "load balancer without a public service"),
        ({"idle_timeout_s": 4001}, "waits 4001 s; allowed: 1 to 4000"),
        ({"idle_timeout_s": 0}, "waits 0 s; allowed: 1 to 4000"),
        ({"targets": {"api": dataclasses.replace(API, drain_s=3601)}}, "'api' drains for 3601 s; allowed: 0 to 3600"),
        ({"targets": {"api": API, "other": API}}, "path '/api/\\*' leads to two services"),
        ({"targets": {"api": dataclasses.replace(API, path="/api")}}, "public path '/api'; allowed"),
    ],
)
def test_what_a_load_balancer_cannot_do_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ComponentError, match=problem):
        dataclasses.replace(ARGS, **changes)
