"""Security of access: who may do what, and what containers are given."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from policies.documents import statements
from policies.kit import About, Finding, Option, Severity, on_resource, on_stack
from policies.security import GROUP
from policies.stack import UNKNOWN
from policies.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi_policy

    from policies.stack import Item, Stack

_OF_ROLES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
_ROLE = "aws:iam/role:Role"
_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_OF_RESOURCES = (
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:sns/topicPolicy:TopicPolicy",
)


def _specific(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    for one in statements(item.value("policy")):
        if not one.allows:
            continue
        whole = [action for action in one.actions if action == "*" or action.endswith(":*")]
        if whole or not one.actions:
            yield f"{item.name}: '{one.name}' allows {', '.join(whole) or 'everything that it does not name'}"
        elif "*" in one.resources:
            wide = sorted(set(one.actions) - set(config["any_resource"]))
            if wide:
                yield f"{item.name}: '{one.name}' allows {', '.join(wide)} on every resource"


def _escalates(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    for one in statements(item.value("policy")):
        strong = [
            action
            for action in config["actions"]
            if any(fnmatchcase(action.lower(), given.lower()) for given in one.actions)
        ]
        if one.allows and strong and any(resource.endswith("*") for resource in one.resources):
            yield f"{item.name}: '{one.name}' lets it become a stronger role by {', '.join(sorted(strong))}"


def _broad(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    given = [item.text("policyArn"), *(str(one) for one in item.rows("managedPolicyArns"))]
    for arn in given:
        if arn.rpartition("/")[2] in config["policies"]:
            yield f"{item.name}: may do nearly everything by {arn.rpartition('/')[2]}"


def _trusted(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    for one in statements(item.value("assumeRolePolicy")):
        if one.allows and "*" in one.principals:
            yield f"{item.name}: '{one.name}' lets anybody take it on"


def _not_for_anybody(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    for one in statements(item.value("policy")):
        if one.allows and "*" in one.principals and not one.conditional:
            yield f"{item.name}: '{one.name}' allows anybody {', '.join(one.actions)}"


def _containers(item: Item) -> list[dict[str, Any]]:
    """The containers of a task; none where they are not known yet."""
    given = item.value("containerDefinitions")
    if given is None or given == UNKNOWN:
        return []
    found: list[dict[str, Any]] = json.loads(given) if isinstance(given, str) else given
    return found


def _plain_secrets(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    for container in _containers(item):
        for one in container.get("environment") or ():
            name, value = str(one.get("name")), str(one.get("value") or "")
            if value and (re.search(config["names"], name) or re.search(config["values"], value)):
                yield f"{item.name}: {container.get('name')} is given {name} as plain text"


def _by_digest(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    if not stack.production and not config["everywhere"]:
        return
    for item in stack.of(_TASK):
        for container in _containers(item):
            image = str(container.get("image"))
            if "@sha256:" not in image:
                yield item.urn, f"{item.name}: {container.get('name')} runs '{image}', which may change under its name"


def policies() -> list[pulumi_policy.Policy]:
    """The policies of access and of containers."""
    data = table("security")
    return [
        on_resource(
            About(
                name="iam-specific",
                group=GROUP,
                description="A statement names its actions and its resources.",
                severity=Severity.CRITICAL,
                fix="name the actions and the resources",
                options={"any_resource": Option(data["any_resource"], "actions that exist for every resource only")},
            ),
            _OF_ROLES,
            _specific,
        ),
        on_resource(
            About(
                name="iam-no-escalation",
                group=GROUP,
                description="No role can make itself a stronger one.",
                severity=Severity.CRITICAL,
                fix="take the action away, or name the one role that it is for",
                options={"actions": Option(data["escalating"], "actions that lead to a stronger role")},
            ),
            _OF_ROLES,
            _escalates,
        ),
        on_resource(
            About(
                name="iam-no-broad-policy",
                group=GROUP,
                description="No role is given a policy that allows nearly everything.",
                severity=Severity.CRITICAL,
                fix="write a policy of the actions that it needs",
                options={"policies": Option(data["broad_policies"], "names of such policies")},
            ),
            (_ROLE, _ATTACHMENT),
            _broad,
        ),
        on_resource(
            About(
                name="iam-trust-specific",
                group=GROUP,
                description="A role names who may take it on.",
                severity=Severity.CRITICAL,
                fix="name the service or the account",
            ),
            (_ROLE,),
            _trusted,
        ),
        on_resource(
            About(
                name="resource-not-for-anybody",
                group=GROUP,
                description="No bucket, queue or topic is open to everybody.",
                severity=Severity.CRITICAL,
                fix="name the principal, or add a condition",
            ),
            _OF_RESOURCES,
            _not_for_anybody,
        ),
        on_resource(
            About(
                name="no-secret-in-environment",
                group=GROUP,
                description="Containers are given secrets from Secrets Manager, not as plain text.",
                severity=Severity.CRITICAL,
                fix="move it to `secrets`",
                options={
                    "names": Option(data["secret_names"], "pattern of names of variables that carry secrets"),
                    "values": Option(data["secret_values"], "pattern of values that are secrets"),
                },
            ),
            (_TASK,),
            _plain_secrets,
        ),
        on_stack(
            About(
                name="image-by-digest",
                group=GROUP,
                description="In production every image is named by its digest.",
                fix="name it as <image>@sha256:<digest> in ascend:images",
                options={"everywhere": Option(default=False, description="whether also outside of production")},
            ),
            _by_digest,
        ),
    ]
