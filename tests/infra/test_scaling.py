"""Scaling, private tasks and the pool, as a whole stack registers them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra import config, resolve, world
from infra.database_sizes import DEPLOYMENT_SURGE
from infra.errors import ConfigError, Problems
from infra.system import Floor
from tests.components.recorder import record
from tests.components.support import Registered, Secret
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.deployment import Deployment
    from tests.infra.support import Plan, Refuse

    Write = Callable[[Mapping[str, Any]], None]


def resolved(**values: Any) -> Deployment:
    """A stack of one of the project's own systems."""
    problems = Problems()
    settings = config.parse(raw(**values), "dev", problems)
    return resolve.resolve_named(ROOT, settings, problems)


def deployed(**values: Any) -> Registered:
    deployment = resolved(**values)
    return record(lambda: world.deploy(deployment))


@pytest.fixture(scope="module")
def scaled() -> Registered:
    return deployed(system="backend-ai-worker", phase="scaled")


def containers(made: Registered, service: str) -> dict[str, dict[str, Any]]:
    task = made.one("TaskDefinition", f"backend-ai-worker-dev-use1-{service}-task")
    return {one["name"]: one for one in json.loads(task.inputs["containerDefinitions"])}


def test_a_service_scales_once_it_is_there_and_leaves_its_number_alone(scaled: Registered) -> None:
    for service in ("api", "ai", "worker"):
        name = f"backend-ai-worker-dev-use1-{service}"
        target = scaled.one("appautoscaling/target:Target", f"{name}-scaling-target")
        made = scaled.one("ecs/service:Service", f"{name}-service")
        assert target.inputs["resourceId"].endswith(f"/{name}")
        assert made.ignore_changes == ("desiredCount",)
        component = scaled.one("ascend:components:Autoscaling", f"{name}-scaling")
        assert made.urn in component.depends_on or made.urn in target.depends_on


def test_the_queue_in_the_cache_is_measured_by_the_worker_and_nobody_else(scaled: Registered) -> None:
    assert "queue-depth" in containers(scaled, "worker")
    assert "queue-depth" not in {*containers(scaled, "api"), *containers(scaled, "ai")}


@pytest.mark.parametrize("phase", ["single-region", "cached"])
def test_the_queue_in_the_cache_is_watched_at_every_phase(phase: str) -> None:
    made = deployed(system="backend-ai-worker", phase=phase)
    queues = {name for name in made.alarms() if "-queue-" in name}
    assert {name.rsplit("-", 1)[-1] for name in queues} == {"depth", "failed"}
    assert "queue-depth" in containers(made, "worker")
    assert not made.of("appautoscaling/target:Target")


def test_tasks_are_private_and_wait_for_their_way_out(scaled: Registered) -> None:
    route = scaled.one("ec2/route:Route", "backend-ai-worker-dev-use1-network-private-internet-1")
    for service in scaled.of("ecs/service:Service"):
        network = service.inputs["networkConfiguration"]
        assert network["assignPublicIp"] is False
        assert all("-private-" in subnet for subnet in network["subnets"])
        assert route.urn in service.depends_on


def test_what_stays_in_private_subnets_does_not_wait_for_it(scaled: Registered) -> None:
    """A link whose subnets were unknown while a stack is promoted would be planned as another link."""
    route = scaled.one("ec2/route:Route", "backend-ai-worker-dev-use1-network-private-internet-1")
    for link in scaled.of("apigatewayv2/vpcLink:VpcLink"):
        assert route.urn not in link.depends_on


def test_writes_lead_to_the_pool_and_reads_to_the_replicas(scaled: Registered) -> None:
    secret = scaled.one("SecretVersion", "backend-ai-worker-dev-use1-secrets-database").inputs["secretString"]
    assert isinstance(secret, Secret)
    fields = json.loads(secret.value)
    assert "-database-proxy.proxy-" in fields["url"]
    assert "proxy" not in fields["readUrl"]


