"""One service: tasks of one container image on Fargate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import ec2, ecs, servicediscovery

from components import alarms
from components.base import Component, Scope
from components.container import Container, Sidecar, container_definitions
from components.errors import ComponentError, DeploymentError
from components.logs import log_group
from components.security_rules import ANYWHERE, HTTPS, connect, outward
from components.service_alarms import ServiceThresholds, service_alarms
from components.service_roles import Access, execution_role, task_role

_DNS_TTL_S = 10
#: Weights of capacity providers are parts of this.
_WHOLE = 100
#: The longest a task has to finish what it is doing. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
STOP_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Something in a private network that the service connects to.

    Attributes:
        port: its TCP port.
        security_group_id: its group, which is opened to the service; None in another region, whose groups cannot be
            named here and are opened there.
        cidr: the addresses that it is at in another region; None in this one.
    """

    port: int
    security_group_id: pulumi.Input[str] | None = None
    cidr: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is in no region or in two.

        Raises:
            ComponentError: naming the port.
        """
        if (self.security_group_id is None) == (self.cidr is None):
            msg = (
                f"peer on port {self.port}: only one of `security_group_id` and `cidr` can be given, and one has to be"
            )
            raise ComponentError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceArgs:
    """What `Service` needs.

    Attributes:
        scope: where it belongs.
        vpc_id: the network.
        subnet_ids: subnets of its tasks.
        public_address: whether tasks have a public address, without which they cannot pull an image where no NAT is.
        cluster_arn: the cluster.
        cluster_name: its name, for metrics.
        namespace_id: the Cloud Map namespace that it is registered in.
        front_security_group_id: the only group that it accepts connections from; None for a worker.
        target_group_arn: the load balancer's target group that its tasks join; None where none leads to it.
        key_arn: the key of its logs, secrets, buckets and queues.
        topic_arn: the topic of its alarms.
        image: container image.
        command: what replaces the image's own command; empty for none.
        health_command: command in the container that exits 0 while it works.
        port: TCP port it listens on; None for a worker.
        cpu_units: CPU of a task, 1,024 to a vCPU.
        memory_mib: memory of a task, in MiB.
        tasks: how many run; 0 for a service that is not needed yet.
        autoscaled: whether something else owns that number after the start.
        spot_share: part of its tasks on spare capacity, which AWS takes back with two minutes' notice, 0 to 1; one task
            stays on capacity that is not taken back, unless all are to be on spare. None for a service that never is.
        sidecars: small containers beside its own in each task.
        own_alarms: alarms on what the service measures itself.
        environment: plain environment variables.
        secrets: environment variables from Secrets Manager: ``arn:field::`` by variable.
        secret_arns: the secrets that those come from.
        secret_versions: id of the present value of each of them, by name; another one starts new tasks.
        user: numeric user (and group) it runs as; None for the image's own.
        writable_paths: folders it writes to, whoever it runs as; the rest of its file system is read-only. Each is a
            volume that starts empty and ends with its task.
        peers: what it connects to inside the network, by name. Outside, it reaches HTTPS only.
        access: what it may do with buckets and queues.
        thresholds: where alarms go off.
    """

    scope: Scope
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    public_address: bool
    cluster_arn: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    namespace_id: pulumi.Input[str]
    front_security_group_id: pulumi.Input[str] | None
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    image: str
    health_command: Sequence[str]
    port: int | None
    cpu_units: int
    memory_mib: int
    tasks: int
    thresholds: ServiceThresholds
    command: Sequence[str] = ()
    target_group_arn: pulumi.Input[str] | None = None
    autoscaled: bool = False
    spot_share: float | None = None
    sidecars: Sequence[Sidecar] = ()
    own_alarms: Sequence[alarms.Alarm] = ()
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secret_arns: Sequence[pulumi.Input[str]] = ()
    secret_versions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    user: str | None = None
    writable_paths: Sequence[str] = ()
    peers: Mapping[str, Peer] = field(default_factory=dict)
    access: Access = field(default_factory=Access)

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        if (self.port is None) != (self.front_security_group_id is None):
            msg = f"service on port {self.port}: `port` and `front_security_group_id` are given together or not at all"
            raise ComponentError(msg)
        if self.port is None and self.target_group_arn is not None:
            msg = "service without a port behind a load balancer; give it one, or no target group"
            raise ComponentError(msg)
        least = 1 if self.autoscaled else 0
        if self.tasks < least:
            msg = f"service with {self.tasks} tasks; at least {least} {'is' if least == 1 else 'are'} needed"
            raise ComponentError(msg)
        if self.spot_share is not None and not 0 <= self.spot_share <= 1:
            msg = f"service with {self.spot_share:g} of its tasks on spare capacity; allowed: 0 to 1"
            raise ComponentError(msg)
        both = sorted(set(self.environment) & set(self.secrets))
        if both:
            msg = f"service variable '{both[0]}' is given as plain value and as secret; only one can be"
            raise ComponentError(msg)


class Service(Component):
    """An ECS service on Fargate, ARM64.

    A new version has to pass its health check before an old task stops; one that does not is rolled back, and the
    update fails, though ECS calls it steady. Connections come only from what takes requests in. Where it listens, its
    tasks are registered in Cloud Map with their port (SRV records), which an HTTP API needs to reach them.

    Attributes:
        service_name: name of the service in its cluster.
        registry_arn: ARN of its Cloud Map service; None for a worker.
        log_group_name: where its output goes.
        security_group_id: the group of its tasks.
    """

    tag = "service"

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._args = args
        region = args.scope.region
        logs = log_group(self, "logs", f"/ascend/{name}", args.key_arn)
        group = ec2.SecurityGroup(
            self.child("tasks"),
            description=f"Tasks of {name}",
            vpc_id=args.vpc_id,
            region=region,
            tags=self.tags(self.child("tasks")),
            opts=self.child_options(),
        )
        needed: list[pulumi.Resource] = self._rules(group)
        execution, execution_policy = execution_role(self, args.image, logs.arn, args.secret_arns, args.key_arn)
        task, task_policies = task_role(self, args.access, args.key_arn)
        needed += [execution_policy, *task_policies]
        registry = self._registry() if args.port is not None else None
        definition = ecs.TaskDefinition(
            self.child("task"),
            family=name,
            cpu=str(args.cpu_units),
            memory=str(args.memory_mib),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform=ecs.TaskDefinitionRuntimePlatformArgs(
                operating_system_family="LINUX",
                cpu_architecture="ARM64",
            ),
            execution_role_arn=execution.arn,
            task_role_arn=task.arn,
            container_definitions=container_definitions(
                Container(
                    name="app",
                    image=args.image,
                    command=args.command,
                    health_command=args.health_command,
                    port=args.port,
                    environment=args.environment,
                    secrets=args.secrets,
                    secret_versions=args.secret_versions,
                    user=args.user,
                    writable_paths=args.writable_paths,
                    log_group=logs.name,
                    region=region,
                    stop_timeout_s=STOP_TIMEOUT_S,
                ),
                args.sidecars,
            ),
            volumes=[ecs.TaskDefinitionVolumeArgs(name=f"writable-{n}") for n in range(len(args.writable_paths))],
            region=region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        service = self._service(group, definition, registry, needed)
        own = service_alarms(name, args.cluster_name, service.name, args.thresholds, tasks=args.tasks)
        alarms.declare(self, [*own, *args.own_alarms], args.topic_arn)
        # Known only when the requested version runs, so that nothing is built on one that was rolled back.
        self.service_name = pulumi.Output.all(service.name, service.task_definition, definition.arn).apply(
            lambda known: _deployed(*known)
        )
        self.registry_arn = registry.arn if registry else None
        self.log_group_name = logs.name
        self.security_group_id = group.id
        self.register_outputs(
            {
                "serviceName": self.service_name,
                "registryArn": self.registry_arn,
                "logGroupName": self.log_group_name,
                "securityGroupId": self.security_group_id,
            },
        )

    def _rules(self, group: ec2.SecurityGroup) -> list[pulumi.Resource]:
        """In: from the front, to the port. Out: HTTPS, and the peers, which are opened to this service alone."""
        args = self._args
        rules: list[pulumi.Resource] = [
            outward(self, "to-https", group.id, port=HTTPS, description="Images, AWS, APIs of others", cidr=ANYWHERE),
        ]
        if args.port is not None and args.front_security_group_id is not None:
            front = args.front_security_group_id
            rules += connect(self, "from-front", front, group.id, port=args.port, description=f"{self.name} from front")
        for peer_name, peer in args.peers.items():
            suffix = f"to-{peer_name}"
            description = f"{self.name} {suffix.replace('-', ' ')}"
            target = peer.security_group_id
            if target is not None:
                rules += connect(self, suffix, group.id, target, port=peer.port, description=description)
            elif peer.cidr is not None:  # in another region, where it is opened
                rules.append(outward(self, suffix, group.id, port=peer.port, description=description, cidr=peer.cidr))
        return rules

    def _registry(self) -> servicediscovery.Service:
        return servicediscovery.Service(
            self.child("registry"),
            name=self.name,
            dns_config=servicediscovery.ServiceDnsConfigArgs(
                namespace_id=self._args.namespace_id,
                routing_policy="MULTIVALUE",
                # An A record would tell the address without the port, and the HTTP API would knock on 80.
                dns_records=[servicediscovery.ServiceDnsConfigDnsRecordArgs(type="SRV", ttl=_DNS_TTL_S)],
            ),
            # ECS says who is healthy, by the container's health check.
            # The provider calls the threshold deprecated (AWS knows only 1), but without it it sends no check at all,
            # and for the 1 that AWS answers it would replace the entry (servicediscovery/service.go).
            health_check_custom_config={"failure_threshold": 1},
            # Tasks that are still being deregistered must not keep it from going.
            force_destroy=True,
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )

    def _service(
        self,
        group: ec2.SecurityGroup,
        definition: ecs.TaskDefinition,
        registry: servicediscovery.Service | None,
        needed: list[pulumi.Resource],
    ) -> ecs.Service:
        args = self._args
        return ecs.Service(
            self.child("service"),
            name=self.name,
            cluster=args.cluster_arn,
            task_definition=definition.arn,
            desired_count=args.tasks,
            capacity_provider_strategies=capacity(args.spot_share or 0),
            # Without it the provider replaces a service whose strategy changes (capacityProviderStrategyCustomizeDiff,
            # internal/service/ecs/service.go); with it every change of the service starts new tasks, which only those
            # that may be stopped at any time do not mind.
            force_new_deployment=True if args.spot_share is not None else None,
            platform_version="LATEST",
            network_configuration=ecs.ServiceNetworkConfigurationArgs(
                subnets=args.subnet_ids,
                security_groups=[group.id],
                assign_public_ip=args.public_address,
            ),
            service_registries=ecs.ServiceServiceRegistriesArgs(
                registry_arn=registry.arn, container_name="app", container_port=args.port
            )
            if registry
            else None,
            load_balancers=[
                ecs.ServiceLoadBalancerArgs(
                    target_group_arn=args.target_group_arn, container_name="app", container_port=args.port
                )
            ]
            if args.target_group_arn is not None and args.port is not None
            else None,
            # No grace period of the load balancer's health check: ECS takes one only of a service that has a load
            # balancer already, so that one which gains it and the period in one update is refused
            # (aws-cloudformation/cloudformation-coverage-roadmap issue 1313), and so is the 0 that the provider sends
            # for one which loses both (hashicorp/terraform-provider-aws issue 31104). The target group is patient
            # instead.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker=ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True),
            wait_for_steady_state=True,
            enable_ecs_managed_tags=True,
            # The tasks are what is billed: without tags they are missing from the budget.
            propagate_tags="SERVICE",
            region=self.scope.region,
            tags=self.tags(),
            opts=self.child_options(
                # A task that starts before it may pull, log, read its secrets or reach its peers fails to start.
                depends_on=needed,
                ignore_changes=["desiredCount"] if args.autoscaled else None,
            ),
        )


def capacity(spot_share: float) -> list[ecs.ServiceCapacityProviderStrategyArgs]:
    """Where tasks run: on Fargate, or a part of them on its spare capacity.

    Args:
        spot_share: that part, 0 to 1.
    """
    strategy = ecs.ServiceCapacityProviderStrategyArgs
    spot = round(spot_share * _WHOLE)
    if spot == 0:
        return [strategy(capacity_provider="FARGATE", weight=1, base=0)]
    if spot == _WHOLE:
        return [strategy(capacity_provider="FARGATE_SPOT", weight=1, base=0)]
    return [
        # The first task does not go when AWS wants all spare capacity back.
        strategy(capacity_provider="FARGATE", weight=_WHOLE - spot, base=1),
        strategy(capacity_provider="FARGATE_SPOT", weight=spot, base=0),
    ]


def _deployed(name: str, running: str, requested: str) -> str:
    """`name`, if the service runs what was requested.

    ECS rolls a failing deployment back and then is steady, which the provider reports as success
    (hashicorp/terraform-provider-aws issues 19519 and 20858).

    Raises:
        DeploymentError: if another version runs.
    """
    if not pulumi.runtime.is_dry_run() and running != requested:
        msg = f"service '{name}' was rolled back: it runs {running}, not {requested}; look at its events and its log"
        raise DeploymentError(msg)
    return name
