"""A stack in several regions, and one whose data is divided: what each region has, and what connects them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra import world
from infra.global_edge import health_path
from infra.phases import Ingress, Nat
from infra.slices import slice_of
from tests.components.recorder import record
from tests.thorough import usual

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.components.support import Registered
    from tests.infra.support import Plan, Refuse

pytestmark = pytest.mark.usefixtures("all_built")

TWO = ["us-east-1", "eu-west-1"]
EDGE = {"domain": "app.floyo.example", "zone": "floyo.example", "cloudflare_apiToken": "secret"}
INSTANCE = "rds/instance:Instance"


#: What each system registers with a config: made once, because two regions take seconds.
_MADE: dict[str, Registered] = {}


def deployed(plan: Plan, **values: Any) -> Registered:
    given = {"phase": "global", "regions": TWO, **values}
    deployment = plan(**given)
    key = json.dumps(given, sort_keys=True) + repr(deployment)
    if key not in _MADE:
        _MADE[key] = record(lambda: world.deploy(deployment))
    return _MADE[key]


def secret(made: Registered, code: str, name: str = "database") -> dict[str, Any]:
    value = made.one("SecretVersion", f"floyo-dev-{code}-secrets-{name}").inputs["secretString"].value
    fields: dict[str, Any] = json.loads(value)
    return fields


def names(made: Registered, type_: str) -> set[str]:
    return {one.name for one in made.of(type_)}


def test_the_root_tells_where_it_is_written_to_and_how_it_is_divided(plan: Plan) -> None:
    root = deployed(plan, shards="3", primary="eu-west-1").one("ascend:index:World")
    assert (root.inputs["regions"], root.inputs["primary"], root.inputs["shards"]) == (TWO, "eu-west-1", 3)


def test_the_first_region_has_the_key_and_others_its_copies(plan: Plan) -> None:
    for primary in TWO:
        made = deployed(plan, primary=primary)
        assert names(made, "kms/key:Key") == {"floyo-dev-use1-keys-key"}
        assert names(made, "kms/replicaKey:ReplicaKey") == {"floyo-dev-euw1-keys-key"}


def test_a_second_region_follows_the_first_and_reads_at_home(plan: Plan) -> None:
    made = deployed(plan)
    follower = made.one(INSTANCE, "floyo-dev-euw1-database-primary").inputs
    assert follower["replicateSourceDb"].endswith("floyo-dev-use1-database")
    assert follower["region"] == "eu-west-1"
    here, there = secret(made, "use1"), secret(made, "euw1")
    assert there["url"] == here["url"]
    assert "floyo-dev-euw1-database." in there["readUrl"]
    assert not [name for name in names(made, INSTANCE) if "euw1" in name and "replica" in name]
    assert not [name for name in names(made, "rds/proxy:Proxy") if "euw1" in name]


def test_tasks_of_a_second_region_reach_the_database_of_the_first_and_nothing_else_of_it(plan: Plan) -> None:
    made = deployed(plan)
    out = [
        one.inputs["cidrIpv4"] for one in made.of("SecurityGroupEgressRule") if one.name.endswith("to-database-primary")
    ]
    assert set(out) == {"10.16.128.0/18"}
    opened = [one for one in made.of("SecurityGroupIngressRule") if "-peering-" in one.name]
    assert {(one.inputs["region"], one.inputs["fromPort"]) for one in opened} == {("us-east-1", 5432)}
    assert len({one.inputs["securityGroupId"] for one in opened}) == len(opened)


def test_moving_the_primary_changes_no_data_resources_name(plan: Plan) -> None:
    data = (INSTANCE, "s3/bucket:Bucket", "kms/", "secretsmanager/secret:Secret", "RandomPassword")
    before, after = (deployed(plan, primary=primary) for primary in TWO)

    def kept(made: Registered) -> set[str]:
        return {one.urn for one in made.resources if one.protect and any(part in one.type for part in data)}

    assert kept(before) == kept(after)
    assert "replicateSourceDb" not in after.one(INSTANCE, "floyo-dev-euw1-database-primary").inputs
    assert secret(after, "use1")["url"] == secret(after, "euw1")["url"]
    assert names(before, "VpcPeeringConnection") == names(after, "VpcPeeringConnection")


@pytest.mark.parametrize("count", usual([2, 3, 5, 8], [3]))
def test_regions_are_a_star_and_cost_the_same_each(plan: Plan, count: int) -> None:
    regions = [
        *("us-east-1", "eu-west-1", "us-west-2", "eu-central-1"),
        *("ap-northeast-1", "ap-southeast-2", "sa-east-1", "us-east-2"),
    ][:count]
    made = deployed(plan, regions=regions, services={name: {"maxTasks": 2} for name in ("web", "api")})
    assert len(made.of("VpcPeeringConnection")) == count - 1
    per_region = {
        region: len([one for one in made.resources if one.inputs.get("region") == region]) for region in regions[3:]
    }
    # All but the second, which has the copies of backups.
    assert len(set(per_region.values())) <= 1


def test_buckets_are_replicated_as_the_system_asks(
    plan: Plan, floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None]
) -> None:
    floyo["storage"]["files"]["replicate"] = "from-primary"
    write(floyo)
    assert {
        name.removeprefix("floyo-dev-replication-") for name in names(deployed(plan), "BucketReplicationConfig")
    } == {
        "use1-files",
        "use1-archive",
        "euw1-archive",
    }
    floyo["storage"]["files"]["replicate"] = floyo["storage"]["archive"]["replicate"] = "no"
    write(floyo)
    assert not names(deployed(plan), "BucketReplicationConfig")


def test_backups_are_copied_to_the_next_region(plan: Plan) -> None:
    for primary, code in (("us-east-1", "euw1"), ("eu-west-1", "use1")):
        copies = deployed(plan, primary=primary).of("InstanceAutomatedBackupsReplication")
        assert {one.inputs["region"] for one in copies} == set(TWO) - {primary}
        assert {one.name.split("-backups-")[1].split("-")[0] for one in copies} == {code}
        assert {one.inputs["retentionPeriod"] for one in copies} == {35}


def test_an_edge_leads_to_every_region_that_serves_and_its_record_stays(plan: Plan) -> None:
    made = deployed(plan, **EDGE)
    assert len(made.of("loadBalancerPool:LoadBalancerPool")) == 2
    assert made.one("cloudflare:index/loadBalancer:LoadBalancer").inputs["name"] == "app.floyo.example"
    record_ = made.one("dnsRecord:DnsRecord", "floyo-dev-edge-record")
    assert (record_.inputs["name"], record_.inputs["proxied"]) == ("app.floyo.example", True)


def test_without_an_edge_the_stack_says_what_is_missing(plan: Plan) -> None:
    missing = plan(phase="global", regions=TWO).missing
    assert "No global load balancing: without an edge each region answers at its own address." in missing
    assert not deployed(plan).of("loadBalancerPool:LoadBalancerPool")


def test_health_is_asked_of_the_service_that_answers_the_path(plan: Plan) -> None:
    deployment = plan(phase="global", regions=TWO, **EDGE)
    path = health_path(deployment)
    assert path == deployment.services["web"].health_path


def test_a_region_in_which_nothing_runs_is_kept_with_its_data(plan: Plan) -> None:
    deployment = plan(phase="scaled", regions=TWO, shards="2")
    assert [region.name for region in deployment.serving] == ["us-east-1"]
    assert "eu-west-1 is kept with its data, and serves nobody at phase 'scaled'." in deployment.missing
    kept = slice_of(deployment, deployment.regions[1])
    assert (kept.nat, kept.ingress) == (Nat.NONE, Ingress.NONE)
    assert {(one.min_tasks, one.max_tasks, one.autoscaling) for one in kept.services.values()} == {(0, 0, None)}
    full = deployed(plan)
    made = record(lambda: world.deploy(deployment))

    def of_data(one: Registered) -> set[str]:
        return {item.urn for item in one.resources if item.protect}

    assert of_data(full) <= of_data(made), "everything protected of phase 4 is still declared"
    costly = ("natGateway:", "lb/loadBalancer:", "rds/proxy:Proxy", "appautoscaling/target:", "vpcLink:VpcLink")
    assert not [one.name for one in made.resources if "euw1" in one.name and any(part in one.type for part in costly)]


def test_after_a_failover_the_region_that_is_written_to_serves(plan: Plan) -> None:
    deployment = plan(phase="scaled", regions=TWO, primary="eu-west-1")
    assert [region.name for region in deployment.serving] == ["eu-west-1"]


def test_shards_are_databases_beside_the_first(plan: Plan) -> None:
    one, three = (deployed(plan, phase="cached", regions=[], shards=shards) for shards in ("1", "3"))
    assert {item.urn for item in one.resources} <= {item.urn for item in three.resources}
    primaries = {name for name in names(three, INSTANCE) if name.endswith("primary")}
    assert primaries == {
        f"floyo-dev-use1-{name}-primary" for name in ("database", "database-shard-2", "database-shard-3")
    }
    assert secret(three, "use1", "database-shard-2")["host"].startswith("floyo-dev-use1-database-shard-2.")


def test_services_are_told_of_every_shard_and_of_the_first_by_its_old_name(plan: Plan) -> None:
    made = deployed(plan, phase="cached", regions=[], shards="2")
    container, *_ = json.loads(made.one("TaskDefinition", "floyo-dev-use1-api-task").inputs["containerDefinitions"])
    plain = {row["name"]: row["value"] for row in container["environment"]}
    secrets = {row["name"] for row in container["secrets"]}
    assert plain["DATABASE_SHARDS"] == "2"
    assert json.loads(plain["DATABASE_SHARD_MAP"]) == [
        {"url": "DATABASE_URL", "readUrl": "DATABASE_READ_URL"},
        {"url": "DATABASE_URL_SHARD_2", "readUrl": "DATABASE_READ_URL_SHARD_2"},
    ]
    told = {name for row in json.loads(plain["DATABASE_SHARD_MAP"]) for name in row.values()}
    assert told <= secrets


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"phase": "global"}, "ascend:regions: phase 'global' needs 2 regions at least, not 1"),
        (
            {"phase": "global", "regions": TWO, "primary": "us-west-2"},
            "ascend:primary: 'us-west-2' is none of the stack's regions; allowed: us-east-1, eu-west-1",
        ),
        ({"primary": "eu-west-1"}, "ascend:primary: 'eu-west-1' is none of the stack's regions; allowed: us-east-1"),
        (
            {"phase": "global", "regions": TWO, "shards": "1"},
            "ascend:shards: 1 is below the 2 of system 'floyo'; each of them holds data",
        ),
        ({"shards": "1.5"}, "ascend:shards: '1.5' is not a whole number"),
        ({"shards": "-1"}, "ascend:shards: '-1' is not allowed; must be above 0"),
        (
            {"phase": "cached", "shards": "21"},
            "ascend:shards: 21 databases with 1 read replicas each; an account has 40 instances in a region",
        ),
        ({"primary": "mars"}, "ascend:primary: 'mars' is not a region that a stack can run in; allowed: us-east-1, "),
    ],
)
def test_what_cannot_be_is_one_clear_line(refuse: Refuse, values: dict[str, Any], line: str) -> None:
    problems = refuse(**values)
    assert len(problems) == 1
    assert problems[0].startswith(f"Pulumi.dev.yaml: {line}")
