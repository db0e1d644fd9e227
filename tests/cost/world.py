"""A small stack, made by hand: what the tests of estimates put their resources into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.engine.model import Op, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = "us-east-1"
CODES = {"us-east-1": "use1", "eu-west-1": "euw1", "ap-southeast-1": "apse1"}
STACK = "shop"

FIGURES: Mapping[str, Any] = {
    "version": 1,
    "traffic": {
        "active_share": 0.1,
        "requests_per_second": {"low": 0.1, "high": 0.3},
        "connections_per_user": {"low": 1, "high": 3},
        "bytes_per_request": 16384,
        "queries_per_request": {"low": 2, "high": 2},
        "read_share": 0.8,
        "average_load": 0.25,
        "edge_hit_share": 0.5,
        "tiers": {},
    },
    "services": {
        "web": {"public_path": "/*", "websockets": False, "metrics": ["Sales"]},
        "worker": {"consumes": "jobs", "capacity": {"cpu": 0.5, "jobs_per_hour": {"low": 100, "high": 100}}},
    },
    "queues": {"jobs": {"kind": "managed", "jobs_per_user_hour": {"low": 2, "high": 2}}},
    "limits": {"database_gib": 40, "bandwidth_gib_month": 1000},
    "external_costs": {"Stripe": {"low": 50, "high": 70}},
}


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:{STACK}::ascend::{type_}::{name}"


def world(**inputs: Any) -> Step:
    """The root; `inputs` over its own."""
    own = {
        "system": "shop",
        "phase": "scaled",
        "users": 10_000,
        "budget": 500,
        "regions": [HOME],
        "primary": HOME,
        "figures": FIGURES,
    }
    return Step(
        Op.CREATE, urn("ascend:index:World", STACK), "ascend:index:World", STACK, custom=False, inputs={**own, **inputs}
    )


def region(name: str = HOME) -> Step:
    of = f"{STACK}-{CODES[name]}"
    parent = urn("ascend:index:World", STACK)
    return Step(Op.CREATE, urn("ascend:index:Region", of), "ascend:index:Region", of, parent, custom=False)


def component(type_: str, name: str, where: str = HOME) -> Step:
    of = f"{STACK}-{CODES[where]}"
    full = f"{of}-{name}"
    type_ = f"ascend:components:{type_}"
    return Step(Op.CREATE, urn(type_, full), type_, full, urn("ascend:index:Region", of), custom=False)


def resource(owner: Step, type_: str, suffix: str, where: str | None = HOME, **inputs: Any) -> Step:
    name = f"{owner.name}-{suffix}"
    placed = inputs if where is None else {"region": where, **inputs}
    return Step(Op.CREATE, urn(type_, name), type_, name, owner.urn, inputs=placed)


def service(name: str, where: str = HOME, *, tasks: int = 2, most: int | None = None, **inputs: Any) -> list[Step]:
    """A service of half a vCPU and 1 GiB, with a scaling target where `most` is given."""
    of = component("Service", name, where)
    full = of.name
    steps = [
        of,
        resource(
            of,
            "aws:ecs/taskDefinition:TaskDefinition",
            "task",
            where,
            cpu="512",
            memory="1024",
            runtimePlatform={"cpuArchitecture": "ARM64"},
        ),
        resource(of, "aws:ecs/service:Service", "service", where, name=full, desiredCount=tasks, **inputs),
    ]
    if most is not None:
        scaling = component("Autoscaling", f"{name}-scaling", where)
        steps += [
            scaling,
            resource(
                scaling,
                "aws:appautoscaling/target:Target",
                "target",
                where,
                resourceId=f"service/cluster/{full}",
                minCapacity=tasks,
                maxCapacity=most,
            ),
        ]
    return steps


def base(where: str = HOME) -> list[Step]:
    """The ground of every test: a root, a region, a web service and a worker."""
    return [world(), region(where), *service("web", where), *service("worker", where, tasks=1)]
