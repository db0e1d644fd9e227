"""IAM: roles and policies. IAM has no regions; these types have no ``region`` property."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.diff import same
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_GONE = ("NoSuchEntity", "NoSuchEntityException")
_VERSIONS = 5  # that a managed policy may have


def judge_document(inputs: Props, name: str) -> list[Failure]:
    """A policy must be JSON with statements, each with an effect and an action."""
    text = inputs.get(name)
    if not isinstance(text, str):
        return []
    try:
        document = json.loads(text)
    except ValueError as error:
        return [Failure(name, f"is not JSON: {error}")]
    if not isinstance(document, dict) or "Statement" not in document:
        return [Failure(name, "is not a policy: it has no Statement")]
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for index, statement in enumerate(statements):
        if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
            return [Failure(name, f"statement {index}: Effect must be Allow or Deny")]
        if "Action" not in statement and "NotAction" not in statement:
            return [Failure(name, f"statement {index}: has neither Action nor NotAction")]
    return []


def text_of(document: Any, given: Any) -> str:
    """A document that the API answered with: as it was given if it means the same."""
    text = document if isinstance(document, str) else json.dumps(document)
    return given if isinstance(given, str) and same(given, text) else text


class Role(ResourceType):
    """A role."""

    pulumi_type = "aws:iam/role:Role"
    service = "iam"
    cfn = "AWS::IAM::Role"
    cfn_rename: ClassVar = {"name": "RoleName", "assumeRolePolicy": "", "inlinePolicies": ""}
    kind = "iam-role"
    create_op = "CreateRole"
    rename: ClassVar = {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
    create_skip = ("forceDetachPolicies", "namePrefix")
    id_path = "Role.RoleName"
    read_op, read_param, read_path = "GetRole", "RoleName", "Role"
    gone = _GONE
    tags = tagging.TagStyle(add="TagRole", remove="UntagRole", target="RoleName", read="")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """The trust policy must be a policy."""
        return judge_document(inputs, "assumeRolePolicy")

    def tag_target(self, api: Api, object_id: str, state: Props) -> str:
        """Roles are tagged by name."""
        return object_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the trust policy as it was given."""
        return {
            **super().outputs(api, object_id, inputs, found),
            "name": object_id,
            "uniqueId": found["RoleId"],
            "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "assumeRolePolicy": text_of(found["AssumeRolePolicyDocument"], inputs.get("assumeRolePolicy")),
            "permissionsBoundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Each part has a call of its own."""
        if "assumeRolePolicy" in changed:
            api.call("UpdateAssumeRolePolicy", RoleName=object_id, PolicyDocument=news["assumeRolePolicy"])
        if changed & {"description", "maxSessionDuration"}:
            api.call(
                "UpdateRole",
                RoleName=object_id,
                Description=news.get("description", ""),
                MaxSessionDuration=news["maxSessionDuration"],
            )
        if "permissionsBoundary" in changed and news.get("permissionsBoundary"):
            boundary = news["permissionsBoundary"]
            api.call("PutRolePermissionsBoundary", RoleName=object_id, PermissionsBoundary=boundary)
        elif "permissionsBoundary" in changed:
            api.call("DeleteRolePermissionsBoundary", RoleName=object_id)
        if changed & {"inlinePolicies", "managedPolicyArns"}:
            raise ProviderError(f"{api.where}: inlinePolicies and managedPolicyArns are not emulated; use resources")

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """AWS refuses while policies are attached, unless they are to be detached."""
        attached = self.unless_gone(api, "ListAttachedRolePolicies", RoleName=object_id)
        inline = self.unless_gone(api, "ListRolePolicies", RoleName=object_id)
        if attached is None or inline is None:
            return
        if state.get("forceDetachPolicies"):
            for policy in attached["AttachedPolicies"]:
                api.call("DetachRolePolicy", RoleName=object_id, PolicyArn=policy["PolicyArn"])
            for name in inline["PolicyNames"]:
                api.call("DeleteRolePolicy", RoleName=object_id, PolicyName=name)
        elif inline["PolicyNames"]:  # moto refuses attached ones itself, not these
            names = ", ".join(inline["PolicyNames"])
            raise ProviderError(f"{api.where}: DeleteRole: DeleteConflict: the role still has the policies {names}")
        self.unless_gone(api, "DeleteRole", RoleName=object_id)


class RolePolicy(ResourceType):
    """A policy within a role."""

    pulumi_type = "aws:iam/rolePolicy:RolePolicy"
    service = "iam"
    gone = _GONE

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """It must be a policy."""
        return judge_document(inputs, "policy")

    def normalise(self, inputs: Props) -> Props:
        """The SDK takes a document as an object too."""
        document = inputs.get("policy")
        return {**inputs, "policy": json.dumps(document)} if isinstance(document, dict) else inputs

    def create(self, api: Api, inputs: Props) -> str:
        """The id is role and name."""
        role, name = str(inputs["role"]), str(inputs["name"])
        api.call("PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"])
        api.created_id = f"{role}:{name}"
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """By role and name."""
        role, _, name = object_id.partition(":")
        return self.unless_gone(api, "GetRolePolicy", RoleName=role, PolicyName=name)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """As it was given."""
        policy = text_of(found["PolicyDocument"], inputs.get("policy"))
        return {"role": found["RoleName"], "name": found["PolicyName"], "policy": policy}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Put it again."""
        role, _, name = object_id.partition(":")
        api.call("PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=news["policy"])

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Take it away."""
        role, _, name = object_id.partition(":")
        self.unless_gone(api, "DeleteRolePolicy", RoleName=role, PolicyName=name)


