"""Good inputs and refusals of scaling, pool, private network and dashboards; see `good_inputs` and `refusals`."""

from __future__ import annotations

import json
from typing import Any

from tests.cloud.aws.good_inputs import DASHBOARD, INSTANCE, SERVICE

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
PROXY = "aws:rds/proxy:Proxy"
POOL = "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup"
PROXY_TARGET = "aws:rds/proxyTarget:ProxyTarget"
EIP = "aws:ec2/eip:Eip"
NAT = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"

A = "arn:aws"
ACCOUNT = "123456789012"
SECRET = f"{A}:secretsmanager:eu-west-1:{ACCOUNT}:secret:pool-a1b2c3"
GROUP = f"{A}:elasticloadbalancing:eu-west-1:{ACCOUNT}:targetgroup/web/0123456789abcdef"
LABEL = "app/web/0123456789abcdef/targetgroup/web/fedcba9876543210"
KEY = {"serviceNamespace": "ecs", "resourceId": "service/main/web", "scalableDimension": "ecs:service:DesiredCount"}
TABLE = {
    "serviceNamespace": "dynamodb",
    "resourceId": "table/a",
    "scalableDimension": "dynamodb:table:ReadCapacityUnits",
}
CPU = {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}
REQUESTS = {"predefinedMetricType": "ALBRequestCountPerTarget", "resourceLabel": LABEL}
TRACKING = "targetTrackingScalingPolicyConfiguration"
STEPPING = "stepScalingPolicyConfiguration"
MATH = f"{TRACKING}.customizedMetricSpecification.metrics"
TRACKED = {"targetValue": 70, "scaleInCooldown": 300, "scaleOutCooldown": 60, "predefinedMetricSpecification": CPU}
CUSTOM = {"metricName": "QueueDepth", "namespace": "Atlas", "statistic": "Average"}
DEPTH = {
    "id": "depth",
    "metricStat": {"metric": {"metricName": "QueueDepth", "namespace": "Atlas"}, "stat": "Maximum"},
    "returnData": False,
}
BACKLOG = {"id": "backlog", "expression": "depth / 2"}
STEP = {"metricIntervalLowerBound": "0", "scalingAdjustment": 1}
STEPS = {"adjustmentType": "ChangeInCapacity", "stepAdjustments": [STEP]}
AUTH = {"authScheme": "SECRETS", "iamAuth": "DISABLED", "secretArn": SECRET}
TRANSFORMATION = {"name": "Errors", "namespace": "Floyo", "value": "1", "defaultValue": "0"}
WIDGET = {
    "type": "metric",
    "x": 0,
    "y": 0,
    "width": 12,
    "height": 6,
    "properties": {
        "region": "eu-west-1",
        "metrics": [
            ["AWS/ECS", "CPUUtilization", "ClusterName", "main", {"id": "m1"}],
            ["...", {"stat": "p95"}],
            [{"expression": "m1 * 2", "label": "twice", "id": "e1"}],
        ],
        "period": 60,
    },
}


def tracked(**change: Any) -> dict[str, Any]:
    """Target tracking with some of its fields changed; None takes one out."""
    return {TRACKING: {key: value for key, value in {**TRACKED, **change}.items() if value is not None}}


def custom(**fields: Any) -> dict[str, Any]:
    return tracked(predefinedMetricSpecification=None, customizedMetricSpecification=fields)


def math(*rows: dict[str, Any]) -> dict[str, Any]:
    return custom(metrics=list(rows))


def stepped(**change: Any) -> dict[str, Any]:
    config = {key: value for key, value in {**STEPS, **change}.items() if value is not None}
    return {"policyType": "StepScaling", TRACKING: None, STEPPING: config}


def bounds(*pairs: tuple[str | None, str | None]) -> dict[str, Any]:
    """Steps with the given lower and upper bounds."""
    names = ("metricIntervalLowerBound", "metricIntervalUpperBound")
    rows = [{name: value for name, value in zip(names, pair, strict=True) if value is not None} for pair in pairs]
    return stepped(stepAdjustments=[{**row, "scalingAdjustment": 1} for row in rows])


def pool(**fields: Any) -> dict[str, Any]:
    return {"connectionPoolConfig": fields}


def transformed(**change: Any) -> dict[str, Any]:
    given = {key: value for key, value in {**TRANSFORMATION, **change}.items() if value is not None}
    return {"metricTransformation": given}


def body(*widgets: Any, **more: Any) -> dict[str, Any]:
    return {"dashboardBody": json.dumps({"widgets": list(widgets), **more})}


