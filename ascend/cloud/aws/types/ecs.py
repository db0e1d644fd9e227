"""ECS: clusters and task definitions. Services are in `ecs_service`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import cfn, containers, tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.values import UNKNOWN

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("ClusterNotFoundException",)


class Cluster(ResourceType):
    """A cluster; its ARN is its id."""

    pulumi_type = "aws:ecs/cluster:Cluster"
    service = "ecs"
    cfn = "AWS::ECS::Cluster"
    cfn_rename: ClassVar = {"name": "ClusterName", "settings": "ClusterSettings"}
    kind = "ecs-cluster"
    create_op = "CreateCluster"
    rename: ClassVar = {"name": "clusterName", "arn": "clusterArn"}
    id_path = "cluster.clusterArn"
    update_op, update_param = "UpdateCluster", "cluster"
    delete_op, delete_param = "DeleteCluster", "cluster"
    gone = _GONE
    tags = tagging.ECS

    def create(self, api: Api, inputs: Props) -> str:
        """CreateCluster answers with the cluster that has the name already: a second owner is refused here."""
        known = api.call("DescribeClusters", clusters=[inputs["name"]])["clusters"]
        if any(cluster["status"] == "ACTIVE" for cluster in known):
            raise ProviderError(f"{api.where}: there is a cluster named {inputs['name']} already")
        return super().create(api, inputs)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """A deleted cluster stays visible as inactive."""
        include = ["CONFIGURATIONS", "SETTINGS", "TAGS"]
        found = api.call("DescribeClusters", clusters=[object_id], include=include)["clusters"]
        return next((cluster for cluster in found if cluster["status"] != "INACTIVE"), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Tags come with the description."""
        props = api.props({key: value for key, value in found.items() if key != "tags"}, rename=self.rename)
        return {**props, "tagsAll": self.tags.decode(found.get("tags"))}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Configuration, settings and Service Connect defaults go together."""
        whole = {"configuration", "serviceConnectDefaults", "settings"}
        if changed & whole:
            super().update(api, object_id, olds, news, whole & news.keys())


class ClusterCapacityProviders(ResourceType):
    """A cluster's capacity providers; the cluster's name is the id."""

    pulumi_type = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
    service = "ecs"
    gone = _GONE

    def check(self, inputs: Props, region: str) -> list[Failure]:  # noqa: ARG002 -- a hook
        """The default strategy is made of providers that the cluster has."""
        path = "defaultCapacityProviderStrategies"
        strategies, names = inputs.get(path), inputs.get("capacityProviders")
        failures = containers.judge_strategies(strategies, path)
        if isinstance(strategies, list) and names is not UNKNOWN:
            known = names or []
            used = [row.get("capacityProvider") for row in strategies if isinstance(row, dict)]
            missing = [name for name in used if isinstance(name, str) and name not in known and UNKNOWN not in known]
            failures += [Failure(path, f"{name} is not among capacityProviders") for name in missing]
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """There is one set for each cluster."""
        self._put(api, inputs)
        api.created_id = str(inputs["clusterName"])
        return api.created_id

    @staticmethod
    def _put(api: Api, inputs: Props) -> None:
        strategies = inputs.get("defaultCapacityProviderStrategies") or []
        api.call(
            "PutClusterCapacityProviders",
            cluster=inputs["clusterName"],
            capacityProviders=list(inputs.get("capacityProviders") or []),
            defaultCapacityProviderStrategy=[containers.strategy(row) for row in strategies],
        )

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:  # noqa: ARG002 -- a hook
        """The cluster."""
        found = api.call("DescribeClusters", clusters=[object_id])["clusters"]
        return next((cluster for cluster in found if cluster["status"] != "INACTIVE"), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """Providers and default strategy."""
        strategies = found.get("defaultCapacityProviderStrategy") or []
        return {
            "clusterName": found["clusterName"],
            "capacityProviders": found.get("capacityProviders") or None,
            "defaultCapacityProviderStrategies": [{"base": 0, "weight": 0, **row} for row in strategies] or None,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:  # noqa: ARG002 -- a hook
        """The same call creates and changes."""
        self._put(api, news)

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """A cluster without capacity providers."""
        self.unless_gone(
            api,
            "PutClusterCapacityProviders",
            cluster=object_id,
            capacityProviders=[],
            defaultCapacityProviderStrategy=[],
        )


class TaskDefinition(ResourceType):
    """A revision of a task definition; the family is its id."""

    pulumi_type = "aws:ecs/taskDefinition:TaskDefinition"
    service = "ecs"
    kind = "task-definition"
    gone = ("ClientException",)
    tags = tagging.ECS

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """AWS's schema judges the containers once they are parsed; the rest is in `containers`."""
        text = inputs.get("containerDefinitions")
        if text is UNKNOWN or not isinstance(text, str):
            return []
        parsed, failures = containers.parse(text)
        if failures:
            return failures
        seen = {**inputs, "containerDefinitions": parsed}
        rules = (
            "aws_ecs_taskdefinition/containerdefinitions_essential",
            "aws_ecs_taskdefinition/fargate_cpu_memory",
            "aws_ecs_taskdefinition/fargate_properties",
        )
        found = cfn.judge("AWS::ECS::TaskDefinition", region, seen, {}, rules) if region else []
        # What is missing altogether is in our own rules, which name the property.
        return [*containers.judge(parsed, inputs), *(failure for failure in found if failure.property)]

    def create(self, api: Api, inputs: Props) -> str:
        """Registering a family that exists makes its next revision."""
        skip = ("containerDefinitions", "proxyConfiguration", "skipDestroy", "trackLatest", "volumes")
        params = api.params("RegisterTaskDefinition", inputs, skip=skip)
        params["containerDefinitions"] = json.loads(inputs["containerDefinitions"])
        if inputs.get("volumes"):
            params["volumes"] = [_volume(api, row) for row in inputs["volumes"]]
        if proxy := inputs.get("proxyConfiguration"):
            settings = [{"name": key, "value": value} for key, value in sorted((proxy.get("properties") or {}).items())]
            named = {"containerName": proxy["containerName"], "type": proxy.get("type", "APPMESH")}
            params["proxyConfiguration"] = {**named, "properties": settings}
        api.call("RegisterTaskDefinition", **params, **self.tag_params(inputs))
        api.created_id = str(inputs["family"])
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The revision that this resource registered where it is known, else the family's latest."""
        name = inputs.get("arn") or object_id
        answer = self.unless_gone(api, "DescribeTaskDefinition", taskDefinition=name, include=["TAGS"])
        if answer is None or answer["taskDefinition"]["status"] == "INACTIVE":
            return None
        return {**answer["taskDefinition"], "tags": answer.get("tags")}

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:  # noqa: ARG002 -- a hook
        """The containers as they were given, while AWS still has them so."""
        hidden = {"containerDefinitions", "proxyConfiguration", "tags", "volumes"}
        props = api.props({key: value for key, value in found.items() if key not in hidden})
        arn = found["taskDefinitionArn"]
        given = str(inputs.get("containerDefinitions") or "[]")
        actual = found["containerDefinitions"]
        return {
            **props,
            "arn": arn,
            "arnWithoutRevision": arn.rpartition(":")[0],
            "containerDefinitions": given if containers.covers(actual, json.loads(given)) else json.dumps(actual),
            "tagsAll": self.tags.decode(found.get("tags")),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Only what is the provider's own can change in place."""

    def delete(self, api: Api, object_id: str, state: Props) -> None:  # noqa: ARG002 -- a hook
        """Deregister the revision, not the family."""
        if state.get("arn") and not state.get("skipDestroy"):
            self.unless_gone(api, "DeregisterTaskDefinition", taskDefinition=state["arn"])


def _volume(api: Api, row: Props) -> dict[str, Any]:
    """A volume; the provider's ``hostPath`` is an object in the API."""
    model = api.cloud.client("ecs", api.region).meta.service_model
    shape = model.operation_model("RegisterTaskDefinition").input_shape
    plain = {name: value for name, value in row.items() if name != "hostPath"}
    params = api.structure(shape.members["volumes"].member, plain)
    return {**params, "host": {"sourcePath": row["hostPath"]}} if row.get("hostPath") else params


TYPES = (Cluster(), ClusterCapacityProviders(), TaskDefinition())
