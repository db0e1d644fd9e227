"""Inputs that AWS takes, a set for each type: what `refusals` changes."""

from __future__ import annotations

import json
from typing import Any

A = "arn:aws"
ACCOUNT = "123456789012"
TOPIC = f"{A}:sns:eu-west-1:{ACCOUNT}:alarms"
KEY = f"{A}:kms:eu-west-1:{ACCOUNT}:key/mrk-1"
NAME_ARN = f"{A}:servicediscovery:eu-west-1:{ACCOUNT}:service/srv-1"
LOGS = f"{A}:logs:eu-west-1:{ACCOUNT}:log-group:/front"
ROLE = f"{A}:iam::{ACCOUNT}:role/task"

API = "aws:apigatewayv2/api:Api"
LINK = "aws:apigatewayv2/vpcLink:VpcLink"
INTEGRATION = "aws:apigatewayv2/integration:Integration"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
BUDGET = "aws:budgets/budget:Budget"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
CLUSTER = "aws:ecs/cluster:Cluster"
PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
INSTANCE = "aws:rds/instance:Instance"
NAMESPACE = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
NAME = "aws:servicediscovery/service:Service"
ENTRY = "aws:servicediscovery/instance:Instance"
SNS_TOPIC = "aws:sns/topic:Topic"
SNS_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
ALLOW = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"

NOTIFICATION = {
    "comparisonOperator": "GREATER_THAN",
    "notificationType": "ACTUAL",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
    "subscriberEmailAddresses": ["a@floyo.example"],
}
CONTAINER = {
    "name": "web",
    "image": "nginx:1.27",
    "essential": True,
    "portMappings": [{"containerPort": 8080}],
    "environment": [{"name": "A", "value": "1"}],
    "secrets": [{"name": "B", "valueFrom": f"{A}:secretsmanager:eu-west-1:{ACCOUNT}:secret:b"}],
    "healthCheck": {"command": ["CMD-SHELL", "true"]},
}
EXPRESSION = {"id": "e", "expression": "m * 2", "label": "e", "returnData": True}
METRIC = {"id": "m", "metric": {"metricName": "a", "namespace": "b", "period": 60, "stat": "Sum"}}
DNS = {"namespaceId": "ns-1", "dnsRecords": [{"type": "SRV", "ttl": 10}], "routingPolicy": "MULTIVALUE"}
STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})


def containers(*changed: dict[str, Any]) -> str:
    """Container definitions with some of a good container's fields changed."""
    return json.dumps([{**CONTAINER, **one} for one in changed])


def one_container_without(*fields: str) -> str:
    return json.dumps([{key: value for key, value in CONTAINER.items() if key not in fields}])


GOOD: dict[str, dict[str, Any]] = {
    API: {"protocolType": "HTTP", "corsConfiguration": {"allowOrigins": ["https://floyo.example"]}},
    LINK: {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
    INTEGRATION: {
        "apiId": "a1",
        "integrationType": "HTTP_PROXY",
        "integrationMethod": "ANY",
        "connectionType": "VPC_LINK",
        "connectionId": "l1",
        "integrationUri": NAME_ARN,
        "payloadFormatVersion": "1.0",
        "timeoutMilliseconds": 30000,
    },
    ROUTE: {"apiId": "a1", "routeKey": "ANY /v1/{proxy+}", "target": "integrations/i1"},
    STAGE: {
        "apiId": "a1",
        "name": "$default",
        "autoDeploy": True,
        "accessLogSettings": {"destinationArn": LOGS, "format": '{"id":"$context.requestId"}'},
        "defaultRouteSettings": {"throttlingBurstLimit": 10, "throttlingRateLimit": 5},
    },
    BUDGET: {
        "budgetType": "COST",
        "limitAmount": "100.50",
        "limitUnit": "USD",
        "timeUnit": "MONTHLY",
        "notifications": [NOTIFICATION],
        "timePeriodStart": "2026-01-01_00:00",
    },
    LOG_GROUP: {"name": "/floyo/web", "retentionInDays": 30},
    ALARM: {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 3,
        "datapointsToAlarm": 2,
        "metricName": "CPUUtilization",
        "namespace": "AWS/ECS",
        "period": 60,
        "statistic": "Average",
        "threshold": 80,
        "alarmActions": [TOPIC],
    },
    DASHBOARD: {"dashboardName": "floyo", "dashboardBody": '{"widgets":[]}'},
    CLUSTER: {"settings": [{"name": "containerInsights", "value": "enhanced"}]},
    PROVIDERS: {
        "clusterName": "main",
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}],
    },
    TASK: {
        "family": "web",
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "executionRoleArn": ROLE,
        "containerDefinitions": containers({}),
    },
    SERVICE: {
        "name": "web",
        "cluster": "main",
        "taskDefinition": "web:1",
        "desiredCount": 2,
        "launchType": "FARGATE",
        "networkConfiguration": {"subnets": ["subnet-1"]},
        "serviceRegistries": {"registryArn": NAME_ARN, "containerName": "web", "containerPort": 8080},
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    },
    SUBNETS: {"subnetIds": ["subnet-1", "subnet-2"]},
    PARAMETERS: {
        "family": "postgres17",
        "parameters": [
            {"name": "rds.force_ssl", "value": "1"},
            {"name": "max_connections", "value": "200", "applyMethod": "pending-reboot"},
        ],
    },
    INSTANCE: {
        "identifier": "floyo",
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": KEY,
        "dbName": "floyo",
        "username": "floyo",
        "password": "correct-horse",
        "backupRetentionPeriod": 35,
        "backupWindow": "02:00-03:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "floyo-last",
    },
    NAMESPACE: {"name": "floyo.internal", "vpc": "vpc-1"},
    ENTRY: {"instanceId": "replica-1", "serviceId": "srv-1", "attributes": {"AWS_INSTANCE_CNAME": "db.example"}},
    NAME: {"name": "web", "dnsConfig": DNS},
    SNS_TOPIC: {"name": "alarms"},
    SNS_POLICY: {"arn": TOPIC, "policy": POLICY},
    SUBSCRIPTION: {"topic": TOPIC, "protocol": "email", "endpoint": "a@floyo.example"},
    QUEUE: {"name": "work", "visibilityTimeoutSeconds": 43200, "messageRetentionSeconds": 1209600},
    QUEUE_POLICY: {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/1/work", "policy": POLICY},
    ALLOW: {
        "queueUrl": "https://sqs.eu-west-1.amazonaws.com/1/work",
        "redriveAllowPolicy": '{"redrivePermission":"denyAll"}',
    },
}
