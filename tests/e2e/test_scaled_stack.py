"""A system with a worker at the phase that scales, as the embedded AWS shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from ascend.capacity.target_tracking import Tracked, desired
from tests.e2e.project import Project
from tests.e2e.stack_files import write

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-east-1"
#: The policies whose metric ECS has; the rest is the worker's backlog.
CPU, MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"

pytestmark = pytest.mark.xdist_group("scaling")


@dataclass(frozen=True)
class Stack:
    """The deployed stack."""

    outputs: dict[str, Any]
    endpoint: str

    def client(self, service: str) -> Any:
        connect: Any = boto3.client
        return connect(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    project = Project.copied(tmp_path_factory.mktemp("scaling"))
    try:
        write(project, "s", "backend-ai-worker", "scaled", domain=None, zone=None)
        outputs = project.up("s", "--skip-preview")["outputs"]
        yield Stack(outputs, project.endpoint())
    finally:
        project.close()


def policies(stack: Stack, service: str) -> dict[str, dict[str, Any]]:
    """The configurations of a service's policies, by what they track."""
    name, cluster = stack.outputs["services"][service], stack.outputs["clusterName"]
    found = stack.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="ecs", ResourceId=f"service/{cluster}/{name}"
    )["ScalingPolicies"]
    configurations = [one["TargetTrackingScalingPolicyConfiguration"] for one in found]
    return {
        one.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "backlog"): one
        for one in configurations
    }


def limits(stack: Stack) -> dict[str, tuple[int, int]]:
    found = stack.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    names = {physical: name for name, physical in stack.outputs["services"].items()}
    return {names[one["ResourceId"].rsplit("/", 1)[-1]]: (one["MinCapacity"], one["MaxCapacity"]) for one in found}


def test_every_service_scales_by_cpu_and_memory_and_the_worker_by_its_backlog(stack: Stack) -> None:
    assert set(limits(stack)) == set(stack.outputs["services"])
    for service in stack.outputs["services"]:
        found = policies(stack, service)
        assert (found[CPU]["TargetValue"], found[MEMORY]["TargetValue"]) == (70, 80)
        assert ("backlog" in found) is (service == "worker")
        assert {(one["ScaleOutCooldown"], one["ScaleInCooldown"]) for one in found.values()} == {(60, 300)}


def test_low_cpu_and_memory_shrink_each_service_to_its_least(stack: Stack) -> None:
    """backend-ai-worker.md: "Scale Down When: CPU usage < 30 % for extended period, Memory usage < 50 %"."""
    figures = {CPU: 29.0, MEMORY: 49.0, "backlog": 0.0}
    for service, (least, most) in limits(stack).items():
        tracked = [
            Tracked(target=one["TargetValue"], points=[figures[name]] * 15)
            for name, one in policies(stack, service).items()
            if not one.get("DisableScaleIn")
        ]
        assert len(tracked) == len(policies(stack, service))
        for tasks in range(least + 1, most + 1):
            assert least <= desired(tracked, tasks=tasks, least=least, most=most) < tasks, (service, tasks)


def test_the_worker_prints_the_depth_of_the_queue_it_is_scaled_by(stack: Stack) -> None:
    ecs = stack.client("ecs")
    service = ecs.describe_services(
        cluster=stack.outputs["clusterName"], services=[stack.outputs["services"]["worker"]]
    )["services"][0]
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    depth = {one["name"]: one for one in task["containerDefinitions"]}["queue-depth"]
    assert depth["essential"] is False
    (script,) = depth["command"]
    metrics = policies(stack, "worker")["backlog"]["CustomizedMetricSpecification"]["Metrics"]
    waiting = next(one for one in metrics if one["Id"] == "waiting")["MetricStat"]["Metric"]
    (dimension,) = waiting["Dimensions"]
    assert f'"Namespace":"{waiting["Namespace"]}"' in script
    assert f'"Name":"{waiting["MetricName"]}"' in script
    assert f'"{dimension["Name"]}":"{dimension["Value"]}"' in script
    assert f"LLEN bull:{dimension['Value']}:wait" in script
    token = {one["name"]: one["valueFrom"] for one in depth["secrets"]}["REDISCLI_AUTH"]
    assert token.endswith(":token::")


def test_tasks_are_in_subnets_whose_way_out_is_nat(stack: Stack) -> None:
    ecs, ec2 = stack.client("ecs"), stack.client("ec2")
    services = ecs.describe_services(
        cluster=stack.outputs["clusterName"], services=list(stack.outputs["services"].values())
    )["services"]
    for service in services:
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        assert network["assignPublicIp"] == "DISABLED"
        for subnet in network["subnets"]:
            (table,) = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
                "RouteTables"
            ]
            (out,) = [one for one in table["Routes"] if one.get("DestinationCidrBlock") == "0.0.0.0/0"]
            assert out["NatGatewayId"].startswith("nat-")
    (gateway,) = ec2.describe_nat_gateways(Filter=[{"Name": "vpc-id", "Values": [stack.outputs["vpcId"]]}])[
        "NatGateways"
    ]
    assert gateway["State"] == "available"


def test_writes_go_through_the_pool_and_reads_to_the_replicas(stack: Stack) -> None:
    (proxy,) = stack.client("rds").describe_db_proxies()["DBProxies"]
    assert proxy["RequireTLS"] is True
    (target,) = stack.client("rds").describe_db_proxy_targets(DBProxyName=proxy["DBProxyName"])["Targets"]
    assert target["RdsResourceId"] == stack.outputs["databaseIdentifier"]
    secrets = stack.client("secretsmanager")
    fields = json.loads(secrets.get_secret_value(SecretId=stack.outputs["databaseSecretArn"])["SecretString"])
    assert f"@{proxy['Endpoint']}:5432/" in fields["url"]
    (auth,) = proxy["Auth"]
    login = json.loads(secrets.get_secret_value(SecretId=auth["SecretArn"])["SecretString"])
    assert login == {"username": fields["username"], "password": fields["password"]}


def test_the_dashboard_has_what_the_document_lists(stack: Stack) -> None:
    """backend-ai-worker.md, "Key Metrics to Monitor"."""
    cloudwatch = stack.client("cloudwatch")
    body = json.loads(cloudwatch.get_dashboard(DashboardName=stack.outputs["dashboardName"])["DashboardBody"])
    titles = {
        one["properties"]["title"].removesuffix(f", {REGION}") for one in body["widgets"] if one["type"] == "metric"
    }
    assert {
        *("Request rate", "Response time", "Error rate", "Throughput"),
        *("Database latency", "Database connections", "Database cache hit rate", "Slow queries", "Database pool"),
        *("Queue depth", "Failed jobs"),
        *("CPU", "Memory", "Running tasks"),
    } <= titles
    own = {title for title in titles if ": " in title}
    assert {title.split(": ")[0] for title in own} >= {"ai", "worker"}
