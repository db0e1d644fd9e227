"""Good inputs and refusals of DMS's types; see `good_inputs` and `refusals`."""

from __future__ import annotations

import json
from typing import Any

GROUP = "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup"
INSTANCE = "aws:dms/replicationInstance:ReplicationInstance"
ENDPOINT = "aws:dms/endpoint:Endpoint"
TASK = "aws:dms/replicationTask:ReplicationTask"

KEY = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:source-AbCdEf"
ROLE = "arn:aws:iam::123456789012:role/source"
DMS = "arn:aws:dms:eu-west-1:123456789012"
RULE = {
    "rule-type": "selection",
    "rule-id": "1",
    "rule-name": "public",
    "object-locator": {"schema-name": "public", "table-name": "%"},
    "rule-action": "include",
}
NO_SECRET = {"secretsManagerArn": None, "secretsManagerAccessRoleArn": None}


def mappings(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": rules})


def logging(**settings: Any) -> str:
    return json.dumps({"Logging": settings})


GOOD: dict[str, dict[str, Any]] = {
    GROUP: {
        "replicationSubnetGroupId": "floyo-migration",
        "replicationSubnetGroupDescription": "Floyo",
        "subnetIds": ["subnet-1", "subnet-2"],
    },
    INSTANCE: {
        "replicationInstanceId": "floyo-migration",
        "replicationInstanceClass": "dms.t3.medium",
        "allocatedStorage": 50,
        "kmsKeyArn": KEY,
        "multiAz": False,
        "publiclyAccessible": False,
        "networkType": "IPV4",
        "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
        "replicationSubnetGroupId": "floyo-migration",
        "vpcSecurityGroupIds": ["sg-1"],
        "applyImmediately": True,
    },
    ENDPOINT: {
        "endpointId": "floyo-source",
        "endpointType": "source",
        "engineName": "postgres",
        "databaseName": "postgres",
        "secretsManagerArn": SECRET,
        "secretsManagerAccessRoleArn": ROLE,
        "sslMode": "require",
        "kmsKeyArn": KEY,
        "postgresSettings": {"heartbeatEnable": True, "pluginName": "test-decoding"},
    },
    TASK: {
        "replicationTaskId": "floyo-migration",
        "migrationType": "full-load-and-cdc",
        "replicationInstanceArn": f"{DMS}:rep:A",
        "sourceEndpointArn": f"{DMS}:endpoint:A",
        "targetEndpointArn": f"{DMS}:endpoint:B",
        "tableMappings": mappings(RULE),
        "replicationTaskSettings": logging(EnableLogging=True),
        "startReplicationTask": True,
    },
}

FINE: list[tuple[str, dict[str, Any]]] = [
    (ENDPOINT, {**NO_SECRET, "serverName": "db", "port": 5432, "username": "a", "password": "b"}),
    (ENDPOINT, {"engineName": "aurora-postgresql", "endpointType": "target"}),
    (INSTANCE, {"multiAz": True}),
    (INSTANCE, {"networkType": "DUAL", "availabilityZone": "eu-west-1a"}),
    (TASK, {"migrationType": "cdc", "cdcStartTime": "1484346880"}),
    (TASK, {"replicationTaskSettings": logging(EnableLogging=True, EnableLogContext=True)}),
    (TASK, {"tableMappings": mappings(RULE, {**RULE, "rule-id": "2", "rule-name": "b", "rule-action": "exclude"})}),
]

BAD: list[tuple[str, dict[str, Any], str]] = [
    (GROUP, {"replicationSubnetGroupId": "default"}, "replicationSubnetGroupId"),
    (GROUP, {"replicationSubnetGroupId": "a/b"}, "replicationSubnetGroupId"),
    (GROUP, {"replicationSubnetGroupId": "a" * 256}, "replicationSubnetGroupId"),
    (GROUP, {"subnetIds": ["subnet-1"]}, "subnetIds"),
    (GROUP, {"replicationSubnetGroupDescription": None}, "replicationSubnetGroupDescription"),
    (INSTANCE, {"allocatedStorage": 4}, "allocatedStorage"),
    (INSTANCE, {"allocatedStorage": 6145}, "allocatedStorage"),
    (INSTANCE, {"networkType": "IPV6"}, "networkType"),
    (INSTANCE, {"replicationInstanceClass": "db.t3.medium"}, "replicationInstanceClass"),
    (INSTANCE, {"replicationInstanceId": "a" * 64}, "replicationInstanceId"),
    (INSTANCE, {"replicationInstanceId": "a--b"}, "replicationInstanceId"),
    (INSTANCE, {"replicationInstanceId": "a-"}, "replicationInstanceId"),
    (INSTANCE, {"replicationInstanceId": "1a"}, "replicationInstanceId"),
    (INSTANCE, {"preferredMaintenanceWindow": "sunday"}, "preferredMaintenanceWindow"),
    (INSTANCE, {"multiAz": True, "availabilityZone": "eu-west-1a"}, "availabilityZone"),
    (INSTANCE, {"kmsKeyArn": KEY.replace("eu-west-1", "us-east-1")}, "kmsKeyArn"),
    (ENDPOINT, {"endpointType": "both"}, "endpointType"),
    (ENDPOINT, {"engineName": "mysql"}, "engineName"),
    (ENDPOINT, {"sslMode": "prefer"}, "sslMode"),
    (ENDPOINT, {"sslMode": "verify-full"}, "certificateArn"),
    (ENDPOINT, {"databaseName": None}, "databaseName"),
    (ENDPOINT, {"username": "a"}, "username"),
    (ENDPOINT, {"password": "a"}, "password"),
    (ENDPOINT, {"serverName": "db"}, "serverName"),
    (ENDPOINT, {"port": 5432}, "port"),
    (ENDPOINT, {"secretsManagerAccessRoleArn": None}, "secretsManagerArn"),
    (ENDPOINT, {"secretsManagerArn": SECRET.replace("eu-west-1", "us-east-1")}, "secretsManagerArn"),
    (ENDPOINT, NO_SECRET, "serverName"),
    (ENDPOINT, {"endpointId": "a_b"}, "endpointId"),
    (ENDPOINT, {"postgresSettings": {"pluginName": "wal2json"}}, "postgresSettings.pluginName"),
    (TASK, {"migrationType": "copy"}, "migrationType"),
    (TASK, {"migrationType": "cdc", "cdcStartTime": "1484346880", "cdcStartPosition": "0/0"}, "cdcStartTime"),
    (TASK, {"migrationType": "full-load", "cdcStartTime": "1484346880"}, "cdcStartTime"),
    (TASK, {"migrationType": "cdc", "cdcStartTime": "today"}, "cdcStartTime"),
    (TASK, {"replicationTaskId": "a" * 256}, "replicationTaskId"),
    (TASK, {"replicationInstanceArn": "floyo"}, "replicationInstanceArn"),
    (TASK, {"tableMappings": "{"}, "tableMappings"),
    (TASK, {"tableMappings": mappings()}, "tableMappings"),
    (TASK, {"tableMappings": mappings({**RULE, "rule-action": "exclude"})}, "tableMappings"),
    (TASK, {"tableMappings": mappings(RULE, {**RULE, "rule-name": "b"})}, "tableMappings"),
    (TASK, {"replicationTaskSettings": "{"}, "replicationTaskSettings"),
    (TASK, {"replicationTaskSettings": logging(CloudWatchLogGroup="mine")}, "replicationTaskSettings"),
    (TASK, {"replicationTaskSettings": logging(EnableLogContext=True)}, "replicationTaskSettings"),
]
