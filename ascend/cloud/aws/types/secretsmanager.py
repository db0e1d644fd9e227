"""Secrets Manager: secrets and their values."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.aws.types.iam import text_of
from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("ResourceNotFoundException",)
_CURRENT = "AWSCURRENT"


class Secret(ResourceType):
    """A secret without its value."""

    pulumi_type = "aws:secretsmanager/secret:Secret"
    service = "secretsmanager"
    cfn = "AWS::SecretsManager::Secret"
    kind = "secret"
    create_op = "CreateSecret"
    rename: ClassVar = {"replicas": "AddReplicaRegions", "forceOverwriteReplicaSecret": "ForceOverwriteReplicaSecret"}
    create_skip = ("recoveryWindowInDays", "policy", "namePrefix")
    id_path = "ARN"
    read_op, read_param = "DescribeSecret", "SecretId"
    gone = _GONE
    tags = tagging.TagStyle(target="SecretId", read="")

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """A policy has a call of its own."""
        if inputs.get("policy"):
            api.call("PutResourcePolicy", SecretId=object_id, ResourcePolicy=inputs["policy"])

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """A secret that waits for its deletion counts as gone."""
        found = super().describe(api, object_id, inputs)
        return None if found is None or found.get("DeletedDate") else found

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:
        """By ARN, which is the id."""
        return object_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the policy, where there is one."""
        props = super().outputs(api, object_id, inputs, found)
        props.pop("replicas", None)
        policy = api.call("GetResourcePolicy", SecretId=object_id).get("ResourcePolicy")
        replicas = [
            {"region": status["Region"], "status": status.get("Status", "InSync"), "kmsKeyId": status.get("KmsKeyId")}
            for status in found.get("ReplicationStatus") or ()
        ]
        return {
            **props,
            "arn": object_id,
            "policy": text_of(policy, inputs.get("policy")) if policy else inputs.get("policy"),
            "replicas": replicas,
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Description and key, policy, replicas."""
        if changed & {"description", "kmsKeyId"}:
            key = {"KmsKeyId": news["kmsKeyId"]} if news.get("kmsKeyId") else {}
            api.call("UpdateSecret", SecretId=object_id, Description=news.get("description", ""), **key)
        if "policy" in changed and news.get("policy"):
            self.after_create(api, object_id, news)
        elif "policy" in changed:
            api.call("DeleteResourcePolicy", SecretId=object_id)
        if "replicas" in changed:
            before = {replica["region"] for replica in olds.get("replicas") or ()}
            after = {replica["region"]: replica for replica in news.get("replicas") or ()}
            added = [
                {"Region": region, **({"KmsKeyId": replica["kmsKeyId"]} if replica.get("kmsKeyId") else {})}
                for region, replica in sorted(after.items())
                if region not in before
            ]
            if before - after.keys():
                gone = sorted(before - after.keys())
                api.call("RemoveRegionsFromReplication", SecretId=object_id, RemoveReplicaRegions=gone)
            if added:
                api.call("ReplicateSecretToRegions", SecretId=object_id, AddReplicaRegions=added)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """After the recovery window, or at once where it is 0."""
        days = state.get("recoveryWindowInDays", 30)
        how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        found = self.describe(api, object_id, state)
        if found is not None:
            self.unless_gone(api, "DeleteSecret", SecretId=object_id, **how)


class SecretVersion(ResourceType):
    """A secret's value."""

    pulumi_type = "aws:secretsmanager/secretVersion:SecretVersion"
    service = "secretsmanager"
    gone = _GONE

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """There must be a value."""
        if not any(name in inputs for name in ("secretString", "secretBinary", "secretStringWo")):
            return [Failure("secretString", "one of secretString, secretBinary must be set")]
        return []

    def create(self, api: Api, inputs: Props) -> str:
        """A new version, which becomes the current one."""
        params: dict[str, Any] = {"SecretId": inputs["secretId"]}
        text = inputs.get("secretString", inputs.get("secretStringWo"))
        params.update({"SecretBinary": inputs["secretBinary"]} if text is None else {"SecretString": text})
        if inputs.get("versionStages"):
            params["VersionStages"] = inputs["versionStages"]
        answer = api.call("PutSecretValue", **params)
        api.created_id = f"{inputs['secretId']}|{answer['VersionId']}"
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """By secret and version."""
        secret, _, version = object_id.partition("|")
        described = self.unless_gone(api, "DescribeSecret", SecretId=secret)
        if described is None or described.get("DeletedDate"):
            return None
        return self.unless_gone(api, "GetSecretValue", SecretId=secret, VersionId=version)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the value, which the protocol layer marks secret."""
        return {
            "arn": found["ARN"],
            "secretId": object_id.partition("|")[0],
            "versionId": found["VersionId"],
            "versionStages": found.get("VersionStages", []),
            "secretString": found.get("SecretString"),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Only stages change in place."""
        if "versionStages" in changed:
            secret, _, version = object_id.partition("|")
            for stage in sorted(set(news.get("versionStages") or ()) - set(olds.get("versionStages") or ())):
                api.call("UpdateSecretVersionStage", SecretId=secret, VersionStage=stage, MoveToVersionId=version)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Take its stages away, after which AWS drops it. The current version goes with its secret."""
        found = self.describe(api, object_id, state)
        if found is None or _CURRENT in found.get("VersionStages", []):
            return
        secret, _, version = object_id.partition("|")
        for stage in found.get("VersionStages", []):
            api.call("UpdateSecretVersionStage", SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)


TYPES = (Secret(), SecretVersion())
