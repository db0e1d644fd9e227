"""The services of a region."""

from collections.abc import Mapping

import pulumi

from components.service import Service, ServiceArgs
from components.service_alarms import ServiceThresholds
from components.service_roles import Access
from infra import scaling
from infra.data import Data
from infra.deployment import ServicePlan
from infra.environment import environment
from infra.ground import Ground


def make_services(
    ground: Ground, data: Data, url: pulumi.Input[str], target_group_arns: Mapping[str, pulumi.Output[str]]
) -> dict[str, Service]:
    """Declare the services.

    Args:
        ground: what they are built on.
        data: what they use.
        url: the public address, which they are told.
        target_group_arns: target group of each service that a load balancer leads to.

    Returns:
        The services by name.
    """
    scaling.make_queue_depths(ground)
    waits = scaling.waiting(ground, data)
    services = {}
    for plan in ground.deployment.services.values():
        services[plan.name] = _make_service(ground, data, url, plan, target_group_arns.get(plan.name))
        scaling.make_scaling(ground, plan, services[plan.name], waits)
    return services


def _make_service(
    ground: Ground,
    data: Data,
    url: pulumi.Input[str],
    plan: ServicePlan,
    target_group_arn: pulumi.Output[str] | None,
) -> Service:
    deployment, limits = ground.deployment, ground.deployment.thresholds
    buckets = [name for name, bucket in deployment.buckets.items() if plan.name in bucket.services]
    return Service(
        ground.parent.child(plan.name),
        ServiceArgs(
            scope=ground.parent.scope,
            vpc_id=ground.network.vpc_id,
            subnet_ids=ground.network.task_subnet_ids if deployment.private_tasks else ground.network.public_subnet_ids,
            public_address=not deployment.private_tasks,
            cluster_arn=ground.cluster.arn,
            cluster_name=ground.cluster.cluster_name,
            namespace_id=ground.cluster.namespace_id,
            front_security_group_id=ground.network.front_security_group_id if plan.port is not None else None,
            target_group_arn=target_group_arn,
            key_arn=ground.keys.key_arn,
            topic_arn=ground.alarms.topic_arn,
            image=plan.image,
            command=plan.command,
            health_command=plan.health_command,
            port=plan.port,
            cpu_units=plan.cpu_units,
            memory_mib=plan.memory_mib,
            tasks=plan.min_tasks,
            autoscaled=plan.autoscaling is not None,
            spot_share=plan.spot_share,
            sidecars=scaling.sidecars(ground, data, plan),
            own_alarms=scaling.own_alarms(ground, plan),
            environment=environment(
                deployment,
                plan,
                cdn_url=url,
                queue_urls={name: queue.url for name, queue in data.queues.items()},
                bucket_names={name: data.storage.names[name] for name in buckets},
            ),
            secrets=data.secret_variables(),
            secret_arns=list(data.secrets.arns.values()),
            secret_versions=data.secrets.versions,
            user=plan.user,
            writable_paths=plan.writable_paths,
            peers=data.peers(),
            access=Access(
                bucket_arns=[data.storage.arns[name] for name in buckets],
                send_to=[queue.arn for queue in data.queues.values()],
                receive_from=[data.queues[plan.consumes].arn] if plan.consumes in data.queues else [],
            ),
            thresholds=ServiceThresholds(cpu_pct=limits.cpu_pct, memory_pct=limits.memory_pct),
        ),
        ground.parent.child_options(),
    )
