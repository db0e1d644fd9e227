"""ElastiCache: groups have the nodes that were asked for, show them, can change and go; a change may wait."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws import engines
from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: Parameters of ModifyReplicationGroup that take effect at once, and the attribute that an answer is made from.
_AT_ONCE = {
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "ClusterMode": "cluster_mode",
    "IpDiscovery": "ip_discovery",
    "NotificationTopicArn": "notification_topic_arn",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "ReplicationGroupDescription": "description",
    "SecurityGroupIds": "security_group_ids",
    "SnapshotRetentionLimit": "snapshot_retention_limit",
    "SnapshotWindow": "snapshot_window",
    "SnapshottingClusterId": "snapshotting_cluster_id",
    "TransitEncryptionEnabled": "transit_encryption_enabled",
    "TransitEncryptionMode": "transit_encryption_mode",
}
#: What waits for the maintenance window unless ApplyImmediately is set.
#: Source: ElastiCache API reference, PendingModifiedValues of CacheCluster. Read 2026-11-21.
_WAITING = {"CacheNodeType": "cache_node_type", "EngineVersion": "engine_version", "Engine": "engine"}
#: The API reference's defaults; Valkey has none.
_NEWEST = {"redis": "7.1"}
_MOST_REPLICAS = 5


def install() -> None:
    """Patch moto's ElastiCache when it is loaded."""
    on_load("moto.elasticache.models", _patch_models)
    on_load("moto.elasticache.responses", _patch_responses)


def _patch_models(module: ModuleType) -> None:
    backend = module.ElastiCacheBackend
    create, describe_clusters = backend.create_replication_group, backend.describe_cache_clusters
    delete = backend.delete_replication_group

    def create_replication_group(self: Any, **kwargs: Any) -> Any:
        _prepare(module, self, kwargs)
        group = create(self, **kwargs)
        group.preferred_cache_cluster_azs = kwargs.get("preferred_cache_cluster_azs") or []
        group.snapshot_window = kwargs.get("snapshot_window") or "05:00-06:00"
        group.preferred_maintenance_window = (group.preferred_maintenance_window or "sun:23:00-mon:01:30").lower()
        group.pending = {}
        if not group.cluster_enabled:
            replicas = kwargs.get("replicas_per_node_group")
            _place(self, group, kwargs.get("num_cache_clusters") or (replicas or 0) + 1)
        try:
            _require_whole(module, group)
        except module.InvalidParameterCombinationException:
            del self.replication_groups[group.replication_group_id]
            raise
        return group

    def describe_cache_clusters(self: Any, cache_cluster_id: str | None) -> Any:
        members = {
            name: _member(self, group, name)
            for group in self.replication_groups.values()
            for name in group.member_clusters
        }
        if cache_cluster_id is None:
            return [*describe_clusters(self, None), *members.values()]
        return [members[cache_cluster_id]] if cache_cluster_id in members else describe_clusters(self, cache_cluster_id)

    def delete_replication_group(self: Any, replication_group_id: str, retain_primary_cluster: Any) -> Any:
        group = delete(self, replication_group_id, retain_primary_cluster)
        # moto keeps it for good; on AWS it is gone after a while, and its name is free.
        del self.replication_groups[replication_group_id]
        return group

    backend.create_replication_group = create_replication_group
    backend.describe_cache_clusters = describe_cache_clusters
    backend.delete_replication_group = delete_replication_group


def _prepare(module: ModuleType, backend: Any, given: dict[str, Any]) -> None:
    """Fill in what the API would, and refuse a parameter group of another engine."""
    engine = given["engine"] = given.get("engine") or "redis"
    if engine not in engines.CACHE_ENGINES:
        raise module.InvalidParameterValueException(f"Invalid engine {engine} for a replication group")
    version = given["engine_version"] = _full(given.get("engine_version") or _NEWEST.get(engine))
    if version is None:
        raise module.InvalidParameterValueException(f"The engine {engine} needs an engine version")
    family = engines.cache_family(engine, version)
    given["cache_parameter_group_name"] = given.get("cache_parameter_group_name") or f"default.{family}"
    _require_family(module, backend, given["cache_parameter_group_name"], family)
    if given.get("auto_minor_version_upgrade") is None:
        given["auto_minor_version_upgrade"] = True
    if engine == "valkey" and given.get("at_rest_encryption_enabled") is None:
        given["at_rest_encryption_enabled"] = True
    if given.get("transit_encryption_enabled"):
        given["transit_encryption_mode"] = given.get("transit_encryption_mode") or "required"
    elif given.get("auth_token"):
        raise module.InvalidParameterCombinationException(
            "The AUTH token is only supported when encryption-in-transit is enabled"
        )


