"""KMS: a copy of a multi-Region key is one beside its primary, with a policy, a description and tags of its own."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch moto's KMS when it is loaded."""
    on_load("moto.kms.models", _patch_models)
    on_load("moto.kms.responses", _patch_responses)


def _refusal(kind: str, message: str) -> Exception:
    from moto.core.exceptions import JsonRESTError  # noqa: PLC0415 -- moto is loaded by now

    return JsonRESTError(kind, message)


def _copies(module: ModuleType, key: Any) -> list[Any]:
    """The copies of a primary that are there."""
    configuration = getattr(key, "multi_region_configuration", None) or {}
    backends = module.kms_backends[key.account_id]
    found = [backends[row["Region"]].keys.get(key.id) for row in configuration.get("ReplicaKeys", [])]
    return [one for one in found if one is not None]


def _is_copy(key: Any) -> bool:
    return bool(key.multi_region and key.multi_region_configuration["PrimaryKey"]["Arn"] != key.arn)


def _patch_models(module: ModuleType) -> None:
    backend = module.KmsBackend
    rotate, keep, schedule = backend.enable_key_rotation, backend.disable_key_rotation, backend.schedule_key_deletion

    def replicate_key(self: Any, key_id: str, replica_region: str) -> Any:
        """A copy that shares the list of copies with its primary, and knows that it is one.

        Source: KMS API reference, ReplicateKey. Read 2026-11-21.
        """
        key = self.keys[self.get_key_id(key_id)]
        if not key.multi_region or _is_copy(key):
            raise _refusal("UnsupportedOperationException", f"{key.arn} is not a multi-Region primary key.")
        there = module.kms_backends[self.account_id][replica_region]
        if replica_region == self.region_name or key.id in there.keys:
            raise _refusal("AlreadyExistsException", f"{key.arn} is in {replica_region} already.")
        replica = copy(key)
        replica.region = replica_region
        replica.arn = key.arn.replace(f":{self.region_name}:", f":{replica_region}:")
        replica.description, replica.policy = "", replica.generate_default_policy()
        replica.enabled, replica.key_state, replica.deletion_date = True, "Enabled", None
        replica.grants, replica.aliases = {}, {}
        rows = key.multi_region_configuration["ReplicaKeys"]
        rows[:] = [row for row in rows if row["Region"] != replica_region]
        rows.append({"Arn": replica.arn, "Region": replica_region})
        replica.multi_region_configuration = {**key.multi_region_configuration, "MultiRegionKeyType": "REPLICA"}
        there.keys[replica.id] = replica
        return replica

    def own_rotation(self: Any, key_id: str) -> Any:
        key = self.keys[self.get_key_id(key_id)]
        if _is_copy(key):
            raise _refusal("UnsupportedOperationException", f"{key.arn} is a replica key; its primary key is rotated.")
        return key

    def enable_key_rotation(self: Any, key_id: str) -> None:
        key = own_rotation(self, key_id)
        rotate(self, key_id)
        for replica in _copies(module, key):
            replica.key_rotation_status = True

    def disable_key_rotation(self: Any, key_id: str) -> None:
        key = own_rotation(self, key_id)
        keep(self, key_id)
        for replica in _copies(module, key):
            replica.key_rotation_status = False

    def schedule_key_deletion(self: Any, key_id: str, pending_window_in_days: int) -> float:
        """A primary waits until its copies are gone (developer guide, "Deleting multi-Region keys")."""
        when: float = schedule(self, key_id, pending_window_in_days)
        key = self.keys[key_id]
        if not _is_copy(key) and _copies(module, key):
            key.key_state = "PendingReplicaDeletion"
        return when

    backend.replicate_key = replicate_key
    backend.enable_key_rotation = enable_key_rotation
    backend.disable_key_rotation = disable_key_rotation
    backend.schedule_key_deletion = schedule_key_deletion


def _patch_responses(module: ModuleType) -> None:
    response = module.KmsResponse
    replicate = response.replicate_key

    def replicate_key(self: Any) -> str:
        """Moto takes the first two parameters only."""
        region, tags = self._get_param("ReplicaRegion"), self._get_param("Tags")
        document = module.json.loads(replicate(self))
        there = module.kms_backends[self.current_account][region]
        replica = there.keys[document["ReplicaKeyMetadata"]["KeyId"]]
        replica.description = self._get_param("Description") or ""
        replica.policy = self._get_param("Policy") or replica.policy
        if tags:
            there.tagger.tag_resource(replica.id, tags)
        shown = replica.to_dict()["KeyMetadata"]
        answer = {"ReplicaKeyMetadata": shown, "ReplicaPolicy": replica.policy, "ReplicaTags": tags or []}
        return str(module.json.dumps(answer))

    response.replicate_key = replicate_key
