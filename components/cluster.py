"""Where services run and find each other."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import ecs, servicediscovery

from components.base import Component, Scope, physical


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterArgs:
    """What `Cluster` needs.

    Attributes:
        scope: where it belongs.
        vpc_id: the network in which names resolve.
        container_insights: whether ECS sends per-task metrics, which are billed as custom ones.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    container_insights: bool = False


class Cluster(Component):
    """An ECS cluster on Fargate and the private DNS namespace of its services.

    Services run on capacity providers from the first day: one that started with a launch type would have to be replaced
    to move to them.

    Attributes:
        arn: ARN of the cluster, once its capacity providers are attached.
        cluster_name: its name.
        namespace_id: the Cloud Map namespace.
        namespace_name: what names of services end in.
    """

    tag = "cluster"

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        region = args.scope.region
        cluster = ecs.Cluster(
            self.child("cluster"),
            # CPU and memory of a service are measured without it; per-task metrics are not worth their price here.
            settings=[
                ecs.ClusterSettingArgs(
                    name="containerInsights", value="enabled" if args.container_insights else "disabled"
                ),
            ],
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        capacity = ecs.ClusterCapacityProviders(
            self.child("capacity"),
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategies=[
                ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(capacity_provider="FARGATE", weight=1),
            ],
            region=region,
            opts=self.child_options(),
        )
        self.namespace_name = f"{physical(name)}.internal"
        namespace = servicediscovery.PrivateDnsNamespace(
            self.child("names"),
            name=self.namespace_name,
            description=f"Services of {args.scope.system}, stack {args.scope.stack}",
            vpc=args.vpc_id,
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        self.cluster_name = capacity.cluster_name
        self.arn = pulumi.Output.all(cluster.arn, capacity.id).apply(lambda both: str(both[0]))
        self.namespace_id = namespace.id
        self.register_outputs(
            {
                "arn": self.arn,
                "clusterName": self.cluster_name,
                "namespaceId": self.namespace_id,
                "namespaceName": self.namespace_name,
            },
        )
