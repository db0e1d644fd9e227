"""Good inputs and refusals of ElastiCache's types; see `good_inputs` and `refusals`."""

from __future__ import annotations

from typing import Any

SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"

KEY = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1"
SLOW = {"destination": "/floyo/slow", "destinationType": "cloudwatch-logs", "logFormat": "json", "logType": "slow-log"}
NO_TLS = {"authToken": None, "authTokenUpdateStrategy": None, "transitEncryptionMode": None}
REDIS = {"engine": "redis", "engineVersion": "7.1"}
#: A secondary in a global datastore takes nearly everything from its primary.
SECONDARY = {
    **NO_TLS,
    **dict.fromkeys(
        (
            "atRestEncryptionEnabled",
            "engine",
            "engineVersion",
            "kmsKeyId",
            "nodeType",
            "parameterGroupName",
            "transitEncryptionEnabled",
        )
    ),
    "globalReplicationGroupId": "global",
}

GOOD: dict[str, dict[str, Any]] = {
    SUBNETS: {"subnetIds": ["subnet-1", "subnet-2"]},
    PARAMETERS: {
        "family": "valkey8",
        "parameters": [
            {"name": "maxmemory-policy", "value": "allkeys-lru"},
            {"name": "reserved-memory-percent", "value": "25"},
        ],
    },
    CACHE: {
        "replicationGroupId": "floyo",
        "description": "Floyo",
        "engine": "valkey",
        "engineVersion": "8.2",
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 2,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "parameterGroupName": "floyo",
        "subnetGroupName": "floyo",
        "securityGroupIds": ["sg-1"],
        "port": 6379,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "authToken": "Correct1Horse2Battery3",
        "authTokenUpdateStrategy": "ROTATE",
        "atRestEncryptionEnabled": True,
        "kmsKeyId": KEY,
        "snapshotRetentionLimit": 35,
        "snapshotWindow": "05:00-06:00",
        "maintenanceWindow": "sun:06:30-sun:07:30",
        "finalSnapshotIdentifier": "floyo-last",
        "logDeliveryConfigurations": [SLOW, {**SLOW, "logType": "engine-log"}],
    },
}

