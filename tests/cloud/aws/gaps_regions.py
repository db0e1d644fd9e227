"""More than one region: keys, peering, databases and buckets."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.aws.gaps import REGION, client, gap, not_implemented
from tests.cloud.aws.gaps_rds import database, subnet_group

AWAY = "us-east-1"
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}'


def away(service: str) -> Any:
    return client(service, AWAY)


def key(**more: Any) -> str:
    return str(client("kms").create_key(MultiRegion=True, **more)["KeyMetadata"]["KeyId"])


@gap
def kms_primary_becomes_a_replica() -> None:
    made = key()
    client("kms").replicate_key(KeyId=made, ReplicaRegion=AWAY)
    away("kms").describe_key(KeyId=made)
    found = client("kms").describe_key(KeyId=made)["KeyMetadata"]["MultiRegionConfiguration"]
    assert found["MultiRegionKeyType"] == "REPLICA"


@gap
def kms_replica_has_nothing_of_its_own() -> None:
    made = key(Description="here")
    tags = [{"TagKey": "a", "TagValue": "b"}]
    client("kms").replicate_key(KeyId=made, ReplicaRegion=AWAY, Description="there", Policy=ALLOW, Tags=tags)
    assert away("kms").describe_key(KeyId=made)["KeyMetadata"]["Description"] == "here"
    assert away("kms").get_key_policy(KeyId=made, PolicyName="default")["Policy"] != ALLOW
    assert away("kms").list_resource_tags(KeyId=made)["Tags"] == []


@gap
def kms_key_is_replicated_twice() -> None:
    made = key()
    for _ in range(2):
        client("kms").replicate_key(KeyId=made, ReplicaRegion=AWAY)


@gap
def kms_rotation_of_a_primary_is_not_its_replicas() -> None:
    made = key()
    client("kms").replicate_key(KeyId=made, ReplicaRegion=AWAY)
    client("kms").enable_key_rotation(KeyId=made)
    assert not away("kms").get_key_rotation_status(KeyId=made)["KeyRotationEnabled"]


@gap
def kms_primary_does_not_wait_for_its_replicas() -> None:
    made = key()
    client("kms").replicate_key(KeyId=made, ReplicaRegion=AWAY)
    client("kms").schedule_key_deletion(KeyId=made)
    assert client("kms").describe_key(KeyId=made)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def peering(block: str = "10.1.0.0/16") -> str:
    ec2 = client("ec2")
    here = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    there = away("ec2").create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
    tags = [{"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = ec2.create_vpc_peering_connection(VpcId=here, PeerVpcId=there, PeerRegion=AWAY, TagSpecifications=tags)
    return str(made["VpcPeeringConnection"]["VpcPeeringConnectionId"])


@gap
def ec2_blocks_that_overlap_are_peered() -> None:
    made = peering("10.0.0.0/16")
    found = client("ec2").describe_vpc_peering_connections(VpcPeeringConnectionIds=[made])["VpcPeeringConnections"][0]
    assert found["Status"]["Code"] == "pending-acceptance"


@gap
def ec2_options_are_taken_before_the_acceptance_and_from_the_other_side() -> None:
    away("ec2").modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=peering(), RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True}
    )


@gap
def ec2_accepter_sees_its_requesters_tags() -> None:
    peering()
    assert away("ec2").describe_vpc_peering_connections()["VpcPeeringConnections"][0]["Tags"]


@gap
def ec2_unknown_peering_is_an_empty_answer() -> None:
    found = client("ec2").describe_vpc_peering_connections(VpcPeeringConnectionIds=["pcx-1"])
    assert found["VpcPeeringConnections"] == []


@gap
def ec2_peering_is_deleted_twice() -> None:
    made = peering()
    for _ in range(2):
        client("ec2").delete_vpc_peering_connection(VpcPeeringConnectionId=made)


def replica(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = away("rds").create_db_instance_read_replica(
        DBInstanceIdentifier="replica",
        SourceDBInstanceIdentifier=f"arn:aws:rds:{REGION}:123456789012:db:floyo",
        **more,
    )["DBInstance"]
    return found


@gap
def rds_replica_elsewhere_takes_no_groups_of_its_region() -> None:
    database(BackupRetentionPeriod=1)
    ec2 = away("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    away("rds").create_db_subnet_group(DBSubnetGroupName="there", DBSubnetGroupDescription="x", SubnetIds=[subnet])
    with pytest.raises((ClientError, KeyError)):
        replica(DBSubnetGroupName="there")


@gap
def rds_replica_elsewhere_is_in_its_sources_zone_and_groups() -> None:
    subnet_group()
    database(BackupRetentionPeriod=1, DBSubnetGroupName="group")
    made = replica()
    assert made["AvailabilityZone"].startswith(REGION)
    assert made["DBSubnetGroup"]["DBSubnetGroupName"] == "group"


@gap
def rds_replica_elsewhere_of_an_encrypted_source_needs_no_key() -> None:
    database(BackupRetentionPeriod=1, StorageEncrypted=True)
    replica()


@gap
def rds_replica_elsewhere_cannot_be_deleted() -> None:
    database(BackupRetentionPeriod=1)
    replica()
    with pytest.raises((ClientError, ValueError)):
        away("rds").delete_db_instance(DBInstanceIdentifier="replica", SkipFinalSnapshot=True)


@gap
def rds_replica_elsewhere_stays_one_when_promoted() -> None:
    database(BackupRetentionPeriod=1)
    replica()
    away("rds").promote_read_replica(DBInstanceIdentifier="replica")
    found = away("rds").describe_db_instances(DBInstanceIdentifier="replica")["DBInstances"][0]
    assert found["ReadReplicaSourceDBInstanceIdentifier"]


@gap
def rds_unknown_parameter_group_is_an_empty_answer() -> None:
    assert client("rds").describe_db_parameter_groups(DBParameterGroupName="nothing")["DBParameterGroups"] == []


@gap
def rds_backups_are_not_copied() -> None:
    database(BackupRetentionPeriod=1)
    arn = f"arn:aws:rds:{REGION}:123456789012:db:floyo"
    not_implemented(lambda: away("rds").start_db_instance_automated_backups_replication(SourceDBInstanceArn=arn))
    not_implemented(lambda: away("rds").stop_db_instance_automated_backups_replication(SourceDBInstanceArn=arn))


@gap
def rds_role_cannot_be_taken_away() -> None:
    database()
    role = {"RoleArn": "arn:aws:iam::123456789012:role/x", "FeatureName": "s3Export"}
    client("rds").add_role_to_db_instance(DBInstanceIdentifier="floyo", **role)
    not_implemented(lambda: client("rds").remove_role_from_db_instance(DBInstanceIdentifier="floyo", **role))


def bucket() -> None:
    client("s3").create_bucket(Bucket="here", CreateBucketConfiguration={"LocationConstraint": REGION})
    client("s3").put_bucket_versioning(Bucket="here", VersioningConfiguration={"Status": "Enabled"})


def replicate() -> None:
    rule = {
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": "a/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {"Bucket": "arn:aws:s3:::nowhere"},
    }
    configuration = {"Role": "arn:aws:iam::123456789012:role/x", "Rules": [rule]}
    client("s3").put_bucket_replication(Bucket="here", ReplicationConfiguration=configuration)


@gap
def s3_parts_of_a_replication_are_dropped() -> None:
    bucket()
    replicate()
    rule = client("s3").get_bucket_replication(Bucket="here")["ReplicationConfiguration"]["Rules"][0]
    assert rule["DeleteMarkerReplication"] == {"Status": "Disabled"}
    assert rule["Filter"] == {"Prefix": ""}
    assert "SourceSelectionCriteria" not in rule


@gap
def s3_replication_to_nowhere_is_taken() -> None:
    bucket()
    replicate()


@gap
def s3_versions_end_while_they_are_copied() -> None:
    bucket()
    replicate()
    client("s3").put_bucket_versioning(Bucket="here", VersioningConfiguration={"Status": "Suspended"})
