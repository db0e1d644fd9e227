"""What a plan has that carries load: services and their tasks, databases, caches, ways in and out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ascend.capacity import figures
from ascend.capacity.facts import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Step
    from ascend.plans import Plan

_CPU_UNITS, _MIB_PER_GIB = 1024, 1024
_PREDEFINED = {"ECSServiceAverageCPUUtilization": "cpu", "ECSServiceAverageMemoryUtilization": "memory"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A target tracking policy.

    Attributes:
        metric: ``cpu``, ``memory`` or ``backlog``.
        target: what it holds: percent, or jobs that wait per task.
        out_cooldown_s: seconds between two steps up.
        in_cooldown_s: seconds between two steps down.
    """

    metric: str
    target: float
    out_cooldown_s: int
    in_cooldown_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """One service in one region.

    Attributes:
        service: the service's name in the system.
        region: where.
        cpu: vCPU of a task.
        memory_gib: memory of a task, GiB.
        least: tasks at rest.
        most: tasks under the highest load.
        policies: how their number follows the load; none where it does not.
        health_s: seconds until a new task's first requests, after its container runs.
        spot_share: part of the tasks on spare capacity, 0 to 1.
        arm: whether they run on ARM processors.
    """

    service: str
    region: str
    cpu: float
    memory_gib: float
    least: int
    most: int
    policies: tuple[Policy, ...]
    health_s: float
    spot_share: float
    arm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What the plan of a stack has.

    Attributes:
        name: the stack's name.
        system: the system's name.
        phase: how far it has grown.
        users: the most users that it is meant for; None for no ceiling.
        regions: where anything runs.
        figures: the system's figures.
        tasks: the services by region, those at rest without a task too.
        primaries: classes of the databases that are written to, by name of the resource.
        replicas: classes of the databases that are read from only.
        caches: node types of the caches, one for each group.
        edge: whether an edge stands in front.
        http_apis: HTTP APIs in front of services.
        firewalls: firewalls in front of load balancers.
        nats: gateways through which tasks reach the internet.
    """

    name: str
    system: str
    phase: str
    users: int | None
    regions: tuple[str, ...]
    figures: figures.Figures
    tasks: Sequence[Tasks]
    primaries: Mapping[str, str]
    replicas: Sequence[str]
    caches: Sequence[str]
    edge: bool
    http_apis: int
    firewalls: int
    nats: int

    def service(self, name: str) -> list[Tasks]:
        """One service, in each region that runs it."""
        return [one for one in self.tasks if one.service == name]


@dataclass(slots=True)
class _Parts:
    """The parts of one service in one region, as they are found in the plan."""

    region: str
    desired: int = 0
    spot_share: float = 0.0
    task: Mapping[str, Any] | None = None
    least: int | None = None
    most: int | None = None
    policies: list[Policy] = field(default_factory=list)
    health_s: float | None = None


def read(plan: Plan) -> Stack:
    """The stack of a plan.

    Raises:
        InputError: the plan describes its system in another version.
    """
    world = plan.world
    system = figures.parse(world["figures"])
    by_type: dict[str, list[Step]] = {}
    for step in plan.resources:
        by_type.setdefault(step.type, []).append(step)
    # A plan comes in the order in which its steps were decided, which differs from run to run.
    places = {str(name): number for number, name in enumerate(world.get("regions") or ())}
    order = {name: number for number, name in enumerate(system.services)}
    tasks = sorted(
        _tasks(by_type, system), key=lambda one: (order[one.service], places.get(one.region, len(places)), one.region)
    )
    out_of_use = world.get("outOfUse") or ()  # kept after a failover; nobody is let in
    instances = [
        step for step in by_type.get("aws:rds/instance:Instance", []) if step.inputs.get("identifier") not in out_of_use
    ]
    users = world.get("users")
    return Stack(
        name=plan.stack,
        system=str(world.get("system", "")),
        phase=str(world.get("phase", "")),
        users=None if users is None else int(users),
        regions=tuple(
            sorted({one.region for one in tasks if one.most}, key=lambda name: (places.get(name, len(places)), name))
        ),
        figures=system,
        tasks=tasks,
        primaries={
            step.name: str(step.inputs["instanceClass"])
            for step in instances
            if not step.inputs.get("replicateSourceDb")
        },
        replicas=[str(step.inputs["instanceClass"]) for step in instances if step.inputs.get("replicateSourceDb")],
        caches=[
            str(step.inputs["nodeType"])
            for step in by_type.get("aws:elasticache/replicationGroup:ReplicationGroup", [])
        ],
        edge="ascend:components:Edge" in by_type,
        http_apis=len(by_type.get("aws:apigatewayv2/api:Api", [])),
        firewalls=len(by_type.get("aws:wafv2/webAcl:WebAcl", [])),
        nats=len(by_type.get("aws:ec2/natGateway:NatGateway", [])),
    )


def _tasks(by_type: Mapping[str, Sequence[Step]], system: figures.Figures) -> list[Tasks]:
    """The services, put together by the names of their components."""
    parts: dict[str, _Parts] = {}
    regions = {step.urn: step.name for step in by_type.get("ascend:index:Region", [])}
    named: dict[str, str] = {}
    for step in by_type.get("ascend:components:Service", []):
        parts[step.name] = _Parts(region="")
        named[step.name] = step.name.removeprefix(f"{regions.get(step.parent, '')}-")
    for step in by_type.get("aws:ecs/service:Service", []):
        part = parts.get(_owner(step))
        if part is not None:
            part.region = str(step.inputs.get("region", ""))
            part.desired = int(step.inputs.get("desiredCount") or 0)
            part.spot_share = _spot_share(step.inputs.get("capacityProviderStrategies") or [])
    for step in by_type.get("aws:ecs/taskDefinition:TaskDefinition", []):
        part = parts.get(_owner(step))
        if part is not None:
            part.task = step.inputs
    for step in by_type.get("aws:appautoscaling/target:Target", []):
        part = parts.get(_owner(step).removesuffix("-scaling"))
        if part is not None:
            part.least, part.most = int(step.inputs["minCapacity"]), int(step.inputs["maxCapacity"])
    for step in by_type.get("aws:appautoscaling/policy:Policy", []):
        part = parts.get(_owner(step).removesuffix("-scaling"))
        tracking = step.inputs.get("targetTrackingScalingPolicyConfiguration")
        if part is not None and tracking:
            part.policies.append(_policy(tracking))
    for step in by_type.get("aws:lb/targetGroup:TargetGroup", []):
        part = parts.get(step.name.replace("-load-balancer-", "-", 1))
        check = step.inputs.get("healthCheck")
        if part is not None and check:
            part.health_s = float(check.get("interval", 0)) * float(check.get("healthyThreshold", 0))
    return [
        _put_together(named[owner], part)
        for owner, part in parts.items()
        if part.task is not None and named[owner] in system.services
    ]


def _owner(step: Step) -> str:
    """The name of the component that a resource belongs to."""
    return step.parent.rpartition("::")[2]


def _put_together(name: str, part: _Parts) -> Tasks:
    task = part.task or {}
    return Tasks(
        service=name,
        region=part.region,
        cpu=float(task["cpu"]) / _CPU_UNITS,
        memory_gib=float(task["memory"]) / _MIB_PER_GIB,
        least=part.desired if part.least is None else part.least,
        most=part.desired if part.most is None else part.most,
        policies=tuple(sorted(part.policies, key=lambda policy: policy.metric)),
        health_s=float(load("scaling")["health_s"]) if part.health_s is None else part.health_s,
        spot_share=part.spot_share,
        arm=(task.get("runtimePlatform") or {}).get("cpuArchitecture") == "ARM64",
    )


def _policy(tracking: Mapping[str, Any]) -> Policy:
    predefined = (tracking.get("predefinedMetricSpecification") or {}).get("predefinedMetricType", "")
    return Policy(
        metric=_PREDEFINED.get(predefined, "backlog"),
        target=float(tracking["targetValue"]),
        out_cooldown_s=int(tracking.get("scaleOutCooldown") or 0),
        in_cooldown_s=int(tracking.get("scaleInCooldown") or 0),
    )


def _spot_share(strategies: Sequence[Mapping[str, Any]]) -> float:
    """Part of the tasks beyond the base that spare capacity gets."""
    weights = {str(one.get("capacityProvider")): float(one.get("weight") or 0) for one in strategies}
    whole = sum(weights.values())
    return weights.get("FARGATE_SPOT", 0.0) / whole if whole else 0.0
