"""Elastic Load Balancing: logs go to a bucket that lets them in."""

from __future__ import annotations

import fnmatch
import json
from typing import Any

from ascend.cloud.aws.elb import fault, log_account

#: Who writes the logs, in every region (user guide, "Enable access logs for your Application Load Balancer").
_SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"


def install() -> None:
    """Nothing to patch: `elbv2` calls `check`."""


def check(backend: Any, name: str, prefix: str) -> None:
    """Write the test file that Elastic Load Balancing writes when logs are switched on.

    Raises:
        ELBClientError: there is no such bucket in the region, its policy does not let the file in, or it would be
            encrypted with a key.
    """
    from moto.s3.models import s3_backends  # noqa: PLC0415 -- moto is loaded by now

    bucket = s3_backends[backend.account_id][backend.partition].buckets.get(name)
    if bucket is None or bucket.region_name != backend.region_name:
        text = f"The specified bucket '{name}' does not exist in the load balancer's region {backend.region_name}"
        raise fault("InvalidConfigurationRequest", text)
    start = f"{prefix}/" if prefix else ""
    path = f"arn:aws:s3:::{name}/{start}AWSLogs/{backend.account_id}/ELBAccessLogTestFile"
    if not _lets_in(bucket.policy, path, backend.region_name) or _by_key(bucket):
        text = f"Access Denied for bucket: {name}. Please check S3bucket permission"
        raise fault("InvalidConfigurationRequest", text)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _lets_in(policy: bytes | None, path: str, region: str) -> bool:
    """Whether a policy allows the service, or the account that it had in the region before, to write a file."""
    document = json.loads(policy) if policy else {}
    names = {_SERVICE}
    account = log_account(region)
    if account:
        names |= {account, f"arn:aws:iam::{account}:root"}
    return any(
        statement["Effect"] == "Allow"
        and names & set(_principals(statement.get("Principal")))
        and any(fnmatch.fnmatch("s3:PutObject", action) for action in _listed(statement.get("Action", [])))
        and any(fnmatch.fnmatch(path, resource) for resource in _listed(statement.get("Resource", [])))
        for statement in _listed(document.get("Statement", []))
    )


def _principals(principal: Any) -> list[str]:
    if not isinstance(principal, dict):
        return []
    return [name for kind in ("Service", "AWS") for name in _listed(principal.get(kind, []))]


def _by_key(bucket: Any) -> bool:
    """Logs are encrypted by S3's own keys or not at all."""
    rules = (bucket.encryption or {}).get("Rule", {})
    default = (rules[0] if isinstance(rules, list) else rules).get("ApplyServerSideEncryptionByDefault", {})
    return str(default.get("SSEAlgorithm", "")).startswith("aws:kms")