def test_what_pool_and_services_measure_is_on_the_dashboard(scaled: Registered) -> None:
    body = json.loads(scaled.one("cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    titles = [one["properties"].get("title", "") for one in body["widgets"]]
    assert "Database pool, us-east-1" in titles
    assert any(title.startswith("ai: ") for title in titles)


def test_a_service_measures_under_the_namespace_that_its_alarms_and_graphs_read(scaled: Registered) -> None:
    variables = {one["name"]: one["value"] for one in containers(scaled, "ai")["app"]["environment"]}
    namespace = variables["METRICS_NAMESPACE"]
    assert namespace == "backend-ai-worker/dev/ai"
    own = [one for name, one in scaled.alarms().items() if "-ai-own-" in name]
    assert {one["namespace"] for one in own} <= {namespace}
    assert f'"{namespace}"' in scaled.one("cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]


@pytest.mark.parametrize("replicas", [0, 1, 2])
def test_without_replicas_only_the_pool_may_connect_to_the_server(
    floyo: dict[str, Any], write: Write, plan: Plan, replicas: int, all_built: None
) -> None:
    floyo["database"]["read_replicas"] = {"scaled": replicas}
    write(floyo)
    deployment = plan(phase="scaled")
    made = record(lambda: world.deploy(deployment))
    group = "floyo-dev-use1-database-group-id"
    into = {
        one.inputs["referencedSecurityGroupId"]
        for one in made.of("SecurityGroupIngressRule")
        if one.inputs["securityGroupId"] == group
    }
    tasks = {f"floyo-dev-use1-{name}-tasks-id" for name in ("web", "api")}
    assert into == {"floyo-dev-use1-database-proxy-group-id"} | (tasks if replicas else set())


def pools(deployment: Deployment) -> tuple[int, int, int]:
    """The most connections of one task, all tasks, what the services may use of one server's connections."""
    (pool,) = {service.pool_max for service in deployment.services.values()}
    tasks = sum(service.max_tasks for service in deployment.services.values())
    return pool, tasks, int(deployment.database.max_connections * deployment.database.pool.share)


@pytest.mark.usefixtures("all_built")
def test_behind_a_proxy_a_tasks_pool_is_its_part_of_what_the_class_allows(
    floyo: dict[str, Any], write: Write, plan: Plan
) -> None:
    floyo["database"]["read_replicas"] = {"scaled": 0}
    write(floyo)
    pool, tasks, budget = pools(plan(phase="scaled"))
    assert pool == budget // tasks


@pytest.mark.usefixtures("all_built")
def test_replicas_are_reached_without_the_proxy_and_take_a_deployments_tasks_twice(plan: Plan) -> None:
    pool, tasks, budget = pools(plan(phase="scaled"))
    assert pool == budget // (tasks * DEPLOYMENT_SURGE)


@pytest.mark.usefixtures("all_built")
def test_behind_a_proxy_a_task_has_a_connection_however_many_there_are(
    floyo: dict[str, Any], write: Write, plan: Plan
) -> None:
    floyo["database"]["read_replicas"] = {"scaled": 0}
    floyo["services"]["api"]["max_replicas"] = {"scaled": 5000}
    write(floyo)
    assert pools(plan(phase="scaled"))[0] == 1


@pytest.mark.usefixtures("all_built")
def test_floors_come_with_scaling(floyo: dict[str, Any], write: Write, plan: Plan) -> None:
    floyo["services"]["api"]["floors"] = [{"cron": "0 7 ? * MON-FRI *", "time_zone": "UTC", "min_tasks": 4}]
    write(floyo)
    assert plan(phase="cached").services["api"].floors == ()
    assert plan(phase="scaled").services["api"].floors == (
        Floor(cron="0 7 ? * MON-FRI *", time_zone="UTC", min_tasks=4),
    )


@pytest.mark.usefixtures("all_built")
def test_a_floor_above_the_most_tasks_is_refused_where_it_can_be_mended(
    floyo: dict[str, Any], write: Write, refuse: Refuse, plan: Plan
) -> None:
    floyo["services"]["api"]["floors"] = [{"cron": "0 7 ? * MON-FRI *", "min_tasks": 30}]
    write(floyo)
    with pytest.raises(ConfigError) as caught:
        plan(phase="scaled")
    assert caught.value.problems == (
        "systems/floyo.yaml: services.api.floors: a floor of 30 tasks is above 20 under load",
    )
    (problem,) = refuse(phase="scaled", services={"api": {"maxTasks": 25}})
    assert problem.endswith("ascend:services.api.maxTasks: a floor of 30 tasks is above 25 under load")


@pytest.mark.usefixtures("all_built")
def test_only_workers_are_ever_on_spare_capacity() -> None:
    services = resolved(system="backend-ai-worker", phase="scaled").services
    assert {name: plan.spot_share for name, plan in services.items()} == {"api": None, "ai": None, "worker": 0.5}
    assert resolved(system="backend-ai-worker", phase="single-region").services["worker"].spot_share == 0


@pytest.mark.usefixtures("all_built")
def test_a_worker_that_is_not_needed_yet_does_not_scale() -> None:
    worker = resolved(system="teacher-slots", phase="scaled").services["worker"]
    assert (worker.max_tasks, worker.autoscaling, worker.floors) == (0, None, ())
