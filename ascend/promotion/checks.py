"""What has to be so before a promotion begins; each check says what it saw, and what to do where it is not so."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend.errors import InputError
from ascend.live import drift as drifts
from ascend.live.aws import AwsError
from ascend.plans import PHASES
from ascend.promotion import quotas
from ascend.promotion.snapshots import primaries
from ascend.status.triggers import Move

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Engine, OnEvent, Step, Target
    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed, Resource
    from ascend.status.triggers import Verdict

FILE: Final = Path(__file__).with_name("data") / "checks.yaml"
#: Only the engine keeps these: no cloud holds anything that could be another.
_STATE_ONLY: Final = "random:"
_NOT_FOUND: Final = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so.

    Attributes:
        name: its name.
        ok: whether it is.
        detail: what was seen.
        remedy: what to do where it is not; empty where it is.
        forced: whether it is not, and was let pass with ``--force``.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    forced: bool = False

    @property
    def passes(self) -> bool:
        """Whether a promotion may go on."""
        return self.ok or self.forced

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@functools.cache
def table() -> Mapping[str, Any]:
    """``data/checks.yaml``."""
    loaded: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def run(
    engine: Engine,
    target: Target,
    deployed: Deployed,
    clients: Clients,
    on_event: OnEvent,
    *,
    to: str,
    planned: Sequence[Step],
    verdict: Verdict,
    force: str | None = None,
    again: str = "",
) -> list[Check]:
    """All checks before a promotion, in the order in which they are told.

    Args:
        engine: what reads the cloud.
        target: the stack.
        deployed: what there is of it.
        clients: who answers.
        on_event: told of the progress.
        to: the phase that it is to get to.
        planned: the steps of the plan at that phase.
        verdict: whether it should be promoted at all.
        force: why it may skip phases, or go up without a trigger; None where it may not.
        again: the command that ends what an interrupted run began; ``ascend up`` by default.

    Raises:
        InputError: it is at that phase already or above it, or the cloud could not be asked.
    """
    one_up = phase(deployed, to, force)  # first of all: what is no promotion needs no other check
    return [
        pending(deployed, again or f"ascend up {deployed.stack}"),
        one_up,
        drift(engine, target, deployed, on_event),
        backups(clients, deployed),
        quota(clients, deployed, planned),
        triggers(verdict, force),
    ]


def pending(deployed: Deployed, again: str) -> Check:
    """No operation that an interrupted run has left.

    Args:
        deployed: the stack.
        again: the command that ends what was begun.
    """
    if not deployed.pending:
        return Check("pending", ok=True, detail="no operation is pending")
    left = "; ".join(deployed.pending)
    return Check("pending", ok=False, detail=f"an interrupted run has left: {left}", remedy=f"run `{again}` first")


def drift(engine: Engine, target: Target, deployed: Deployed, on_event: OnEvent) -> Check:
    """What holds data is as the state says. Reads the cloud, changes nothing.

    Raises:
        InputError: the cloud could not be read.
    """
    data = [one.urn for one in deployed.data() if not one.type.startswith(_STATE_ONLY)]
    if not data:
        return Check("drift", ok=True, detail="nothing holds data")
    found = drifts.found(engine.refresh(target, on_event, data, preview=True).steps)
    if not found:
        return Check("drift", ok=True, detail=f"{len(data)} resources that hold data are as the state says")
    remedy = "undo that by hand, or bring the program to it, and take it over: pulumi refresh"
    return Check("drift", ok=False, detail="; ".join(found), remedy=remedy)


def backups(clients: Clients, deployed: Deployed, now: datetime | None = None) -> Check:
    """Every database that is written to can be restored to a moment ago; what a failover left closed is left out.

    Raises:
        AwsError: RDS does not say.
    """
    now = now or datetime.now(UTC)
    databases = primaries(deployed)
    limits = table()["backups"]
    said, missing = [], []
    for one in databases:
        name = one.text("identifier") or one.id
        latest = _restorable(clients, one, name)
        if latest is not None and now - latest <= timedelta(minutes=limits["restorable_minutes"]):
            said.append(f"{name} can be restored to {latest:%Y-%m-%d %H:%M} UTC")
            continue
        snapshot = _last_snapshot(clients, one, name) if latest is not None else None
        if snapshot is not None and now - snapshot <= timedelta(hours=limits["snapshot_hours"]):
            said.append(f"{name} has an automated snapshot of {snapshot:%Y-%m-%d %H:%M} UTC")
        elif latest is None:
            missing.append(f"{name} has no backups")
        else:
            missing.append(f"{name} can be restored to {latest:%Y-%m-%d %H:%M} UTC only")
    if missing:
        remedy = "see why in the RDS console (Maintenance & backups); without recent backups nothing is promoted"
        return Check("backups", ok=False, detail="; ".join(missing), remedy=remedy)
    return Check("backups", ok=True, detail="; ".join(said) or "there is no database")


def _restorable(clients: Clients, one: Resource, name: str) -> datetime | None:
    """Until when it can be restored; None without backups."""
    try:
        found = clients.call("rds", one.region, "describe_db_instances", DBInstanceIdentifier=name)["DBInstances"]
    except AwsError as error:
        if error.code in _NOT_FOUND:
            return None
        raise
    if not found or not found[0].get("BackupRetentionPeriod"):
        return None
    latest: datetime | None = found[0].get("LatestRestorableTime")
    return latest


def _last_snapshot(clients: Clients, one: Resource, name: str) -> datetime | None:
    found = clients.pages(
        "rds",
        one.region,
        "describe_db_snapshots",
        "DBSnapshots",
        DBInstanceIdentifier=name,
        SnapshotType="automated",
    )
    return max((row["SnapshotCreateTime"] for row in found if row.get("Status") == "available"), default=None)


def quota(clients: Clients, deployed: Deployed, planned: Sequence[Step]) -> Check:
    """The account's quotas leave room for what the plan adds.

    Raises:
        AwsError: AWS does not say.
    """
    needed = quotas.needs(deployed, planned)
    found = quotas.exceeded(clients, needed)
    if found:
        detail = "; ".join(one.text() for one in found)
        return Check("quotas", ok=False, detail=detail, remedy="; ".join(one.remedy for one in found))
    return Check("quotas", ok=True, detail=f"{len(needed)} quotas leave room for what is added")


def phase(deployed: Deployed, to: str, force: str | None = None) -> Check:
    """The stack goes one phase up.

    Args:
        deployed: the stack.
        to: the phase that it is to get to.
        force: why it may skip phases; None where it may not.

    Raises:
        InputError: it is at that phase, or above it.
    """
    now, wanted = PHASES.index(deployed.phase), PHASES.index(to)
    if wanted == now:
        raise InputError(f"{deployed.stack} is at phase {to} already; nothing to promote")
    if wanted < now:
        raise InputError(f"{deployed.stack} is at phase {deployed.phase}, above {to}; use ascend demote")
    step = f"from {deployed.phase} to {to}"
    skipped = PHASES[now + 1 : wanted]
    if not skipped:
        return Check("phase", ok=True, detail=step)
    detail = f"{step} leaves out {', '.join(skipped)}"
    remedy = f"promote to {skipped[0]} first, or give --force with the reason"
    return Check("phase", ok=False, detail=detail, remedy=remedy, forced=bool(force))


def triggers(verdict: Verdict, force: str | None = None) -> Check:
    """What is measured says that the stack should be promoted.

    Args:
        verdict: what is measured.
        force: why it may go up without; None where it may not.
    """
    why = "; ".join(one.text for one in verdict.reasons)
    if verdict.move is Move.PROMOTE:
        return Check("triggers", ok=True, detail=why)
    remedy = "wait until a trigger calls for it, or give --force with the reason"
    return Check("triggers", ok=False, detail=f"{verdict.move}: {why}", remedy=remedy, forced=bool(force))
