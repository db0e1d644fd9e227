"""RDS: replicas and copies of backups in another region, and the roles that an instance may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

HOME, AWAY = "eu-west-1", "us-east-1"
KEY = "aws:kms/key:Key"
REPLICA_KEY = "aws:kms/replicaKey:ReplicaKey"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
INSTANCE = "aws:rds/instance:Instance"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
BACKUPS = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
ASSOCIATION = "aws:rds/roleAssociation:RoleAssociation"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}'
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"rds.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


@pytest.fixture
def key(lab: Lab) -> Made:
    return lab.create(KEY, "key", multiRegion=True, enableKeyRotation=True, policy=POLICY, tags={"a": "b"})


@pytest.fixture
def away_key(lab: Lab, key: Made) -> Made:
    return lab.create(REPLICA_KEY, "copy", region=AWAY, primaryKeyArn=key.outputs["arn"], policy=POLICY)


@pytest.fixture
def primary(lab: Lab, key: Made) -> dict[str, Any]:
    return {
        "identifier": "floyo",
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.m7g.large",
        "allocatedStorage": 50,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": key.outputs["arn"],
        "dbName": "floyo",
        "username": "floyo",
        "password": "correct-horse",
        "backupRetentionPeriod": 35,
        "backupWindow": "02:00-03:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "multiAz": True,
        "deletionProtection": True,
        "applyImmediately": True,
        "skipFinalSnapshot": True,
        **groups(lab, HOME, "10.0"),
    }


def groups(lab: Lab, region: str, block: str) -> dict[str, Any]:
    """A database's surroundings in a region."""
    vpc = lab.create(VPC, region=region, cidrBlock=f"{block}.0.0/16").id
    subnets = [
        lab.create(
            SUBNET, region=region, vpcId=vpc, cidrBlock=f"{block}.{index}.0/24", availabilityZone=f"{region}{zone}"
        ).id
        for index, zone in enumerate("ab")
    ]
    group = lab.create("aws:ec2/securityGroup:SecurityGroup", region=region, vpcId=vpc).id
    return {
        "dbSubnetGroupName": lab.create(SUBNETS, region=region, subnetIds=subnets).id,
        "parameterGroupName": lab.create(PARAMETERS, region=region, family="postgres17", parameters=[]).id,
        "vpcSecurityGroupIds": [group],
    }


def replica_of(source: Made, away: dict[str, Any], key: Made) -> dict[str, Any]:
    return {
        "region": AWAY,
        "identifier": "floyo",
        "replicateSourceDb": source.outputs["arn"],
        "instanceClass": "db.m7g.large",
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": key.outputs["arn"],
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "enabledCloudwatchLogsExports": ["postgresql"],
        "multiAz": False,
        "deletionProtection": True,
        "applyImmediately": True,
        "skipFinalSnapshot": True,
        **away,
    }


def database(lab: Lab, region: str = HOME) -> dict[str, Any]:
    found: dict[str, Any] = lab.client("rds", region).describe_db_instances(DBInstanceIdentifier="floyo")[
        "DBInstances"
    ][0]
    return found


def test_a_replica_in_another_region_and_its_promotion(lab: Lab, primary: dict[str, Any], away_key: Made) -> None:
    source = lab.create(INSTANCE, "database", **primary)
    away = groups(lab, AWAY, "10.1")
    inputs = replica_of(source, away, away_key)
    made = lab.create(INSTANCE, "replica", **inputs)
    assert made.outputs["arn"] == source.outputs["arn"].replace(HOME, AWAY)
    assert made.outputs["address"].endswith(f".{AWAY}.rds.amazonaws.com")
    assert made.outputs["username"] == "floyo"
    there = database(lab, AWAY)
    assert there["ReadReplicaSourceDBInstanceIdentifier"] == source.outputs["arn"]
    assert there["DBSubnetGroup"]["DBSubnetGroupName"] == away["dbSubnetGroupName"]
    assert there["DBParameterGroups"][0]["DBParameterGroupName"] == away["parameterGroupName"]
    assert [row["VpcSecurityGroupId"] for row in there["VpcSecurityGroups"]] == away["vpcSecurityGroupIds"]
    assert there["AvailabilityZone"].startswith(AWAY)
    assert there["KmsKeyId"] == away_key.outputs["arn"]
    assert (there["BackupRetentionPeriod"], there["MultiAZ"]) == (0, False)
    here = database(lab)
    assert here["ReadReplicaDBInstanceIdentifiers"] == [made.outputs["arn"]]
    assert here["DBSubnetGroup"]["DBSubnetGroupName"] == primary["dbSubnetGroupName"]
    assert here["AvailabilityZone"].startswith(HOME)

    # Dropping the source promotes it in place: the rest of a primary's settings come with the same change.
    own = {name: value for name, value in inputs.items() if name != "replicateSourceDb"}
    alone = {
        **own,
        "engine": "postgres",
        "engineVersion": "17",
        "dbName": "floyo",
        "username": "floyo",
        "password": "another-horse",
        "allocatedStorage": 50,
        "maxAllocatedStorage": 100,
        "backupRetentionPeriod": 35,
        "backupWindow": "02:00-03:00",
        "multiAz": True,
    }
    assert lab.replaced_by(made, **alone) == set()
    promoted = lab.update(made, **alone)
    assert promoted.id == made.id
    there = database(lab, AWAY)
    assert not there.get("ReadReplicaSourceDBInstanceIdentifier")
    assert (there["BackupRetentionPeriod"], there["MultiAZ"], there["DeletionProtection"]) == (35, True, True)
    assert database(lab)["ReadReplicaDBInstanceIdentifiers"] == []
    with pytest.raises(ProviderError, match="cannot be made a replica afterwards"):
        lab.update(promoted, **inputs)
    lab.delete(lab.update(promoted, **{**alone, "deletionProtection": False}))
    lab.assert_settled(source, primary)


