"""Whether a proxy could serve its target: what RDS finds out only by trying, and an emulation can look up.

A proxy is created with any role, secret and security group; what is wrong with them shows as the target's health,
minutes later. Source: RDS API reference, TargetHealth; RDS user guide, setting up IAM policies, database credentials
and network prerequisites for RDS Proxy. Read 2026-11-21.
"""

from __future__ import annotations

import ipaddress
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVICE = "rds.amazonaws.com"


def judge(backend: Any, proxy: Any, database: Any) -> dict[str, str]:
    """A target's health: ``State``, and ``Reason`` and ``Description`` where it is not available.

    Args:
        backend: moto's RDS in the proxy's region.
        proxy: moto's proxy.
        database: the instance behind it, None where it is gone.
    """
    if database is None:
        return _unavailable("CONNECTION_FAILED", "the database instance no longer exists")
    if reason := _credentials(backend, proxy):
        return _unavailable("AUTH_FAILURE", reason)
    if reason := _unreachable(backend, proxy, database):
        return _unavailable("UNREACHABLE", reason)
    return {"State": "AVAILABLE"}


def _unavailable(reason: str, description: str) -> dict[str, str]:
    return {"State": "UNAVAILABLE", "Reason": reason, "Description": description}


# Credentials


def _credentials(backend: Any, proxy: Any) -> str:
    """Why the proxy has no credentials; empty where it has."""
    from moto.iam.models import iam_backends  # noqa: PLC0415 -- moto is loaded where there is a proxy

    name = str(proxy.role_arn).rpartition("/")[2]
    roles = iam_backends[backend.account_id][backend.partition].roles.values()
    role = next((one for one in roles if one.name == name), None)
    if role is None:
        return f"there is no role {name}"
    if not _trusts(role):
        return f"{_SERVICE} may not assume the role {name}"
    if not proxy.auth and proxy.default_auth_scheme != "IAM_AUTH":
        return "Proxy does not have any registered credentials"
    return next((reason for one in proxy.auth if (reason := _secret(backend, role, one))), "")


def _trusts(role: Any) -> bool:
    document = json.loads(role.assume_role_policy_document)
    return any(
        statement.get("Effect") == "Allow"
        and _SERVICE in _listed((statement.get("Principal") or {}).get("Service"))
        and "sts:AssumeRole" in _listed(statement.get("Action"))
        for statement in _listed(document.get("Statement"))
    )


def _secret(backend: Any, role: Any, auth: dict[str, Any]) -> str:
    """Why one secret does not serve; empty where it does."""
    from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415 -- as above

    arn = str(auth.get("secret_arn"))
    secret = secretsmanager_backends[backend.account_id][backend.region_name].secrets.get(arn)
    if secret is None:
        return f"there is no secret {arn} in {backend.region_name}"
    if not _allows(role, "secretsmanager:GetSecretValue", secret.arn):
        return f"the role {role.name} may not read {secret.name}"
    key = getattr(secret, "kms_key_id", None)
    if key and not str(key).startswith("alias/aws/") and not _allows(role, "kms:Decrypt", _key_arn(backend, str(key))):
        return f"the role {role.name} may not decrypt with the key of {secret.name}"
    current = next((one for one in secret.versions.values() if "AWSCURRENT" in one.get("version_stages", ())), None)
    try:
        value = json.loads((current or {}).get("secret_string") or "")
    except ValueError:
        value = None
    if not isinstance(value, dict) or not value.get("username") or not value.get("password"):
        return f"{secret.name} is not a JSON object with username and password"
    return ""


def _key_arn(backend: Any, key: str) -> str:
    whole = f"arn:{backend.partition}:kms:{backend.region_name}:{backend.account_id}:key/{key}"
    return key if key.startswith("arn:") else whole


def _allows(role: Any, action: str, resource: str) -> bool:
    """Whether the role's own policies allow an action, and none denies it. Conditions are taken as met."""
    statements = list(_statements(role))
    fitting = [
        statement
        for statement in statements
        if _matches(action, statement.get("Action")) and _matches(resource, statement.get("Resource"))
    ]
    effects = {statement.get("Effect") for statement in fitting}
    return "Allow" in effects and "Deny" not in effects


def _statements(role: Any) -> Iterator[dict[str, Any]]:
    texts = [*role.policies.values(), *(policy.document for policy in role.managed_policies.values())]
    for text in texts:
        document = json.loads(text) if isinstance(text, str) else text
        yield from _listed(document.get("Statement"))


def _matches(text: str, patterns: Any) -> bool:
    return any(fnmatchcase(text.lower(), str(pattern).lower()) for pattern in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# Network


def _unreachable(backend: Any, proxy: Any, database: Any) -> str:
    """Why no packet gets from the proxy to the database; empty where one does."""
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 -- moto is loaded where there is a proxy

    ec2 = ec2_backends[backend.account_id][backend.region_name]
    port = int(database.port)
    own, theirs = set(proxy.vpc_security_group_ids), set(database.vpc_security_group_ids)
    if not own or not theirs:
        return ""  # default groups, which let their members talk to each other
    blocks = [subnet.cidr_block for subnet in ec2.describe_subnets(subnet_ids=proxy.vpc_subnet_ids)]
    database_blocks = [subnet.cidr_block for subnet in _subnets(database)]
    if not _open(ec2, theirs, "ingress_rules", port, own, blocks):
        return f"the database's security groups do not let the proxy in on port {port}"
    if not _open(ec2, own, "egress_rules", port, theirs, database_blocks):
        return f"the proxy's security groups do not let it out to the database on port {port}"
    return ""


def _subnets(database: Any) -> list[Any]:
    group = getattr(database, "db_subnet_group", None)
    return list(group._subnets) if group is not None else []  # noqa: SLF001 -- moto shows them no other way


def _open(ec2: Any, groups: set[str], side: str, port: int, peers: set[str], blocks: list[str]) -> bool:  # noqa: PLR0917
    """Whether a rule of one of the groups covers the port, and the peer's group or all of its address blocks."""
    for name in groups:
        group = ec2.get_security_group_from_id(name)
        for rule in getattr(group, side) if group is not None else ():
            if not _covers_port(rule, port):
                continue
            if (rule.source_group or {}).get("GroupId") in peers:
                return True
            block = (rule.ip_range or {}).get("CidrIp")
            if block and blocks and all(_inside(inner, block) for inner in blocks):
                return True
    return False


def _covers_port(rule: Any, port: int) -> bool:
    if str(rule.ip_protocol) == "-1":
        return True
    low, high = rule.from_port, rule.to_port
    return str(rule.ip_protocol) in {"tcp", "6"} and low is not None and int(low) <= port <= int(high)


def _inside(inner: str, outer: str) -> bool:
    return ipaddress.ip_network(inner).subnet_of(ipaddress.ip_network(outer))  # type: ignore[arg-type]  # both are v4
