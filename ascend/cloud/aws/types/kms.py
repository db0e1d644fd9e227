"""KMS: keys and aliases."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("NotFoundException",)
#: internal/service/kms/key.go, findKeyByID: "considers it logically deleted".
_GOING = frozenset({"PendingDeletion", "PendingReplicaDeletion"})
DEFAULT_POLICY = {
    "Version": "2012-10-17",
    "Id": "key-default-1",
    "Statement": [
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}


class Key(ResourceType):
    """A key. Deleting one schedules its deletion, as AWS does."""

    pulumi_type = "aws:kms/key:Key"
    service = "kms"
    cfn = "AWS::KMS::Key"
    cfn_rename: ClassVar = {"policy": "KeyPolicy", "deletionWindowInDays": "PendingWindowInDays"}
    kind = "kms-key"
    create_op = "CreateKey"
    rename: ClassVar = {"customerMasterKeySpec": "KeySpec", "xksKeyId": "XksKeyId"}
    create_skip = ("deletionWindowInDays", "enableKeyRotation", "isEnabled", "rotationPeriodInDays")
    id_path = "KeyMetadata.KeyId"
    read_op, read_param, read_path = "DescribeKey", "KeyId", "KeyMetadata"
    gone = _GONE
    tags = tagging.KMS

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """Rotation and state are set by calls of their own."""
        self._settle(api, object_id, inputs)

    def _settle(self, api: Api, object_id: str, inputs: Props) -> None:
        if inputs.get("enableKeyRotation"):
            period = inputs.get("rotationPeriodInDays")
            api.call("EnableKeyRotation", KeyId=object_id, **({"RotationPeriodInDays": period} if period else {}))
        if inputs.get("isEnabled") is False:
            api.call("DisableKey", KeyId=object_id)

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """A key that waits for its deletion, or for that of its copies, counts as gone."""
        found = super().describe(api, object_id, inputs)
        return None if found is None or found["KeyState"] in _GOING else found

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:
        """Tags go by key id."""
        return object_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Rotation and policy have reading calls of their own."""
        rotation = api.call("GetKeyRotationStatus", KeyId=object_id)
        policy = api.call("GetKeyPolicy", KeyId=object_id, PolicyName="default")["Policy"]
        return {
            **super().outputs(api, object_id, inputs, found),
            "keyId": object_id,
            "isEnabled": found["Enabled"],
            "enableKeyRotation": rotation["KeyRotationEnabled"],
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
            "policy": policy,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Each property has a call of its own; the deletion window is only used when the key is deleted."""
        if "description" in changed:
            api.call("UpdateKeyDescription", KeyId=object_id, Description=news.get("description", ""))
        if "policy" in changed:
            text = news.get("policy") or json.dumps(DEFAULT_POLICY)
            api.call("PutKeyPolicy", KeyId=object_id, PolicyName="default", Policy=text)
        if "isEnabled" in changed and news.get("isEnabled", True):
            api.call("EnableKey", KeyId=object_id)
        if changed & {"enableKeyRotation", "rotationPeriodInDays"} and not news.get("enableKeyRotation"):
            api.call("DisableKeyRotation", KeyId=object_id)
        if changed & {"enableKeyRotation", "rotationPeriodInDays", "isEnabled"}:
            self._settle(api, object_id, news)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Schedule the deletion."""
        found = self.unless_gone(api, "DescribeKey", KeyId=object_id)
        if found is not None and found["KeyMetadata"]["KeyState"] not in _GOING:
            days = state.get("deletionWindowInDays") or 30
            api.call("ScheduleKeyDeletion", KeyId=object_id, PendingWindowInDays=days)


class Alias(ResourceType):
    """A key's alias."""

    pulumi_type = "aws:kms/alias:Alias"
    service = "kms"
    cfn = "AWS::KMS::Alias"
    cfn_rename: ClassVar = {"name": "AliasName"}
    gone = _GONE

    def create(self, api: Api, inputs: Props) -> str:
        """The alias's name is its id."""
        name = str(inputs["name"])
        api.call("CreateAlias", AliasName=name, TargetKeyId=inputs["targetKeyId"])
        api.created_id = name
        return name

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """There is no call for one alias."""
        aliases = api.call("ListAliases")["Aliases"]
        return next((alias for alias in aliases if alias["AliasName"] == object_id), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The key's id as it was given: an ARN stays one."""
        key = found["TargetKeyId"]
        key_arn = api.arn(f"key/{key}")
        given = inputs.get("targetKeyId")
        return {
            "name": object_id,
            "arn": found["AliasArn"],
            "targetKeyId": given if given in {key, key_arn} else key,
            "targetKeyArn": key_arn,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Point the alias at another key."""
        api.call("UpdateAlias", AliasName=object_id, TargetKeyId=news["targetKeyId"])

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Delete the alias, not the key."""
        self.unless_gone(api, "DeleteAlias", AliasName=object_id)


TYPES = (Key(), Alias())
