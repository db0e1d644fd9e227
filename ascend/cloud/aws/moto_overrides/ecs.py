"""ECS: services keep what they were created with, and their tasks really run.

moto forgets the deployment configuration, the strategy and the rest of a create, and leaves every service at no running
task. Here a service becomes steady at once: tasks with addresses in the service's subnets, registered in Cloud Map.
"""

# ruff: noqa: SLF001 -- a patch reaches into what it patches

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: Parameters that moto's CreateService drops and its UpdateService keeps, and the attribute that an answer shows.
_KEPT = {
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "capacityProviderStrategy": "capacity_provider_strategy",
    "deploymentConfiguration": "deployment_configuration",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "enableExecuteCommand": "enable_execute_command",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "placementConstraints": "placement_constraints",
    "placementStrategy": "placement_strategy",
}
#: What a task is made from: a change of one starts a new deployment.
_DEPLOYED = (
    "capacity_provider_strategy",
    "network_configuration",
    "platform_version",
    "service_registries",
    "task_definition",
)
_FARGATE = ("FARGATE", "FARGATE_SPOT")


def install() -> None:
    """Patch moto's ECS when it is loaded."""
    on_load("moto.ecs.models", _patch_models)
    on_load("moto.ecs.responses", _patch_responses)
    on_load("moto.ec2.models.elastic_network_interfaces", _patch_interfaces)


def _patch_interfaces(module: ModuleType) -> None:
    """In a VPC without DNS hostnames an interface has no name; moto's tasks read one all the same."""
    module.NetworkInterface.private_dns_name = ""


def _patch_responses(module: ModuleType) -> None:
    response = module.EC2ContainerServiceResponse
    create, update = response.create_service, response.update_service

    def create_service(self: Any) -> Any:
        cluster = self.ecs_backend._get_cluster(self._get_param("cluster", "default"))
        if self._get_param("taskDefinition"):
            _require(self, cluster, self._get_param("taskDefinition"), self._get_param("serviceRegistries"))
        result = create(self)
        service = result.result["service"]
        for parameter, attribute in _KEPT.items():
            value = self._get_param(parameter)
            if value is not None:
                setattr(service, attribute, value)
        if getattr(service, "capacity_provider_strategy", None):
            service.launch_type = None
        _settle(self.ecs_backend, service, redeploy=True)
        return result

    def update_service(self: Any) -> Any:
        cluster, name = self._get_param("cluster", "default"), self._get_param("service")
        service = self.ecs_backend._get_service(cluster, name.split("/")[-1])
        before = _deployed(service)
        network = self._get_param("networkConfiguration")
        if network is not None:
            service._validate_network(network)
        registries = self._get_param("serviceRegistries")
        if service.task_definition:
            asked = self._get_param("taskDefinition") or service.task_definition
            cluster_there = self.ecs_backend._get_cluster(cluster)
            _require(self, cluster_there, asked, service.service_registries if registries is None else registries)
        result = update(self)
        service.enable_ecs_managed_tags = _either(self, "enableECSManagedTags", service, "enable_ecs_managed_tags")
        if service.task_definition:  # moto keeps the text that was given, AWS the ARN
            service.task_definition = self.ecs_backend.describe_task_definition(service.task_definition).arn
        redeploy = bool(self._get_param("forceNewDeployment")) or _deployed(service) != before
        _settle(self.ecs_backend, service, redeploy=redeploy)
        return result

    response.create_service = create_service
    response.update_service = update_service


def _require(response: Any, cluster: Any, task_definition: str, registries: list[Any] | None) -> None:
    """What a service names must be there: containers and ports, Cloud Map services, capacity providers.

    Source: ECS API reference, CreateService and UpdateService (InvalidParameterException).
    """
    from moto.ecs.exceptions import InvalidParameterException  # noqa: PLC0415 -- moto is loaded by now

    backend = response.ecs_backend
    containers = {row["name"]: row for row in backend.describe_task_definition(task_definition).container_definitions}
    for row in [*(registries or []), *(response._get_param("loadBalancers") or [])]:
        name, port = row.get("containerName"), row.get("containerPort")
        if name and name not in containers:
            raise InvalidParameterException(f"The container {name} does not exist in the task definition.")
        ports = [mapping["containerPort"] for mapping in containers[name].get("portMappings") or []] if name else []
        if name and port and port not in ports:
            raise InvalidParameterException(f"The container {name} did not have a container port {port} defined.")
    known = {registry.arn for registry in _discovery(backend).services.values()} if registries else set()
    for row in registries or []:
        if row["registryArn"] not in known:
            raise InvalidParameterException(f"Unable to find the service registry {row['registryArn']}.")
    for row in response._get_param("capacityProviderStrategy") or []:
        if row["capacityProvider"] not in (cluster.capacity_providers or []):
            raise InvalidParameterException(
                "The specified capacity provider strategy contains a capacity provider that is not associated with the "
                f"cluster: {row['capacityProvider']}. Associate the capacity provider with the cluster and try again."
            )


def _either(response: Any, parameter: str, service: Any, attribute: str) -> Any:
    value = response._get_param(parameter)
    return getattr(service, attribute, None) if value is None else value


def _deployed(service: Any) -> list[Any]:
    return [getattr(service, name, None) for name in _DEPLOYED]


