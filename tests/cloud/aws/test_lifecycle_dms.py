"""DMS: from the subnets to the task, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError
from tests.cloud.aws.dms_inputs import ENDPOINT, GROUP, INSTANCE, RULE, TASK, mappings

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made


@pytest.fixture
def allowed(lab: Lab) -> None:
    """The role that an account needs before DMS works in it."""
    lab.client("iam").create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument="{}")


@pytest.fixture
def subnets(lab: Lab) -> list[str]:
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    return [
        lab.create(
            "aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock=f"10.0.{index}.0/24", availabilityZone=f"eu-west-1{zone}"
        ).id
        for index, zone in enumerate("abca")
    ]


def group_inputs(subnets: list[str]) -> dict[str, Any]:
    return {
        "replicationSubnetGroupId": "Floyo",
        "replicationSubnetGroupDescription": "Floyo",
        "subnetIds": subnets,
        "tags": {"a": "b"},
    }


@pytest.fixture
def group(lab: Lab, allowed: None, subnets: list[str]) -> Made:
    return lab.create(GROUP, "group", **group_inputs(subnets[:2]))


@pytest.fixture
def instance(lab: Lab, group: Made) -> Made:
    return lab.create(INSTANCE, "instance", **instance_inputs(group))


def instance_inputs(group: Made) -> dict[str, Any]:
    return {
        "replicationInstanceId": "floyo",
        "replicationInstanceClass": "dms.t3.medium",
        "allocatedStorage": 50,
        "multiAz": False,
        "publiclyAccessible": False,
        "replicationSubnetGroupId": group.id,
        "tags": {"a": "b"},
    }


def endpoint_inputs(lab: Lab, side: str) -> dict[str, Any]:
    role = lab.create(
        "aws:iam/role:Role", f"{side}-role", assumeRolePolicy='{"Version": "2012-10-17", "Statement": []}'
    )
    secret = lab.create("aws:secretsmanager/secret:Secret", f"{side}-secret")
    return {
        "endpointId": side,
        "endpointType": side,
        "engineName": "postgres",
        "databaseName": "app",
        "sslMode": "require",
        "secretsManagerArn": secret.id,
        "secretsManagerAccessRoleArn": role.outputs["arn"],
        "postgresSettings": {"afterConnectScript": "SET session_replication_role='replica'"},
        "tags": {"a": "b"},
    }


def task_inputs(instance: Made, source: Made, target: Made) -> dict[str, Any]:
    return {
        "replicationTaskId": "floyo",
        "migrationType": "full-load-and-cdc",
        "replicationInstanceArn": instance.outputs["replicationInstanceArn"],
        "sourceEndpointArn": source.outputs["endpointArn"],
        "targetEndpointArn": target.outputs["endpointArn"],
        "tableMappings": mappings(RULE),
        "replicationTaskSettings": json.dumps({"Logging": {"EnableLogging": True}}),
        "startReplicationTask": True,
        "tags": {"a": "b"},
    }


@pytest.fixture
def ends(lab: Lab) -> tuple[Made, Made]:
    source, target = (lab.create(ENDPOINT, side, **endpoint_inputs(lab, side)) for side in ("source", "target"))
    return source, target


def status(lab: Lab) -> str:
    task: dict[str, str] = lab.client("dms").describe_replication_tasks()["ReplicationTasks"][0]
    return task["Status"]


def test_group(lab: Lab, group: Made, subnets: list[str]) -> None:
    assert group.id == "floyo"
    assert group.outputs["replicationSubnetGroupArn"] == "arn:aws:dms:eu-west-1:123456789012:subgrp:floyo"
    group = lab.update(
        group, **{**group_inputs(subnets[1:3]), "replicationSubnetGroupDescription": "New", "tags": {"c": "d"}}
    )
    assert set(group.outputs["subnetIds"]) == set(subnets[1:3])
    assert group.outputs["tagsAll"] == {"c": "d"}
    lab.delete(group)
    assert lab.client("dms").describe_replication_subnet_groups()["ReplicationSubnetGroups"] == []


def test_group_needs_the_account_to_be_ready(lab: Lab, subnets: list[str]) -> None:
    with pytest.raises(ProviderError, match="role/dms-vpc-role is not configured properly"):
        lab.create(GROUP, **group_inputs(subnets[:2]))
    assert lab.client("dms").describe_replication_subnet_groups()["ReplicationSubnetGroups"] == []


def test_group_needs_two_zones(lab: Lab, allowed: None, subnets: list[str]) -> None:
    with pytest.raises(ProviderError, match="at least two Availability Zones"):
        lab.create(GROUP, **group_inputs([subnets[0], subnets[3]]))


def test_instance(lab: Lab, group: Made, instance: Made) -> None:
    assert instance.outputs["replicationInstanceArn"].startswith("arn:aws:dms:eu-west-1:123456789012:rep:")
    assert instance.outputs["engineVersion"]
    assert instance.outputs["availabilityZone"] == "eu-west-1a"
    instance = lab.update(
        instance, **{**instance_inputs(group), "replicationInstanceClass": "dms.c6i.large", "applyImmediately": True}
    )
    assert instance.outputs["replicationInstanceClass"] == "dms.c6i.large"
    with pytest.raises(ProviderError, match="is in use by floyo"):
        lab.delete(group)
    lab.delete(instance)
    lab.delete(group)


def test_instance_needs_its_group(lab: Lab, group: Made) -> None:
    with pytest.raises(ProviderError, match="subnet group nowhere does not exist"):
        lab.create(INSTANCE, **{**instance_inputs(group), "replicationSubnetGroupId": "nowhere"})


def test_endpoint(lab: Lab) -> None:
    inputs = endpoint_inputs(lab, "target")
    made = lab.create(ENDPOINT, "target", **inputs)
    shown = lab.client("dms").describe_endpoints()["Endpoints"][0]
    assert shown["PostgreSQLSettings"]["SecretsManagerSecretId"] == inputs["secretsManagerArn"]
    assert "Password" not in shown["PostgreSQLSettings"]
    made = lab.update(made, **{**inputs, "databaseName": "other", "postgresSettings": {"heartbeatEnable": True}})
    shown = lab.client("dms").describe_endpoints()["Endpoints"][0]["PostgreSQLSettings"]
    assert (shown["DatabaseName"], shown["HeartbeatEnable"]) == ("other", True)
    lab.delete(made)


def test_endpoint_with_a_password(lab: Lab) -> None:
    inputs = {
        "endpointId": "source",
        "endpointType": "source",
        "engineName": "postgres",
        "databaseName": "app",
        "serverName": "db.example.com",
        "port": 5432,
        "username": "postgres",
        "password": "one",
    }
    made = lab.create(ENDPOINT, "source", **inputs)
    made = lab.update(made, **{**inputs, "serverName": "db2.example.com"})
    shown = lab.client("dms").describe_endpoints()["Endpoints"][0]
    assert (shown["ServerName"], shown["PostgreSQLSettings"]["ServerName"]) == ("db2.example.com", "db2.example.com")


def test_endpoint_needs_its_secret(lab: Lab) -> None:
    inputs = endpoint_inputs(lab, "source")
    with pytest.raises(ProviderError, match="there is no secret"):
        lab.create(ENDPOINT, **{**inputs, "secretsManagerArn": f"{inputs['secretsManagerArn'][:-8]}x-AbCdEf"})


def test_task(lab: Lab, instance: Made, ends: tuple[Made, Made]) -> None:
    inputs = task_inputs(instance, *ends)
    task = lab.create(TASK, "task", **inputs)
    assert status(lab) == "running"
    task = lab.update(task, **{**inputs, "tableMappings": mappings({**RULE, "rule-action": "explicit"})})
    assert status(lab) == "running"
    for used in (instance, ends[0], ends[1]):
        with pytest.raises(ProviderError, match="task"):
            lab.delete(used)
    task = lab.update(task, **{**inputs, "startReplicationTask": False})
    assert status(lab) == "stopped"
    task = lab.update(task, **inputs)
    assert status(lab) == "running"
    lab.delete(task)
    assert lab.client("dms").describe_replication_tasks()["ReplicationTasks"] == []
    for free in (*ends, instance):
        lab.delete(free)


def test_task_needs_its_ends_the_right_way_round(lab: Lab, instance: Made, ends: tuple[Made, Made]) -> None:
    source, target = ends
    with pytest.raises(ProviderError, match="is not a source"):
        lab.create(TASK, **task_inputs(instance, target, source))


def test_what_cannot_change_replaces(
    lab: Lab, subnets: list[str], group: Made, instance: Made, ends: tuple[Made, Made]
) -> None:
    task_given = task_inputs(instance, *ends)
    task = lab.create(TASK, "task", **task_given)
    for made, given, change in (
        (group, group_inputs(subnets[:2]), {"replicationSubnetGroupId": "other"}),
        (instance, instance_inputs(group), {"replicationInstanceId": "other"}),
        (instance, instance_inputs(group), {"publiclyAccessible": True}),
        (task, task_given, {"replicationTaskId": "other"}),
    ):
        assert lab.replaced_by(made, **{**given, **change}) == set(change)
