"""IAM policy documents."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

#: One statement of a policy, in the words of IAM's policy language.
Statement = Mapping[str, Any]


def document(*statements: Statement) -> pulumi.Output[str]:
    """A policy document as JSON, always in the same order, so that an unchanged policy is an unchanged input."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def allow(
    sid: str,
    actions: Sequence[str],
    resources: pulumi.Input[str] | Sequence[pulumi.Input[str]],
    *,
    service: str | None = None,
    principal: Mapping[str, Any] | None = None,
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """A statement that allows.

    Args:
        sid: the statement's name.
        actions: what is allowed, each action by its full name.
        resources: on what.
        service: the AWS service that is allowed, by its principal; only in policies of resources.
        principal: who is allowed, where it is no service.
        conditions: IAM condition operators and keys.
    """
    statement: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}
    if service or principal:
        statement["Principal"] = {"Service": service} if service else principal
    if conditions:
        statement["Condition"] = conditions
    return statement


def deny_plain_transport(action: str, resources: Sequence[pulumi.Input[str]]) -> Statement:
    """A statement in a resource's policy that refuses everyone's requests without TLS."""
    return {
        "Sid": "DenyPlainTransport",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def trust(service: str, account_id: pulumi.Input[str], source_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Who may take a role: `service`, and only for resources of this account (no confused deputy)."""
    return document(
        {
            **_trusted(service),
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": source_arn},
            },
        },
    )


def trust_unnamed(service: str) -> pulumi.Output[str]:
    """Who may take a role: `service`, where it does not say for which resource it does."""
    return document(_trusted(service))


def _trusted(service: str) -> Statement:
    return {"Sid": "Trust", "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
