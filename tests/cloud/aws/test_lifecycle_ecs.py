"""ECS and Cloud Map: clusters, task definitions, services that run and register."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.aws.types.ecs_service import Service
from ascend.cloud.provider import PartialError, ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

CLUSTER = "aws:ecs/cluster:Cluster"
PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"
NAMESPACE = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
NAME = "aws:servicediscovery/service:Service"
ENTRY = "aws:servicediscovery/instance:Instance"
SPOT = {"capacityProvider": "FARGATE_SPOT", "weight": 3}
FARGATE = {"capacityProvider": "FARGATE", "weight": 1, "base": 1}


def containers(image: str = "nginx:1.27", **more: Any) -> str:
    container = {"name": "web", "image": image, "essential": True, "portMappings": [{"containerPort": 8080}], **more}
    return json.dumps([container])


def task(**changed: Any) -> dict[str, Any]:
    return {
        "family": "web",
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": containers(),
        **changed,
    }


@pytest.fixture
def vpc(lab: Lab) -> str:
    return lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id


@pytest.fixture
def subnets(lab: Lab, vpc: str) -> list[str]:
    return [
        lab.create(
            "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=f"10.0.{index}.0/24", availabilityZone=f"eu-west-1{zone}"
        ).id
        for index, zone in enumerate("ab")
    ]


@pytest.fixture
def cluster(lab: Lab) -> Made:
    return lab.create(CLUSTER, "main", settings=[{"name": "containerInsights", "value": "enabled"}], tags={"a": "b"})


@pytest.fixture
def providers(lab: Lab, cluster: Made) -> Made:
    return lab.create(PROVIDERS, clusterName=cluster.outputs["name"], capacityProviders=["FARGATE", "FARGATE_SPOT"])


@pytest.fixture
def registry(lab: Lab, vpc: str) -> Made:
    namespace = lab.create(NAMESPACE, name="floyo.internal", vpc=vpc)
    records = [{"type": "SRV", "ttl": 10}]
    return lab.create(NAME, name="web", dnsConfig={"namespaceId": namespace.id, "dnsRecords": records})


@pytest.fixture
def settings(lab: Lab, subnets: list[str], cluster: Made, providers: Made, registry: Made) -> dict[str, Any]:
    return {
        "name": "web",
        "cluster": cluster.id,
        "taskDefinition": lab.create(TASK, **task()).outputs["arn"],
        "desiredCount": 2,
        "capacityProviderStrategies": [FARGATE],
        "networkConfiguration": {"subnets": subnets, "assignPublicIp": True},
        "serviceRegistries": {
            "registryArn": registry.outputs["arn"],
            "containerName": "web",
            "containerPort": 8080,
        },
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "deploymentMinimumHealthyPercent": 100,
        "deploymentMaximumPercent": 200,
        "enableExecuteCommand": True,
        "waitForSteadyState": True,
        "tags": {"a": "b"},
    }


def test_cluster(lab: Lab, cluster: Made) -> None:
    assert cluster.id == cluster.outputs["arn"]
    settings = [{"name": "containerInsights", "value": "disabled"}]
    changed = lab.update(cluster, name=cluster.outputs["name"], settings=settings, tags={"c": "d"})
    with pytest.raises(ProviderError, match=r"there is a cluster named .* already"):
        lab.create(CLUSTER, name=cluster.outputs["name"])
    assert lab.replaced_by(changed, name="other", settings=settings) == {"name"}
    lab.delete(changed)
    assert lab.client("ecs").list_clusters()["clusterArns"] == []
    lab.create(CLUSTER, name=cluster.outputs["name"])


def test_capacity_providers(lab: Lab, cluster: Made, providers: Made) -> None:
    name = cluster.outputs["name"]
    changed = lab.update(
        providers,
        clusterName=name,
        capacityProviders=["FARGATE_SPOT", "FARGATE"],
        defaultCapacityProviderStrategies=[SPOT, FARGATE],
    )
    seen = lab.client("ecs").describe_clusters(clusters=[name])["clusters"][0]
    assert {row["capacityProvider"] for row in seen["defaultCapacityProviderStrategy"]} == {"FARGATE", "FARGATE_SPOT"}
    lab.provider.delete(changed.resource, changed.id, changed.inputs, changed.outputs)
    assert lab.client("ecs").describe_clusters(clusters=[name])["clusters"][0]["capacityProviders"] == []


def test_task_definition(lab: Lab) -> None:
    first = lab.create(TASK, **task(tags={"a": "b"}))
    assert (first.id, first.outputs["revision"]) == ("web", 1)
    assert lab.replaced_by(first, **task(containerDefinitions=containers("nginx:1.28")))
    assert not lab.change(
        first, **task(tags={"a": "b"}, containerDefinitions=json.dumps(json.loads(containers()), indent=1))
    ).changes
    second = lab.create(TASK, **task(containerDefinitions=containers("nginx:1.28")))
    assert second.outputs["revision"] == 2
    refreshed = lab.read(first)
    assert refreshed is not None
    assert refreshed.outputs["revision"] == 1, "a resource is its own revision, not the family's latest"
    lab.delete(first)
    assert lab.read(second) is not None
    lab.delete(second)


def test_containers_that_changed_outside_are_seen(lab: Lab) -> None:
    made = lab.create(TASK, **task())
    elsewhere = replace(made, inputs={**made.inputs, "containerDefinitions": containers("nginx:1.20")})
    refreshed = lab.read(elsewhere)
    assert refreshed is not None
    assert json.loads(refreshed.inputs["containerDefinitions"])[0]["image"] == "nginx:1.27"


def test_service_runs_and_registers(lab: Lab, settings: dict[str, Any], registry: Made) -> None:
    made = lab.create(SERVICE, **settings)
    ecs, names = lab.client("ecs"), lab.client("servicediscovery")
    seen = ecs.describe_services(cluster=settings["cluster"], services=["web"])["services"][0]
    assert (seen["runningCount"], seen["deployments"][0]["rolloutState"]) == (2, "COMPLETED")
    assert seen["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    instances = [row["Attributes"] for row in names.list_instances(ServiceId=registry.id)["Instances"]]
    assert {row["AWS_INSTANCE_PORT"] for row in instances} == {"8080"}
    assert {row["AWS_INSTANCE_IPV4"].rpartition(".")[0] for row in instances} == {"10.0.0", "10.0.1"}
    first = set(ecs.list_tasks(cluster=settings["cluster"], serviceName="web")["taskArns"])

    more = {**settings, "desiredCount": 3, "tags": {"c": "d"}}
    made = lab.update(made, **more)
    grown = set(ecs.list_tasks(cluster=settings["cluster"], serviceName="web")["taskArns"])
    assert first < grown
    assert len(grown) == 3

    newer = lab.create(TASK, **task(containerDefinitions=containers("nginx:1.28"))).outputs["arn"]
    made = lab.update(made, **{**more, "taskDefinition": newer})
    replaced = set(ecs.list_tasks(cluster=settings["cluster"], serviceName="web")["taskArns"])
    assert not grown & replaced
    assert len(names.list_instances(ServiceId=registry.id)["Instances"]) == 3

    lab.delete(made)
    assert names.list_instances(ServiceId=registry.id)["Instances"] == []
    assert lab.client("ec2").describe_network_interfaces()["NetworkInterfaces"] == []
    assert lab.create(SERVICE, **settings).id == made.id, "the name is free again"


def test_what_replaces_a_service(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(SERVICE, **settings)
    other = settings["cluster"].replace("main", "other")
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"name": "other"}, {"name"}),
        ({"cluster": other}, {"cluster"}),
        ({"schedulingStrategy": "DAEMON", "desiredCount": 0}, {"schedulingStrategy"}),
        ({"desiredCount": 5}, set()),
        ({"networkConfiguration": {"subnets": settings["networkConfiguration"]["subnets"][:1]}}, set()),
        ({"deploymentMaximumPercent": 150}, set()),
    ]
    for change, replaced in cases:
        assert lab.replaced_by(made, **{**settings, **change}) == replaced, change


def test_another_capacity_provider_needs_a_deployment(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(SERVICE, **settings)
    with pytest.raises(ProviderError, match="forceNewDeployment must be true"):
        lab.update(made, **{**settings, "capacityProviderStrategies": [SPOT]})
    lab.update(made, **{**settings, "capacityProviderStrategies": [SPOT], "forceNewDeployment": True})


def test_parts_of_a_service_can_go(lab: Lab, settings: dict[str, Any], registry: Made) -> None:
    made = lab.create(SERVICE, **settings)
    del settings["serviceRegistries"]
    lab.update(made, **settings)
    assert lab.client("servicediscovery").list_instances(ServiceId=registry.id)["Instances"] == []
    seen = lab.client("ecs").describe_services(cluster=settings["cluster"], services=["web"])["services"][0]
    assert seen["serviceRegistries"] == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cluster": "nowhere"}, "ClusterNotFoundException"),
        ({"taskDefinition": "nothing:1"}, "[Uu]nable to describe task definition|there is no task definition"),
        ({"serviceRegistries": {"containerName": "db", "containerPort": 8080}}, "container db does not exist"),
        ({"serviceRegistries": {"containerName": "web", "containerPort": 1}}, "did not have a container port 1"),
        ({"serviceRegistries": {"registryArn": "nowhere"}}, "Unable to find the service registry"),
        ({"capacityProviderStrategies": [{"capacityProvider": "mine", "weight": 1}]}, "is not associated with the"),
        ({"networkConfiguration": {"subnets": ["subnet-00000000"]}}, "there is no subnet subnet-00000000"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_services_that_ecs_refuses(lab: Lab, settings: dict[str, Any], change: dict[str, Any], reason: str) -> None:
    if "serviceRegistries" in change:
        change = {"serviceRegistries": {**settings["serviceRegistries"], **change["serviceRegistries"]}}
    with pytest.raises(ProviderError, match=reason):
        lab.create(SERVICE, **{**settings, **change})


def test_two_services_of_a_name(lab: Lab, settings: dict[str, Any]) -> None:
    lab.create(SERVICE, **settings)
    with pytest.raises(ProviderError, match="there is a service named web in this cluster already"):
        lab.create(SERVICE, **settings)


def test_service_that_does_not_become_steady(
    lab: Lab, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = Service.describe

    def stuck(self: Any, api: Any, object_id: str, inputs: Any) -> Any:
        found = described(self, api, object_id, inputs)
        return found and {**found, "runningCount": 0}

    monkeypatch.setattr(Service, "describe", stuck)
    with pytest.raises(PartialError, match="did not become steady: 0 of 2 tasks run") as caught:
        lab.create(SERVICE, **settings)
    assert caught.value.id.endswith("/web")


def test_cluster_with_services_stays(lab: Lab, cluster: Made, settings: dict[str, Any]) -> None:
    made = lab.create(SERVICE, **settings)
    with pytest.raises(ProviderError, match="cannot be deleted while Services are active"):
        lab.delete(cluster)
    lab.delete(made)
    lab.delete(cluster)


def test_service_import(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(SERVICE, **settings)
    found = lab.provider.read(made.resource, made.id.partition(":service/")[2], {}, {})
    assert found is not None
    assert found[0]["desiredCount"] == 2
    assert found[1]["arn"] == made.id


# Cloud Map


def test_namespace(lab: Lab, vpc: str) -> None:
    made = lab.create(NAMESPACE, name="floyo.internal", vpc=vpc, tags={"a": "b"})
    assert made.outputs["hostedZone"]
    changed = lab.update(made, name="floyo.internal", vpc=vpc, description="names", tags={"c": "d"})
    assert lab.replaced_by(changed, name="other.internal", vpc=vpc, description="names") == {"name"}
    other = lab.create(NAMESPACE, name="other.internal", vpc=vpc)
    with pytest.raises(ProviderError, match="ConflictingDomainExists"):
        lab.create(NAMESPACE, name="other.internal", vpc=vpc)
    lab.delete(other)
    lab.delete(changed)


def test_name(lab: Lab, registry: Made) -> None:
    config = registry.inputs["dnsConfig"]
    slower = {**config, "dnsRecords": [{"type": "SRV", "ttl": 60}]}
    changed = lab.update(registry, name="web", dnsConfig=slower, description="the web", tags={"a": "b"})
    other = {**config, "dnsRecords": [{"type": "A", "ttl": 60}]}
    assert lab.replaced_by(changed, name="web", dnsConfig=other) == {"dnsConfig.dnsRecords[0].type"}
    assert lab.replaced_by(changed, name="api", dnsConfig=slower) == {"name"}
    lab.delete(changed)


def test_names_in_use_stay(lab: Lab, registry: Made, settings: dict[str, Any]) -> None:
    service = lab.create(SERVICE, **settings)
    with pytest.raises(ProviderError, match="ResourceInUse"):
        lab.delete(registry)
    lab.delete(service)
    forced = lab.update(registry, name="web", dnsConfig=registry.inputs["dnsConfig"], forceDestroy=True)
    lab.client("servicediscovery").register_instance(ServiceId=forced.id, InstanceId="mine", Attributes={"a": "b"})
    lab.delete(forced)


def test_entries_of_a_name(lab: Lab, registry: Made) -> None:
    dns = {**registry.inputs["dnsConfig"], "dnsRecords": [{"type": "CNAME", "ttl": 5}], "routingPolicy": "WEIGHTED"}
    name = lab.create(NAME, name="read", dnsConfig=dns)
    first, second = (
        lab.create(
            ENTRY, instanceId=f"replica-{one}", serviceId=name.id, attributes={"AWS_INSTANCE_CNAME": f"{one}.rds"}
        )
        for one in (1, 2)
    )
    with pytest.raises(ProviderError, match="ResourceInUse"):
        lab.delete(name)
    moved = lab.update(
        first, instanceId="replica-1", serviceId=name.id, attributes={"AWS_INSTANCE_CNAME": "9.rds", "colour": "red"}
    )
    listed = lab.client("servicediscovery").list_instances(ServiceId=name.id)["Instances"]
    assert {one["Id"]: one["Attributes"]["AWS_INSTANCE_CNAME"] for one in listed} == {
        "replica-1": "9.rds",
        "replica-2": "2.rds",
    }
    assert lab.replaced_by(moved, instanceId="other", serviceId=name.id, attributes=moved.inputs["attributes"]) == {
        "instanceId"
    }
    found = lab.provider.read(moved.resource, f"{name.id}/replica-1", {}, {})
    assert found is not None
    assert found[0]["attributes"] == {"AWS_INSTANCE_CNAME": "9.rds", "colour": "red"}
    for entry in (moved, second):
        lab.delete(entry)
    lab.delete(name)


def test_an_entry_that_cloud_map_refuses(lab: Lab, registry: Made) -> None:
    dns = {**registry.inputs["dnsConfig"], "dnsRecords": [{"type": "CNAME", "ttl": 5}], "routingPolicy": "WEIGHTED"}
    name = lab.create(NAME, name="read", dnsConfig=dns)
    with pytest.raises(ProviderError, match="AWS_INSTANCE_CNAME is required"):
        lab.create(ENTRY, instanceId="a", serviceId=name.id, attributes={"AWS_INSTANCE_IPV4": "10.0.0.1"})
    with pytest.raises(ProviderError, match="there is no cloud map service"):
        lab.create(ENTRY, instanceId="a", serviceId="srv-none", attributes={"AWS_INSTANCE_CNAME": "a"})