def graph(**change: Any) -> dict[str, Any]:
    """A dashboard whose one graph has some of its properties changed."""
    properties: dict[str, Any] = {**WIDGET["properties"], **change}  # type: ignore[dict-item]
    return body({**WIDGET, "properties": {key: value for key, value in properties.items() if value is not None}})


GOOD: dict[str, dict[str, Any]] = {
    TARGET: {**KEY, "minCapacity": 2, "maxCapacity": 20},
    POLICY: {**KEY, "policyType": "TargetTrackingScaling", TRACKING: TRACKED},
    ACTION: {
        **KEY,
        "name": "morning",
        "schedule": "cron(0 6 ? * MON-FRI *)",
        "timezone": "Europe/Berlin",
        "startTime": "2026-12-01T00:00:00Z",
        "scalableTargetAction": {"minCapacity": 4, "maxCapacity": 20},
    },
    PROXY: {
        "name": "floyo",
        "engineFamily": "POSTGRESQL",
        "roleArn": f"{A}:iam::{ACCOUNT}:role/proxy",
        "vpcSubnetIds": ["subnet-1", "subnet-2"],
        "vpcSecurityGroupIds": ["sg-1"],
        "auths": [AUTH],
        "requireTls": True,
        "idleClientTimeout": 1800,
    },
    POOL: {"dbProxyName": "floyo", **pool(maxConnectionsPercent=80, maxIdleConnectionsPercent=40)},
    PROXY_TARGET: {"dbProxyName": "floyo", "targetGroupName": "default", "dbInstanceIdentifier": "floyo"},
    EIP: {"domain": "vpc"},
    NAT: {"subnetId": "subnet-1", "allocationId": "eipalloc-1"},
    ENDPOINT: {
        "vpcId": "vpc-1",
        "serviceName": "com.amazonaws.eu-west-1.logs",
        "vpcEndpointType": "Interface",
        "subnetIds": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
        "privateDnsEnabled": True,
    },
    FILTER: {"name": "errors", "logGroupName": "/floyo/web", "pattern": "ERROR", **transformed()},
}

_NAMING: list[tuple[dict[str, Any], str]] = [
    ({"serviceNamespace": "fargate"}, "serviceNamespace"),
    ({"scalableDimension": "ecs:service:Count"}, "scalableDimension"),
    ({"scalableDimension": "dynamodb:table:ReadCapacityUnits"}, "scalableDimension"),
    ({**TABLE, "scalableDimension": "ecs:service:DesiredCount"}, "scalableDimension"),
    ({"resourceId": "main/web"}, "resourceId"),
    ({"resourceId": f"{A}:ecs:eu-west-1:{ACCOUNT}:service/main/web"}, "resourceId"),
    ({"resourceId": "service/web"}, "resourceId"),
]

