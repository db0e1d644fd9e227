"""Good inputs and refusals of the types that stand in more than one region; see `good_inputs` and `refusals`."""

from __future__ import annotations

from typing import Any

REPLICA_KEY = "aws:kms/replicaKey:ReplicaKey"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ACCEPTER = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
OPTIONS = "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions"
BACKUPS = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
ASSOCIATION = "aws:rds/roleAssociation:RoleAssociation"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"

ACCOUNT = "123456789012"
KEY_THERE = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"
KEY_HERE = KEY_THERE.replace("us-east-1", "eu-west-1")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/copy"
SOURCE = f"arn:aws:rds:us-east-1:{ACCOUNT}:db:floyo"
ON = {"allowRemoteVpcDnsResolution": True}
DESTINATION = {
    "bucket": "arn:aws:s3:::floyo-away",
    "encryptionConfiguration": {"replicaKmsKeyId": KEY_THERE},
}
RULE = {
    "id": "everything",
    "status": "Enabled",
    "priority": 1,
    "filter": {"prefix": ""},
    "deleteMarkerReplication": {"status": "Enabled"},
    "sourceSelectionCriteria": {
        "replicaModifications": {"status": "Enabled"},
        "sseKmsEncryptedObjects": {"status": "Enabled"},
    },
    "destination": DESTINATION,
}
FIRST_FORM = {"status": "Enabled", "prefix": "a/", "destination": {"bucket": "arn:aws:s3:::floyo-away"}}


def rule(*without: str, **changes: Any) -> dict[str, Any]:
    """One rule, a good one with some changes."""
    return {"rules": [{key: value for key, value in {**RULE, **changes}.items() if key not in without}]}


def to(**changes: Any) -> dict[str, Any]:
    """One rule whose destination differs."""
    return rule(destination={**DESTINATION, **changes})


GOOD: dict[str, dict[str, Any]] = {
    REPLICA_KEY: {"primaryKeyArn": KEY_THERE, "deletionWindowInDays": 30, "description": "there"},
    PEERING: {"vpcId": "vpc-1", "peerVpcId": "vpc-2", "peerRegion": "us-east-1", "requester": ON},
    ACCEPTER: {"vpcPeeringConnectionId": "pcx-1", "autoAccept": True},
    OPTIONS: {"vpcPeeringConnectionId": "pcx-1", "accepter": ON},
    BACKUPS: {"sourceDbInstanceArn": SOURCE, "kmsKeyId": KEY_HERE, "retentionPeriod": 35},
    ASSOCIATION: {"dbInstanceIdentifier": "floyo", "roleArn": ROLE, "featureName": "s3Export"},
    REPLICATION: {"bucket": "floyo-home", "role": ROLE, **rule()},
}

