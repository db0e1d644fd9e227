"""CloudWatch Logs: classes, keys and deletion protection of log groups; metric filters that belong to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


#: CloudWatch Logs quotas: metric filters of a log group.
_MOST_FILTERS = 100


def install() -> None:
    """Patch moto's Logs when it is loaded."""
    on_load("moto.logs.models", _patch_models)
    on_load("moto.logs.responses", _patch_responses)


def _patch_models(module: ModuleType) -> None:
    group, backend = module.LogGroup, module.LogsBackend
    describe, delete = group.to_describe_dict, backend.delete_log_group

    def to_describe_dict(self: Any) -> Any:
        shown = describe(self)
        shown["logGroupClass"] = getattr(self, "log_group_class", "STANDARD")
        shown["deletionProtectionEnabled"] = getattr(self, "deletion_protection", False)
        if self.kms_key_id:
            shown["kmsKeyId"] = self.kms_key_id
        else:
            shown.pop("kmsKeyId", None)
        return shown

    def delete_log_group(self: Any, log_group_name: str) -> Any:
        found = self.groups.get(log_group_name)
        if found is not None and getattr(found, "deletion_protection", False):
            from moto.logs.exceptions import LogsClientError  # noqa: PLC0415 -- moto is loaded by now

            text = f"The log group {log_group_name} is protected from deletion"
            raise LogsClientError("ValidationException", text)
        return delete(self, log_group_name)

    group.to_describe_dict = to_describe_dict
    backend.delete_log_group = delete_log_group
    _patch_filters(backend)


def _patch_filters(backend: Any) -> None:
    """Where moto keeps every filter that is put, even of a group that does not exist, and of one that is deleted."""
    delete_group = backend.delete_log_group

    def put_metric_filter(self: Any, name: str, pattern: str, group: str, transformations: Any) -> None:
        from moto.logs.exceptions import LogsClientError, ResourceNotFoundException  # noqa: PLC0415 -- moto is loaded

        if group not in self.groups:
            raise ResourceNotFoundException
        others = [row for row in _filters(self, group) if row["filterName"] != name]
        if len(others) >= _MOST_FILTERS:
            raise LogsClientError("LimitExceededException", f"{group} has {_MOST_FILTERS} metric filters")
        self.filters.delete_filter(name, group)
        self.filters.add_filter(name, pattern, group, transformations)

    def delete_metric_filter(self: Any, name: str, group: str) -> None:
        from moto.logs.exceptions import ResourceNotFoundException  # noqa: PLC0415 -- moto is loaded by now

        if not any(row["filterName"] == name for row in _filters(self, group)):
            raise ResourceNotFoundException
        self.filters.delete_filter(name, group)

    def delete_log_group(self: Any, log_group_name: str) -> Any:
        answer = delete_group(self, log_group_name)
        for row in _filters(self, log_group_name):
            self.filters.delete_filter(row["filterName"], log_group_name)
        return answer

    backend.put_metric_filter = put_metric_filter
    backend.delete_metric_filter = delete_metric_filter
    backend.delete_log_group = delete_log_group


def _filters(backend: Any, group: str) -> list[Any]:
    return list(backend.filters.get_matching_filters(log_group_name=group))


def _patch_responses(module: ModuleType) -> None:
    response = module.LogsResponse
    create = response.create_log_group

    def create_log_group(self: Any) -> Any:
        answer = create(self)
        group = self.logs_backend.groups[self._get_param("logGroupName")]
        group.log_group_class = self._get_param("logGroupClass") or "STANDARD"
        group.deletion_protection = bool(self._get_param("deletionProtectionEnabled"))
        return answer

    def named(self: Any, parameter: str) -> Any:
        name = str(self._get_param(parameter)).rpartition(":log-group:")[2].removesuffix(":*")
        found = self.logs_backend.groups.get(name)
        if found is None:
            from moto.logs.exceptions import ResourceNotFoundException  # noqa: PLC0415 -- moto is loaded by now

            raise ResourceNotFoundException
        return found

    def associate_kms_key(self: Any) -> str:
        named(self, "logGroupName").kms_key_id = self._get_param("kmsKeyId")
        return ""

    def disassociate_kms_key(self: Any) -> str:
        named(self, "logGroupName").kms_key_id = None
        return ""

    def put_log_group_deletion_protection(self: Any) -> str:
        named(self, "logGroupIdentifier").deletion_protection = bool(self._get_param("deletionProtectionEnabled"))
        return ""

    response.create_log_group = create_log_group
    response.associate_kms_key = associate_kms_key
    response.disassociate_kms_key = disassociate_kms_key
    response.put_log_group_deletion_protection = put_log_group_deletion_protection