BAD: list[tuple[str, dict[str, Any], str]] = [
    (SUBNETS, {"subnetIds": []}, "subnetIds"),
    (SUBNETS, {"name": "a_b"}, "name"),
    (SUBNETS, {"name": "a" * 256}, "name"),
    (PARAMETERS, {"family": "valkey8.2"}, "family"),
    (PARAMETERS, {"name": "1st"}, "name"),
    (PARAMETERS, {"name": "a--b"}, "name"),
    (PARAMETERS, {"parameters": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}, "parameters"),
    (PARAMETERS, {"parameters": [{"name": "maxmemory-policy", "value": "lru"}]}, "parameters[0].value"),
    (PARAMETERS, {"parameters": [{"name": "maxmemory", "value": "1"}]}, "parameters[0].name"),
    (PARAMETERS, {"parameters": [{"name": "reserved-memory-percent", "value": "101"}]}, "parameters[0].value"),
    (CACHE, {"replicationGroupId": "f" * 41}, "replicationGroupId"),
    (CACHE, {"replicationGroupId": "1floyo"}, "replicationGroupId"),
    (CACHE, {"replicationGroupId": "flo--yo"}, "replicationGroupId"),
    (CACHE, {"replicationGroupId": "floyo-"}, "replicationGroupId"),
    (CACHE, {"description": ""}, "description"),
    (CACHE, {"engine": "memcached"}, "engine"),
    (CACHE, {"engineVersion": "8.9"}, "engineVersion"),
    (CACHE, {"engineVersion": "8"}, "engineVersion"),
    (CACHE, {"engineVersion": "8.2.0"}, "engineVersion"),
    (CACHE, {"engineVersion": None}, "engineVersion"),
    (CACHE, {**REDIS, "engineVersion": "8.2"}, "engineVersion"),
    (CACHE, {"nodeType": "cache.t4g.tiny"}, "nodeType"),
    (CACHE, {"nodeType": "db.t4g.micro"}, "nodeType"),
    (CACHE, {"nodeType": None}, "nodeType"),
    (CACHE, {"numCacheClusters": 1}, "numCacheClusters"),
    (CACHE, {"numCacheClusters": None}, "numCacheClusters"),
    (CACHE, {"numCacheClusters": 7}, "numCacheClusters"),
    (CACHE, {"replicasPerNodeGroup": 1}, "replicasPerNodeGroup"),
    (CACHE, {"numNodeGroups": 2}, "numNodeGroups"),
    (CACHE, {"numCacheClusters": None, "replicasPerNodeGroup": 6}, "replicasPerNodeGroup"),
    (CACHE, {"automaticFailoverEnabled": False}, "automaticFailoverEnabled"),
    (CACHE, {"transitEncryptionEnabled": False, "transitEncryptionMode": None}, "transitEncryptionEnabled"),
    (
        CACHE,
        {**NO_TLS, "transitEncryptionEnabled": None, "transitEncryptionMode": "required"},
        "transitEncryptionEnabled",
    ),
    (CACHE, {"transitEncryptionMode": "optional"}, "transitEncryptionMode"),
    (CACHE, {"authToken": "too-short"}, "authToken"),
    (CACHE, {"authToken": "Correct/Horse/Battery"}, "authToken"),
    (CACHE, {"authToken": "a" * 129}, "authToken"),
    (CACHE, {"authToken": None}, "authToken"),
    (CACHE, {"authTokenUpdateStrategy": "DELETE"}, "authToken"),
    (CACHE, {"authTokenUpdateStrategy": "FORGET"}, "authTokenUpdateStrategy"),
    (CACHE, {"authTokenWo": "Correct1Horse2Battery3", "authTokenWoVersion": 1}, "authTokenWo"),
    (CACHE, {"authToken": None, "authTokenWo": "Correct1Horse2Battery3"}, "authTokenWo"),
    (CACHE, {"userGroupIds": ["users"]}, "userGroupIds"),
    (CACHE, {"atRestEncryptionEnabled": False}, "atRestEncryptionEnabled"),
    (CACHE, {**REDIS, "atRestEncryptionEnabled": None}, "atRestEncryptionEnabled"),
    (CACHE, {"kmsKeyId": KEY.replace("eu-west-1", "us-east-1")}, "kmsKeyId"),
    (CACHE, {"dataTieringEnabled": True}, "nodeType"),
    (CACHE, {"nodeType": "cache.r6gd.xlarge"}, "nodeType"),
    (CACHE, {"durability": "sync"}, "engineVersion"),
    (CACHE, {"durability": "always"}, "durability"),
    (CACHE, {**REDIS, "nodeType": "cache.t1.micro"}, "snapshotRetentionLimit"),
    (CACHE, {"snapshotRetentionLimit": 36}, "snapshotRetentionLimit"),
    (CACHE, {"snapshotWindow": "5am"}, "snapshotWindow"),
    (CACHE, {"maintenanceWindow": "sunday"}, "maintenanceWindow"),
    (CACHE, {"clusterMode": "on"}, "clusterMode"),
    (CACHE, {"networkType": "ipv5"}, "networkType"),
    (CACHE, {"ipDiscovery": "dual_stack"}, "ipDiscovery"),
    (CACHE, {"notificationTopicArn": "alarms"}, "notificationTopicArn"),
    (CACHE, {"snapshotArns": ["arn:aws:s3:::a,b"]}, "snapshotArns[0]"),
    (CACHE, {"logDeliveryConfigurations": [{**SLOW, "logType": "audit-log"}]}, "logDeliveryConfigurations[0].logType"),
    (CACHE, {"logDeliveryConfigurations": [{**SLOW, "logFormat": "xml"}]}, "logDeliveryConfigurations[0].logFormat"),
    (
        CACHE,
        {"logDeliveryConfigurations": [{**SLOW, "destinationType": "s3"}]},
        "logDeliveryConfigurations[0].destinationType",
    ),
    (CACHE, {"logDeliveryConfigurations": [SLOW, SLOW, SLOW]}, "logDeliveryConfigurations"),
    (
        CACHE,
        {"preferredCacheClusterAzs": ["eu-west-1a"], "nodeGroupConfigurations": [{"nodeGroupId": "0001"}]},
        "preferredCacheClusterAzs",
    ),
    (CACHE, {"nodeGroupConfigurations": [{"nodeGroupId": "first"}]}, "nodeGroupConfigurations[0].nodeGroupId"),
    (CACHE, {"globalReplicationGroupId": "global"}, "parameterGroupName"),
    *(
        (CACHE, {**SECONDARY, name: value}, name)
        for name, value in {
            "atRestEncryptionEnabled": True,
            "engine": "redis",
            "engineVersion": "7.1",
            "nodeType": "cache.t4g.micro",
            "snapshotName": "floyo-last",
            "transitEncryptionEnabled": True,
        }.items()
    ),
]

FINE: list[tuple[str, dict[str, Any]]] = [
    (SUBNETS, {"subnetIds": ["subnet-1"]}),
    (PARAMETERS, {"family": "redis6.x", "parameters": None}),
    (PARAMETERS, {"parameters": [{"name": "maxmemory-policy", "value": "noeviction"}]}),
    (CACHE, {"numCacheClusters": 1, "automaticFailoverEnabled": None, "multiAzEnabled": None}),
    (CACHE, {"numCacheClusters": 2, "multiAzEnabled": False}),
    (CACHE, {"numCacheClusters": None, "replicasPerNodeGroup": 1}),
    (CACHE, {**NO_TLS, "transitEncryptionEnabled": False}),
    (CACHE, {**REDIS}),
    (CACHE, {**REDIS, "engineVersion": "6.x"}),
    (CACHE, {**REDIS, "engineVersion": "5.0.6"}),
    (CACHE, {"engineVersion": "9.1"}),
    (CACHE, {"atRestEncryptionEnabled": None}),
    (CACHE, {"authToken": None, "authTokenWo": "Correct1Horse2Battery3", "authTokenWoVersion": 1}),
    (CACHE, {"authToken": None, "authTokenUpdateStrategy": "DELETE", "userGroupIds": ["users"]}),
    (CACHE, {"nodeType": "cache.r6gd.xlarge", "dataTieringEnabled": True}),
    (CACHE, {"maintenanceWindow": "Sun:06:30-Sun:07:30"}),
    (CACHE, SECONDARY),
]
