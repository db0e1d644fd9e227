"""Application Auto Scaling: what a plan says, what happens, and what the API then shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
SERVICE = "aws:ecs/service:Service"
KEY = {
    "serviceNamespace": "ecs",
    "resourceId": "service/main/web",
    "scalableDimension": "ecs:service:DesiredCount",
}
CPU = {
    "targetValue": 70,
    "scaleOutCooldown": 60,
    "scaleInCooldown": 300,
    "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
}
TRACKING = {**KEY, "policyType": "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration": CPU}
STEPS = {
    "adjustmentType": "ChangeInCapacity",
    "cooldown": 60,
    "metricAggregationType": "Average",
    "stepAdjustments": [
        {"metricIntervalLowerBound": "0", "metricIntervalUpperBound": "10.5", "scalingAdjustment": 1},
        {"metricIntervalLowerBound": "10.5", "scalingAdjustment": 3},
    ],
}
BACKLOG = {
    "targetValue": 10,
    "customizedMetricSpecification": {
        "metrics": [
            {
                "id": "depth",
                "metricStat": {
                    "metric": {
                        "namespace": "AWS/SQS",
                        "metricName": "ApproximateNumberOfMessagesVisible",
                        "dimensions": [{"name": "QueueName", "value": "jobs"}],
                    },
                    "stat": "Sum",
                },
                "returnData": False,
            },
            {"id": "backlog", "expression": "depth / 2", "label": "backlog per task", "returnData": True},
        ]
    },
}


def start(lab: Lab, count: int = 1) -> Made:
    """A cluster named main, with a service web on Fargate."""
    lab.create("aws:ecs/cluster:Cluster", name="main")
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    subnet = lab.create("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.0.0.0/24", availabilityZone="eu-west-1a").id
    container = [{"name": "web", "image": "nginx:1.27", "essential": True}]
    task = lab.create(
        "aws:ecs/taskDefinition:TaskDefinition",
        family="web",
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=json.dumps(container),
    )
    return lab.create(
        SERVICE,
        name="web",
        cluster="main",
        taskDefinition=task.outputs["arn"],
        desiredCount=count,
        launchType="FARGATE",
        networkConfiguration={"subnets": [subnet]},
    )


def running(lab: Lab) -> int:
    found = lab.client("ecs").describe_services(cluster="main", services=["web"])["services"][0]
    assert found["desiredCount"] == found["runningCount"]
    return int(found["runningCount"])


@pytest.fixture
def target(lab: Lab) -> Made:
    start(lab)
    return lab.create(TARGET, **KEY, minCapacity=2, maxCapacity=20, tags={"system": "floyo"})


def test_target_moves_its_service_into_its_limits(lab: Lab, target: Made) -> None:
    assert target.id == "service/main/web"
    assert "AWSServiceRoleForApplicationAutoScaling_ECSService" in target.outputs["roleArn"]
    assert running(lab) == 2
    changed = lab.update(target, **KEY, minCapacity=3, maxCapacity=6, tags={"system": "atlas"})
    assert changed.outputs["arn"] == target.outputs["arn"]
    assert running(lab) == 3
    lab.client("ecs").update_service(cluster="main", service="web", desiredCount=9)
    changed = lab.update(changed, **KEY, minCapacity=0, maxCapacity=5, tags={"system": "atlas"})
    assert running(lab) == 5
    tags = lab.client("application-autoscaling").list_tags_for_resource(ResourceARN=changed.outputs["arn"])["Tags"]
    assert tags == {"system": "atlas"}
    lab.delete(changed)
    assert running(lab) == 5, "the service stays as it is"


def test_what_replaces_a_target(lab: Lab, target: Made) -> None:
    common = {**KEY, "minCapacity": 2, "maxCapacity": 20}
    assert lab.replaced_by(target, **{**common, "resourceId": "service/main/api"}) == {"resourceId"}
    assert lab.replaced_by(target, **{**common, "maxCapacity": 30}) == set()


def test_suspended_target_leaves_its_service_alone(lab: Lab) -> None:
    start(lab)
    suspended = {"dynamicScalingInSuspended": False, "dynamicScalingOutSuspended": True}
    lab.create(
        TARGET,
        **KEY,
        minCapacity=2,
        maxCapacity=4,
        suspendedState={**suspended, "scheduledScalingSuspended": True},
    )
    assert running(lab) == 1


def test_target_of_a_service_that_is_not_there(lab: Lab) -> None:
    service = start(lab)
    lab.delete(service)
    with pytest.raises(ProviderError, match="ECS service doesn't exist"):
        lab.create(TARGET, **KEY, minCapacity=2, maxCapacity=20)


def test_policy_on_cpu_and_its_alarms(lab: Lab, target: Made) -> None:
    made = lab.create(POLICY, "cpu", **TRACKING)
    assert made.id.startswith("cpu-")
    cloudwatch = lab.client("cloudwatch")

    def alarms() -> dict[str, tuple[float, int, str]]:
        return {
            row["AlarmName"].split("-")[2]: (row["Threshold"], row["EvaluationPeriods"], row["MetricName"])
            for row in cloudwatch.describe_alarms()["MetricAlarms"]
        }

    assert alarms() == {"AlarmHigh": (70, 3, "CPUUtilization"), "AlarmLow": (63, 15, "CPUUtilization")}
    memory = {"predefinedMetricType": "ECSServiceAverageMemoryUtilization"}
    config = {**CPU, "targetValue": 80, "predefinedMetricSpecification": memory}
    changed = lab.update(made, **{**TRACKING, "targetTrackingScalingPolicyConfiguration": config})
    assert changed.outputs["arn"] == made.outputs["arn"]
    assert alarms() == {"AlarmHigh": (80, 3, "MemoryUtilization"), "AlarmLow": (72, 15, "MemoryUtilization")}
    only_out = {**config, "disableScaleIn": True}
    changed = lab.update(changed, **{**TRACKING, "targetTrackingScalingPolicyConfiguration": only_out})
    assert list(alarms()) == ["AlarmHigh"]
    lab.delete(changed)
    assert alarms() == {}


def test_policy_on_metric_math(lab: Lab, target: Made) -> None:
    made = lab.create(POLICY, **{**TRACKING, "targetTrackingScalingPolicyConfiguration": BACKLOG})
    shown = lab.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    custom = shown[0]["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]
    assert custom["Metrics"][1]["Expression"] == "depth / 2"
    alarm = lab.client("cloudwatch").describe_alarms()["MetricAlarms"][0]
    assert [row["Id"] for row in alarm["Metrics"]] == ["depth", "backlog"]
    assert made.outputs["alarmArns"][0] == alarm["AlarmArn"]


def test_policy_in_steps(lab: Lab, target: Made) -> None:
    made = lab.create(POLICY, **KEY, stepScalingPolicyConfiguration=STEPS)
    assert made.outputs["policyType"] == "StepScaling"
    assert made.outputs["stepScalingPolicyConfiguration"]["stepAdjustments"] == STEPS["stepAdjustments"]
    slower = {**STEPS, "cooldown": 120}
    lab.update(made, **KEY, stepScalingPolicyConfiguration=slower)


def test_what_replaces_a_policy(lab: Lab, target: Made) -> None:
    made = lab.create(POLICY, **TRACKING, name="cpu")
    assert lab.replaced_by(made, **TRACKING, name="other") == {"name"}
    changed: dict[str, Any] = {**TRACKING, "name": "cpu", "targetTrackingScalingPolicyConfiguration": BACKLOG}
    assert lab.replaced_by(made, **changed) == set()


def test_scheduled_floor(lab: Lab, target: Made) -> None:
    given = {**KEY, "name": "morning", "schedule": "cron(0 6 ? * MON-FRI *)", "timezone": "Europe/Berlin"}
    times = {"startTime": "2026-12-01T06:00:00+01:00", "endTime": "2027-12-01T05:00:00Z"}
    made = lab.create(ACTION, **given, **times, scalableTargetAction={"minCapacity": 4})
    assert made.id == "morning-ecs-service/main/web"
    assert made.outputs["startTime"] == "2026-12-01T06:00:00+01:00"
    changed = lab.update(made, **given, **times, scalableTargetAction={"minCapacity": 6, "maxCapacity": 30})
    assert lab.replaced_by(changed, **{**given, "name": "noon"}, scalableTargetAction={"minCapacity": 4}) == {"name"}
    lab.delete(changed)


def test_policies_and_schedules_go_with_their_target(lab: Lab, target: Made) -> None:
    policy = lab.create(POLICY, **TRACKING)
    action = lab.create(ACTION, **KEY, schedule="rate(1 day)", scalableTargetAction={"minCapacity": 4})
    lab.delete(target)
    assert lab.read(policy) is None
    assert lab.read(action) is None
    assert lab.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("token", "inputs"),
    [(POLICY, TRACKING), (ACTION, {**KEY, "schedule": "rate(1 day)", "scalableTargetAction": {"minCapacity": 4}})],
)
def test_without_a_target(lab: Lab, token: str, inputs: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match=r"ObjectNotFoundException.*No scalable target"):
        lab.create(token, **inputs)


def test_predictive_scaling_is_not_emulated(lab: Lab, target: Made) -> None:
    forecast = {"metricSpecifications": [{"targetValue": "70"}]}
    with pytest.raises(ProviderError, match="predictiveScalingPolicyConfiguration is not emulated"):
        lab.create(POLICY, **KEY, policyType="PredictiveScaling", predictiveScalingPolicyConfiguration=forecast)


def test_import(lab: Lab, target: Made) -> None:
    policy = lab.create(POLICY, **TRACKING, name="cpu")
    found = lab.provider.read(target.resource, "ecs/service/main/web/ecs:service:DesiredCount", {}, {})
    assert found is not None
    assert found[0]["maxCapacity"] == 20
    found = lab.provider.read(policy.resource, "ecs/service/main/web/ecs:service:DesiredCount/cpu", {}, {})
    assert found is not None
    assert found[0]["targetTrackingScalingPolicyConfiguration"]["targetValue"] == 70
