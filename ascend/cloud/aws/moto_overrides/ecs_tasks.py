"""ECS: the tasks of a service, with addresses in its subnets, registered in Cloud Map and in target groups."""

# ruff: noqa: SLF001 -- a patch reaches into what it patches

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

FARGATE = ("FARGATE", "FARGATE_SPOT")


def install() -> None:
    """Patch what moto's tasks read."""
    on_load("moto.ec2.models.elastic_network_interfaces", _patch_interfaces)


def _patch_interfaces(module: ModuleType) -> None:
    """In a VPC without DNS hostnames an interface has no name; moto's tasks read one all the same."""
    module.NetworkInterface.private_dns_name = ""


def scale(backend: Any, service: Any, count: int) -> None:
    """Bring a service to another number of tasks, as Application Auto Scaling does."""
    service.desired_count = count
    settle(backend, service, redeploy=False)


def running(backend: Any, service: Any) -> list[Any]:
    """The running tasks of a service, oldest first."""
    tasks = backend.tasks.get(service.cluster_name, {}).values()
    return [task for task in tasks if task.group == f"service:{service.name}" and task.desired_status == "RUNNING"]


def settle(backend: Any, service: Any, *, redeploy: bool) -> None:
    """Bring the tasks to what the service asks for, and its counts and deployments with them."""
    cluster = backend._get_cluster(service.cluster_name)
    before = running(backend, service)
    stale = before if redeploy else before[service.desired_count :]
    kept = [task for task in before if task not in stale]
    for task in stale:
        stop(backend, task, "replaced by a new deployment" if redeploy else "scaled in")
    if service.task_definition:
        for index in range(len(kept), service.desired_count):
            _start(backend, cluster, service, index)
    backend.update_cluster_resources(cluster, -cluster.pending_tasks_count, task_state="PENDING")
    backend.update_cluster_resources(cluster, -cluster.running_tasks_count, task_state="RUNNING")
    everywhere = [task for task in backend.tasks.get(cluster.name, {}).values() if task.desired_status == "RUNNING"]
    backend.update_cluster_resources(cluster, len(everywhere), task_state="RUNNING")
    service.running_count, service.pending_count = len(running(backend, service)), 0
    _deployments(service, redeploy=redeploy)


def _deployments(service: Any, *, redeploy: bool) -> None:
    """One deployment, completed: what was replaced is gone at once."""
    from moto.core.utils import utcnow  # noqa: PLC0415 -- moto is loaded by now
    from moto.moto_api._internal import mock_random  # noqa: PLC0415 -- as above

    if not service.deployments:
        return
    deployment = service.deployments[0]
    if redeploy:
        deployment["id"] = f"ecs-svc/{mock_random.randint(0, 32**12)}"
        deployment["createdAt"] = utcnow()
    strategy = getattr(service, "capacity_provider_strategy", None)
    deployment.update(
        desiredCount=service.desired_count,
        networkConfiguration=service.network_configuration,
        pendingCount=0,
        platformFamily="Linux",
        platformVersion=service.platform_version,
        rolloutState="COMPLETED",
        rolloutStateReason=f"ECS deployment {deployment['id']} completed.",
        runningCount=service.running_count,
        taskDefinition=service.task_definition,
        updatedAt=utcnow(),
    )
    if strategy:
        deployment["capacityProviderStrategy"] = strategy
        deployment.pop("launchType", None)


def _start(backend: Any, cluster: Any, service: Any, index: int) -> None:
    from moto.ec2.utils import random_private_ip  # noqa: PLC0415 -- moto is loaded by now
    from moto.ecs.models import Task  # noqa: PLC0415 -- as above

    definition = backend.describe_task_definition(service.task_definition)
    network = _rotated(service.network_configuration, index)
    provider = _provider(service, index)
    fargate = provider in FARGATE or service.launch_type == "FARGATE"
    task = Task(
        cluster=cluster,
        task_definition=definition,
        container_instance_arn=None,
        # A task on Fargate has its size as a whole; its containers need not name theirs, which moto adds up.
        resource_requirements=None if fargate else backend._calculate_task_resource_requirements(definition),
        backend=backend,
        group=f"service:{service.name}",
        launch_type="FARGATE" if fargate else "EC2",
        started_by=service.deployments[0]["id"] if service.deployments else "",
        networking_configuration=network,
        platform_version=service.platform_version,
        capacity_provider_name=provider,
    )
    for interface, details in _interfaces(backend, task):
        # moto draws an address from nowhere; a task's is in its subnet.
        address = random_private_ip(interface.subnet.cidr_block)
        interface.private_ip_address = address
        interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
        details["privateIPv4Address"]["value"] = address
    backend.tasks.setdefault(cluster.name, {})[task.task_arn] = task
    _register(backend, service, task, definition)