def test_a_replica_is_promoted_after_its_source_is_lost(lab: Lab, primary: dict[str, Any], away_key: Made) -> None:
    primary["deletionProtection"] = False
    source = lab.create(INSTANCE, "database", **primary)
    inputs = replica_of(source, groups(lab, AWAY, "10.1"), away_key)
    made = lab.create(INSTANCE, "replica", **inputs)
    lab.delete(source)
    assert database(lab, AWAY)["ReadReplicaSourceDBInstanceIdentifier"] == source.outputs["arn"]
    alone = {name: value for name, value in inputs.items() if name != "replicateSourceDb"}
    login = {"engine": "postgres", "allocatedStorage": 50, "username": "floyo", "password": "correct-horse"}
    promoted = lab.update(made, **alone, **login, backupRetentionPeriod=7)
    assert database(lab, AWAY)["BackupRetentionPeriod"] == 7
    lab.delete(lab.update(promoted, **{**alone, "deletionProtection": False}, **login, backupRetentionPeriod=7))


def test_a_replica_in_another_region_is_deleted_and_leaves_its_source(
    lab: Lab, primary: dict[str, Any], away_key: Made
) -> None:
    source = lab.create(INSTANCE, "database", **primary)
    inputs = replica_of(source, groups(lab, AWAY, "10.1"), away_key)
    made = lab.create(INSTANCE, "replica", **inputs)
    with pytest.raises(ProviderError, match="Cannot delete protected"):
        lab.delete(made)
    assert database(lab)["ReadReplicaDBInstanceIdentifiers"] == [made.outputs["arn"]]
    lab.delete(lab.update(made, **{**inputs, "deletionProtection": False}))
    assert database(lab)["ReadReplicaDBInstanceIdentifiers"] == []


def test_a_replica_without_groups_of_its_own_has_its_regions(lab: Lab, primary: dict[str, Any], away_key: Made) -> None:
    source = lab.create(INSTANCE, "database", **primary)
    made = lab.create(INSTANCE, "replica", **replica_of(source, {}, away_key))
    assert made.outputs["parameterGroupName"] == "default.postgres17"
    default = lab.client("ec2", AWAY).describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    assert made.outputs["vpcSecurityGroupIds"][0] in {group["GroupId"] for group in default}


def test_replicas_in_another_region_that_rds_refuses(
    lab: Lab, primary: dict[str, Any], key: Made, away_key: Made
) -> None:
    source = lab.create(INSTANCE, "database", **primary)
    away = groups(lab, AWAY, "10.1")
    inputs = replica_of(source, away, away_key)
    home = {name: primary[name] for name in ("dbSubnetGroupName", "parameterGroupName", "vpcSecurityGroupIds")}
    for name, kind in (
        ("dbSubnetGroupName", "db subnet group"),
        ("parameterGroupName", "db parameter group"),
        ("vpcSecurityGroupIds", "security group"),
    ):
        with pytest.raises(ProviderError, match=f"there is no {kind} .* in {AWAY}"):
            lab.create(INSTANCE, **{**inputs, name: home[name]})
    gone = source.outputs["arn"].replace(":floyo", ":nobody")
    with pytest.raises(ProviderError, match=f"there is no db instance {gone} in {HOME}"):
        lab.create(INSTANCE, **{**inputs, "replicateSourceDb": gone})
    keyless = {name: value for name, value in inputs.items() if name not in {"kmsKeyId", "storageEncrypted"}}
    with pytest.raises(ProviderError, match="needs a key of us-east-1"):
        lab.create(INSTANCE, **keyless)
    wrong = lab.failures(INSTANCE, **{**inputs, "kmsKeyId": key.outputs["arn"]})
    assert [one.property for one in wrong] == ["kmsKeyId"]


