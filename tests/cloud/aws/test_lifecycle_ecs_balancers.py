"""Services behind load balancers, on several capacity providers, and at no task: all of it changes in place."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab

SERVICE = "aws:ecs/service:Service"
CONTAINER = {"name": "web", "image": "nginx:1.27", "essential": True, "portMappings": [{"containerPort": 8080}]}


@pytest.fixture
def subnets(lab: Lab) -> list[str]:
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    return [
        lab.create(
            "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=f"10.0.{index}.0/24", availabilityZone=f"eu-west-1{zone}"
        ).id
        for index, zone in enumerate("ab")
    ]


@pytest.fixture
def settings(lab: Lab, subnets: list[str]) -> dict[str, Any]:
    cluster = lab.create("aws:ecs/cluster:Cluster", name="main")
    lab.create(
        "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
        clusterName="main",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
    )
    task = lab.create(
        "aws:ecs/taskDefinition:TaskDefinition",
        family="web",
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=json.dumps([CONTAINER]),
    )
    return {
        "name": "web",
        "cluster": cluster.id,
        "taskDefinition": task.outputs["arn"],
        "desiredCount": 2,
        "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}],
        "networkConfiguration": {"subnets": subnets},
        "forceNewDeployment": True,
    }


def group(lab: Lab, subnets: list[str], name: str, kind: str = "ip") -> str:
    vpc = lab.client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
    made = lab.client("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=vpc, TargetType=kind)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def listen(lab: Lab, subnets: list[str], port: int, target: str) -> None:
    elb = lab.client("elbv2")
    found = elb.describe_load_balancers()["LoadBalancers"]
    balancer = (
        found[0]
        if found
        else elb.create_load_balancer(Name="web", Subnets=subnets, Scheme="internal")["LoadBalancers"][0]
    )
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
    )


def behind(arn: str) -> dict[str, Any]:
    return {"targetGroupArn": arn, "containerName": "web", "containerPort": 8080}


def registered(lab: Lab, arn: str) -> set[tuple[str, int]]:
    found = lab.client("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {(row["Target"]["Id"], row["Target"]["Port"]) for row in found}


def addresses(lab: Lab) -> set[tuple[str, int]]:
    ecs = lab.client("ecs")
    arns = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
    tasks = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"] if arns else []
    details = [{row["name"]: row["value"] for row in task["attachments"][0]["details"]} for task in tasks]
    return {(row["privateIPv4Address"], 8080) for row in details}


def test_tasks_register_in_their_target_groups(lab: Lab, subnets: list[str], settings: dict[str, Any]) -> None:
    first, second = group(lab, subnets, "first"), group(lab, subnets, "second")
    listen(lab, subnets, 80, first)
    listen(lab, subnets, 81, second)
    made = lab.create(SERVICE, **settings)
    assert registered(lab, first) == set()

    attached = {**settings, "loadBalancers": [behind(first)]}
    assert lab.replaced_by(made, **attached) == set()
    made = lab.update(made, **attached)
    assert registered(lab, first) == addresses(lab)
    assert len(addresses(lab)) == 2

    made = lab.update(made, **{**attached, "desiredCount": 3})
    assert registered(lab, first) == addresses(lab)
    assert len(addresses(lab)) == 3

    both = {**attached, "desiredCount": 3, "loadBalancers": [behind(first), behind(second)]}
    made = lab.update(made, **both)
    assert registered(lab, first) == registered(lab, second) == addresses(lab)

    made = lab.update(made, **{**attached, "loadBalancers": [behind(second)]})
    assert registered(lab, first) == set()
    assert registered(lab, second) == addresses(lab)

    made = lab.update(made, **settings)
    assert registered(lab, second) == set()
    seen = lab.client("ecs").describe_services(cluster="main", services=["web"])["services"][0]
    assert seen["loadBalancers"] == []
    lab.delete(made)


def test_no_task_is_in_no_group(lab: Lab, subnets: list[str], settings: dict[str, Any]) -> None:
    target = group(lab, subnets, "first")
    listen(lab, subnets, 80, target)
    attached = {**settings, "loadBalancers": [behind(target)], "waitForSteadyState": True}
    made = lab.create(SERVICE, **attached)
    made = lab.update(made, **{**attached, "desiredCount": 0})
    assert (registered(lab, target), addresses(lab)) == (set(), set())
    made = lab.update(made, **attached)
    assert registered(lab, target) == addresses(lab)
    assert len(addresses(lab)) == 2
    lab.delete(made)
    assert registered(lab, target) == set()


def test_groups_that_ecs_refuses(lab: Lab, subnets: list[str], settings: dict[str, Any]) -> None:
    alone, instances = group(lab, subnets, "alone"), group(lab, subnets, "instances", "instance")
    listen(lab, subnets, 80, instances)
    for row, reason in (
        (behind(alone), "does not have an associated load balancer"),
        (behind(instances), "incompatible with the awsvpc network mode"),
        (behind(alone.replace("alone", "gone")), "there is no target group"),
        ({**behind(instances), "containerName": "api"}, "container api does not exist"),
    ):
        with pytest.raises(ProviderError, match=reason):
            lab.create(SERVICE, **settings, loadBalancers=[row])


def test_a_grace_period_is_taken_only_of_a_service_that_has_a_load_balancer_already(
    lab: Lab, subnets: list[str], settings: dict[str, Any]
) -> None:
    target = group(lab, subnets, "first")
    listen(lab, subnets, 80, target)
    made = lab.create(SERVICE, **settings)
    attached = {**settings, "loadBalancers": [behind(target)]}
    patient = {**attached, "healthCheckGracePeriodSeconds": 60}
    with pytest.raises(ProviderError, match="only valid for services configured to use load balancers"):
        lab.update(made, **patient)
    made = lab.update(lab.update(made, **attached), **patient)
    seen = lab.client("ecs").describe_services(cluster="main", services=["web"])["services"][0]
    assert seen["healthCheckGracePeriodSeconds"] == 60
    lab.delete(made)


def test_tasks_are_spread_by_base_and_weight(lab: Lab, settings: dict[str, Any]) -> None:
    strategy = [
        {"capacityProvider": "FARGATE", "base": 2, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]

    def placed() -> Counter[str]:
        ecs = lab.client("ecs")
        arns = ecs.list_tasks(cluster="main", serviceName="web")["taskArns"]
        tasks = ecs.describe_tasks(cluster="main", tasks=arns)["tasks"]
        return Counter(task["capacityProviderName"] for task in tasks)

    made = lab.create(SERVICE, **{**settings, "desiredCount": 10})
    assert placed() == {"FARGATE": 10}
    spread = {**settings, "desiredCount": 10, "capacityProviderStrategies": strategy}
    assert lab.replaced_by(made, **spread) == set()
    made = lab.update(made, **spread)
    assert placed() == {"FARGATE": 4, "FARGATE_SPOT": 6}
    made = lab.update(made, **{**spread, "desiredCount": 2})
    assert placed() == {"FARGATE": 2}
    lab.update(made, **settings)
    assert placed() == {"FARGATE": 2}


def test_what_is_ignored_is_no_change(lab: Lab, settings: dict[str, Any]) -> None:
    """Under autoscaling a program ignores the count: what AWS holds stays, and a redeployment keeps it."""
    made = lab.create(SERVICE, **settings)
    lab.client("ecs").update_service(cluster="main", service="web", desiredCount=5)
    refreshed = lab.read(made)
    assert refreshed is not None
    kept = {**settings, "desiredCount": refreshed.inputs["desiredCount"], "enableExecuteCommand": True}
    assert kept["desiredCount"] == 5
    lab.update(refreshed, **kept)
    assert len(addresses(lab)) == 5
