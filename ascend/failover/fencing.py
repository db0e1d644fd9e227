"""Closing a database that is written to, so that nothing can write to it while another takes its place.

Its security group lets clients in by rules of the stack; those are revoked. That keeps new connections out and leaves
open ones alone: a connection that is tracked goes on until it ends
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html, read 2026-11-21). So the
instance is restarted, which ends them all. Rules that the stack did not make stay and are named: RDS puts entries of
its own there for replicas in other regions, which still have to catch up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ascend.live.aws import AwsError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ascend.live.aws import Clients

_GONE: Final = frozenset({"InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound"})
#: What a region in trouble answers, after every attempt.
_DOWN: Final = frozenset({"InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"})
#: An instance that is not available has no clients either, or gets rid of them itself.
_NOT_NOW: Final = frozenset({"InvalidDBInstanceState", "InvalidDBInstanceStateFault"})


def fence(
    clients: Clients,
    region: str,
    databases: Sequence[Mapping[str, Any]],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Closes databases. What is closed already stays so. Nobody waits for the restart: who takes over need not.

    Args:
        clients: who answers.
        region: where they are.
        databases: of each its ``identifier``, its ``group`` and the ids of the stack's ``rules`` in it.
        say: told what happens.

    Returns:
        Whether it was done (``fenced``), and if not, ``why``; how many rules were revoked, and rules that are not the
        stack's.

    Raises:
        AwsError: AWS refused.
    """
    revoked, strange = 0, []
    try:
        for one in databases:
            open_ = _open_rules(clients, region, one["group"])
            mine = [rule for rule in open_ if rule in one["rules"]]
            strange += [rule for rule in open_ if rule not in one["rules"]]
            if mine:
                say(f"closing {one['identifier']}: {len(mine)} rules of {one['group']}")
                _revoke(clients, region, one["group"], mine)
            revoked += len(mine)
        for one in databases:
            say(f"ending the connections to {one['identifier']}: restart")
            _restart(clients, region, one["identifier"])
    except AwsError as error:
        if not (isinstance(error, UnreachableError) or error.code in _DOWN):
            raise
        return {"fenced": False, "why": str(error), "revoked": revoked}
    return {"fenced": True, "revoked": revoked, "strange_rules": strange}


def is_open(clients: Clients, region: str, database: Mapping[str, Any]) -> list[str]:
    """The stack's rules by which a database still lets somebody in.

    Args:
        clients: who answers.
        region: where it is.
        database: its ``group`` and the ids of the stack's ``rules`` in it.

    Raises:
        AwsError: AWS cannot be asked.
    """
    return [rule for rule in _open_rules(clients, region, database["group"]) if rule in database["rules"]]


def _open_rules(clients: Clients, region: str, group: str) -> list[str]:
    filters = [{"Name": "group-id", "Values": [group]}]
    rules = clients.pages("ec2", region, "describe_security_group_rules", "SecurityGroupRules", Filters=filters)
    return [str(rule["SecurityGroupRuleId"]) for rule in rules if not rule["IsEgress"]]


def _revoke(clients: Clients, region: str, group: str, rules: Sequence[str]) -> None:
    try:
        clients.call("ec2", region, "revoke_security_group_ingress", GroupId=group, SecurityGroupRuleIds=list(rules))
    except AwsError as error:
        if error.code not in _GONE:
            raise
        for rule in rules:  # somebody else revokes them too: one by one, whatever is left
            _revoke_one(clients, region, group, rule)


def _revoke_one(clients: Clients, region: str, group: str, rule: str) -> None:
    try:
        clients.call("ec2", region, "revoke_security_group_ingress", GroupId=group, SecurityGroupRuleIds=[rule])
    except AwsError as error:
        if error.code not in _GONE:
            raise


def _restart(clients: Clients, region: str, identifier: str) -> None:
    try:
        clients.call("rds", region, "reboot_db_instance", DBInstanceIdentifier=identifier)
    except AwsError as error:
        if error.code not in _NOT_NOW:
            raise