def _full(version: str | None) -> str | None:
    """A version with all of its numbers: the API is asked for 8.2 or 6.x, and answers with 8.2.0 or 6.2.0."""
    if version is None:
        return None
    plain = re.sub(r"^6\.x$", "6.2", version)
    return f"{plain}.0" if re.fullmatch(r"\d+\.\d+", plain) else plain


def _require_family(module: ModuleType, backend: Any, name: str, family: str) -> None:
    group = backend.cache_parameter_groups.get(name)
    found = group.cache_parameter_group_family if group else name.removeprefix("default.")
    if found != family:
        raise module.InvalidParameterCombinationException(
            f"Expected a parameter group of family {family} but found one of family {found}"
        )


def _require_whole(module: ModuleType, group: Any) -> None:
    failover = group.automatic_failover == "enabled"
    if failover and len(group.member_clusters) < 2:  # noqa: PLR2004 -- a primary and what takes over from it
        text = "Automatic failover needs a replication group with at least one read replica"
        raise module.InvalidParameterCombinationException(text)
    if group.multi_az == "enabled" and not failover:
        raise module.InvalidParameterCombinationException("Multi-AZ needs automatic failover to be enabled")


def _place(backend: Any, group: Any, count: int) -> None:
    """The nodes of a group without shards, spread over the zones of its subnets."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend  # noqa: PLC0415 -- slow to load

    known = RegionsAndZonesBackend.zones[backend.region_name]
    subnets = backend.cache_subnet_groups.get(group.cache_subnet_group_name)
    zones = group.preferred_cache_cluster_azs or sorted(
        {row["subnet_availability_zone"] for row in subnets.subnets} if subnets else {zone.name for zone in known}
    )
    if not hasattr(group, "domain"):
        code = known[0].zone_id.partition("-")[0]
        original = group.node_groups[0]["primary_endpoint"]["address"].removeprefix("master.")
        group.domain = original.replace(".use1.", f".{code}.")
    port = group.port = int(group.port)
    group.member_clusters = [f"{group.replication_group_id}-{number:03}" for number in range(1, count + 1)]
    members = [
        {
            "cache_cluster_id": name,
            "cache_node_id": "0001",
            "read_endpoint": {"address": f"{name}.{group.domain}", "port": port},
            "preferred_availability_zone": zones[index % len(zones)],
            "current_role": "replica" if index else "primary",
        }
        for index, name in enumerate(group.member_clusters)
    ]
    group.node_groups = [
        {
            "node_group_id": "0001",
            "status": "available",
            "primary_endpoint": {"address": f"master.{group.domain}", "port": port},
            "reader_endpoint": {"address": f"replica.{group.domain}", "port": port},
            "node_group_members": members,
        }
    ]


def _member(backend: Any, group: Any, name: str) -> SimpleNamespace:
    """One node of a group, as DescribeCacheClusters shows it: with the settings that the group's description lacks."""
    nodes = {node["cache_cluster_id"]: node for shard in group.node_groups for node in shard["node_group_members"]}
    zone = nodes[name].get("preferred_availability_zone")
    pending = {key: value for key, value in group.pending.items() if key != "Engine"}
    topic = {"TopicArn": group.notification_topic_arn, "TopicStatus": "active"}
    return SimpleNamespace(
        cache_cluster_id=name,
        replication_group_id=group.replication_group_id,
        cache_node_type=group.cache_node_type,
        engine=group.engine,
        engine_version=group.engine_version,
        cache_cluster_status="available",
        cache_cluster_create_time=group.replication_group_create_time,
        num_cache_nodes=1,
        preferred_availability_zone=zone,
        preferred_maintenance_window=group.preferred_maintenance_window,
        pending_modified_values=pending,
        notification_configuration=topic if group.notification_topic_arn else None,
        cache_parameter_group={
            "CacheParameterGroupName": group.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
        },
        cache_subnet_group_name=group.cache_subnet_group_name,
        cache_nodes=[
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": "available",
                "CustomerAvailabilityZone": zone,
                "Endpoint": nodes[name].get("read_endpoint"),
            }
        ],
        auto_minor_version_upgrade=group.auto_minor_version_upgrade,
        security_groups=[{"SecurityGroupId": one, "Status": "active"} for one in group.security_group_ids or []],
        snapshot_retention_limit=group.snapshot_retention_limit,
        snapshot_window=group.snapshot_window,
        auth_token_enabled=group.auth_token_enabled,
        transit_encryption_enabled=group.transit_encryption_enabled,
        transit_encryption_mode=group.transit_encryption_mode,
        at_rest_encryption_enabled=group.at_rest_encryption_enabled,
        network_type=group.network_type,
        ip_discovery=group.ip_discovery,
        arn=f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:cluster:{name}",
    )


