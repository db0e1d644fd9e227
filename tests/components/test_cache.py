"""The cache: what keeps its data, its parameters, its alarms."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from components import cache
from components.cache import Cache, CacheArgs
from components.cache_alarms import CacheThresholds
from components.errors import ComponentError
from tests.components.support import KEY_ARN, SCOPE, TOPIC_ARN, Secret

if TYPE_CHECKING:
    from tests.components.support import Registered, Registration, Run

NAME = "floyo-dev-use1-cache"
ARGS = CacheArgs(
    scope=SCOPE,
    vpc_id="vpc-1",
    subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
    key_arn=KEY_ARN,
    topic_arn=TOPIC_ARN,
    engine="valkey",
    node_type="cache.t4g.micro",
    nodes=1,
    failover=False,
    evicts=False,
    durable=True,
    snapshot_days=7,
    thresholds=CacheThresholds(cpu_pct=70, memory_pct=80, connections_pct=80),
)
LARGE: dict[str, Any] = {"node_type": "cache.r7g.xlarge", "nodes": 2, "failover": True, "snapshot_days": 35}


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Cache(NAME, dataclasses.replace(ARGS, **changed)))


def group(run: Run, **changed: Any) -> Registration:
    return made(run, **changed).one("elasticache/replicationGroup:ReplicationGroup")


def alarms(run: Run, **changed: Any) -> dict[str, dict[str, Any]]:
    return {name.removeprefix(f"{NAME}-"): one for name, one in made(run, **changed).alarms().items()}


def test_it_cannot_be_lost_by_mistake(run: Run) -> None:
    one = group(run)
    assert one.protect
    assert one.inputs["finalSnapshotIdentifier"] == f"{NAME}-final-0badcafe"
    assert one.inputs["snapshotRetentionLimit"] == 7


def test_it_takes_only_encrypted_connections_that_know_the_token(run: Run) -> None:
    inputs = group(run).inputs
    assert inputs["transitEncryptionEnabled"] is True
    assert inputs["transitEncryptionMode"] == "required"
    assert isinstance(inputs["authToken"], Secret)
    assert inputs["authTokenUpdateStrategy"] == "ROTATE"
    assert inputs["atRestEncryptionEnabled"] is True
    assert inputs["kmsKeyId"] == KEY_ARN


def test_the_token_is_protected_and_one_that_elasticache_takes(run: Run) -> None:
    token = made(run).one("RandomPassword")
    assert token.protect
    assert token.inputs["special"] is False
    assert 16 <= token.inputs["length"] <= 128


def test_what_cannot_change_later_does_not_depend_on_its_size_or_what_is_in_it(run: Run) -> None:
    small, large = group(run), group(run, **LARGE, evicts=True)
    assert small.urn == large.urn
    unchangeable = (
        "atRestEncryptionEnabled",
        "kmsKeyId",
        "networkType",
        "port",
        "replicationGroupId",
        "subnetGroupName",
        "transitEncryptionEnabled",
        "transitEncryptionMode",
        "authTokenUpdateStrategy",
        "clusterMode",
    )
    assert [small.inputs[key] for key in unchangeable] == [large.inputs[key] for key in unchangeable]
    assert small.inputs["replicationGroupId"] == NAME


def test_growing_adds_and_removes_no_resource(run: Run) -> None:
    assert {one.urn for one in made(run).resources} == {one.urn for one in made(run, **LARGE).resources}


def test_one_node_alone_and_two_that_stand_in_for_each_other(run: Run) -> None:
    def shape(one: Registration) -> tuple[Any, ...]:
        inputs = one.inputs
        return inputs["numCacheClusters"], inputs["automaticFailoverEnabled"], inputs["multiAzEnabled"]

    assert shape(group(run)) == (1, False, False)
    assert shape(group(run, **LARGE)) == (2, True, True)


def test_changes_apply_at_once_and_minor_versions_follow_by_themselves(run: Run) -> None:
    inputs = group(run).inputs
    assert inputs["applyImmediately"] is True
    assert inputs["autoMinorVersionUpgrade"] is True


@pytest.mark.parametrize(("engine", "version", "family"), [("valkey", "8.2", "valkey8"), ("redis", "7.1", "redis7")])
def test_the_parameter_group_is_of_the_engines_family(run: Run, engine: str, version: str, family: str) -> None:
    result = made(run, engine=engine)
    one = result.one("elasticache/replicationGroup:ReplicationGroup").inputs
    assert (one["engine"], one["engineVersion"]) == (engine, version)
    parameters = result.one("ParameterGroup")
    assert parameters.inputs["family"] == family
    assert "name" not in parameters.inputs, "the group of the next major version has to exist beside it"


@pytest.mark.parametrize(
    ("changed", "values"),
    [
        ({}, {"maxmemory-policy": "noeviction", "reserved-memory-percent": "50"}),
        (
            {"evicts": True, "node_type": "cache.t4g.small"},
            {"maxmemory-policy": "allkeys-lru", "reserved-memory-percent": "30"},
        ),
        ({"node_type": "cache.m7g.large"}, {"maxmemory-policy": "noeviction", "reserved-memory-percent": "25"}),
    ],
)
def test_what_may_be_evicted_and_how_much_is_reserved(
    run: Run, changed: dict[str, Any], values: dict[str, str]
) -> None:
    rows = made(run, **changed).one("ParameterGroup").inputs["parameters"]
    assert {one["name"]: one["value"] for one in rows} == values
    assert [one["name"] for one in rows] == sorted(values)


def test_it_stands_in_the_subnets_it_is_given_and_lets_nobody_in_by_itself(run: Run) -> None:
    result = made(run)
    assert result.one("SubnetGroup").inputs["subnetIds"] == ["subnet-1", "subnet-2", "subnet-3"]
    security = result.one("SecurityGroup").inputs
    assert not security.get("ingress")
    assert not security.get("egress")
    assert result.one("elasticache/replicationGroup:ReplicationGroup").inputs["securityGroupIds"] == [
        f"{NAME}-group-id"
    ]


def test_logs_go_where_aws_may_deliver_them(run: Run) -> None:
    result = made(run)
    groups = {one.inputs["name"]: one for one in result.of("LogGroup")}
    assert set(groups) == {f"/aws/vendedlogs/ascend/{NAME}-slow", f"/aws/vendedlogs/ascend/{NAME}-engine"}
    assert all(one.protect and one.inputs["kmsKeyId"] == KEY_ARN for one in groups.values())
    deliveries = result.one("elasticache/replicationGroup:ReplicationGroup").inputs["logDeliveryConfigurations"]
    assert {one["logType"]: one["destination"] for one in deliveries} == {
        "slow-log": f"/aws/vendedlogs/ascend/{NAME}-slow",
        "engine-log": f"/aws/vendedlogs/ascend/{NAME}-engine",
    }
    assert {(one["destinationType"], one["logFormat"]) for one in deliveries} == {("cloudwatch-logs", "json")}


def test_snapshots_and_maintenance_are_an_hour_each_and_do_not_meet(run: Run) -> None:
    inputs = group(run).inputs
    assert (inputs["snapshotWindow"], inputs["maintenanceWindow"]) == ("05:00-06:00", "sun:06:30-sun:07:30")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"engine": "memcached"}, "cache engine 'memcached'; allowed: valkey, redis"),
        ({"nodes": 0}, "cache of 0 nodes; allowed: 1 to 6"),
        ({"nodes": 7}, "cache of 7 nodes; allowed: 1 to 6"),
        ({"failover": True}, "cache of 1 nodes with failover; allowed: 2 to 6"),
        (
            {"snapshot_days": 0},
            "cache, which holds more than copies, with snapshots of 0 days; allowed: 1 to 35",
        ),
        ({"snapshot_days": 36, "evicts": True}, "cache with snapshots of 36 days; allowed: 0 to 35"),
    ],
)
def test_what_elasticache_refuses_or_would_cost_data_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)
    assert str(caught.value) == message


def test_an_unknown_node_type_is_refused() -> None:
    with pytest.raises(ComponentError, match=r"^cache node type 'cache.t2.micro'; allowed: cache.t4g.micro, "):
        dataclasses.replace(ARGS, node_type="cache.t2.micro")


def test_a_cache_of_copies_may_go_without_snapshots() -> None:
    assert dataclasses.replace(ARGS, evicts=True, snapshot_days=0).snapshot_days == 0


def test_its_alarms_watch_the_systems_thresholds(run: Run) -> None:
    found = {
        name: (one["metricQueries"][1]["metric"]["metricName"], one["comparisonOperator"], one["threshold"])
        for name, one in alarms(run).items()
    }
    assert found == {
        # A node of two vCPUs whose engine is at 70 % of its one core.
        "cpu": ("CPUUtilization", "GreaterThanThreshold", 35),
        "memory": ("DatabaseMemoryUsagePercentage", "GreaterThanThreshold", 80),
        # Of the 20,000 that this small type takes.
        "connections": ("CurrConnections", "GreaterThanThreshold", 16_000),
    }


def test_large_nodes_have_a_figure_of_the_engines_core_and_take_more_connections(run: Run) -> None:
    found = alarms(run, **LARGE)
    assert found["cpu"]["metricQueries"][1]["metric"]["metricName"] == "EngineCPUUtilization"
    assert found["cpu"]["threshold"] == 70
    assert found["connections"]["threshold"] == 52_000


def test_evictions_are_watched_where_there_can_be_any(run: Run) -> None:
    assert "evictions" not in alarms(run)
    evictions = alarms(run, evicts=True)["evictions"]
    assert evictions["metricQueries"][1]["metric"]["stat"] == "Sum"
    assert (evictions["threshold"], evictions["treatMissingData"]) == (0, "notBreaching")


def test_every_node_is_watched_by_the_same_alarms(run: Run) -> None:
    for nodes, changed in ((1, {}), (2, LARGE)):
        for one in alarms(run, **changed).values():
            result, *metrics = one["metricQueries"]
            assert (result["expression"], result["returnData"]) == ("MAX(METRICS())", True)
            assert [metric["metric"]["dimensions"] for metric in metrics] == [
                {"CacheClusterId": f"{NAME}-{number:03}"} for number in range(1, nodes + 1)
            ]
            assert one["alarmActions"] == [TOPIC_ARN]


def test_silence_of_the_cache_is_told_once(run: Run) -> None:
    found = alarms(run, evicts=True)
    assert [name for name, one in found.items() if one["treatMissingData"] == "breaching"] == ["cpu"]


def test_a_name_that_elasticache_finds_too_long_is_refused(run: Run) -> None:
    with pytest.raises(ComponentError, match=r"has 41 characters; 40 are allowed: choose a shorter name"):
        run(lambda: Cache("c" * 41, ARGS))


def test_the_url_asks_for_tls_and_has_the_token() -> None:
    assert cache.url("master.floyo.example", "t0ken") == "rediss://:t0ken@master.floyo.example:6379/0"


def test_no_output_shows_the_token(run: Run) -> None:
    result = made(run)
    assert "correct-horse" not in str(list(result.outputs.values()))
    assert not isinstance(group(run).inputs["replicationGroupId"], Secret)


def test_without_a_queue_in_it_a_step_down_takes_it_away(run: Run) -> None:
    result = made(run, durable=False)
    assert not [one.name for one in result.resources if one.protect]
    assert result.one("elasticache/replicationGroup:ReplicationGroup").inputs["finalSnapshotIdentifier"]
