"""CloudWatch Logs: classes, keys and deletion protection of log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


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