BAD: list[tuple[str, dict[str, Any], str]] = [
    (REPLICA_KEY, {"primaryKeyArn": None}, "primaryKeyArn"),
    (REPLICA_KEY, {"primaryKeyArn": "mrk-1"}, "primaryKeyArn"),
    (REPLICA_KEY, {"primaryKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234"}, "primaryKeyArn"),
    (REPLICA_KEY, {"primaryKeyArn": KEY_HERE}, "primaryKeyArn"),
    (REPLICA_KEY, {"deletionWindowInDays": 6}, "deletionWindowInDays"),
    (REPLICA_KEY, {"deletionWindowInDays": 31}, "deletionWindowInDays"),
    (REPLICA_KEY, {"description": "a" * 8193}, "description"),
    (REPLICA_KEY, {"enableKeyRotation": True}, "enableKeyRotation"),
    (REPLICA_KEY, {"policy": "{"}, "policy"),
    (PEERING, {"autoAccept": True}, "autoAccept"),
    (PEERING, {"peerVpcId": "vpc-1"}, "peerVpcId"),
    (PEERING, {"peerVpcId": "floyo"}, "peerVpcId"),
    (PEERING, {"peerRegion": "us-east-7"}, "peerRegion"),
    (PEERING, {"peerVpcId": None}, "peerVpcId"),
    (PEERING, {"requester": {"allowClassicLinkToRemoteVpc": True}}, "requester.allowClassicLinkToRemoteVpc"),
    (ACCEPTER, {"vpcPeeringConnectionId": "vpc-1"}, "vpcPeeringConnectionId"),
    (ACCEPTER, {"vpcId": "vpc-1"}, "vpcId"),
    (OPTIONS, {"vpcPeeringConnectionId": None}, "vpcPeeringConnectionId"),
    (OPTIONS, {"vpcPeeringConnectionId": "peering"}, "vpcPeeringConnectionId"),
    (OPTIONS, {"accepter": {"allowRemoteVpcDnsResolution": "maybe"}}, "accepter.allowRemoteVpcDnsResolution"),
    (BACKUPS, {"sourceDbInstanceArn": "floyo"}, "sourceDbInstanceArn"),
    (BACKUPS, {"sourceDbInstanceArn": SOURCE.replace(":db:", ":cluster:")}, "sourceDbInstanceArn"),
    (BACKUPS, {"sourceDbInstanceArn": SOURCE.replace("us-east-1", "eu-west-1")}, "sourceDbInstanceArn"),
    (BACKUPS, {"retentionPeriod": 0}, "retentionPeriod"),
    (BACKUPS, {"retentionPeriod": 36}, "retentionPeriod"),
    (BACKUPS, {"kmsKeyId": "alias/floyo"}, "kmsKeyId"),
    (BACKUPS, {"kmsKeyId": KEY_THERE}, "kmsKeyId"),
    (ASSOCIATION, {"featureName": "s3export"}, "featureName"),
    (ASSOCIATION, {"roleArn": "copy"}, "roleArn"),
    (ASSOCIATION, {"dbInstanceIdentifier": None}, "dbInstanceIdentifier"),
    (REPLICATION, {"role": "copy"}, "role"),
    (REPLICATION, {"rules": []}, "rules"),
    (REPLICATION, rule(status="On"), "rules[0].status"),
    (REPLICATION, rule(id="a" * 256), "rules[0].id"),
    (REPLICATION, rule(prefix="a/"), "rules[0]"),
    (REPLICATION, rule("deleteMarkerReplication"), "rules[0]"),
    (REPLICATION, rule("priority"), "rules[0]"),
    (REPLICATION, rule("filter"), "rules[0]"),
    (REPLICATION, {"rules": [{**FIRST_FORM, "priority": 1}]}, "rules[0]"),
    (REPLICATION, rule(filter={"prefix": "a/", "tag": {"key": "a", "value": "b"}}), "rules[0].filter"),
    (
        REPLICATION,
        rule(filter={"tag": {"key": "a", "value": "b"}}),
        "rules[0].deleteMarkerReplication.status",
    ),
    (REPLICATION, rule(filter={"prefix": "a" * 1025}), "rules[0].filter.prefix"),
    (REPLICATION, rule(deleteMarkerReplication={"status": "Yes"}), "rules[0].deleteMarkerReplication.status"),
    (REPLICATION, rule(existingObjectReplication={"status": "Enabled"}), "rules[0]"),
    (REPLICATION, rule("sourceSelectionCriteria"), "rules[0]"),
    (REPLICATION, rule(destination={"bucket": "arn:aws:s3:::floyo-away"}), "rules[0].destination"),
    (REPLICATION, to(bucket="floyo-away"), "rules[0].destination.bucket"),
    (REPLICATION, to(storageClass="COLD"), "rules[0].destination.storageClass"),
    (REPLICATION, to(accessControlTranslation={"owner": "Destination"}), "rules[0].destination"),
    (
        REPLICATION,
        to(accessControlTranslation={"owner": "Source"}, account=ACCOUNT),
        "rules[0].destination.accessControlTranslation.owner",
    ),
    (
        REPLICATION,
        to(replicationTime={"status": "Enabled", "time": {"minutes": 15}}),
        "rules[0].destination",
    ),
    (
        REPLICATION,
        to(
            replicationTime={"status": "Enabled", "time": {"minutes": 5}},
            metrics={"status": "Enabled", "eventThreshold": {"minutes": 15}},
        ),
        "rules[0].destination.replicationTime.time.minutes",
    ),
    (REPLICATION, {"rules": [RULE, {**RULE, "priority": 2}]}, "rules[1].id"),
    (REPLICATION, {"rules": [RULE, {**RULE, "id": "again"}]}, "rules[1].priority"),
]

FINE: list[tuple[str, dict[str, Any]]] = [
    (PEERING, {"peerRegion": None, "autoAccept": True}),
    (PEERING, {"autoAccept": False}),
    (BACKUPS, {"kmsKeyId": None}),
    (REPLICATION, {"rules": [FIRST_FORM]}),
    (
        REPLICATION,
        rule(filter={"and": {"prefix": "a/", "tags": {"a": "b"}}}, deleteMarkerReplication={"status": "Disabled"}),
    ),
    (REPLICATION, rule(filter={})),
    (
        REPLICATION,
        to(
            replicationTime={"status": "Enabled", "time": {"minutes": 15}},
            metrics={"status": "Enabled", "eventThreshold": {"minutes": 15}},
        ),
    ),
]