def _patch_models(module: ModuleType) -> None:
    from moto.ecs.exceptions import ECSException, InvalidParameterException  # noqa: PLC0415 -- moto is loaded by now

    class ContainsServicesError(ECSException):
        code = "ClusterContainsServicesException"

    backend = module.EC2ContainerServiceBackend
    delete_service, delete_cluster, list_tasks = backend.delete_service, backend.delete_cluster, backend.list_tasks
    put_providers = backend.put_cluster_capacity_providers

    def deleting(self: Any, cluster_name: str, service_name: str, force: bool) -> Any:
        service = delete_service(self, cluster_name, service_name, force)
        for task in _running(self, service):
            _stop(self, task, "service deleted")
        service.desired_count = service.running_count = 0
        service.deployments = []
        return service

    def deleting_cluster(self: Any, cluster_str: str) -> Any:
        cluster = self._get_cluster(cluster_str)
        services = [service for service in self.services.values() if service.cluster_name == cluster.name]
        if any(service.status == "ACTIVE" for service in services):
            raise ContainsServicesError("The Cluster cannot be deleted while Services are active.")
        return delete_cluster(self, cluster_str)

    def put_cluster_capacity_providers(self: Any, cluster: str, names: list[str] | None, default: Any) -> Any:
        unknown = [name for name in names or [] if name not in _FARGATE and self._get_provider(name) is None]
        if unknown:
            raise InvalidParameterException(f"The specified capacity provider {unknown[0]} was not found.")
        return put_providers(self, cluster, names, default)

    def list_clusters(self: Any) -> list[str]:
        return [cluster.arn for cluster in self.clusters.values() if cluster.status == "ACTIVE"]

    def listing(  # noqa: PLR0917 -- moto's signature
        self: Any,
        cluster_str: str | None = None,
        container_instance: str | None = None,
        family: str | None = None,
        started_by: str | None = None,
        service_name: str | None = None,
        desiredStatus: str | None = None,  # noqa: N803 -- moto's signature
    ) -> Any:
        tasks = list_tasks(self, cluster_str, container_instance, family, started_by, None, desiredStatus or "RUNNING")
        group = f"service:{service_name.split('/')[-1]}" if service_name else None
        return [task for task in tasks if group in (None, task.group)]

    backend.delete_service = deleting
    backend.delete_cluster = deleting_cluster
    backend.list_clusters = list_clusters
    backend.put_cluster_capacity_providers = put_cluster_capacity_providers
    backend.list_tasks = listing


def _running(backend: Any, service: Any) -> list[Any]:
    tasks = backend.tasks.get(service.cluster_name, {}).values()
    return [task for task in tasks if task.group == f"service:{service.name}" and task.desired_status == "RUNNING"]


def _settle(backend: Any, service: Any, *, redeploy: bool) -> None:
    """Bring the tasks to what the service asks for, and its counts and deployments with them."""
    cluster = backend._get_cluster(service.cluster_name)
    running = _running(backend, service)
    stale = running if redeploy else running[service.desired_count :]
    kept = [task for task in running if task not in stale]
    for task in stale:
        _stop(backend, task, "replaced by a new deployment" if redeploy else "scaled in")
    missing = service.desired_count - len(kept) if service.task_definition else 0
    for index in range(max(missing, 0)):
        _start(backend, cluster, service, index)
    backend.update_cluster_resources(cluster, -cluster.pending_tasks_count, task_state="PENDING")
    backend.update_cluster_resources(cluster, -cluster.running_tasks_count, task_state="RUNNING")
    everywhere = [task for task in backend.tasks.get(cluster.name, {}).values() if task.desired_status == "RUNNING"]
    backend.update_cluster_resources(cluster, len(everywhere), task_state="RUNNING")
    service.running_count, service.pending_count = len(_running(backend, service)), 0
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
    strategy = getattr(service, "capacity_provider_strategy", None) or []
    provider = strategy[0]["capacityProvider"] if strategy else None
    fargate = provider in _FARGATE or service.launch_type == "FARGATE"
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


def _stop(backend: Any, task: Any, reason: str) -> None:
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 -- moto is loaded by now

    task.desired_status = "STOPPED"
    task.last_status = "STOPPED"
    task.stopped_reason = reason
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    for interface, _ in _interfaces(backend, task):
        ec2.delete_network_interface(interface.id)
    for registry in _discovery(backend).services.values():  # the service may no longer name the one it registered in
        kept = [instance for instance in registry.instances if instance.instance_id != task.id]
        if len(kept) < len(registry.instances):
            registry.instances = kept
            registry.instances_revision[task.id] = registry.instances_revision.get(task.id, 0) + 1


def _discovery(backend: Any) -> Any:
    from moto.servicediscovery.models import servicediscovery_backends  # noqa: PLC0415 -- only where one is used

    return servicediscovery_backends[backend.account_id][backend.region_name]


def _registries(backend: Any, service: Any) -> list[tuple[Any, Any, dict[str, Any]]]:
    """The Cloud Map services that a service registers in: backend, Cloud Map service, how."""
    discovery = _discovery(backend)
    found = []
    for row in service.service_registries or []:
        registry = discovery.services.get(row["registryArn"].rpartition("/")[2])
        if registry is not None:
            found.append((discovery, registry, row))
    return found


def _register(backend: Any, service: Any, task: Any, definition: Any) -> None:
    for discovery, registry, row in _registries(backend, service):
        interfaces = _interfaces(backend, task)
        if not interfaces:
            continue
        interface, details = interfaces[0]
        attributes = {
            "AVAILABILITY_ZONE": interface.subnet.availability_zone,
            "AWS_INIT_HEALTH_STATUS": "HEALTHY",
            "AWS_INSTANCE_IPV4": details["privateIPv4Address"]["value"],
            "ECS_CLUSTER_NAME": service.cluster_name,
            "ECS_SERVICE_NAME": service.name,
            "ECS_TASK_DEFINITION_FAMILY": definition.family,
            "REGION": backend.region_name,
        }
        port = row.get("port") or row.get("containerPort")
        if port:
            attributes["AWS_INSTANCE_PORT"] = str(port)
        discovery.register_instance(registry.id, task.id, task.id, attributes)
