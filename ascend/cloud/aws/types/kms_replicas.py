"""KMS: the copies of a multi-Region key in other regions."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws.types.kms import DEFAULT_POLICY, Key
from ascend.cloud.provider import Failure
from ascend.cloud.rules import show

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_PRIMARY = re.compile(r"^arn:[\w-]+:kms:(?P<region>[\w-]+):\d{12}:key/(?P<id>mrk-[0-9a-f-]+)$")


class ReplicaKey(Key):
    """A copy of a multi-Region key: the same id and material, with a policy, tags and a state of its own."""

    pulumi_type = "aws:kms/replicaKey:ReplicaKey"
    cfn = "AWS::KMS::ReplicaKey"
    cfn_rename: ClassVar = {
        "policy": "KeyPolicy",
        "deletionWindowInDays": "PendingWindowInDays",
    }

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Its primary is a multi-Region key of another region."""
        arn = inputs.get("primaryKeyArn")
        if not isinstance(arn, str):
            return []
        found = _PRIMARY.match(arn)
        if found is None:
            return [Failure("primaryKeyArn", f"{show(arn)} is not the ARN of a multi-Region key (…:key/mrk-…)")]
        if region and found["region"] == region:
            return [Failure("primaryKeyArn", f"{show(arn)} is in {region} itself; a copy is in another region")]
        return []

    def create(self, api: Api, inputs: Props) -> str:
        """It is asked for in the region of its primary."""
        arn = str(inputs["primaryKeyArn"])
        params: dict[str, Any] = {"KeyId": arn.rpartition("/")[2], "ReplicaRegion": api.region}
        for name, parameter in (("policy", "Policy"), ("description", "Description")):
            if inputs.get(name):
                params[parameter] = inputs[name]
        answer = api.call("ReplicateKey", _region=arn.split(":")[3], **params, **self.tag_params(inputs))
        api.created_id = str(answer["ReplicaKeyMetadata"]["KeyId"])
        if inputs.get("enabled") is False:
            api.call("DisableKey", KeyId=api.created_id)
        return api.created_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """What it shares with its primary it only shows."""
        shown = super().outputs(api, object_id, inputs, found)
        props = {name: value for name, value in shown.items() if name in api.schema.outputs}
        return {
            **props,
            "enabled": found["Enabled"],
            "keyRotationEnabled": shown["enableKeyRotation"],
            "primaryKeyArn": found["MultiRegionConfiguration"]["PrimaryKey"]["Arn"],
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Enabled first and disabled last: a disabled key takes no changes."""
        on = news.get("enabled", True)
        if "enabled" in changed and on:
            api.call("EnableKey", KeyId=object_id)
        if "description" in changed:
            api.call("UpdateKeyDescription", KeyId=object_id, Description=news.get("description", ""))
        if "policy" in changed:
            text = news.get("policy") or json.dumps(DEFAULT_POLICY)
            api.call("PutKeyPolicy", KeyId=object_id, PolicyName="default", Policy=text)
        if "enabled" in changed and not on:
            api.call("DisableKey", KeyId=object_id)


TYPES = (ReplicaKey(),)