class RolePolicyAttachment(ResourceType):
    """A managed policy attached to a role."""

    pulumi_type = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    service = "iam"
    gone = _GONE

    def create(self, api: Api, inputs: Props) -> str:
        """The id is role and policy."""
        role, arn = str(inputs["role"]), str(inputs["policyArn"])
        api.call("AttachRolePolicy", RoleName=role, PolicyArn=arn)
        api.created_id = f"{role}/{arn}"
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """Among the role's attached policies."""
        role, _, arn = object_id.partition("/")
        answer = self.unless_gone(api, "ListAttachedRolePolicies", RoleName=role) or {"AttachedPolicies": []}
        return next((policy for policy in answer["AttachedPolicies"] if policy["PolicyArn"] == arn), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Both sides."""
        return {"role": object_id.partition("/")[0], "policyArn": found["PolicyArn"]}

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Detach."""
        role, _, arn = object_id.partition("/")
        self.unless_gone(api, "DetachRolePolicy", RoleName=role, PolicyArn=arn)


class Policy(ResourceType):
    """A managed policy of the account."""

    pulumi_type = "aws:iam/policy:Policy"
    service = "iam"
    create_op = "CreatePolicy"
    rename: ClassVar = {"name": "PolicyName", "policy": "PolicyDocument"}
    create_skip = ("namePrefix", "delayAfterPolicyCreationInMs")
    id_path = "Policy.Arn"
    read_op, read_param, read_path = "GetPolicy", "PolicyArn", "Policy"
    gone = _GONE
    tags = tagging.TagStyle(add="TagPolicy", remove="UntagPolicy", target="PolicyArn", read="ListPolicyTags")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """It must be a policy."""
        return judge_document(inputs, "policy")

    def normalise(self, inputs: Props) -> Props:
        """The SDK takes a document as an object too."""
        document = inputs.get("policy")
        return {**inputs, "policy": json.dumps(document)} if isinstance(document, dict) else inputs

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """With the default version's document."""
        version = api.call("GetPolicyVersion", PolicyArn=object_id, VersionId=found["DefaultVersionId"])
        return {
            **super().outputs(api, object_id, inputs, found),
            "policyId": found["PolicyId"],
            "attachmentCount": found.get("AttachmentCount", 0),
            "policy": text_of(version["PolicyVersion"]["Document"], inputs.get("policy")),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """A new default version; the oldest goes where there are too many."""
        if "policy" not in changed:
            return
        versions = api.call("ListPolicyVersions", PolicyArn=object_id)["Versions"]
        if len(versions) >= _VERSIONS:
            oldest = min(
                (version for version in versions if not version["IsDefaultVersion"]),
                key=lambda version: int(version["VersionId"][1:]),
            )
            api.call("DeletePolicyVersion", PolicyArn=object_id, VersionId=oldest["VersionId"])
        api.call("CreatePolicyVersion", PolicyArn=object_id, PolicyDocument=news["policy"], SetAsDefault=True)

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Its other versions first. AWS refuses while it is attached; moto does not."""
        found = self.describe(api, object_id, {})
        if found and found.get("AttachmentCount"):
            count = found["AttachmentCount"]
            raise ProviderError(
                f"{api.where}: DeletePolicy: DeleteConflict: the policy is attached to {count} entities"
            )
        answer = self.unless_gone(api, "ListPolicyVersions", PolicyArn=object_id)
        for version in (answer or {"Versions": []})["Versions"]:
            if not version["IsDefaultVersion"]:
                api.call("DeletePolicyVersion", PolicyArn=object_id, VersionId=version["VersionId"])
        self.unless_gone(api, "DeletePolicy", PolicyArn=object_id)


TYPES = (Role(), RolePolicy(), RolePolicyAttachment(), Policy())
