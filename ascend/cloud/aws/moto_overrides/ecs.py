"""ECS: services keep what they were created with, and their tasks really run.

moto forgets the deployment configuration, the strategy and the rest of a create, and leaves every service at no running
task. Here a service becomes steady at once; `ecs_tasks` has its tasks.
"""

# ruff: noqa: SLF001 -- a patch reaches into what it patches

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load
from ascend.cloud.aws.moto_overrides.ecs_tasks import FARGATE, discovery, running, settle, stop, target_groups

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
    "load_balancers",
    "network_configuration",
    "platform_version",
    "service_registries",
    "task_definition",
)


def install() -> None:
    """Patch moto's ECS when it is loaded."""
    on_load("moto.ecs.models", _patch_models)
    on_load("moto.ecs.responses", _patch_responses)


def _patch_responses(module: ModuleType) -> None:
    response = module.EC2ContainerServiceResponse
    create, update = response.create_service, response.update_service

    def create_service(self: Any) -> Any:
        cluster = self.ecs_backend._get_cluster(self._get_param("cluster", "default"))
        if self._get_param("taskDefinition"):
            balancers = self._get_param("loadBalancers")
            _require(self, cluster, self._get_param("taskDefinition"), self._get_param("serviceRegistries"), balancers)
        result = create(self)
        service = result.result["service"]
        for parameter, attribute in _KEPT.items():
            value = self._get_param(parameter)
            if value is not None:
                setattr(service, attribute, value)
        if getattr(service, "capacity_provider_strategy", None):
            service.launch_type = None
        settle(self.ecs_backend, service, redeploy=True)
        return result

    def update_service(self: Any) -> Any:
        cluster, name = self._get_param("cluster", "default"), self._get_param("service")
        service = self.ecs_backend._get_service(cluster, name.split("/")[-1])
        before = _deployed(service)
        network = self._get_param("networkConfiguration")
        if network is not None:
            service._validate_network(network)
        _refuse_grace(service, self._get_param("healthCheckGracePeriodSeconds"))
        registries = self._get_param("serviceRegistries")
        if service.task_definition:
            asked = self._get_param("taskDefinition") or service.task_definition
            cluster_there = self.ecs_backend._get_cluster(cluster)
            balancers = _either(self, "loadBalancers", service, "load_balancers")
            registries = service.service_registries if registries is None else registries
            _require(self, cluster_there, asked, registries, balancers)
        result = update(self)
        if not service.load_balancers:  # the grace period is of the load balancer's health checks
            service.health_check_grace_period_seconds = None
        service.enable_ecs_managed_tags = _either(self, "enableECSManagedTags", service, "enable_ecs_managed_tags")
        if service.task_definition:  # moto keeps the text that was given, AWS the ARN
            service.task_definition = self.ecs_backend.describe_task_definition(service.task_definition).arn
        redeploy = bool(self._get_param("forceNewDeployment")) or _deployed(service) != before
        settle(self.ecs_backend, service, redeploy=redeploy)
        return result

    response.create_service = create_service
    response.update_service = update_service


def _refuse_grace(service: Any, given: int | None) -> None:
    """A grace period is taken only of a service that has a load balancer already, even together with its first one.

    Source: aws-cloudformation/cloudformation-coverage-roadmap issue 1313, hashicorp/terraform-provider-aws issue 31104.
    """
    from moto.ecs.exceptions import InvalidParameterException  # noqa: PLC0415 -- moto is loaded by now

    if given is not None and not service.load_balancers:
        msg = "Health check grace period is only valid for services configured to use load balancers"
        raise InvalidParameterException(msg)


def _require(
    response: Any, cluster: Any, task_definition: str, registries: list[Any] | None, balancers: list[Any] | None
) -> None:
    """What a service names must be there: containers and ports, Cloud Map services, target groups, capacity providers.

    Source: ECS API reference, CreateService and UpdateService (InvalidParameterException).
    """
    from moto.ecs.exceptions import InvalidParameterException  # noqa: PLC0415 -- moto is loaded by now

    backend = response.ecs_backend
    definition = backend.describe_task_definition(task_definition)
    containers = {row["name"]: row for row in definition.container_definitions}
    for row in [*(registries or []), *(balancers or [])]:
        name, port = row.get("containerName"), row.get("containerPort")
        if name and name not in containers:
            raise InvalidParameterException(f"The container {name} does not exist in the task definition.")
        ports = [mapping["containerPort"] for mapping in containers[name].get("portMappings") or []] if name else []
        if name and port and port not in ports:
            raise InvalidParameterException(f"The container {name} did not have a container port {port} defined.")
    known = {registry.arn for registry in discovery(backend).services.values()} if registries else set()
    for row in registries or []:
        if row["registryArn"] not in known:
            raise InvalidParameterException(f"Unable to find the service registry {row['registryArn']}.")
    for row in balancers or []:
        if row.get("targetGroupArn") and (reason := _unfit(backend, row["targetGroupArn"], definition)):
            raise InvalidParameterException(reason)
    for row in response._get_param("capacityProviderStrategy") or []:
        if row["capacityProvider"] not in (cluster.capacity_providers or []):
            raise InvalidParameterException(
                "The specified capacity provider strategy contains a capacity provider that is not associated with the "
                f"cluster: {row['capacityProvider']}. Associate the capacity provider with the cluster and try again."
            )


def _unfit(backend: Any, arn: str, definition: Any) -> str:
    """Why tasks cannot be registered in a target group; empty where they can."""
    group = target_groups(backend).get(arn)
    if group is None:
        return f"The specified target group does not exist: {arn}"
    if definition.network_mode == "awsvpc" and group.target_type != "ip":
        return (
            f"The provided target group {arn} has target type {group.target_type}, which is incompatible with the "
            "awsvpc network mode specified in the task definition."
        )
    if not group.load_balancer_arns:
        return f"The target group with targetGroupArn {arn} does not have an associated load balancer."
    return ""


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
        for task in running(self, service):
            stop(self, task, "service deleted")
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
        unknown = [name for name in names or [] if name not in FARGATE and self._get_provider(name) is None]
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
