"""RDS."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.gaps import client, gap, not_implemented


def subnet() -> str:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"])


def database(name: str = "floyo", **more: Any) -> dict[str, Any]:
    given = {"Engine": "postgres", "EngineVersion": "17", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20}
    login = {"MasterUsername": "floyo", "MasterUserPassword": "correct-horse"}
    made = client("rds").create_db_instance(DBInstanceIdentifier=name, **{**given, **login, **more})
    found: dict[str, Any] = made["DBInstance"]
    return found


def subnet_group() -> None:
    names = [subnet(), subnet()]
    client("rds").create_db_subnet_group(DBSubnetGroupName="group", DBSubnetGroupDescription="x", SubnetIds=names)


def parameter_group(family: str = "postgres17") -> None:
    client("rds").create_db_parameter_group(
        DBParameterGroupName="group", DBParameterGroupFamily=family, Description="x"
    )


@gap
def rds_instances_share_a_resource_id() -> None:
    assert database("a")["DbiResourceId"] == database("b")["DbiResourceId"]


@gap
def rds_version_is_not_resolved() -> None:
    made = database(EngineVersion="17")
    assert made["EngineVersion"] == "17"


@gap
def rds_postgres_has_the_wrong_license() -> None:
    assert database()["LicenseModel"] == "general-public-license"


@gap
def rds_postgres_has_the_wrong_default_groups() -> None:
    made = database(EngineVersion="17.5")
    assert made["OptionGroupMemberships"][0]["OptionGroupName"] == "default:postgres-17-5"
    other = database("other", EngineVersion="17")
    assert other["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres"


@gap
def rds_default_storage_is_old() -> None:
    assert database()["StorageType"] == "gp2"


@gap
def rds_performance_insights_are_forgotten() -> None:
    made = database(EnablePerformanceInsights=True, PerformanceInsightsRetentionPeriod=31)
    assert made.get("PerformanceInsightsRetentionPeriod") != 31


@gap
def rds_kept_backups_are_in_the_way_of_a_successor() -> None:
    same_minute = datetime(2026, 11, 21, 12, 0, 30)  # noqa: DTZ001 -- as moto's own clock
    with patch("moto.rds.models.utcnow", return_value=same_minute):
        database(BackupRetentionPeriod=7)
        client("rds").delete_db_instance(
            DBInstanceIdentifier="floyo", SkipFinalSnapshot=True, DeleteAutomatedBackups=False
        )
        with pytest.raises(ClientError, match="DBSnapshotAlreadyExists"):
            database(BackupRetentionPeriod=7)


@gap
def rds_changes_do_not_wait() -> None:
    database()
    client("rds").modify_db_instance(
        DBInstanceIdentifier="floyo", DBInstanceClass="db.t4g.small", ApplyImmediately=False
    )
    assert client("rds").describe_db_instances()["DBInstances"][0]["DBInstanceClass"] == "db.t4g.small"


@gap
def rds_parameter_group_of_another_family_is_taken() -> None:
    parameter_group("postgres16")
    database(DBParameterGroupName="group")


@gap
def rds_parameter_group_in_use_is_deleted() -> None:
    parameter_group()
    database(DBParameterGroupName="group")
    client("rds").delete_db_parameter_group(DBParameterGroupName="group")


@gap
def rds_parameters_cannot_be_reset() -> None:
    parameter_group()
    not_implemented(
        lambda: client("rds").reset_db_parameter_group(DBParameterGroupName="group", ResetAllParameters=True)
    )


@gap
def rds_subnet_group_is_lost_by_a_change() -> None:
    subnet_group()
    names = [subnet(), subnet()]
    client("rds").modify_db_subnet_group(DBSubnetGroupName="group", SubnetIds=names)
    not_implemented(lambda: client("rds").describe_db_subnet_groups(DBSubnetGroupName="group"))


@gap
def rds_subnet_group_in_use_is_deleted() -> None:
    subnet_group()
    database(DBSubnetGroupName="group")
    client("rds").delete_db_subnet_group(DBSubnetGroupName="group")


def replica() -> dict[str, Any]:
    found: dict[str, Any] = client("rds").create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="floyo"
    )["DBInstance"]
    return found


@gap
def rds_replica_has_its_sources_id() -> None:
    made = database(BackupRetentionPeriod=1)
    assert replica()["DbiResourceId"] == made["DbiResourceId"]


@gap
def rds_replica_of_a_source_without_backups_is_made() -> None:
    database(BackupRetentionPeriod=0)
    replica()


@gap
def rds_promoted_replica_stays_a_replica_of_its_source() -> None:
    database(BackupRetentionPeriod=1)
    replica()
    client("rds").promote_read_replica(DBInstanceIdentifier="replica")
    found = client("rds").describe_db_instances(DBInstanceIdentifier="floyo")["DBInstances"][0]
    assert found["ReadReplicaDBInstanceIdentifiers"] == ["replica"]


@gap
def rds_replica_inherits_backups_protection_and_standby() -> None:
    database(BackupRetentionPeriod=7, DeletionProtection=True, MultiAZ=True)
    made = replica()
    assert (made["BackupRetentionPeriod"], made["DeletionProtection"], made["MultiAZ"]) == (7, True, True)


@gap
def rds_replicas_roles_are_its_sources() -> None:
    database(BackupRetentionPeriod=1)
    role = {"RoleArn": "arn:aws:iam::123456789012:role/x", "FeatureName": "s3Export"}
    client("rds").add_role_to_db_instance(DBInstanceIdentifier="floyo", **role)
    assert replica()["AssociatedRoles"]


@gap
def rds_replicas_logs_are_its_sources() -> None:
    database(BackupRetentionPeriod=1, EnableCloudwatchLogsExports=["postgresql"])
    client("rds").create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="floyo", EnableCloudwatchLogsExports=["upgrade"]
    )
    found = client("rds").describe_db_instances(DBInstanceIdentifier="replica")["DBInstances"][0]
    assert found["EnabledCloudwatchLogsExports"] == ["postgresql"]


@gap
def rds_replica_takes_an_instances_place() -> None:
    database(BackupRetentionPeriod=1)
    database("replica")
    replica()


@gap
def rds_replica_in_its_region_takes_a_subnet_group() -> None:
    database(BackupRetentionPeriod=1)
    subnet_group()
    client("rds").create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="floyo", DBSubnetGroupName="group"
    )


@gap
def rds_encrypted_replica_of_a_plain_source_is_made() -> None:
    database(BackupRetentionPeriod=1, StorageEncrypted=False)
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    client("rds").create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="floyo", KmsKeyId=key
    )


@gap
def rds_sixteenth_replica_is_made() -> None:
    database(BackupRetentionPeriod=1)
    for number in range(16):
        client("rds").create_db_instance_read_replica(
            DBInstanceIdentifier=f"replica{number}", SourceDBInstanceIdentifier="floyo"
        )


@gap
def rds_backups_of_a_source_are_disabled() -> None:
    database(BackupRetentionPeriod=1)
    replica()
    client("rds").modify_db_instance(DBInstanceIdentifier="floyo", BackupRetentionPeriod=0, ApplyImmediately=True)


@gap
def rds_replica_cannot_be_deleted_after_its_source() -> None:
    database(BackupRetentionPeriod=1)
    replica()
    client("rds").delete_db_instance(DBInstanceIdentifier="floyo", SkipFinalSnapshot=True)
    not_implemented(lambda: client("rds").delete_db_instance(DBInstanceIdentifier="replica", SkipFinalSnapshot=True))
