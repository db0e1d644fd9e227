"""ECS: services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import containers, tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import PartialError, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.provider import Failure
    from ascend.cloud.values import Props

#: Properties that `Service._params` spells itself, or that are the provider's own.
_SERVICE_OWN = (
    "alarms",
    "capacityProviderStrategies",
    "deploymentCircuitBreaker",
    "deploymentConfiguration",
    "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
    "forceDelete",
    "forceNewDeployment",
    "iamRole",
    "networkConfiguration",
    "orderedPlacementStrategies",
    "serviceRegistries",
    "sigintRollback",
    "triggers",
    "volumeConfiguration",
    "waitForSteadyState",
)
#: What is one parameter of the API, so that all of it goes along with a change of any.
_DEPLOYMENT = (
    "alarms",
    "deploymentCircuitBreaker",
    "deploymentConfiguration",
    "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
)
#: Lists that are removed by an empty one.
_REMOVABLE = {
    "capacityProviderStrategies": "capacityProviderStrategy",
    "loadBalancers": "loadBalancers",
    "serviceRegistries": "serviceRegistries",
}
_SERVICE_RENAME = {"name": "serviceName", "enableEcsManagedTags": "enableECSManagedTags"}


class Service(ResourceType):
    """A service; its ARN is its id."""

    pulumi_type = "aws:ecs/service:Service"
    service = "ecs"
    cfn = "AWS::ECS::Service"
    cfn_rename: ClassVar = {"name": "ServiceName", "capacityProviderStrategies": "CapacityProviderStrategy"}
    cfn_rules = ("aws_ecs_service/fargate",)
    kind = "ecs-service"
    gone = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
    tags = tagging.ECS

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """Capacity providers of Fargate and of instances do not mix, and one of them must weigh something."""
        return containers.judge_strategies(inputs.get("capacityProviderStrategies"))

    def create(self, api: Api, inputs: Props) -> str:
        """Create the service and see that it runs."""
        where = {"cluster": inputs["cluster"]} if inputs.get("cluster") else {}
        named = self.unless_gone(api, "DescribeServices", services=[inputs["name"]], **where) or {"services": []}
        if any(found["status"] == "ACTIVE" for found in named["services"]):
            raise ProviderError(f"{api.where}: there is a service named {inputs['name']} in this cluster already")
        params = self._params(api, "CreateService", inputs)
        if inputs.get("schedulingStrategy", "REPLICA") == "REPLICA":
            params.setdefault("desiredCount", 0)
        if inputs.get("iamRole"):
            params["role"] = inputs["iamRole"]
        answer = api.call("CreateService", **params, **self.tag_params(inputs))
        api.created_id = str(answer["service"]["serviceArn"])
        self._wait(api, api.created_id, inputs)
        return api.created_id

    def _params(self, api: Api, operation: str, props: Props) -> dict[str, Any]:
        """Parameters of create and update, with what the provider spells differently."""
        params = api.params(operation, props, rename=_SERVICE_RENAME, skip=_SERVICE_OWN)
        if props.get("capacityProviderStrategies"):
            params["capacityProviderStrategy"] = [
                containers.strategy(row) for row in props["capacityProviderStrategies"]
            ]
        if network := props.get("networkConfiguration"):
            params["networkConfiguration"] = {
                "awsvpcConfiguration": {
                    "subnets": list(network["subnets"]),
                    "securityGroups": list(network.get("securityGroups") or []),
                    "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
                }
            }
        if registry := props.get("serviceRegistries"):
            numbers = {name: int(registry[name]) for name in ("containerPort", "port") if registry.get(name)}
            texts = {name: registry[name] for name in ("registryArn", "containerName") if registry.get(name)}
            params["serviceRegistries"] = [{**texts, **numbers}]
        if props.get("orderedPlacementStrategies"):
            params["placementStrategy"] = [dict(row) for row in props["orderedPlacementStrategies"]]
        if props.get("volumeConfiguration"):
            raise ProviderError(f"{api.where}: volumeConfiguration is not emulated")
        if deployment := self._deployment(api, operation, props):
            params["deploymentConfiguration"] = deployment
        return params

    @staticmethod
    def _deployment(api: Api, operation: str, props: Props) -> dict[str, Any]:
        given = dict(props.get("deploymentConfiguration") or {})
        for name, target in (
            ("deploymentMaximumPercent", "maximumPercent"),
            ("deploymentMinimumHealthyPercent", "minimumHealthyPercent"),
        ):
            if props.get(name) is not None:
                given[target] = props[name]
        for name in ("alarms", "deploymentCircuitBreaker"):
            if props.get(name):
                given[name] = props[name]
        if not given:
            return {}
        encoded: dict[str, Any] = api.params(operation, {"deploymentConfiguration": given})["deploymentConfiguration"]
        return encoded

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The cluster is in the ARN (or the import's ``cluster/name``); a deleted service stays visible as inactive."""
        cluster, name = object_id.split("/")[-2:]
        answer = self.unless_gone(api, "DescribeServices", cluster=cluster, services=[name], include=["TAGS"])
        found = answer["services"] if answer else []
        return next((service for service in found if service["status"] != "INACTIVE"), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Names and ARNs in the form in which they were given."""
        hidden = {
            "capacityProviderStrategy",
            "deploymentConfiguration",
            "deployments",
            "events",
            "networkConfiguration",
        }
        hidden |= {"serviceRegistries", "tags", "taskDefinition", "clusterArn"}
        props = api.props({key: value for key, value in found.items() if key not in hidden}, rename=_SERVICE_RENAME)
        deployment = found.get("deploymentConfiguration") or {}
        strategy = found.get("capacityProviderStrategy") or []
        registries = found.get("serviceRegistries") or []
        network = (found.get("networkConfiguration") or {}).get("awsvpcConfiguration")
        props.update(
            {
                "arn": found["serviceArn"],
                "capacityProviderStrategies": [dict(row) for row in strategy] or None,
                "cluster": _as_given(inputs.get("cluster"), found["clusterArn"]),
                "deploymentCircuitBreaker": deployment.get("deploymentCircuitBreaker") or None,
                "deploymentMaximumPercent": deployment.get("maximumPercent"),
                "deploymentMinimumHealthyPercent": deployment.get("minimumHealthyPercent"),
                "loadBalancers": props.get("loadBalancers") or None,
                "networkConfiguration": _network(network, inputs) if network else None,
                "serviceRegistries": dict(registries[0]) if registries else None,
                "tagsAll": self.tags.decode(found.get("tags")),
                "taskDefinition": _as_given(inputs.get("taskDefinition"), found.get("taskDefinition") or ""),
            }
        )
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """Send what changed; the parts of the deployment configuration go together."""
        if "capacityProviderStrategies" in changed and not news.get("forceNewDeployment"):
            # service.go since v6.33, capacityProviderStrategyCustomizeDiff
            raise ProviderError(f"{api.where}: forceNewDeployment must be true when capacityProviderStrategies change")
        own = {"forceDelete", "forceNewDeployment", "sigintRollback", "triggers", "waitForSteadyState"}
        names = changed - own
        if names & set(_DEPLOYMENT):
            names |= set(_DEPLOYMENT)
        present = {name: news[name] for name in names if news.get(name) is not None}
        params = self._params(api, "UpdateService", present)
        for name, parameter in _REMOVABLE.items():
            if name in changed and not news.get(name):
                params[parameter] = []
        force = bool(news.get("forceNewDeployment")) and bool(changed - {"waitForSteadyState", "forceDelete"})
        if params or force:
            cluster, name = object_id.split("/")[-2:]
            api.call("UpdateService", cluster=cluster, service=name, forceNewDeployment=force, **params)
            self._wait(api, object_id, news)

    def _wait(self, api: Api, object_id: str, inputs: Props) -> None:
        """With ``waitForSteadyState`` a deployment that does not come up is an error of this operation."""
        if not inputs.get("waitForSteadyState"):
            return
        found = self.describe(api, object_id, inputs)
        if found is None or found["runningCount"] != found["desiredCount"]:
            counts = f"{found['runningCount']} of {found['desiredCount']} tasks run" if found else "it is gone"
            raise PartialError(f"{api.where}: the service did not become steady: {counts}", object_id, inputs)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Scale to nothing, then delete, as the official provider does."""
        found = self.describe(api, object_id, state)
        if found is None:
            return
        cluster, name = object_id.split("/")[-2:]
        force = bool(state.get("forceDelete"))
        if not force and found.get("schedulingStrategy") != "DAEMON":
            api.call("UpdateService", cluster=cluster, service=name, desiredCount=0)
        self.unless_gone(api, "DeleteService", cluster=cluster, service=name, force=force)


def _as_given(given: Any, arn: str) -> str:
    """An ARN, or what follows its last slash where the program gave a name."""
    return arn if not isinstance(given, str) or given.startswith("arn:") else arn.rpartition("/")[2]


def _network(network: dict[str, Any], inputs: Props) -> Props:
    props: Props = {"subnets": network["subnets"], "assignPublicIp": network.get("assignPublicIp") == "ENABLED"}
    if network.get("securityGroups") or (inputs.get("networkConfiguration") or {}).get("securityGroups"):
        props["securityGroups"] = network.get("securityGroups") or []
    return props


TYPES = (Service(),)
