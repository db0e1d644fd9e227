"""Snapshots of the databases before anything of them changes: named and tagged by the promotion, waited for."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import InputError
from ascend.live.aws import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed, Resource

DATABASE: Final = "aws:rds/instance:Instance"
#: A snapshot's identifier has at most 255 letters, digits and single hyphens:
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html, read 2026-11-21
_LONGEST: Final = 255
_MISSING: Final = frozenset({"DBSnapshotNotFound", "DBSnapshotNotFoundFault"})
_DONE: Final = "available"
_UNDER_WAY: Final = frozenset({"creating", "pending", "copying"})
_BUSY: Final = frozenset({"InvalidDBInstanceState", "InvalidDBInstanceStateFault"})
_BUSY_S: Final = 1800.0
_EVERY_S: Final = 15.0
_EVERY_EMBEDDED_S: Final = 0.2
#: The first snapshot of a large volume copies all of it; AWS states no limit.
_PATIENCE_S: Final = 4 * 3600.0


def primaries(deployed: Deployed) -> list[Resource]:
    """The databases that are written to; what follows another is a copy, what a failover left is closed."""
    return [
        one
        for one in deployed.of_type(DATABASE)
        if not one.text("replicateSourceDb") and one.text("identifier") not in deployed.out_of_use
    ]


def name_of(database: str, mark: str) -> str:
    """The identifier of a database's snapshot.

    Args:
        database: the database's identifier.
        mark: what is the same for every attempt of one promotion, and other for another.
    """
    whole = re.sub(r"[^a-z0-9]+", "-", f"{database}-{mark}".lower()).strip("-")
    return (whole if whole[:1].isalpha() else f"s-{whole}")[:_LONGEST].rstrip("-")


def take(clients: Clients, deployed: Deployed, mark: str, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Takes a snapshot of each database that is written to, and waits until all can be restored from.

    One that an earlier attempt has begun is waited for, not taken again.

    Args:
        clients: who answers.
        deployed: the stack.
        mark: what the promotion is called.
        say: told what is waited for.

    Returns:
        Of each snapshot its identifier, ARN, database, region and size in GiB.

    Raises:
        InputError: one cannot be taken, or failed.
    """
    found = [(one, name_of(one.text("identifier"), mark)) for one in primaries(deployed)]
    for database, name in found:
        if _described(clients, database.region, name) is None:
            say(f"snapshot {name} of {database.text('identifier')}")
            _create(clients, deployed, database, name, mark)
    return [_awaited(clients, database, name, say) for database, name in found]


def _create(clients: Clients, deployed: Deployed, database: Resource, name: str, mark: str) -> None:
    tags = {"system": deployed.system, "stack": deployed.stack, "managed-by": "ascend", "promotion": mark}
    began = time.monotonic()
    while True:
        try:
            clients.call(
                "rds",
                database.region,
                "create_db_snapshot",
                DBSnapshotIdentifier=name,
                DBInstanceIdentifier=database.text("identifier"),
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )
        except AwsError as error:
            # A daily backup is being made, or a change carried out: that passes.
            if error.code not in _BUSY or time.monotonic() - began > _BUSY_S:
                raise
            _sleep(clients)
        else:
            return


def _sleep(clients: Clients) -> None:
    time.sleep(_EVERY_S if clients.embedded is None else _EVERY_EMBEDDED_S)


def _described(clients: Clients, region: str, name: str) -> dict[str, Any] | None:
    try:
        answer = clients.call("rds", region, "describe_db_snapshots", DBSnapshotIdentifier=name)
    except AwsError as error:
        if error.code in _MISSING:
            return None
        raise
    snapshots: Sequence[dict[str, Any]] = answer["DBSnapshots"]
    return snapshots[0] if snapshots else None


def _awaited(clients: Clients, database: Resource, name: str, say: Callable[[str], None]) -> dict[str, Any]:
    began = told = time.monotonic()
    while True:
        snapshot = _described(clients, database.region, name)
        status = "gone" if snapshot is None else str(snapshot["Status"])
        if snapshot is not None and status == _DONE:
            return {
                "snapshot": name,
                "arn": str(snapshot.get("DBSnapshotArn") or ""),
                "database": database.text("identifier"),
                "region": database.region,
                "gib": int(snapshot.get("AllocatedStorage") or 0),
            }
        if status not in _UNDER_WAY:
            raise InputError(
                f"snapshot {name} of {database.text('identifier')} is '{status}'; delete it, if it is there, try again"
            )
        now = time.monotonic()
        if now - began > _PATIENCE_S:
            raise InputError(
                f"snapshot {name} of {database.text('identifier')} is still '{status}' after {_PATIENCE_S / 3600:g} h; "
                "the same command goes on waiting for it"
            )
        if snapshot is not None and now - told > 60:  # noqa: PLR2004 -- a minute
            told = now
            say(f"snapshot {name}: {int(snapshot.get('PercentProgress') or 0)} %")
        _sleep(clients)