def _patch_responses(module: ModuleType) -> None:
    from moto.elasticache import exceptions  # noqa: PLC0415 -- loaded together with the responses

    response = module.ElastiCacheResponse
    delete = response.delete_replication_group

    def group_of(self: Any) -> Any:
        return self.elasticache_backend.describe_replication_groups(self.params["ReplicationGroupId"])[0]

    def modify_replication_group(self: Any) -> Any:
        group = group_of(self)
        _modify(exceptions, self.elasticache_backend, group, self.params)
        return module.ActionResult({"ReplicationGroup": group})

    def count(self: Any, *, more: bool) -> Any:
        group, wanted = group_of(self), int(self.params["NewReplicaCount"])
        now = len(group.member_clusters) - 1
        if wanted == now or (wanted > now) is not more or not 0 <= wanted <= _MOST_REPLICAS:
            way = "increase" if more else "decrease"
            raise exceptions.InvalidParameterValueException(f"Cannot {way} the replica count from {now} to {wanted}")
        before = len(group.member_clusters)
        _place(self.elasticache_backend, group, wanted + 1)
        try:
            _require_whole(exceptions, group)
        except exceptions.InvalidParameterCombinationException:
            _place(self.elasticache_backend, group, before)
            raise
        return module.ActionResult({"ReplicationGroup": group})

    def increase_replica_count(self: Any) -> Any:
        return count(self, more=True)

    def decrease_replica_count(self: Any) -> Any:
        return count(self, more=False)

    def delete_replication_group(self: Any) -> Any:
        group = group_of(self)
        final = self.params.get("FinalSnapshotIdentifier")
        if final:
            self.elasticache_backend.create_snapshot(
                snapshot_name=final,
                replication_group_id=group.replication_group_id,
                cache_cluster_id=None,
                kms_key_id=group.kms_key_id,
                tags=None,
            )
        return delete(self)

    response.modify_replication_group = modify_replication_group
    response.increase_replica_count = increase_replica_count
    response.decrease_replica_count = decrease_replica_count
    response.delete_replication_group = delete_replication_group


def _modify(exceptions: ModuleType, backend: Any, group: Any, given: dict[str, Any]) -> None:
    before = dict(vars(group))
    if given.get("ApplyImmediately"):
        given = {**group.pending, **given}
        group.pending = {}
    else:
        group.pending = {**group.pending, **{name: given[name] for name in _WAITING if given.get(name)}}
        given = {name: value for name, value in given.items() if name not in _WAITING}
    for name, attribute in {**_AT_ONCE, **_WAITING}.items():
        if given.get(name) is not None:
            setattr(group, attribute, _full(given[name]) if name == "EngineVersion" else given[name])
    for name, attribute in (("AutomaticFailoverEnabled", "automatic_failover"), ("MultiAZEnabled", "multi_az")):
        if given.get(name) is not None:
            setattr(group, attribute, "enabled" if given[name] else "disabled")
    if given.get("AuthToken"):
        group.auth_token_enabled = True
    if given.get("LogDeliveryConfigurations") is not None:
        group.log_delivery_configurations = _logs(group, given["LogDeliveryConfigurations"])
    try:
        _require_whole(exceptions, group)
        family = engines.cache_family(group.engine, group.engine_version)
        _require_family(exceptions, backend, group.cache_parameter_group_name, family)
    except exceptions.InvalidParameterCombinationException:
        vars(group).update(before)
        raise


def _logs(group: Any, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is delivered after a change: one kind of log each, and none that is switched off."""
    kept = {row["LogType"]: row for row in group.log_delivery_configurations}
    for row in changes:
        if row.get("Enabled") is False:
            kept.pop(row["LogType"], None)
        else:
            kept[row["LogType"]] = {**row, "status": "active"}
    return list(kept.values())
