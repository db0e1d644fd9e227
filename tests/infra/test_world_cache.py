"""A stack with a cache: who reaches it, who is told of it, and that growing it loses nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra import world
from tests.components.recorder import record
from tests.components.support import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.deployment import Deployment
    from tests.components.support import Registered
    from tests.infra.support import Plan

CACHE = "elasticache/replicationGroup:ReplicationGroup"
NAME = "floyo-dev-use1-cache"


@pytest.fixture
def required(floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan) -> Deployment:
    """Floyo at its first phase, as if it could not do without its cache."""
    floyo["requires"] = ["cache"]
    write(floyo)
    return plan()


@pytest.fixture
def made(required: Deployment) -> Registered:
    return record(lambda: world.deploy(required))


def container(made: Registered, service: str) -> dict[str, Any]:
    task = made.one("TaskDefinition", f"floyo-dev-use1-{service}-task")
    (found,) = (one for one in json.loads(task.inputs["containerDefinitions"]) if one["essential"])
    return dict(found)


def test_a_system_that_requires_a_cache_has_it_at_the_first_phase(made: Registered) -> None:
    inputs = made.one(CACHE).inputs
    assert (inputs["engine"], inputs["nodeType"], inputs["numCacheClusters"]) == ("valkey", "cache.t4g.micro", 1)
    parameters = {
        one["name"]: one["value"] for one in made.one("elasticache/parameterGroup:ParameterGroup").inputs["parameters"]
    }
    assert parameters["maxmemory-policy"] == "noeviction", "sessions live in it"
    assert {f"cache-{one}" for one in ("cpu", "memory", "connections")} == {
        name.removeprefix("floyo-dev-use1-") for name in made.alarms() if "-cache-" in name
    }


def test_floyo_has_none_there(plan: Plan) -> None:
    first = record(lambda: world.deploy(plan()))
    assert not [one for one in first.resources if "elasticache" in one.type or "-cache" in one.name]
    assert "REDIS_URL" not in {one["name"] for one in container(first, "api")["secrets"]}


def test_it_is_in_the_isolated_subnets(made: Registered) -> None:
    subnets = made.one("elasticache/subnetGroup:SubnetGroup").inputs["subnetIds"]
    assert len(subnets) == 3
    assert all("-isolated-" in name for name in subnets)


def test_every_service_is_told_of_it_and_reaches_it_and_nobody_else(made: Registered) -> None:
    for service in ("web", "api"):
        secrets = {one["name"]: one["valueFrom"] for one in container(made, service)["secrets"]}
        assert set(secrets) == {"DATABASE_URL", "DATABASE_READ_URL", "REDIS_URL"}
        assert secrets["REDIS_URL"].endswith("secret/floyo-dev-use1-secrets-cache-0a1b2c3:url::")
        readable = made.one("RolePolicy", f"floyo-dev-use1-{service}-exec").policy()
        assert any(secrets["REDIS_URL"].startswith(arn) for arn in _resources(readable)), service
    group = made.one("SecurityGroup", f"{NAME}-group")
    into = [one for one in made.of("SecurityGroupIngressRule") if one.inputs["securityGroupId"] == f"{group.name}-id"]
    assert {one.inputs["referencedSecurityGroupId"] for one in into} == {
        "floyo-dev-use1-web-tasks-id",
        "floyo-dev-use1-api-tasks-id",
    }
    assert {(one.inputs["fromPort"], one.inputs["toPort"]) for one in into} == {(6379, 6379)}
    assert not [
        one for one in made.of("SecurityGroupEgressRule") if one.inputs["securityGroupId"] == f"{group.name}-id"
    ]


def _resources(policy: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for statement in policy.values():
        resource = statement["Resource"]
        found += [resource] if isinstance(resource, str) else resource
    return found


def test_its_secret_holds_the_url_and_the_token_is_nowhere_else(made: Registered) -> None:
    value = made.one("SecretVersion", "floyo-dev-use1-secrets-cache").inputs["secretString"]
    assert isinstance(value, Secret)
    fields = json.loads(value.value)
    assert set(fields) == {"engine", "host", "port", "token", "url"}
    assert fields["url"] == f"rediss://:correct-horse@{fields['host']}:6379/0"
    rest = [
        one.inputs for one in made.resources if not one.type.endswith(("SecretVersion", CACHE, "rds/instance:Instance"))
    ]
    assert "correct-horse" not in json.dumps(rest, default=str)
    assert "correct-horse" not in json.dumps(made.outputs, default=str)


def test_outputs_lead_to_it(made: Registered) -> None:
    outputs = made.outputs[made.one("ascend:index:World").urn]
    assert outputs["cacheIdentifier"] == NAME
    assert outputs["cacheSecretArn"].startswith("arn:aws:secretsmanager:us-east-1:")
    assert outputs["logGroups"]["cache-slow"] == f"/aws/vendedlogs/ascend/{NAME}-slow"


@pytest.mark.usefixtures("all_built")
def test_a_later_phase_changes_its_size_and_nothing_that_cannot_change(
    required: Deployment, plan: Plan, made: Registered
) -> None:
    later = plan(phase="cached", cacheNodeType="cache.r7g.large")
    assert later.cache is not None
    assert required.cache is not None
    grown = record(lambda: world.deploy(later))
    before, after = made.one(CACHE), grown.one(CACHE)
    assert before.urn == after.urn
    changed = {key for key in before.inputs if before.inputs[key] != after.inputs.get(key)}
    assert changed == {"nodeType"}
