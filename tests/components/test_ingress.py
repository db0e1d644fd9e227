"""The HTTP API: link, stage, log, alarms."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from components.ingress import Ingress, IngressArgs
from components.thresholds import IngressThresholds
from tests.components.support import KEY_ARN, SCOPE, TOPIC_ARN

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

GIB = 1024**3
ARGS = IngressArgs(
    scope=SCOPE,
    subnet_ids=["subnet-1", "subnet-2"],
    security_group_id="sg-front",
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    requests_per_second=100,
    burst=200,
    thresholds=IngressThresholds(p95_s=1.0, error_rate_pct=1.0, bandwidth_gib_month=50, bandwidth_pct=80),
)


def made(run: Run) -> Registered:
    return run(lambda: Ingress("in", ARGS))


def test_an_http_api_without_a_cors_rule(run: Run) -> None:
    api = made(run).one("apigatewayv2/api:Api").inputs
    assert api["protocolType"] == "HTTP"
    assert "corsConfiguration" not in api


def test_the_link_goes_through_the_front_group(run: Run) -> None:
    link = made(run).one("VpcLink").inputs
    assert link["subnetIds"] == ["subnet-1", "subnet-2"]
    assert link["securityGroupIds"] == ["sg-front"]


def test_requests_are_throttled(run: Run) -> None:
    stage = made(run).one("Stage").inputs
    assert (stage["name"], stage["autoDeploy"]) == ("$default", True)
    assert stage["defaultRouteSettings"] == {"throttlingRateLimit": 100, "throttlingBurstLimit": 200}


def test_requests_are_logged_as_json_where_aws_keeps_the_permission(run: Run) -> None:
    result = made(run)
    group = result.one("LogGroup").inputs
    assert group["name"] == "/aws/vendedlogs/ascend/in"
    assert group["kmsKeyId"] == KEY_ARN
    fields = json.loads(result.one("Stage").inputs["accessLogSettings"]["format"])
    assert {"requestId", "ip", "status", "latencyMs", "integrationError"} <= set(fields)
    assert all(value.startswith("$context.") for value in fields.values())


def test_latency_is_watched_in_milliseconds(run: Run) -> None:
    alarm = made(run).alarms()["in-latency"]
    assert (alarm["metricName"], alarm["extendedStatistic"], alarm["threshold"]) == ("Latency", "p95", 1000)
    assert alarm["treatMissingData"] == "notBreaching"


def test_the_error_rate_survives_no_requests(run: Run) -> None:
    alarm = made(run).alarms()["in-errors"]
    result, failed, requests = alarm["metricQueries"]
    assert result["expression"] == "IF(requests > 0, 100 * FILL(failed, 0) / requests, 0)"
    assert (failed["id"], failed["metric"]["metricName"], failed["metric"]["stat"]) == ("failed", "5xx", "Sum")
    assert (requests["id"], requests["metric"]["metricName"]) == ("requests", "Count")
    assert alarm["threshold"] == 1
    assert (alarm["datapointsToAlarm"], alarm["evaluationPeriods"]) == (2, 3)
    assert alarm["treatMissingData"] == "notBreaching"


def test_bandwidth_is_a_run_rate_against_the_months_limit(run: Run) -> None:
    alarm = made(run).alarms()["in-bandwidth"]
    assert (alarm["metricName"], alarm["statistic"], alarm["period"]) == ("DataProcessed", "Sum", 86_400)
    # Traffic of 80 % of the limit, spread over a month of 30 days, is one day's threshold.
    assert abs(alarm["threshold"] * 30 - 0.8 * 50 * GIB) < 30


def test_every_alarm_is_about_this_api(run: Run) -> None:
    found = made(run).alarms()
    dimensions = [one.get("dimensions") or one["metricQueries"][1]["metric"]["dimensions"] for one in found.values()]
    assert dimensions == [{"ApiId": "in-api-id"}] * 3


def test_where_something_else_serves_the_log_stays_and_nothing_else(run: Run) -> None:
    serving, result = made(run), run(lambda: Ingress("in", dataclasses.replace(ARGS, serves=False)))
    assert [one.type for one in result.resources if one.custom] == ["aws:cloudwatch/logGroup:LogGroup"]
    assert result.one("LogGroup") == serving.one("LogGroup")
    assert result.one("LogGroup").protect