def _provider(service: Any, index: int) -> str | None:
    """The capacity provider of a service's task by its number: the base first, then by weight.

    Source: ECS API reference, CapacityProviderStrategyItem.
    """
    rows = getattr(service, "capacity_provider_strategy", None) or []
    for row in rows:
        if index < int(row.get("base") or 0):
            return str(row["capacityProvider"])
    index -= sum(int(row.get("base") or 0) for row in rows)
    weighted = {row["capacityProvider"]: int(row.get("weight") or 0) for row in rows}
    placed = {name: 0 for name, weight in weighted.items() if weight}
    chosen = next(iter(weighted), None)
    for _ in range(index + 1 if placed else 0):
        chosen = min(placed, key=lambda name: (placed[name] + 1) / weighted[name])
        placed[chosen] += 1
    return chosen


def _rotated(network: Any, index: int) -> Any:
    """The network configuration with the subnets turned, as the scheduler spreads tasks over zones."""
    if not network:
        return network
    settings = network["awsvpcConfiguration"]
    subnets = settings["subnets"]
    turn = index % len(subnets)
    return {
        "awsvpcConfiguration": {
            **settings,
            "securityGroups": settings.get("securityGroups") or [],
            "subnets": subnets[turn:] + subnets[:turn],
        }
    }


def _interfaces(backend: Any, task: Any) -> list[tuple[Any, dict[str, Any]]]:
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 -- moto is loaded by now

    ec2 = ec2_backends[backend.account_id][backend.region_name]
    found = []
    for attachment in task.attachments:
        details = {item["name"]: item for item in attachment["details"]}
        interface = ec2.enis.get(details["networkInterfaceId"]["value"])
        if interface is not None:
            found.append((interface, details))
    return found


def stop(backend: Any, task: Any, reason: str) -> None:
    """Stop a task: its interface, its names and its place in target groups go."""
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 -- moto is loaded by now

    task.desired_status = "STOPPED"
    task.last_status = "STOPPED"
    task.stopped_reason = reason
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    for interface, details in _interfaces(backend, task):
        _deregister(backend, details["privateIPv4Address"]["value"])
        ec2.delete_network_interface(interface.id)
    for registry in discovery(backend).services.values():  # the service may no longer name the one it registered in
        kept = [instance for instance in registry.instances if instance.instance_id != task.id]
        if len(kept) < len(registry.instances):
            registry.instances = kept
            registry.instances_revision[task.id] = registry.instances_revision.get(task.id, 0) + 1


def discovery(backend: Any) -> Any:
    """Cloud Map beside an ECS backend."""
    from moto.servicediscovery.models import servicediscovery_backends  # noqa: PLC0415 -- only where one is used

    return servicediscovery_backends[backend.account_id][backend.region_name]


def target_groups(backend: Any) -> dict[str, Any]:
    """The target groups beside an ECS backend, by ARN."""
    from moto.elbv2.models import elbv2_backends  # noqa: PLC0415 -- only where one is used

    groups: dict[str, Any] = elbv2_backends[backend.account_id][backend.region_name].target_groups
    return groups


def _register(backend: Any, service: Any, task: Any, definition: Any) -> None:
    """Make a new task known where the service says: in Cloud Map, and to load balancers."""
    interfaces = _interfaces(backend, task)
    if not interfaces:
        return
    interface, details = interfaces[0]
    address = details["privateIPv4Address"]["value"]
    for row in service.service_registries or []:
        registry = discovery(backend).services.get(row["registryArn"].rpartition("/")[2])
        if registry is None:
            continue
        attributes = {
            "AVAILABILITY_ZONE": interface.subnet.availability_zone,
            "AWS_INIT_HEALTH_STATUS": "HEALTHY",
            "AWS_INSTANCE_IPV4": address,
            "ECS_CLUSTER_NAME": service.cluster_name,
            "ECS_SERVICE_NAME": service.name,
            "ECS_TASK_DEFINITION_FAMILY": definition.family,
            "REGION": backend.region_name,
        }
        port = row.get("port") or row.get("containerPort")
        if port:
            attributes["AWS_INSTANCE_PORT"] = str(port)
        discovery(backend).register_instance(registry.id, task.id, task.id, attributes)
    for row in service.load_balancers or []:
        group = target_groups(backend).get(row.get("targetGroupArn"))
        if group is not None:
            group.register([{"Id": address, "Port": row.get("containerPort")}])


def _deregister(backend: Any, address: str) -> None:
    if "moto.elbv2.models" not in sys.modules:  # nothing can be registered where nobody asked for a load balancer
        return
    for group in target_groups(backend).values():
        if address in group.targets:
            group.deregister([{"Id": address}])
