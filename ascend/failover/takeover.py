"""Making a replica the database that is written to: promoted, its password its own, known to its region's services.

Each function can be called again after it was interrupted at any point.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from ascend.errors import InputError, UpdateError
from ascend.failover.waiting import until
from ascend.live.aws import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ascend.failover.waiting import Patience
    from ascend.live.aws import Clients

_AVAILABLE: Final = "available"
_BUSY: Final = frozenset({"InvalidDBInstanceState", "InvalidDBInstanceStateFault"})
_MOST_SERVICES: Final = 10  # of one DescribeServices
_URLS: Final = ("url", "readUrl")
STANDBY: Final = "standbyPassword"


def promote(
    clients: Clients, region: str, shards: Sequence[Mapping[str, Any]], patience: Patience, say: Callable[[str], None]
) -> None:
    """Promotes replicas, waits until they are primaries, and gives each the password that its secret has ready.

    Backups come later (`back_up`): the first one of a promoted instance would be in the way of the password.

    Args:
        clients: who answers.
        region: where they are.
        shards: of each the replica's ``identifier`` and its ``secret``.
        patience: how long to wait.
        say: told what happens.

    Raises:
        AwsError: AWS refused.
        UpdateError: one was not there in time.
    """
    for shard in shards:
        identifier = shard["identifier"]
        if _described(clients, region, identifier).get("ReadReplicaSourceDBInstanceIdentifier"):
            say(f"promoting {identifier}")
            _patiently(
                clients,
                region,
                "promote_read_replica",
                patience,
                say,
                DBInstanceIdentifier=identifier,
                BackupRetentionPeriod=0,
            )
    for shard in shards:
        _await(clients, region, shard["identifier"], patience, say, most_s=patience.promote_s)
    for shard in shards:
        password = _fields(clients, region, shard["secret"]).get(STANDBY)
        if password:
            _patiently(
                clients,
                region,
                "modify_db_instance",
                patience,
                say,
                DBInstanceIdentifier=shard["identifier"],
                MasterUserPassword=str(password),
                ApplyImmediately=True,
            )
    for shard in shards:
        _await(clients, region, shard["identifier"], patience, say, most_s=patience.restart_s)


def redirect(clients: Clients, region: str, shards: Sequence[Mapping[str, Any]], say: Callable[[str], None]) -> int:
    """Writes the new addresses to the region's secrets; returns how many had to change.

    Args:
        clients: who answers.
        region: where they are.
        shards: of each the ``address`` and the ``secret``.
        say: told what happens.

    Raises:
        AwsError: AWS refused.
    """
    changed = 0
    for shard in shards:
        before = _fields(clients, region, shard["secret"])
        after = moved(before, shard["address"])
        if after == before:
            continue
        say(f"{shard['key']}: services of {region} write to {shard['address']}")
        clients.call(
            "secretsmanager",
            region,
            "put_secret_value",
            SecretId=shard["secret"],
            SecretString=json.dumps(after, sort_keys=True),
        )
        changed += 1
    return changed


def moved(fields: Mapping[str, Any], address: str) -> dict[str, Any]:
    """A database's secret once it is written to itself.

    Args:
        fields: what it holds.
        address: the database's host name.
    """
    rest = {key: value for key, value in fields.items() if key != STANDBY}
    password = str(fields.get(STANDBY) or fields["password"])
    urls = {key: _led(str(fields[key]), address, password) for key in _URLS if key in fields}
    return {**rest, "host": address, "password": password, **urls}


def _led(url: str, address: str, password: str) -> str:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{address}{port}").geturl()


def redeploy(
    clients: Clients,
    region: str,
    services: Sequence[Mapping[str, str]],
    patience: Patience,
    say: Callable[[str], None],
) -> list[str]:
    """Starts the region's services anew, because a task reads its secrets once; returns the names of those that run.

    Args:
        clients: who answers.
        region: where they are.
        services: of each its ``cluster`` and ``name``.
        patience: how long to wait.
        say: told what happens.

    Raises:
        AwsError: AWS refused.
        UpdateError: one is not there in time.
    """
    running = {name: one for name, one in _services(clients, region, services).items() if one.get("desiredCount")}
    for name, one in running.items():
        clients.call("ecs", region, "update_service", cluster=one["clusterArn"], service=name, forceNewDeployment=True)
    if running:
        say(f"starting {len(running)} services of {region} anew")
    mine = [service for service in services if service["name"] in running]
    left = until(lambda: _unstable(clients, region, mine), patience.redeploy_s, patience.poll_s, say)
    if left:
        raise UpdateError(f"{left} after {patience.redeploy_s:g} s; look at its events and its log")
    return sorted(running)


def back_up(
    clients: Clients, region: str, shards: Sequence[Mapping[str, Any]], patience: Patience, say: Callable[[str], None]
) -> None:
    """Turns on backups as the old primaries had them; the first one is begun at once.

    Args:
        clients: who answers.
        region: where they are.
        shards: of each the ``identifier``, the ``backup_days`` and the ``backup_window``.
        patience: how long to wait.
        say: told what happens.

    Raises:
        AwsError: AWS refused.
        UpdateError: one was not there in time.
    """
    for shard in shards:
        found = _described(clients, region, shard["identifier"])
        if int(found.get("BackupRetentionPeriod") or 0) >= int(shard["backup_days"]):
            continue
        window = {"PreferredBackupWindow": shard["backup_window"]} if shard["backup_window"] else {}
        _patiently(
            clients,
            region,
            "modify_db_instance",
            patience,
            say,
            DBInstanceIdentifier=shard["identifier"],
            BackupRetentionPeriod=int(shard["backup_days"]),
            ApplyImmediately=True,
            **window,
        )


def standing(clients: Clients, region: str, identifier: str) -> dict[str, Any]:
    """What RDS says of an instance.

    Raises:
        AwsError: it is not there, or RDS cannot be asked.
    """
    return _described(clients, region, identifier)


def _described(clients: Clients, region: str, identifier: str) -> dict[str, Any]:
    answer = clients.call("rds", region, "describe_db_instances", DBInstanceIdentifier=identifier)
    found: dict[str, Any] = answer["DBInstances"][0]
    return found


def _await(
    clients: Clients, region: str, identifier: str, patience: Patience, say: Callable[[str], None], *, most_s: float
) -> None:
    """Until an instance is a primary and nothing about it is under way."""

    def look() -> str:
        found = _described(clients, region, identifier)
        status = str(found["DBInstanceStatus"])
        if found.get("ReadReplicaSourceDBInstanceIdentifier"):
            return f"{identifier} is still a replica, '{status}'"
        if (found.get("PendingModifiedValues") or {}).get("MasterUserPassword"):
            return f"the new password of {identifier} is not in force yet"
        return "" if status == _AVAILABLE else f"{identifier} is '{status}'"

    if left := until(look, most_s, patience.poll_s, say):
        raise UpdateError(f"{left} after {most_s:g} s; look at its events in RDS")


def _patiently(
    clients: Clients, region: str, method: str, patience: Patience, say: Callable[[str], None], **arguments: Any
) -> None:
    """A change of an instance that may be busy with an earlier one, or with a backup."""
    refused: list[AwsError] = []

    def attempt() -> str:
        try:
            clients.call("rds", region, method, **arguments)
        except AwsError as error:
            if error.code not in _BUSY:
                raise
            refused.append(error)
            return f"{arguments['DBInstanceIdentifier']} is busy"
        return ""

    if until(attempt, patience.restart_s, patience.poll_s, say):
        raise refused[-1]


def _fields(clients: Clients, region: str, secret: str) -> dict[str, Any]:
    text = clients.call("secretsmanager", region, "get_secret_value", SecretId=secret).get("SecretString") or ""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or "password" not in fields:
        raise InputError(f"secret {secret} in {region} does not hold a database's fields; update the stack first")
    return fields


def _services(clients: Clients, region: str, services: Sequence[Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for cluster in sorted({one["cluster"] for one in services}):
        names = [one["name"] for one in services if one["cluster"] == cluster]
        for first in range(0, len(names), _MOST_SERVICES):
            chunk = names[first : first + _MOST_SERVICES]
            answer = clients.call("ecs", region, "describe_services", cluster=cluster, services=chunk)
            found |= {one["serviceName"]: one for one in answer["services"]}
    return found


def _unstable(clients: Clients, region: str, services: Sequence[Mapping[str, str]]) -> str:
    found = _services(clients, region, services)
    for service in services:
        one = found.get(service["name"], {})
        desired, up, under_way = one.get("desiredCount"), one.get("runningCount"), len(one.get("deployments") or ())
        if not one or up != desired or under_way > 1:
            return (
                f"{service['name']} runs {up or 0} of {desired or 0} tasks{', a deployment goes on' * (under_way > 1)}"
            )
    return ""