# Backups and roles


def test_backups_are_copied_to_another_region(lab: Lab, primary: dict[str, Any], away_key: Made) -> None:
    source = lab.create(INSTANCE, "database", **primary)
    inputs = {"region": AWAY, "sourceDbInstanceArn": source.outputs["arn"], "kmsKeyId": away_key.outputs["arn"]}
    made = lab.create(BACKUPS, "backups", **inputs, retentionPeriod=35)
    assert made.id.startswith(f"arn:aws:rds:{AWAY}:")
    seen = lab.client("rds", AWAY).describe_db_instance_automated_backups(DBInstanceAutomatedBackupsArn=made.id)
    row = seen["DBInstanceAutomatedBackups"][0]
    assert (row["Status"], row["BackupRetentionPeriod"], row["Region"]) == ("replicating", 35, HOME)
    assert database(lab)["DBInstanceAutomatedBackupsReplications"] == [{"DBInstanceAutomatedBackupsArn": made.id}]
    assert lab.replaced_by(made, **inputs, retentionPeriod=14) == {"retentionPeriod"}
    with pytest.raises(ProviderError, match="already replicating"):
        lab.create(BACKUPS, **inputs)
    lab.delete(made)
    assert database(lab)["DBInstanceAutomatedBackupsReplications"] == []
    kept = lab.client("rds", AWAY).describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert [one["Status"] for one in kept] == ["retained"]
    lab.delete(lab.create(BACKUPS, **inputs))


def test_copies_of_backups_that_rds_refuses(lab: Lab, primary: dict[str, Any], key: Made, away_key: Made) -> None:
    primary = {**primary, "backupRetentionPeriod": 0, "deletionProtection": False}
    source = lab.create(INSTANCE, "database", **primary)
    inputs = {"region": AWAY, "sourceDbInstanceArn": source.outputs["arn"], "kmsKeyId": away_key.outputs["arn"]}
    with pytest.raises(ProviderError, match="Automated backups are not enabled"):
        lab.create(BACKUPS, **inputs)
    source = lab.update(source, **{**primary, "backupRetentionPeriod": 7})
    with pytest.raises(ProviderError, match="need a key of us-east-1"):
        lab.create(BACKUPS, region=AWAY, sourceDbInstanceArn=source.outputs["arn"])
    with pytest.raises(ProviderError, match="there is no db instance"):
        lab.create(BACKUPS, **{**inputs, "sourceDbInstanceArn": source.outputs["arn"].replace(":floyo", ":nobody")})
    lab.create(BACKUPS, **inputs)
    lab.delete(source)
    kept = lab.client("rds", AWAY).describe_db_instance_automated_backups()["DBInstanceAutomatedBackups"]
    assert [one["Status"] for one in kept] == ["retained"]


def test_a_role_for_an_instance(lab: Lab, primary: dict[str, Any]) -> None:
    lab.create(INSTANCE, "database", **primary)
    role = lab.create("aws:iam/role:Role", assumeRolePolicy=TRUST).outputs["arn"]
    inputs = {"dbInstanceIdentifier": "floyo", "roleArn": role, "featureName": "s3Export"}
    made = lab.create(ASSOCIATION, **inputs)
    assert made.id == f"floyo,{role}"
    assert database(lab)["AssociatedRoles"] == [{"RoleArn": role, "FeatureName": "s3Export", "Status": "ACTIVE"}]
    assert lab.replaced_by(made, **{**inputs, "featureName": "s3Import"}) == {"featureName"}
    with pytest.raises(ProviderError, match="AlreadyExists"):
        lab.create(ASSOCIATION, **inputs)
    with pytest.raises(ProviderError, match="there is no db instance nobody"):
        lab.create(ASSOCIATION, **{**inputs, "dbInstanceIdentifier": "nobody"})
    lab.delete(made)
    assert not database(lab).get("AssociatedRoles")
