"""RDS: groups and instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
INSTANCE = "aws:rds/instance:Instance"
SSL = {"name": "rds.force_ssl", "value": "1"}


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
    return lab.create(SUBNETS, "database", subnetIds=subnets[:2], tags={"a": "b"})


@pytest.fixture
def settings() -> dict[str, Any]:
    return {
        "identifier": "floyo",
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": True,
        "dbName": "floyo",
        "username": "floyo",
        "password": "correct-horse",
        "backupRetentionPeriod": 7,
        "backupWindow": "02:00-03:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "performanceInsightsEnabled": True,
        "enabledCloudwatchLogsExports": ["postgresql"],
        "applyImmediately": True,
        "skipFinalSnapshot": True,
        "tags": {"a": "b"},
    }


def test_subnet_group(lab: Lab, subnets: list[str], group: Made) -> None:
    assert group.id.startswith("database-")
    assert group.outputs["vpcId"].startswith("vpc-")
    changed = lab.update(group, subnetIds=list(reversed(subnets)), description="all", tags={"c": "d"}, name=group.id)
    assert len(lab.client("rds").describe_db_subnet_groups()["DBSubnetGroups"][0]["Subnets"]) == 3
    assert lab.replaced_by(changed, subnetIds=subnets, name="other") == {"name"}
    assert not lab.change(changed, subnetIds=subnets, description="all", tags={"c": "d"}, name=group.id).changes
    lab.delete(changed)


def test_subnet_group_needs_two_zones(lab: Lab, subnets: list[str]) -> None:
    vpc = lab.client("ec2").describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
    twin = lab.create("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.0.9.0/24", availabilityZone="eu-west-1a").id
    with pytest.raises(ProviderError, match="all in eu-west-1a; two zones are needed"):
        lab.create(SUBNETS, subnetIds=[subnets[0], twin])


def test_parameter_group(lab: Lab) -> None:
    static = {"name": "max_connections", "value": "200", "applyMethod": "pending-reboot"}
    group = lab.create(PARAMETERS, "database", family="postgres17", parameters=[SSL, static])
    slow = {"name": "log_min_duration_statement", "value": "500"}
    changed = lab.update(group, family="postgres17", parameters=[slow, SSL])
    shown = lab.client("rds").describe_db_parameters(DBParameterGroupName=group.id, Source="user")["Parameters"]
    assert {row["ParameterName"] for row in shown} == {"rds.force_ssl", "log_min_duration_statement"}
    assert not lab.change(changed, family="postgres17", parameters=[SSL, slow]).changes, "the order is of no account"
    assert lab.replaced_by(changed, family="postgres18", parameters=[SSL, slow]) == {"family"}
    lab.delete(changed)


def test_many_parameters_go_in_several_calls(lab: Lab) -> None:
    rows = [{"name": f"custom_{number}", "value": "1"} for number in range(45)]
    group = lab.create(PARAMETERS, family="postgres17", parameters=rows)
    assert len(group.outputs["parameters"]) == 45


def test_instance(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(INSTANCE, "database", **settings)
    assert made.id.startswith("db-")
    assert made.outputs["address"].startswith("floyo.")
    assert made.outputs["endpoint"] == f"{made.outputs['address']}:5432"
    assert made.outputs["engineVersion"] == "17"
    assert made.outputs["engineVersionActual"].startswith("17.")
    assert made.outputs["parameterGroupName"] == "default.postgres17"
    bigger = {
        **settings,
        "instanceClass": "db.m7g.large",
        "allocatedStorage": 60,
        "multiAz": True,
        "password": "another-horse",
        "enabledCloudwatchLogsExports": ["upgrade"],
        "backupRetentionPeriod": 14,
        "tags": {"c": "d"},
    }
    changed = lab.update(made, **bigger)
    seen = lab.client("rds").describe_db_instances(DBInstanceIdentifier="floyo")["DBInstances"][0]
    assert (seen["DBInstanceClass"], seen["AllocatedStorage"], seen["MultiAZ"]) == ("db.m7g.large", 60, True)
    assert seen["EnabledCloudwatchLogsExports"] == ["upgrade"]
    assert seen["TagList"] == [{"Key": "c", "Value": "d"}]
    lab.delete(changed)


REPLACEMENTS: list[tuple[dict[str, Any], set[str]]] = [
    ({"engine": "mysql", "engineVersion": "8.4", "enabledCloudwatchLogsExports": ["error"]}, {"engine"}),
    ({"dbName": "other"}, {"dbName"}),
    ({"username": "other"}, {"username"}),
    ({"storageEncrypted": False}, {"storageEncrypted"}),
    ({"availabilityZone": "eu-west-1a"}, set()),
    ({"availabilityZone": "eu-west-1b"}, {"availabilityZone"}),
    ({"engineVersion": "18"}, set()),
    ({"identifier": "renamed"}, set()),
    ({"allocatedStorage": 40}, set()),
    ({"multiAz": True}, set()),
    ({"deletionProtection": True}, set()),
]


def test_what_replaces_an_instance(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(INSTANCE, **settings)
    assert made.outputs["availabilityZone"] == "eu-west-1a"
    for change, replaced in REPLACEMENTS:
        assert lab.replaced_by(made, **{**settings, **change}) == replaced, change


def test_identifier_changes_in_place(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(INSTANCE, **settings)
    renamed = lab.update(made, **{**settings, "identifier": "renamed"})
    assert renamed.id == made.id
    assert renamed.outputs["arn"].endswith(":db:renamed")
    lab.delete(renamed)


def test_a_change_waits_for_its_window(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(INSTANCE, **settings)
    later = {**settings, "applyImmediately": False, "instanceClass": "db.t4g.small"}
    outputs = lab.provider.update(made.resource, made.id, made.inputs, lab.check(made.resource, later), made.outputs)
    assert outputs["instanceClass"] == "db.t4g.micro", "the state says what is, the inputs what was asked for"
    seen = lab.client("rds").describe_db_instances()["DBInstances"][0]
    assert seen["PendingModifiedValues"]["DBInstanceClass"] == "db.t4g.small"


def test_changes_that_rds_refuses(lab: Lab, settings: dict[str, Any]) -> None:
    del settings["maxAllocatedStorage"]
    settings = {**settings, "allocatedStorage": 30}
    made = lab.create(INSTANCE, **settings)
    for change, reason in (
        ({"allocatedStorage": 20}, "30 GiB cannot shrink to 20 GiB"),
        ({"engineVersion": "16"}, "cannot be downgraded to 16"),
        ({"engineVersion": "18"}, "is a major upgrade; set allowMajorVersionUpgrade"),
    ):
        with pytest.raises(ProviderError, match=reason):
            lab.update(made, **{**settings, **change})


def test_a_size_that_storage_has_outgrown_is_no_change(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(INSTANCE, **{**settings, "allocatedStorage": 30})
    assert lab.change(made, **settings).changes == {}
    smaller = lab.check(made.resource, {**settings, "instanceClass": "db.t4g.small"}, made.inputs)
    assert set(lab.diff(made, smaller).changes) == {"instanceClass"}
    outputs = lab.provider.update(made.resource, made.id, made.inputs, smaller, made.outputs)
    assert (outputs["instanceClass"], outputs["allocatedStorage"]) == ("db.t4g.small", 30)
    lab.update(made, **{**settings, "instanceClass": "db.t4g.small", "allocatedStorage": 40})


def test_storage_that_may_not_grow_is_what_it_is_said_to_be(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(INSTANCE, **{**settings, "allocatedStorage": 30})
    del settings["maxAllocatedStorage"]
    assert "allocatedStorage" in lab.change(made, **settings).changes


def test_major_upgrade_takes_its_parameter_group_along(lab: Lab, settings: dict[str, Any]) -> None:
    old = lab.create(PARAMETERS, family="postgres17", parameters=[SSL])
    new = lab.create(PARAMETERS, family="postgres18", parameters=[SSL])
    settings = {**settings, "parameterGroupName": old.id, "allowMajorVersionUpgrade": True}
    made = lab.create(INSTANCE, **settings)
    with pytest.raises(ProviderError, match="cannot be used for this instance"):
        lab.update(made, **{**settings, "engineVersion": "18"})
    with pytest.raises(ProviderError, match="still members of this parameter group"):
        lab.delete(old)
    upgraded = lab.update(made, **{**settings, "engineVersion": "18", "parameterGroupName": new.id})
    assert upgraded.outputs["engineVersionActual"].startswith("18.")
    lab.delete(old)


def test_deletion_protection(lab: Lab, group: Made, settings: dict[str, Any]) -> None:
    settings = {**settings, "dbSubnetGroupName": group.id}
    made = lab.create(INSTANCE, **settings, deletionProtection=True)
    with pytest.raises(ProviderError, match="Cannot delete protected"):
        lab.delete(made)
    with pytest.raises(ProviderError, match="is still using it"):
        lab.delete(group)
    lab.delete(lab.update(made, **settings, deletionProtection=False))
    lab.delete(group)


def test_a_successor_of_the_same_name_beside_kept_backups(lab: Lab, settings: dict[str, Any]) -> None:
    for _ in range(2):
        made = lab.create(INSTANCE, **settings, deleteAutomatedBackups=False)
        lab.delete(made)
    kept = lab.client("rds").describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]
    assert len({snapshot["DBSnapshotIdentifier"] for snapshot in kept}) == 2


def test_final_snapshot(lab: Lab, settings: dict[str, Any]) -> None:
    kept = {**settings, "skipFinalSnapshot": False, "finalSnapshotIdentifier": "floyo-last"}
    lab.delete(lab.create(INSTANCE, **kept))
    assert lab.client("rds").describe_db_snapshots()["DBSnapshots"][0]["DBSnapshotIdentifier"] == "floyo-last"


def test_replica_and_its_promotion(lab: Lab, settings: dict[str, Any]) -> None:
    primary = lab.create(INSTANCE, **settings)
    replica = {"identifier": "floyo-read", "instanceClass": "db.t4g.small", "skipFinalSnapshot": True}
    made = lab.create(INSTANCE, **replica, replicateSourceDb="floyo")
    assert made.id != primary.id
    assert made.outputs["engine"] == "postgres"
    refreshed = lab.read(primary)
    assert refreshed is not None
    assert refreshed.outputs["replicas"] == ["floyo-read"]
    promoted = lab.update(
        made, **replica, engine="postgres", allocatedStorage=20, username="floyo", password="correct-horse"
    )
    assert not promoted.outputs.get("replicateSourceDb")
    lab.delete(promoted)
    lab.delete(primary)


@pytest.fixture
def replica() -> dict[str, Any]:
    return {
        "identifier": "floyo-read",
        "replicateSourceDb": "floyo",
        "instanceClass": "db.t4g.small",
        "storageEncrypted": True,
        "storageType": "gp3",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "availabilityZone": "eu-west-1b",
        "maintenanceWindow": "sat:04:30-sat:05:30",
        "enabledCloudwatchLogsExports": ["upgrade"],
        "performanceInsightsEnabled": True,
        "deletionProtection": True,
        "skipFinalSnapshot": True,
        "applyImmediately": True,
        "tags": {"r": "s"},
    }


def test_a_replica_has_some_of_its_sources_settings_and_some_of_its_own(
    lab: Lab, settings: dict[str, Any], replica: dict[str, Any], group: Made
) -> None:
    parameters = lab.create(PARAMETERS, family="postgres17", parameters=[SSL])
    own = {"dbSubnetGroupName": group.id, "parameterGroupName": parameters.id, "multiAz": True}
    lab.create(INSTANCE, **settings, **own, deletionProtection=True)
    made = lab.create(INSTANCE, **replica, parameterGroupName=parameters.id)
    seen = lab.client("rds").describe_db_instances(DBInstanceIdentifier="floyo-read")["DBInstances"][0]
    assert made.outputs["address"].startswith("floyo-read.")
    assert made.outputs["arn"].endswith(":db:floyo-read")
    assert made.outputs["username"] == "floyo"
    assert made.outputs["engineVersionActual"].startswith("17.")
    assert seen["DBName"] == "floyo"
    assert seen["ReadReplicaSourceDBInstanceIdentifier"] == "floyo"
    assert seen["DBSubnetGroup"]["DBSubnetGroupName"] == group.id
    assert seen["DBParameterGroups"][0]["DBParameterGroupName"] == parameters.id
    assert (seen["BackupRetentionPeriod"], seen["MultiAZ"]) == (0, False)
    assert (seen["AvailabilityZone"], seen["DBInstanceClass"]) == ("eu-west-1b", "db.t4g.small")
    assert seen["EnabledCloudwatchLogsExports"] == ["upgrade"]
    assert seen["TagList"] == [{"Key": "r", "Value": "s"}]
    assert seen["StorageEncrypted"]
    primary = lab.client("rds").describe_db_instances(DBInstanceIdentifier="floyo")["DBInstances"][0]
    assert primary["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert primary["BackupRetentionPeriod"] == 7
    assert primary["AvailabilityZone"] == "eu-west-1a"


REPLICA_REPLACEMENTS: list[tuple[dict[str, Any], set[str]]] = [
    ({"availabilityZone": "eu-west-1c"}, {"availabilityZone"}),
    ({"storageEncrypted": False}, {"storageEncrypted"}),
    ({"instanceClass": "db.t4g.medium"}, set()),
    ({"allocatedStorage": 40}, set()),
    ({"identifier": "renamed"}, set()),
    ({"multiAz": True, "availabilityZone": None}, set()),
]


def test_a_replica_changes_in_place_and_is_locked_as_any(
    lab: Lab, settings: dict[str, Any], replica: dict[str, Any]
) -> None:
    lab.create(INSTANCE, **settings)
    made = lab.create(INSTANCE, **replica)
    for change, replaced in REPLICA_REPLACEMENTS:
        given = {name: value for name, value in {**replica, **change}.items() if value is not None}
        assert lab.replaced_by(made, **given) == replaced, change
    larger = {**replica, "instanceClass": "db.t4g.medium", "allocatedStorage": 40, "tags": {}}
    changed = lab.update(made, **larger)
    assert changed.id == made.id
    with pytest.raises(ProviderError, match="Cannot delete protected"):
        lab.delete(changed)
    lab.delete(lab.update(changed, **{**larger, "deletionProtection": False}))
    assert lab.client("rds").describe_db_instances()["DBInstances"][0]["ReadReplicaDBInstanceIdentifiers"] == []


def test_replicas_that_rds_refuses(lab: Lab, settings: dict[str, Any], replica: dict[str, Any], group: Made) -> None:
    with pytest.raises(ProviderError, match="there is no db instance floyo"):
        lab.create(INSTANCE, **replica)
    plain = {**settings, "backupRetentionPeriod": 0, "storageEncrypted": False}
    source = lab.create(INSTANCE, **plain)
    with pytest.raises(ProviderError, match="Automated backups are not enabled"):
        lab.create(INSTANCE, **replica)
    lab.update(source, **{**plain, "backupRetentionPeriod": 1})
    key = lab.create("aws:kms/key:Key").outputs["arn"]
    with pytest.raises(ProviderError, match="is not encrypted"):
        lab.create(INSTANCE, **replica, kmsKeyId=key)
    with pytest.raises(ProviderError, match="already exists"):
        lab.create(INSTANCE, **{**replica, "identifier": "floyo"})
    rds = lab.client("rds")
    with pytest.raises(rds.exceptions.ClientError, match="DBSubnetGroupNotAllowedFault"):
        rds.create_db_instance_read_replica(
            DBInstanceIdentifier="x", SourceDBInstanceIdentifier="floyo", DBSubnetGroupName=group.id
        )


def test_backups_of_a_source_stay_on(lab: Lab, settings: dict[str, Any], replica: dict[str, Any]) -> None:
    source = lab.create(INSTANCE, **settings)
    made = lab.create(INSTANCE, **{**replica, "deletionProtection": False})
    with pytest.raises(ProviderError, match="source of read replicas"):
        lab.update(source, **{**settings, "backupRetentionPeriod": 0})
    lab.delete(made)
    lab.update(source, **{**settings, "backupRetentionPeriod": 0})


def test_a_source_has_fifteen_replicas_at_most(lab: Lab, settings: dict[str, Any]) -> None:
    lab.create(INSTANCE, **settings)
    rds = lab.client("rds")
    for number in range(15):
        rds.create_db_instance_read_replica(DBInstanceIdentifier=f"r{number}", SourceDBInstanceIdentifier="floyo")
    with pytest.raises(rds.exceptions.ClientError, match="the most there can be"):
        rds.create_db_instance_read_replica(DBInstanceIdentifier="r15", SourceDBInstanceIdentifier="floyo")


def test_a_replica_outlives_its_source(lab: Lab, settings: dict[str, Any], replica: dict[str, Any]) -> None:
    source = lab.create(INSTANCE, **settings)
    made = lab.create(INSTANCE, **{**replica, "deletionProtection": False})
    lab.delete(source)
    [left] = lab.client("rds").describe_db_instances()["DBInstances"]
    assert left["DBInstanceIdentifier"] == "floyo-read"
    assert not left.get("ReadReplicaSourceDBInstanceIdentifier")
    lab.delete(made)


def test_managed_password(lab: Lab, settings: dict[str, Any]) -> None:
    del settings["password"]
    made = lab.create(INSTANCE, **settings, manageMasterUserPassword=True)
    secret = made.outputs["masterUserSecrets"][0]["secretArn"]
    assert lab.client("secretsmanager").describe_secret(SecretId=secret)["ARN"] == secret


def test_import_by_identifier(lab: Lab, settings: dict[str, Any]) -> None:
    made = lab.create(INSTANCE, **settings)
    found = lab.provider.read(made.resource, "floyo", {}, {})
    assert found is not None
    assert found[0]["dbName"] == "floyo"
    assert "password" not in found[0]


def test_password_is_secret_and_in_no_message(lab: Lab, settings: dict[str, Any]) -> None:
    assert "password" in lab.provider.secret_outputs(INSTANCE)
    [failure] = lab.failures(INSTANCE, **{**settings, "password": "se/cret"})
    assert failure.property == "password"
    assert "se/cret" not in failure.reason
