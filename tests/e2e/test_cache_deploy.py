"""Floyo with a cache at its first phase on the embedded cloud: what any AWS client sees, and that growing keeps it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.thorough import thorough

if TYPE_CHECKING:
    from tests.e2e.project import Project

NAME = "floyo-dev-use1-cache"


@pytest.fixture
def project(project: Project) -> Project:
    """A project whose system requires its cache."""
    system = project.root / "systems" / "floyo.yaml"
    system.write_text(f"{system.read_text(encoding='utf-8')}\nrequires: [cache]\n", encoding="utf-8")
    return project


def client(project: Project, service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=project.endpoint(),
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


@thorough
def test_a_cache_is_deployed_settles_and_grows_in_place(project: Project) -> None:
    first = project.up()
    assert first["outputs"]["cacheIdentifier"] == NAME
    elasticache = client(project, "elasticache")
    (group,) = elasticache.describe_replication_groups()["ReplicationGroups"]
    assert (group["ReplicationGroupId"], group["Engine"]) == (NAME, "valkey")
    assert (group["TransitEncryptionMode"], group["AuthTokenEnabled"]) == ("required", True)
    assert group["AtRestEncryptionEnabled"] is True
    assert ":kms:us-east-1:" in group["KmsKeyId"]
    assert {row["LogType"] for row in group["LogDeliveryConfigurations"]} == {"slow-log", "engine-log"}
    (node,) = elasticache.describe_cache_clusters()["CacheClusters"]
    rows = elasticache.describe_cache_parameters(
        CacheParameterGroupName=node["CacheParameterGroup"]["CacheParameterGroupName"]
    )["Parameters"]
    assert {row["ParameterName"]: row["ParameterValue"] for row in rows}["maxmemory-policy"] == "noeviction"
    subnets = elasticache.describe_cache_subnet_groups()["CacheSubnetGroups"][0]["Subnets"]
    assert len(subnets) == 3

    secret = client(project, "secretsmanager").get_secret_value(SecretId=first["outputs"]["cacheSecretArn"])
    fields = json.loads(secret["SecretString"])
    primary = group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    assert fields["url"] == f"rediss://:{fields['token']}@{primary}:6379/0"
    assert fields["token"] not in json.dumps(first)
    assert fields["token"] not in json.dumps(project.state())

    again = project.up()
    assert {step["op"] for step in again["steps"]} == {"same"}

    stack = project.root / "Pulumi.dev.yaml"
    stack.write_text(f"{stack.read_text(encoding='utf-8')}  ascend:cacheNodeType: cache.r7g.large\n", encoding="utf-8")
    grown = project.up()
    assert grown["summary"]["replace"] == grown["summary"]["delete"] == 0
    changed = {step["name"] for step in grown["steps"] if step["op"] != "same"}
    assert changed == {f"{NAME}-{one}" for one in ("nodes", "parameters", "connections")}
    (larger,) = elasticache.describe_replication_groups()["ReplicationGroups"]
    assert (larger["CacheNodeType"], larger["NodeGroups"]) == ("cache.r7g.large", group["NodeGroups"])
