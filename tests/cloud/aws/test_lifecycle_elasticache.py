"""ElastiCache: groups of settings and subnets, and replication groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
POLICY = {"name": "maxmemory-policy", "value": "noeviction"}
TOKEN = "Correct1Horse2Battery3"


@pytest.fixture
def subnets(lab: Lab) -> list[str]:
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    return [
        lab.create(
            "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=f"10.0.{index}.0/24", availabilityZone=f"eu-west-1{zone}"
        ).id
        for index, zone in enumerate("abc")
    ]


@pytest.fixture
def group(lab: Lab, subnets: list[str]) -> Made:
    return lab.create(SUBNETS, "cache", subnetIds=subnets[:2], tags={"a": "b"})


@pytest.fixture
def parameters(lab: Lab) -> Made:
    return lab.create(PARAMETERS, "cache", family="valkey8", parameters=[POLICY], tags={"a": "b"})


@pytest.fixture
def settings(lab: Lab, subnets: list[str], group: Made, parameters: Made) -> dict[str, Any]:
    vpc = lab.client("ec2").describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
    return {
        "replicationGroupId": "floyo",
        "description": "Floyo",
        "engine": "valkey",
        "engineVersion": "8.2",
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 1,
        "automaticFailoverEnabled": False,
        "multiAzEnabled": False,
        "clusterMode": "disabled",
        "networkType": "ipv4",
        "port": 6379,
        "subnetGroupName": group.id,
        "securityGroupIds": [lab.create("aws:ec2/securityGroup:SecurityGroup", vpcId=vpc).id],
        "parameterGroupName": parameters.id,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "authToken": TOKEN,
        "authTokenUpdateStrategy": "ROTATE",
        "atRestEncryptionEnabled": True,
        "autoMinorVersionUpgrade": True,
        "snapshotRetentionLimit": 7,
        "snapshotWindow": "05:00-06:00",
        "maintenanceWindow": "sun:06:30-sun:07:30",
        "logDeliveryConfigurations": [log("slow-log")],
        "applyImmediately": True,
        "tags": {"a": "b"},
    }


def log(kind: str, destination: str = "") -> dict[str, str]:
    place = destination or f"/floyo/{kind}"
    return {"destination": place, "destinationType": "cloudwatch-logs", "logFormat": "json", "logType": kind}


def shown(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.client("elasticache").describe_replication_groups()["ReplicationGroups"][0]
    return found


def members(lab: Lab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.client("elasticache").describe_cache_clusters()["CacheClusters"]
    return found


def test_subnet_group(lab: Lab, subnets: list[str], group: Made) -> None:
    assert group.id.startswith("cache-")
    assert group.outputs["vpcId"].startswith("vpc-")
    changed = lab.update(group, subnetIds=list(reversed(subnets)), description="all", tags={"c": "d"}, name=group.id)
    found = lab.client("elasticache").describe_cache_subnet_groups()["CacheSubnetGroups"][0]
    assert {row["SubnetIdentifier"] for row in found["Subnets"]} == set(subnets)
    assert found["CacheSubnetGroupDescription"] == "all"
    assert lab.replaced_by(changed, subnetIds=subnets, name="other") == {"name"}
    assert not lab.change(changed, subnetIds=subnets, description="all", tags={"c": "d"}, name=group.id).changes
    lab.delete(changed)


def test_names_are_kept_in_lower_case(lab: Lab, subnets: list[str]) -> None:
    group = lab.create(SUBNETS, subnetIds=subnets, name="Cache")
    assert group.id == "cache"
    assert not lab.change(group, subnetIds=subnets, name="CACHE").changes


def test_parameter_group(lab: Lab, parameters: Made) -> None:
    slow = {"name": "slowlog-log-slower-than", "value": "5000"}
    changed = lab.update(parameters, family="valkey8", parameters=[slow, {**POLICY, "value": "allkeys-lru"}])
    client = lab.client("elasticache")
    rows = client.describe_cache_parameters(CacheParameterGroupName=changed.id, Source="user")["Parameters"]
    assert {row["ParameterName"]: row["ParameterValue"] for row in rows} == {
        "slowlog-log-slower-than": "5000",
        "maxmemory-policy": "allkeys-lru",
    }
    assert lab.replaced_by(changed, family="valkey9", parameters=[slow]) == {"family"}
    assert lab.replaced_by(changed, family="valkey8", description="x", parameters=[slow]) == {"description"}
    lab.delete(lab.update(changed, family="valkey8"))


def test_many_parameters_go_in_several_calls(lab: Lab) -> None:
    rows = [{"name": f"custom-{number}", "value": "1"} for number in range(45)]
    group = lab.create(PARAMETERS, family="valkey8", parameters=rows)
    assert len(group.outputs["parameters"]) == 45


def test_cache(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(CACHE, "cache", **settings)
    assert made.id == "floyo"
    assert made.outputs["primaryEndpointAddress"].startswith("master.floyo.")
    assert made.outputs["primaryEndpointAddress"].endswith(".euw1.cache.amazonaws.com")
    assert made.outputs["memberClusters"] == ["floyo-001"]
    assert made.outputs["engineVersionActual"] == "8.2.0"
    assert shown(lab)["TransitEncryptionMode"] == "required"
    assert shown(lab)["AuthTokenEnabled"] is True
    assert "AuthToken" not in shown(lab)
    assert [one["CacheParameterGroup"]["CacheParameterGroupName"] for one in members(lab)] == [
        settings["parameterGroupName"]
    ]
    changed = lab.update(
        made,
        **{
            **settings,
            "description": "Floyo's",
            "nodeType": "cache.r7g.large",
            "snapshotRetentionLimit": 14,
            "maintenanceWindow": "mon:06:30-mon:07:30",
            "logDeliveryConfigurations": [log("slow-log", "/floyo/other"), log("engine-log")],
            "authToken": f"{TOKEN}4",
            "tags": {"c": "d"},
        },
    )
    found = shown(lab)
    assert (found["Description"], found["CacheNodeType"], found["SnapshotRetentionLimit"]) == (
        "Floyo's",
        "cache.r7g.large",
        14,
    )
    assert {row["LogType"]: row["DestinationDetails"] for row in found["LogDeliveryConfigurations"]} == {
        "slow-log": {"CloudWatchLogsDetails": {"LogGroup": "/floyo/other"}},
        "engine-log": {"CloudWatchLogsDetails": {"LogGroup": "/floyo/engine-log"}},
    }
    lab.delete(changed)


def test_logs_that_are_wanted_no_longer_are_switched_off(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(CACHE, **{**settings, "logDeliveryConfigurations": [log("engine-log"), log("slow-log")]})
    lab.update(made, **settings)
    assert [row["LogType"] for row in shown(lab)["LogDeliveryConfigurations"]] == ["slow-log"]


def test_a_cache_gains_nodes_and_failover_in_place_and_loses_them(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(CACHE, **settings)
    address = made.outputs["primaryEndpointAddress"]
    two = {**settings, "numCacheClusters": 2, "automaticFailoverEnabled": True, "multiAzEnabled": True}
    safe = lab.update(made, **two)
    assert safe.outputs["memberClusters"] == ["floyo-001", "floyo-002"]
    assert (safe.id, safe.outputs["primaryEndpointAddress"]) == (made.id, address)
    assert (shown(lab)["AutomaticFailover"], shown(lab)["MultiAZ"]) == ("enabled", "enabled")
    assert len({one["PreferredAvailabilityZone"] for one in members(lab)}) == 2
    with pytest.raises(ProviderError, match="at least one read replica"):
        lab.provider.update(safe.resource, safe.id, safe.inputs, {**safe.inputs, "numCacheClusters": 1}, safe.outputs)
    assert len(members(lab)) == 2
    single = lab.update(safe, **settings)
    assert single.outputs["memberClusters"] == ["floyo-001"]


REPLACEMENTS: list[tuple[dict[str, Any], set[str]]] = [
    ({"replicationGroupId": "other"}, {"replicationGroupId"}),
    ({"atRestEncryptionEnabled": False}, {"atRestEncryptionEnabled"}),
    ({"port": 6380}, {"port"}),
    ({"subnetGroupName": "other"}, {"subnetGroupName"}),
    ({"networkType": "dual_stack"}, {"networkType"}),
    ({"snapshotName": "other"}, {"snapshotName"}),
    ({"dataTieringEnabled": True, "nodeType": "cache.r6gd.xlarge"}, {"dataTieringEnabled"}),
    ({"engineVersion": "8.1"}, {"engineVersion"}),
    ({"engine": "redis", "engineVersion": "7.1"}, {"engine", "engineVersion"}),
    ({"engineVersion": "9.0"}, set()),
    ({"numCacheClusters": 2, "automaticFailoverEnabled": True, "multiAzEnabled": True}, set()),
    ({"nodeType": "cache.r7g.large"}, set()),
    ({"parameterGroupName": "other"}, set()),
    ({"authToken": f"{TOKEN}4"}, set()),
    ({"snapshotRetentionLimit": 0}, set()),
    ({"transitEncryptionMode": "preferred"}, set()),
    (
        {
            "transitEncryptionEnabled": False,
            "transitEncryptionMode": None,
            "authToken": None,
            "authTokenUpdateStrategy": None,
        },
        set(),
    ),
]


def test_what_replaces_a_cache(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(CACHE, **settings)
    for change, replaced in REPLACEMENTS:
        news = {name: value for name, value in {**settings, **change}.items() if value is not None}
        assert lab.replaced_by(made, **news) == replaced, change


def test_an_old_engine_gets_tls_only_by_a_replacement(lab: Lab) -> None:
    for version, replaced in (("6.2", {"transitEncryptionEnabled"}), ("7.1", set())):
        settings = {"description": "x", "nodeType": "cache.t4g.micro", "engine": "redis", "engineVersion": version}
        made = lab.create(CACHE, **settings, transitEncryptionEnabled=False)
        change = lab.replaced_by(made, **settings, transitEncryptionEnabled=True)
        assert change == replaced, version


def test_redis_becomes_valkey_in_place(lab: Lab, settings: dict[str, Any], parameters: Made) -> None:
    old = lab.create(PARAMETERS, "old", family="redis7")
    redis = {**settings, "engine": "redis", "engineVersion": "7.1", "parameterGroupName": old.id}
    made = lab.create(CACHE, **redis)
    with pytest.raises(ProviderError, match="Expected a parameter group of family valkey8 but found one of family"):
        lab.update(made, **{**settings, "parameterGroupName": old.id})
    changed = lab.update(made, **{**settings, "parameterGroupName": parameters.id})
    assert changed.id == made.id
    assert shown(lab)["Engine"] == "valkey"
    lab.delete(old)


def test_a_change_waits_for_its_window(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(CACHE, **settings)
    later = {**settings, "applyImmediately": False, "nodeType": "cache.t4g.small"}
    outputs = lab.provider.update(made.resource, made.id, made.inputs, lab.check(made.resource, later), made.outputs)
    assert outputs["nodeType"] == "cache.t4g.micro", "the state says what is, the inputs what was asked for"
    assert members(lab)[0]["PendingModifiedValues"]["CacheNodeType"] == "cache.t4g.small"


def test_groups_in_use_stay(lab: Lab, settings: dict[str, Any], group: Made, parameters: Made) -> None:
    made = lab.create(CACHE, **settings)
    with pytest.raises(ProviderError, match="is currently in use"):
        lab.delete(group)
    with pytest.raises(ProviderError, match="still members of this parameter group"):
        lab.delete(parameters)
    lab.delete(made)
    lab.delete(group)
    lab.delete(parameters)


def test_groups_that_there_are_not(lab: Lab, settings: dict[str, Any]) -> None:
    for name, what in (("subnetGroupName", "cache subnet group"), ("parameterGroupName", "cache parameter group")):
        with pytest.raises(ProviderError, match=f"{name}: there is no {what} nowhere in eu-west-1"):
            lab.create(CACHE, **{**settings, name: "nowhere"})


def test_final_snapshot_and_a_successor_of_the_same_name(lab: Lab, settings: dict[str, Any]) -> None:
    for number in (1, 2):
        made = lab.create(CACHE, **settings, finalSnapshotIdentifier=f"floyo-last-{number}")
        lab.delete(made)
    kept = lab.client("elasticache").describe_snapshots()["Snapshots"]
    assert {one["SnapshotName"] for one in kept} == {"floyo-last-1", "floyo-last-2"}


def test_the_least_that_a_cache_can_be(lab: Lab) -> None:
    made = lab.create(CACHE, "Small", description="x", nodeType="cache.t4g.micro")
    assert made.id.startswith("small-")
    assert (made.outputs["engine"], made.outputs["engineVersion"], made.outputs["port"]) == ("redis", "7.1", 6379)
    assert made.outputs["parameterGroupName"] == "default.redis7"
    assert made.outputs["atRestEncryptionEnabled"] is False
    lab.delete(made)


@pytest.mark.parametrize(
    "more",
    [
        {"globalReplicationGroupId": "g", "nodeType": None},
        {"numNodeGroups": 2},
        {"clusterMode": "enabled", "numNodeGroups": 2},
        {"userGroupIds": ["u"]},
    ],
)
def test_what_is_not_emulated_says_so(lab: Lab, more: dict[str, Any]) -> None:
    given = {"description": "x", "nodeType": "cache.t4g.micro", **more}
    with pytest.raises(ProviderError, match="is not emulated"):
        lab.create(CACHE, **{name: value for name, value in given.items() if value is not None})


def test_import(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(CACHE, **settings)
    found = lab.provider.read(made.resource, "floyo", {}, {})
    assert found is not None
    assert found[0]["subnetGroupName"] == settings["subnetGroupName"]
    assert "authToken" not in found[0]


def test_the_token_is_secret_and_in_no_message(lab: Lab, settings: dict[str, Any]) -> None:
    assert {"authToken", "authTokenWo"} <= lab.provider.secret_outputs(CACHE)
    [failure] = lab.failures(CACHE, **{**settings, "authToken": "to/ken"})
    assert failure.property == "authToken"
    assert "to/ken" not in failure.reason
