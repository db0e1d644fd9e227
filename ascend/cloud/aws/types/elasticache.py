"""ElastiCache: replication groups. Their subnet and parameter groups are in `elasticache_groups`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import cfn, engines, tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

#: What only groups with shards, of several regions or with users have.
_NOT_EMULATED = ("durability", "globalReplicationGroupId", "nodeGroupConfigurations", "userGroupIds")
#: Properties that are the provider's own, that only the delete call takes, or that have a form of their own.
_NOT_SENT = (
    "applyImmediately",
    "authTokenUpdateStrategy",
    "authTokenWoVersion",
    "finalSnapshotIdentifier",
    "logDeliveryConfigurations",
)
#: What other calls change, or nothing does: the provider ignores zones after the creation.
_NOT_MODIFIED = (
    "authToken",
    "authTokenWo",
    "engine",
    "numCacheClusters",
    "numNodeGroups",
    "preferredCacheClusterAzs",
    "replicasPerNodeGroup",
)
_TOKEN = {"authToken", "authTokenUpdateStrategy", "authTokenWoVersion"}
_RENAME = {
    "arn": "ARN",
    "authTokenWo": "AuthToken",
    "description": "ReplicationGroupDescription",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "nodeType": "CacheNodeType",
    "parameterGroupName": "CacheParameterGroupName",
    "securityGroupNames": "CacheSecurityGroupNames",
    "subnetGroupName": "CacheSubnetGroupName",
}
#: Parts of the answer that `ReplicationGroup.outputs` spells itself.
_HIDDEN = frozenset({"LogDeliveryConfigurations", "NodeGroups", "PendingModifiedValues"})


class ReplicationGroup(ResourceType):
    """A primary and its replicas. Many settings are only shown by its members."""

    pulumi_type = "aws:elasticache/replicationGroup:ReplicationGroup"
    service = "elasticache"
    cfn = "AWS::ElastiCache::ReplicationGroup"
    cfn_rename: ClassVar = {
        "description": "ReplicationGroupDescription",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "nodeType": "CacheNodeType",
        "parameterGroupName": "CacheParameterGroupName",
        "preferredCacheClusterAzs": "PreferredCacheClusterAZs",
        "securityGroupNames": "CacheSecurityGroupNames",
        "subnetGroupName": "CacheSubnetGroupName",
    }
    kind = "cache"
    rename: ClassVar = _RENAME
    gone = ("ReplicationGroupNotFoundFault",)
    read_op, read_param = "DescribeReplicationGroups", "ReplicationGroupId"
    read_path = "ReplicationGroups[0]"
    tags = tagging.RDS

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """The engine's versions, and the types of nodes that a region has."""
        failures = []
        node, engine, version = inputs.get("nodeType"), inputs.get("engine", "redis"), inputs.get("engineVersion")
        offered = (cfn.extension("aws_elasticache_cachecluster/cachenodetype_enum", region) or {}).get("enum", ())
        if isinstance(node, str) and offered and node not in offered:
            failures.append(Failure("nodeType", f'ElastiCache has no node type "{node}" in {region}'))
        if isinstance(engine, str) and isinstance(version, str):
            known = engines.cache_versions(engine)
            if known and version not in known and not _is_newest_of(version, known):
                reason = f"ElastiCache has no {engine} {version}; there are {', '.join(known)}"
                failures.append(Failure("engineVersion", reason))
        return failures

    def normalise(self, inputs: Props) -> Props:
        """ElastiCache keeps names in lower case."""
        return _lowered(inputs, "replicationGroupId")

    # Creating

    def create(self, api: Api, inputs: Props) -> str:
        """A new group; the provider always sends whether TLS is on, and names the engine that the API would assume."""
        _refuse_unknown(api, inputs)
        given = {"engine": "redis", "transitEncryptionEnabled": False, **inputs}
        params = api.params("CreateReplicationGroup", given, rename=self.rename, skip=_NOT_SENT)
        if inputs.get("logDeliveryConfigurations"):
            params["LogDeliveryConfigurations"] = [_log_request(row) for row in inputs["logDeliveryConfigurations"]]
        answer = api.call("CreateReplicationGroup", **params, **self.tag_params(inputs))
        api.created_id = str(answer["ReplicationGroup"]["ReplicationGroupId"])
        return api.created_id

    # Reading

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The group's own description, and what only its first member tells."""
        name = found["MemberClusters"][0]
        member = api.call("DescribeCacheClusters", CacheClusterId=name, ShowCacheNodeInfo=True)["CacheClusters"][0]
        shown = {key: value for key, value in found.items() if key not in _HIDDEN}
        # The description is `Description` in answers and `ReplicationGroupDescription` in requests.
        props = super().outputs(api, object_id, inputs, {**shown, "ReplicationGroupDescription": found["Description"]})
        shards = found["NodeGroups"]
        nodes = shards[0]["NodeGroupMembers"]
        primary, reader = shards[0].get("PrimaryEndpoint") or {}, shards[0].get("ReaderEndpoint") or {}
        version = str(member["EngineVersion"])
        return {
            **props,
            "authToken": inputs.get("authToken") if found.get("AuthTokenEnabled") else None,
            "automaticFailoverEnabled": found.get("AutomaticFailover") in {"enabled", "enabling"},
            "autoMinorVersionUpgrade": bool(member.get("AutoMinorVersionUpgrade")),
            "dataTieringEnabled": found.get("DataTiering") == "enabled",
            "engineVersion": _shown_version(str(inputs.get("engineVersion") or ""), version),
            "engineVersionActual": version,
            "logDeliveryConfigurations": [_shown_log(row) for row in found.get("LogDeliveryConfigurations") or []]
            or None,
            "maintenanceWindow": member.get("PreferredMaintenanceWindow"),
            "multiAzEnabled": found.get("MultiAZ") == "enabled",
            "nodeGroupConfigurations": [_shown_shard(shard) for shard in shards],
            "numCacheClusters": len(found["MemberClusters"]),
            "numNodeGroups": len(shards),
            "parameterGroupName": (member.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
            "port": primary.get("Port"),
            "primaryEndpointAddress": primary.get("Address"),
            "readerEndpointAddress": reader.get("Address"),
            "replicasPerNodeGroup": len(nodes) - 1,
            "securityGroupIds": [row["SecurityGroupId"] for row in member.get("SecurityGroups") or []],
            "subnetGroupName": member.get("CacheSubnetGroupName"),
        }

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:  # noqa: ARG002 -- a hook
        """Tags go by ARN."""
        return api.arn(f"replicationgroup:{object_id}")

    # Changing

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """In the order of `resourceReplicationGroupUpdate`: more nodes, settings, token, fewer nodes."""
        _refuse_unknown(api, news)
        before, after = int(olds.get("numCacheClusters") or 1), _nodes(olds, news, changed)
        if after > before:
            _count(api, "IncreaseReplicaCount", object_id, after)
        self._modify(api, object_id, olds, news, changed)
        if changed & _TOKEN and news.get("authTokenUpdateStrategy") != "DELETE":
            strategy = news.get("authTokenUpdateStrategy")
            api.call(
                "ModifyReplicationGroup",
                ReplicationGroupId=object_id,
                ApplyImmediately=True,
                AuthToken=news.get("authToken") or news.get("authTokenWo") or "",
                **({"AuthTokenUpdateStrategy": strategy} if strategy else {}),
            )
        if after < before:
            _count(api, "DecreaseReplicaCount", object_id, after)

    def _modify(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        engine_changes = "engine" in changed and news.get("engine") == "valkey"
        if engine_changes and "engineVersion" not in changed:
            raise ProviderError(f"{api.where}: engineVersion: must be changed together with the engine")
        skipped = {*_NOT_SENT, *_NOT_MODIFIED}
        present = {name: news[name] for name in changed - skipped if news.get(name) is not None}
        params = api.params("ModifyReplicationGroup", present, rename=self.rename)
        if engine_changes or "engineVersion" in changed:
            params["Engine"] = news.get("engine") or "redis"
        if "logDeliveryConfigurations" in changed:
            params["LogDeliveryConfigurations"] = _log_changes(olds, news)
        if "snapshotRetentionLimit" in changed:
            params["SnapshotRetentionLimit"] = int(news.get("snapshotRetentionLimit") or 0)
            if not olds.get("snapshotRetentionLimit"):
                params["SnapshottingClusterId"] = f"{object_id}-001"
        if params:
            api.call(
                "ModifyReplicationGroup",
                ReplicationGroupId=object_id,
                ApplyImmediately=bool(news.get("applyImmediately")),
                **params,
            )

    # Deleting

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Delete, with a final snapshot where the program names one."""
        final = state.get("finalSnapshotIdentifier")
        params = {"FinalSnapshotIdentifier": final} if final else {}
        self.unless_gone(api, "DeleteReplicationGroup", ReplicationGroupId=object_id, **params)


def _lowered(inputs: Props, name: str) -> Props:
    value = inputs.get(name)
    return {**inputs, name: value.lower()} if isinstance(value, str) else inputs


def _is_newest_of(version: str, known: tuple[str, ...]) -> bool:
    """Whether it is a major version alone, ``6.x``, which only Redis OSS 6 and 7 have."""
    major, _, minor = version.partition(".")
    return minor == "x" and any(one.startswith(f"{major}.") for one in known)


def _refuse_unknown(api: Api, inputs: Props) -> None:
    """Refuse what a group without shards, users and other regions does not have."""
    for name in _NOT_EMULATED:
        if inputs.get(name):
            raise ProviderError(f"{api.where}: {name} is not emulated")
    if int(inputs.get("numNodeGroups") or 1) > 1 or inputs.get("clusterMode") in {"enabled", "compatible"}:
        raise ProviderError(f"{api.where}: cluster mode (shards) is not emulated")


def _nodes(olds: Props, news: Props, changed: set[str]) -> int:
    """How many nodes there are to be; what the program does not say stays."""
    if "replicasPerNodeGroup" in changed and news.get("replicasPerNodeGroup") is not None:
        return int(news["replicasPerNodeGroup"]) + 1
    if "numCacheClusters" in changed and news.get("numCacheClusters"):
        return int(news["numCacheClusters"])
    return int(olds.get("numCacheClusters") or 1)


def _count(api: Api, operation: str, object_id: str, nodes: int) -> None:
    api.call(operation, ReplicationGroupId=object_id, NewReplicaCount=nodes - 1, ApplyImmediately=True)


def _shown_version(asked: str, actual: str) -> str:
    """Major and minor version, the whole of it before Redis OSS 6, or ``6.x`` where that was asked for."""
    numbers = engines.number(actual)
    if numbers < (6,):
        return actual
    return asked if asked == f"{numbers[0]}.x" else ".".join(map(str, numbers[:2]))


def _log_request(row: Props) -> dict[str, Any]:
    firehose = row["destinationType"] == "kinesis-firehose"
    details = (
        {"KinesisFirehoseDetails": {"DeliveryStream": row["destination"]}}
        if firehose
        else {"CloudWatchLogsDetails": {"LogGroup": row["destination"]}}
    )
    return {
        "LogType": row["logType"],
        "LogFormat": row["logFormat"],
        "DestinationType": row["destinationType"],
        "DestinationDetails": details,
    }


def _log_changes(olds: Props, news: Props) -> list[dict[str, Any]]:
    """What is wanted, and for each kind of log that is wanted no longer that it is off."""
    wanted = [_log_request(row) for row in news.get("logDeliveryConfigurations") or []]
    kinds = {row["LogType"] for row in wanted}
    gone = [row["logType"] for row in olds.get("logDeliveryConfigurations") or [] if row["logType"] not in kinds]
    return [*wanted, *({"LogType": kind, "Enabled": False} for kind in gone)]


def _shown_log(row: dict[str, Any]) -> Props:
    details = row.get("DestinationDetails") or {}
    group, stream = details.get("CloudWatchLogsDetails") or {}, details.get("KinesisFirehoseDetails") or {}
    return {
        "destination": group.get("LogGroup") or stream.get("DeliveryStream"),
        "destinationType": row["DestinationType"],
        "logFormat": row["LogFormat"],
        "logType": row["LogType"],
    }


def _shown_shard(shard: dict[str, Any]) -> Props:
    zones = [node.get("PreferredAvailabilityZone") for node in shard["NodeGroupMembers"]]
    return {
        "nodeGroupId": shard.get("NodeGroupId"),
        "primaryAvailabilityZone": zones[0],
        "replicaAvailabilityZones": zones[1:],
        "replicaCount": len(zones) - 1,
    }


TYPES = (ReplicationGroup(),)
