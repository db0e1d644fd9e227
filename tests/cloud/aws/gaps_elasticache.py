"""ElastiCache."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.gaps import REGION, client, gap, not_implemented


def cache(name: str = "floyo", **more: Any) -> dict[str, Any]:
    given = {"CacheNodeType": "cache.t4g.micro", "Engine": "redis", "EngineVersion": "7.1", "NumCacheClusters": 1}
    made = client("elasticache").create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription="x", **{**given, **more}
    )
    found: dict[str, Any] = made["ReplicationGroup"]
    return found


def shown() -> dict[str, Any]:
    found: dict[str, Any] = client("elasticache").describe_replication_groups()["ReplicationGroups"][0]
    return found


def subnet_group() -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="group", CacheSubnetGroupDescription="x", SubnetIds=[subnet]
    )


@gap
def elasticache_number_of_nodes_is_ignored() -> None:
    assert len(cache(NumCacheClusters=3)["MemberClusters"]) == 1


@gap
def elasticache_nodes_cannot_be_added_or_removed() -> None:
    cache()
    for change in (client("elasticache").increase_replica_count, client("elasticache").decrease_replica_count):
        count = {"ReplicationGroupId": "floyo", "NewReplicaCount": 1, "ApplyImmediately": True}
        not_implemented(lambda change=change, count=count: change(**count))  # type: ignore[misc]


@gap
def elasticache_nodes_are_not_shown() -> None:
    cache()
    assert client("elasticache").describe_cache_clusters()["CacheClusters"] == []


@gap
def elasticache_is_always_in_virginia() -> None:
    member = cache()["NodeGroups"][0]
    assert member["NodeGroupMembers"][0]["PreferredAvailabilityZone"] == "us-east-1a"
    assert ".use1." in member["PrimaryEndpoint"]["Address"]
    assert REGION != "us-east-1"


@gap
def elasticache_failover_without_a_replica_is_taken() -> None:
    assert cache(AutomaticFailoverEnabled=True, MultiAZEnabled=True)["AutomaticFailover"] == "enabled"


@gap
def elasticache_multi_az_without_failover_is_taken() -> None:
    assert cache(NumCacheClusters=2, MultiAZEnabled=True)["MultiAZ"] == "enabled"


@gap
def elasticache_token_without_tls_is_taken() -> None:
    assert cache(AuthToken="a" * 16, TransitEncryptionEnabled=False)["AuthTokenEnabled"] is True


@gap
def elasticache_valkey_without_a_version_is_taken() -> None:
    assert cache(Engine="valkey", EngineVersion="")["Engine"] == "valkey"


@gap
def elasticache_defaults_are_missing() -> None:
    made = cache(Engine="valkey", EngineVersion="8.2", TransitEncryptionEnabled=True)
    assert made["AtRestEncryptionEnabled"] is False
    assert "TransitEncryptionMode" not in made
    assert not made.get("AutoMinorVersionUpgrade")


@gap
def elasticache_another_family_is_taken() -> None:
    cache(CacheParameterGroupName="default.valkey8")


@gap
def elasticache_most_settings_cannot_change() -> None:
    cache(TransitEncryptionEnabled=True)
    client("elasticache").modify_replication_group(
        ReplicationGroupId="floyo",
        SnapshotWindow="01:00-02:00",
        TransitEncryptionMode="preferred",
        AuthToken="a" * 16,
        AuthTokenUpdateStrategy="SET",
        LogDeliveryConfigurations=[
            {
                "LogType": "slow-log",
                "LogFormat": "json",
                "DestinationType": "cloudwatch-logs",
                "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "/a"}},
            }
        ],
        ApplyImmediately=True,
    )
    found = shown()
    assert found["SnapshotWindow"] != "01:00-02:00"
    assert found.get("TransitEncryptionMode") != "preferred"
    assert found["AuthTokenEnabled"] is False
    assert not found.get("LogDeliveryConfigurations")


@gap
def elasticache_changes_do_not_wait() -> None:
    cache()
    client("elasticache").modify_replication_group(
        ReplicationGroupId="floyo", CacheNodeType="cache.t4g.small", ApplyImmediately=False
    )
    assert shown()["CacheNodeType"] == "cache.t4g.small"


@gap
def elasticache_deleted_group_stays_and_keeps_its_name() -> None:
    cache()
    client("elasticache").delete_replication_group(ReplicationGroupId="floyo")
    assert shown()["Status"] == "deleting"
    with pytest.raises(ClientError, match="already exists"):
        cache()


@gap
def elasticache_final_snapshot_is_not_taken() -> None:
    cache()
    client("elasticache").delete_replication_group(ReplicationGroupId="floyo", FinalSnapshotIdentifier="last")
    assert client("elasticache").describe_snapshots()["Snapshots"] == []


@gap
def elasticache_has_no_parameter_groups() -> None:
    elasticache = client("elasticache")
    name = {"CacheParameterGroupName": "group"}
    rows = [{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}]
    for call in (
        lambda: elasticache.create_cache_parameter_group(**name, CacheParameterGroupFamily="valkey8", Description="x"),
        lambda: elasticache.describe_cache_parameter_groups(**name),
        lambda: elasticache.describe_cache_parameters(**name),
        lambda: elasticache.modify_cache_parameter_group(**name, ParameterNameValues=rows),
        lambda: elasticache.reset_cache_parameter_group(**name, ResetAllParameters=True),
        lambda: elasticache.delete_cache_parameter_group(**name),
    ):
        not_implemented(call)


@gap
def elasticache_parameter_groups_have_no_tags() -> None:
    arn = f"arn:aws:elasticache:{REGION}:123456789012:parametergroup:group"
    with pytest.raises(ClientError, match="InvalidARN"):
        client("elasticache").list_tags_for_resource(ResourceName=arn)


@gap
def elasticache_subnet_groups_cannot_change_or_go() -> None:
    subnet_group()
    elasticache = client("elasticache")
    not_implemented(
        lambda: elasticache.modify_cache_subnet_group(CacheSubnetGroupName="group", CacheSubnetGroupDescription="y")
    )
    not_implemented(lambda: elasticache.delete_cache_subnet_group(CacheSubnetGroupName="group"))
