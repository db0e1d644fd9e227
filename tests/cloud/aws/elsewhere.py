"""References to objects of another region, which AWS refuses: what `test_references` goes through.

A case is a type, a change to its good inputs, and the property that the refusal names. The resources are in eu-west-1.
Source of all: the API references of the services; an ARN of another region is not found or not accepted.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.aws import cache_inputs, edge_inputs, good_inputs

ACCOUNT = "123456789012"


def there(service: str, resource: str) -> str:
    """An ARN in us-east-1."""
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


KEY = there("kms", "key/mrk-1")
TOPIC = there("sns", "alarms")
LOGS = there("logs", "log-group:/front")
QUEUE_POLICY = '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead","maxReceiveCount":3}'

BY_ARN: list[tuple[str, dict[str, Any], str]] = [
    (good_inputs.INSTANCE, {"kmsKeyId": KEY}, "kmsKeyId"),
    (good_inputs.INSTANCE, {"performanceInsightsKmsKeyId": KEY}, "performanceInsightsKmsKeyId"),
    (good_inputs.LOG_GROUP, {"kmsKeyId": KEY}, "kmsKeyId"),
    (good_inputs.QUEUE, {"kmsMasterKeyId": KEY}, "kmsMasterKeyId"),
    (good_inputs.QUEUE, {"redrivePolicy": QUEUE_POLICY}, "redrivePolicy"),
    (good_inputs.SNS_TOPIC, {"kmsMasterKeyId": KEY}, "kmsMasterKeyId"),
    (good_inputs.SNS_POLICY, {"arn": TOPIC}, "arn"),
    (good_inputs.SUBSCRIPTION, {"topic": TOPIC}, "topic"),
    (good_inputs.ALARM, {"alarmActions": [TOPIC]}, "alarmActions[0]"),
    (good_inputs.ALARM, {"okActions": [TOPIC]}, "okActions[0]"),
    (good_inputs.ALARM, {"insufficientDataActions": [TOPIC]}, "insufficientDataActions[0]"),
    (
        good_inputs.STAGE,
        {"accessLogSettings": {"destinationArn": LOGS, "format": '{"id":"$context.requestId"}'}},
        "accessLogSettings.destinationArn",
    ),
    (
        good_inputs.INTEGRATION,
        {"integrationUri": there("elasticloadbalancing", "listener/app/front/1/2")},
        "integrationUri",
    ),
    (good_inputs.INTEGRATION, {"integrationUri": there("servicediscovery", "service/srv-1")}, "integrationUri"),
    (
        good_inputs.SERVICE,
        {
            "serviceRegistries": {
                "registryArn": there("servicediscovery", "service/srv-1"),
                "containerName": "web",
                "containerPort": 8080,
            }
        },
        "serviceRegistries.registryArn",
    ),
    (good_inputs.SERVICE, {"cluster": there("ecs", "cluster/main")}, "cluster"),
    (good_inputs.SERVICE, {"taskDefinition": there("ecs", "task-definition/web:1")}, "taskDefinition"),
    (
        good_inputs.SERVICE,
        {
            "serviceRegistries": None,
            "loadBalancers": [
                {
                    "targetGroupArn": there("elasticloadbalancing", "targetgroup/web/1"),
                    "containerName": "web",
                    "containerPort": 8080,
                }
            ],
        },
        "loadBalancers[0].targetGroupArn",
    ),
    (edge_inputs.VALIDATION, {"certificateArn": there("acm", "certificate/c1")}, "certificateArn"),
    (
        edge_inputs.DOMAIN,
        {"domainNameConfiguration": {**edge_inputs.CONFIGURATION, "certificateArn": there("acm", "certificate/c1")}},
        "domainNameConfiguration.certificateArn",
    ),
    (cache_inputs.CACHE, {"kmsKeyId": KEY}, "kmsKeyId"),
    (cache_inputs.CACHE, {"notificationTopicArn": TOPIC}, "notificationTopicArn"),
]
