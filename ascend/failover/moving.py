"""What moves when another region takes over: its databases, their doors and secrets, its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ascend.errors import InputError
from ascend.failover import generations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.live.deployed import Deployed, Resource

DATABASE: Final = "aws:rds/instance:Instance"
RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105 -- a type
SERVICE: Final = "aws:ecs/service:Service"
BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
PROXY: Final = "aws:rds/proxy:Proxy"


def about(
    deployed: Deployed, databases: Mapping[str, Mapping[str, Any]], to: str, command: Callable[[str], str]
) -> dict[str, Any]:
    """What moves: everything that the steps need to know, without secrets.

    Args:
        deployed: the stack.
        databases: what its file says of its databases.
        to: the region that takes over.
        command: another command on the stack, as it has to be typed.

    Raises:
        InputError: it cannot.
    """
    stack, since = deployed.stack, deployed.primary
    others = [region for region in deployed.regions if region != since]
    if not others:
        raise InputError(f"{stack} is in {since} alone; at phase global it has a second region that can take over")
    if to not in deployed.regions:
        raise InputError(f"{to} is none of {stack}'s regions; allowed: {', '.join(others)}")
    if to == since:
        raise InputError(f"{stack} is written to in {to} already; allowed: {', '.join(others)}")
    if generations.fenced(databases, to):
        raise InputError(
            f"{to} has no replica since {stack} left it; make one: {command('failback')} does, and moves home again"
        )
    require_running(deployed, to, command)
    shards = [
        {"key": key, **_shard(deployed, databases, key, since, to)} for key in generations.shard_keys(deployed.shards)
    ]
    after = generations.after_move(databases, deployed.regions, to)
    # Nobody has a replica made where writes were until a moment ago, or where they have not come back to since.
    left = [region for region in deployed.regions if region == since or generations.fenced(databases, region)]
    services = [{"cluster": one.text("cluster"), "name": one.text("name")} for one in deployed.of_type(SERVICE, to)]
    return {
        "from": since,
        "to": to,
        "home": deployed.regions[0],
        "shards": shards,
        "services": services,
        "databases": after,
        "rebuilt": generations.rebuilt(after, to, deployed.shards, leave=left),
        "pool": bool(deployed.of_type(PROXY, since)),
    }


def require_running(deployed: Deployed, region: str, command: Callable[[str], str]) -> None:
    """Refuses a region at rest, as a step down leaves one: its data is there, and no load balancer for visitors.

    Raises:
        InputError: nothing of the stack runs there.
    """
    if not deployed.of_type(BALANCER, region):
        raise InputError(
            f"{region} is at rest: at phase {deployed.phase} nothing of {deployed.stack} runs there; take it up first: "
            f"{command('promote')}"
        )


def _shard(
    deployed: Deployed, databases: Mapping[str, Mapping[str, Any]], key: str, since: str, to: str
) -> dict[str, Any]:
    old = _instance(deployed, since, generations.name(databases, since, key))
    new = _instance(deployed, to, generations.name(databases, to, key))
    groups = old.outputs.get("vpcSecurityGroupIds") or old.inputs.get("vpcSecurityGroupIds") or [""]
    group = str(groups[0])
    rules = {one.id: one.urn for one in deployed.of_type(RULE, since) if one.text("securityGroupId") == group}
    secret = next(
        (one for one in deployed.of_type(SECRET, to) if one.name.endswith(f"-secrets-{key}")),
        None,
    )
    if secret is None:
        raise InputError(f"{deployed.stack} has no secret of {key} in {to}; bring the stack up to this version first")
    return {
        "old": {"identifier": old.text("identifier"), "urn": old.urn, "group": group, "rules": rules},
        "identifier": new.text("identifier"),
        "urn": new.urn,
        "address": new.text("address"),
        "secret": secret.text("arn") or secret.id,
        "backup_days": int(old.number("backupRetentionPeriod") or 1),
        "backup_window": old.text("backupWindow"),
    }


def _instance(deployed: Deployed, region: str, name: str) -> Resource:
    found = next((one for one in deployed.of_type(DATABASE, region) if one.component == name), None)
    if found is None:
        raise InputError(f"{deployed.stack} has no {name} in {region}; bring the stack to what its file says first")
    return found


def loss(window_s: float | None) -> str:
    """What a move loses, in words.

    Args:
        window_s: how far back commits may be lost, in seconds; None where nobody knows.
    """
    if window_s is None:
        return "how much may be lost is not known"
    return f"commits of the last {window_s:.0f} s may be lost" if window_s else "nothing is lost"
