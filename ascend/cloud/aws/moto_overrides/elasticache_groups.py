"""ElastiCache: there are parameter groups, subnet groups can change and go, and both stay while in use."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: What has tags: moto's own list, and parameter groups.
_ARN = re.compile(
    r"^arn:aws:elasticache:.*:[0-9]*:(cluster|parametergroup|replicationgroup|snapshot|subnetgroup|user):.*$"
)


def install() -> None:
    """Patch moto's ElastiCache when it is loaded."""
    on_load("moto.elasticache.models", _patch_models)
    on_load("moto.elasticache.responses", _patch_responses)


def _fault(code: str, text: str) -> Exception:
    from moto.elasticache.exceptions import ElastiCacheException  # noqa: PLC0415 -- moto is loaded by now

    fault = ElastiCacheException(text)
    fault.code = code
    return fault


def _patch_models(module: ModuleType) -> None:
    backend = module.ElastiCacheBackend
    init = backend.__init__

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.cache_parameter_groups = {}
        self.arn_regex = _ARN

    def cache_parameter_group(self: Any, name: str) -> Any:
        found = self.cache_parameter_groups.get(name)
        if found is None and re.fullmatch(r"default\.(redis|valkey|memcached)[0-9x.]+", name):
            family = name.removeprefix("default.")
            return _group(self, name, family, f"Default parameter group for {family}")
        if found is None:
            raise _fault("CacheParameterGroupNotFound", f"CacheParameterGroup {name} not found.")
        return found

    def modify_cache_subnet_group(self: Any, name: str, description: str | None, subnet_ids: list[str] | None) -> Any:
        group = self.describe_cache_subnet_groups(name)[0]
        fresh = module.CacheSubnetGroup(
            account_id=self.account_id,
            region_name=self.region_name,
            cache_subnet_group_name=name,
            cache_subnet_group_description=description or group.cache_subnet_group_description,
            subnet_ids=subnet_ids or group.subnet_ids,
            tags=None,
        )
        self.cache_subnet_groups[name] = fresh
        return fresh

    def delete_cache_subnet_group(self: Any, name: str) -> None:
        self.describe_cache_subnet_groups(name)
        if any(group.cache_subnet_group_name == name for group in self.replication_groups.values()):
            raise _fault("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster.")
        del self.cache_subnet_groups[name]

    def delete_cache_parameter_group(self: Any, name: str) -> None:
        self.cache_parameter_group(name)
        if any(group.cache_parameter_group_name == name for group in self.replication_groups.values()):
            text = (
                f"One or more cache clusters are still members of this parameter group {name}, so the group cannot be "
                "deleted."
            )
            raise _fault("InvalidCacheParameterGroupState", text)
        if name not in self.cache_parameter_groups:
            raise _fault("InvalidCacheParameterGroupState", f"The default parameter group {name} cannot be deleted.")
        del self.cache_parameter_groups[name]

    backend.__init__ = initialise
    backend.cache_parameter_group = cache_parameter_group
    backend.modify_cache_subnet_group = modify_cache_subnet_group
    backend.delete_cache_subnet_group = delete_cache_subnet_group
    backend.delete_cache_parameter_group = delete_cache_parameter_group


def _group(backend: Any, name: str, family: str, description: str) -> SimpleNamespace:
    return SimpleNamespace(
        cache_parameter_group_name=name,
        cache_parameter_group_family=family,
        description=description,
        is_global=False,
        arn=f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}",
        parameters={},
    )


def _patch_responses(module: ModuleType) -> None:
    response, answer = module.ElastiCacheResponse, module.ActionResult

    def create_cache_parameter_group(self: Any) -> Any:
        backend, name = self.elasticache_backend, self.params["CacheParameterGroupName"].lower()
        if name in backend.cache_parameter_groups:
            raise _fault("CacheParameterGroupAlreadyExists", f"Cache parameter group {name} already exists.")
        group = _group(backend, name, self.params["CacheParameterGroupFamily"], self.params["Description"])
        backend.cache_parameter_groups[name] = group
        if self.params.get("Tags"):
            backend.tagging_service.tag_resource(group.arn, self.params["Tags"])
        return answer({"CacheParameterGroup": group})

    def describe_cache_parameter_groups(self: Any) -> Any:
        backend, name = self.elasticache_backend, self.params.get("CacheParameterGroupName")
        groups = [backend.cache_parameter_group(name)] if name else list(backend.cache_parameter_groups.values())
        return answer({"CacheParameterGroups": groups})

    def describe_cache_parameters(self: Any) -> Any:
        group = self.elasticache_backend.cache_parameter_group(self.params["CacheParameterGroupName"])
        rows = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in group.parameters.items()
        ]
        return answer({"Parameters": rows})

    def modify_cache_parameter_group(self: Any) -> Any:
        group = self.elasticache_backend.cache_parameter_group(self.params["CacheParameterGroupName"])
        if group.cache_parameter_group_name not in self.elasticache_backend.cache_parameter_groups:
            text = f"The default parameter group {group.cache_parameter_group_name} cannot be modified."
            raise _fault("InvalidCacheParameterGroupState", text)
        for row in self.params["ParameterNameValues"]:
            group.parameters[row["ParameterName"]] = row["ParameterValue"]
        return answer({"CacheParameterGroupName": group.cache_parameter_group_name})

    def reset_cache_parameter_group(self: Any) -> Any:
        group = self.elasticache_backend.cache_parameter_group(self.params["CacheParameterGroupName"])
        if self.params.get("ResetAllParameters"):
            group.parameters.clear()
        for row in self.params.get("ParameterNameValues") or []:
            group.parameters.pop(row["ParameterName"], None)
        return answer({"CacheParameterGroupName": group.cache_parameter_group_name})

    def delete_cache_parameter_group(self: Any) -> Any:
        self.elasticache_backend.delete_cache_parameter_group(self.params["CacheParameterGroupName"])
        return module.EmptyResult()

    def modify_cache_subnet_group(self: Any) -> Any:
        name, description = self.params["CacheSubnetGroupName"], self.params.get("CacheSubnetGroupDescription")
        subnets = self.params.get("SubnetIds")
        group = self.elasticache_backend.modify_cache_subnet_group(name, description, subnets)
        return answer({"CacheSubnetGroup": group})

    def delete_cache_subnet_group(self: Any) -> Any:
        self.elasticache_backend.delete_cache_subnet_group(self.params["CacheSubnetGroupName"])
        return module.EmptyResult()

    for operation in (
        create_cache_parameter_group,
        describe_cache_parameter_groups,
        describe_cache_parameters,
        modify_cache_parameter_group,
        reset_cache_parameter_group,
        delete_cache_parameter_group,
        modify_cache_subnet_group,
        delete_cache_subnet_group,
    ):
        setattr(response, operation.__name__, operation)