BAD: list[tuple[str, dict[str, Any], str]] = [
    *((token, change, path) for token in (TARGET, POLICY, ACTION) for change, path in _NAMING),
    (TARGET, {"minCapacity": 21}, "minCapacity"),
    (TARGET, {"minCapacity": -1}, "minCapacity"),
    (TARGET, {"minCapacity": 0, "maxCapacity": -1}, "maxCapacity"),
    (TARGET, {"maxCapacity": None}, "maxCapacity"),
    (TARGET, {"suspendedState": {"scalingSuspended": True}}, "suspendedState.scalingSuspended"),
    (POLICY, {"name": "a" * 256}, "name"),
    (POLICY, {"policyType": "SimpleScaling"}, "policyType"),
    (POLICY, {"policyType": None}, STEPPING),
    (POLICY, {TRACKING: None}, TRACKING),
    (POLICY, {STEPPING: STEPS}, TRACKING),
    (POLICY, {**stepped(), TRACKING: TRACKED}, STEPPING),
    (POLICY, tracked(predefinedMetricSpecification=None), TRACKING),
    (POLICY, tracked(customizedMetricSpecification=CUSTOM), f"{TRACKING}.predefinedMetricSpecification"),
    (POLICY, tracked(targetValue=0), f"{TRACKING}.targetValue"),
    (POLICY, tracked(scaleInCooldown=-1), f"{TRACKING}.scaleInCooldown"),
    (POLICY, tracked(scaleOutCooldown=-60), f"{TRACKING}.scaleOutCooldown"),
    (
        POLICY,
        tracked(predefinedMetricSpecification={"predefinedMetricType": "CPUUtilization"}),
        f"{TRACKING}.predefinedMetricSpecification.predefinedMetricType",
    ),
    (
        POLICY,
        tracked(predefinedMetricSpecification={"predefinedMetricType": "ALBRequestCountPerTarget"}),
        f"{TRACKING}.predefinedMetricSpecification",
    ),
    (
        POLICY,
        tracked(predefinedMetricSpecification={**REQUESTS, "resourceLabel": GROUP}),
        f"{TRACKING}.predefinedMetricSpecification.resourceLabel",
    ),
    (
        POLICY,
        tracked(predefinedMetricSpecification={**CPU, "resourceLabel": LABEL}),
        f"{TRACKING}.predefinedMetricSpecification",
    ),
    (POLICY, custom(metricName="QueueDepth", namespace="Atlas"), f"{TRACKING}.customizedMetricSpecification"),
    (POLICY, custom(**{**CUSTOM, "statistic": "p95"}), f"{TRACKING}.customizedMetricSpecification.statistic"),
    (
        POLICY,
        custom(**CUSTOM, metrics=[DEPTH, BACKLOG]),
        f"{TRACKING}.customizedMetricSpecification.metricName",
    ),
    (
        POLICY,
        custom(metrics=[DEPTH, BACKLOG], dimensions=[{"name": "a", "value": "b"}]),
        f"{TRACKING}.customizedMetricSpecification.dimensions",
    ),
    (POLICY, math({**DEPTH, "returnData": True}, BACKLOG), MATH),
    (POLICY, math(DEPTH, {**BACKLOG, "returnData": False}), MATH),
    (POLICY, math(DEPTH, {**BACKLOG, "id": "depth"}), MATH),
    (POLICY, math(DEPTH, {**BACKLOG, "expression": "depth / tasks"}), f"{MATH}[1].expression"),
    (POLICY, math({**DEPTH, "id": "Depth"}, {"id": "backlog", "expression": "2"}), f"{MATH}[0].id"),
    (POLICY, math({**DEPTH, "expression": "2"}, BACKLOG), f"{MATH}[0]"),
    (POLICY, math(DEPTH, {"id": "backlog"}), f"{MATH}[1]"),
    (POLICY, stepped(adjustmentType=None), STEPPING),
    (POLICY, stepped(adjustmentType="Add"), f"{STEPPING}.adjustmentType"),
    (POLICY, stepped(metricAggregationType="Sum"), f"{STEPPING}.metricAggregationType"),
    (POLICY, stepped(stepAdjustments=[]), f"{STEPPING}.stepAdjustments"),
    (POLICY, stepped(minAdjustmentMagnitude=2), f"{STEPPING}.adjustmentType"),
    (POLICY, bounds(("ten", None)), f"{STEPPING}.stepAdjustments[0]"),
    (POLICY, bounds(("10", "0")), f"{STEPPING}.stepAdjustments[0]"),
    (POLICY, bounds((None, None), ("0", None)), f"{STEPPING}.stepAdjustments[0]"),
    (POLICY, bounds(("0", "10"), ("20", None)), f"{STEPPING}.stepAdjustments"),
    (POLICY, bounds(("0", "10"), ("5", None)), f"{STEPPING}.stepAdjustments"),
    (ACTION, {"name": "a/b"}, "name"),
    (ACTION, {"schedule": "0 6 * * *"}, "schedule"),
    (ACTION, {"schedule": "cron(0 6 * * *)"}, "schedule"),
    (ACTION, {"schedule": "cron(0 6 * * * *)"}, "schedule"),
    (ACTION, {"schedule": "rate(1 days)"}, "schedule"),
    (ACTION, {"schedule": "at(2026-12-01)"}, "schedule"),
    (ACTION, {"timezone": "Berlin"}, "timezone"),
    (ACTION, {"startTime": "2026-12-01"}, "startTime"),
    (ACTION, {"endTime": "2026-11-30T00:00:00Z"}, "endTime"),
    (ACTION, {"scalableTargetAction": {}}, "scalableTargetAction.maxCapacity"),
    (ACTION, {"scalableTargetAction": {"minCapacity": 9, "maxCapacity": 3}}, "scalableTargetAction.minCapacity"),
    (PROXY, {"name": "Floyo"}, "name"),
    (PROXY, {"name": "flo--yo"}, "name"),
    (PROXY, {"name": "a" * 64}, "name"),
    (PROXY, {"engineFamily": "POSTGRES"}, "engineFamily"),
    (PROXY, {"roleArn": "proxy"}, "roleArn"),
    (PROXY, {"vpcSubnetIds": ["subnet-1"]}, "vpcSubnetIds"),
    (PROXY, {"vpcSubnetIds": ["subnet-1", "subnet-1"]}, "vpcSubnetIds"),
    (PROXY, {"auths": None}, "auths"),
    (PROXY, {"auths": [{"iamAuth": "DISABLED"}]}, "auths[0]"),
    (PROXY, {"auths": [{**AUTH, "secretArn": "pool"}]}, "auths[0].secretArn"),
    (PROXY, {"auths": [{**AUTH, "secretArn": SECRET.replace("eu-west-1", "us-east-1")}]}, "auths[0].secretArn"),
    (PROXY, {"auths": [{**AUTH, "authScheme": "IAM"}]}, "auths[0].authScheme"),
    (PROXY, {"auths": [{**AUTH, "iamAuth": "ENABLED"}]}, "auths[0].iamAuth"),
    (
        PROXY,
        {"auths": [{**AUTH, "clientPasswordAuthType": "MYSQL_NATIVE_PASSWORD"}]},
        "auths[0].clientPasswordAuthType",
    ),
    (PROXY, {"defaultAuthScheme": "SECRETS"}, "defaultAuthScheme"),
    (PROXY, {"idleClientTimeout": 28801}, "idleClientTimeout"),
    (PROXY, {"endpointNetworkType": "ipv4"}, "endpointNetworkType"),
    (POOL, pool(maxConnectionsPercent=0), "connectionPoolConfig.maxConnectionsPercent"),
    (POOL, pool(maxConnectionsPercent=101), "connectionPoolConfig.maxConnectionsPercent"),
    (POOL, pool(maxConnectionsPercent=40), "connectionPoolConfig.maxIdleConnectionsPercent"),
    (POOL, pool(connectionBorrowTimeout=3601), "connectionPoolConfig.connectionBorrowTimeout"),
    (POOL, pool(sessionPinningFilters=["NONE"]), "connectionPoolConfig.sessionPinningFilters[0]"),
    (PROXY_TARGET, {"dbInstanceIdentifier": None}, "dbInstanceIdentifier"),
    (PROXY_TARGET, {"dbClusterIdentifier": "floyo"}, "dbClusterIdentifier"),
    (PROXY_TARGET, {"targetGroupName": "reads"}, "targetGroupName"),
    (EIP, {"domain": "classic"}, "domain"),
    (NAT, {"allocationId": None}, "allocationId"),
    (NAT, {"subnetId": None}, "subnetId"),
    (NAT, {"connectivityType": "private"}, "allocationId"),
    (
        NAT,
        {"connectivityType": "private", "allocationId": None, "secondaryAllocationIds": ["eipalloc-2"]},
        "secondaryAllocationIds",
    ),
    (NAT, {"secondaryPrivateIpAddressCount": 2}, "secondaryPrivateIpAddressCount"),
    (NAT, {"connectivityType": "internal"}, "connectivityType"),
    (NAT, {"privateIp": "10.0.0"}, "privateIp"),
    (ENDPOINT, {"serviceName": None}, "serviceName"),
    (ENDPOINT, {"serviceName": "com.amazonaws.us-east-1.logs"}, "serviceName"),
    (ENDPOINT, {"routeTableIds": ["rtb-1"]}, "routeTableIds"),
    (ENDPOINT, {"vpcEndpointType": "Gateway"}, "serviceName"),
    (ENDPOINT, {"vpcEndpointType": "Gateway", "serviceName": "com.amazonaws.eu-west-1.s3"}, "subnetIds"),
    (ENDPOINT, {"vpcEndpointType": "Private"}, "vpcEndpointType"),
    (FILTER, {"name": "a:b"}, "name"),
    (FILTER, {"pattern": "x" * 1025}, "pattern"),
    (FILTER, transformed(name="a$b"), "metricTransformation.name"),
    (FILTER, transformed(unit="Errors"), "metricTransformation.unit"),
    (FILTER, transformed(defaultValue="none"), "metricTransformation.defaultValue"),
    (FILTER, transformed(dimensions={"a": "$.a"}), "metricTransformation"),
    (
        FILTER,
        transformed(defaultValue=None, dimensions={name: f"$.{name}" for name in "abcd"}),
        "metricTransformation.dimensions",
    ),
    (FILTER, transformed(value="one"), "metricTransformation.value"),
    (FILTER, transformed(namespace="AWS/Floyo"), "metricTransformation.namespace"),
    *(
        (DASHBOARD, change, "dashboardBody")
        for change in (
            body(periodOverride="always"),
            body(title="Floyo"),
            body("text"),
            body({"type": "chart", "properties": {}}),
            body({**WIDGET, "properties": None}),
            body({**WIDGET, "x": 24}),
            body({**WIDGET, "x": 18}),
            body({**WIDGET, "width": 0}),
            body({**WIDGET, "height": 6.5}),
            body({key: value for key, value in WIDGET.items() if key != "y"}),
            body({"type": "text", "properties": {}}),
            body({"type": "log", "properties": {"query": "fields @message"}}),
            body({"type": "alarm", "properties": {"alarms": ["high"]}}),
            body({"type": "alarm", "properties": {}}),
            graph(region=None),
            graph(metrics=None),
            graph(view="line"),
            graph(view="gauge"),
            graph(period=90),
            graph(metrics=[["AWS/ECS"]]),
            graph(metrics=[["AWS/ECS", "CPUUtilization", "ClusterName"]]),
            graph(metrics=[["...", {"stat": "p95"}]]),
            graph(metrics=[[]]),
            graph(metrics=[[1, 2]]),
            graph(metrics=[[{"label": "x"}]]),
            graph(metrics=[[{"expression": "1", "id": "E1"}]]),
            graph(metrics=[[{"expression": "1", "id": "e"}], [{"expression": "2", "id": "e"}]]),
            graph(metrics=[["A", f"m{number}"] for number in range(501)]),
            body(*[WIDGET] * 501),
        )
    ),
    (SERVICE, {"loadBalancers": [{"containerName": "web", "containerPort": 8080}]}, "loadBalancers[0]"),
    (
        SERVICE,
        {"loadBalancers": [{"elbName": "web", "containerName": "web", "containerPort": 8080}]},
        "loadBalancers[0]",
    ),
    (
        SERVICE,
        {"loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 8080}] * 6},
        "loadBalancers",
    ),
    (INSTANCE, {"engine": "sqlserver-ex", "blueGreenUpdate": {"enabled": True}}, "engine"),
]

FINE: list[tuple[str, dict[str, Any]]] = [
    (TARGET, {"minCapacity": 0, "maxCapacity": 0}),
    (TARGET, TABLE),
    (POLICY, tracked(predefinedMetricSpecification=REQUESTS)),
    (POLICY, custom(**CUSTOM, dimensions=[{"name": "Queue", "value": "jobs"}])),
    (POLICY, math(DEPTH, BACKLOG)),
    (POLICY, math({"id": "one", "metricStat": DEPTH["metricStat"]})),
    (POLICY, stepped()),
    (POLICY, stepped(adjustmentType="PercentChangeInCapacity", minAdjustmentMagnitude=2)),
    (POLICY, bounds((None, "0"), ("0", "10"), ("10", None))),
    (ACTION, {"schedule": "at(2026-12-24T18:00:00)"}),
    (ACTION, {"schedule": "rate(2 hours)", "timezone": None}),
    (ACTION, {"endTime": "2027-12-01T00:00:00+01:00"}),
    (ACTION, {"scalableTargetAction": {"minCapacity": 0}}),
    (PROXY, {"auths": None, "defaultAuthScheme": "IAM_AUTH"}),
    (PROXY, {"auths": [{**AUTH, "iamAuth": "REQUIRED", "clientPasswordAuthType": "POSTGRES_SCRAM_SHA_256"}]}),
    (POOL, {"connectionPoolConfig": None}),
    (POOL, pool(maxConnectionsPercent=40, maxIdleConnectionsPercent=0)),
    (NAT, {"connectivityType": "private", "allocationId": None, "privateIp": "10.0.0.9"}),
    (FILTER, transformed(value="$.latency", unit="Milliseconds")),
    (FILTER, transformed(defaultValue=None, dimensions={"Route": "$.route"})),
    (DASHBOARD, body(WIDGET, {"type": "text", "properties": {"markdown": "# Floyo"}}, start="-PT6H")),
    (DASHBOARD, graph(metrics=None, annotations={"alarms": [f"{A}:cloudwatch:eu-west-1:{ACCOUNT}:alarm:high"]})),
    (DASHBOARD, graph(view="gauge", yAxis={"left": {"min": 0, "max": 100}})),
    (SERVICE, {"desiredCount": 0}),
    (INSTANCE, {"blueGreenUpdate": {"enabled": True}}),
]
