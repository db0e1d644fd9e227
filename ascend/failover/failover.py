"""A failover: what it would move and lose, said before anything is asked; then the move, and what is left to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ascend import target as targets
from ascend.capacity import hardware
from ascend.cost import estimate as costs
from ascend.errors import AscendError, InputError
from ascend.failover import generations, moving, takeover
from ascend.failover.waiting import patience
from ascend.live import replication, verify
from ascend.live.aws import AwsError, UnreachableError
from ascend.live.deployed import Deployed
from ascend.promotion import stack_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.live.aws import Clients
    from ascend.live.replication import Lag
    from ascend.session import Session

_READY: Final = frozenset({"available", "storage-optimization", "backing-up"})


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a failover would do.

    Attributes:
        stack: the stack.
        about: what moves (`moving.about`).
        lags: how far the replicas are behind.
        window_s: how far back commits may be lost, in seconds; None where nobody knows.
        answers: whether the region that is written to answers, so that its databases can be closed first.
        direct: connections that services may open to the promoted server until it has a pool, and what it takes; None
            where there is no pool to miss.
    """

    stack: str
    about: Mapping[str, Any]
    lags: Sequence[Lag]
    window_s: float | None
    answers: bool
    direct: tuple[int, int] | None

    def lines(self) -> list[str]:
        """For a person to decide by."""
        about = self.about
        since, to = about["from"], about["to"]
        found = [f"{self.stack}: writes move from {since} to {to}", *(one.said for one in self.lags)]
        loss = moving.loss(self.window_s)
        if self.answers:
            found.append(f"{since} answers: its databases are closed first, then {to} catches up; before that, {loss}")
        else:
            found.append(f"{since} does not answer: it cannot be closed, and {loss}")
            found.append(f"keep visitors away from {since} until it is closed: turn its pool off in Cloudflare")
        found += [
            f"{shard['identifier']} is promoted, for good; {shard['old']['identifier']} is kept, closed"
            for shard in about["shards"]
        ]
        found += [
            f"at the end {region} gets a new replica, {', '.join(names)}; the one that followed {since} is kept, closed"
            for region, names in self.made().items()
        ]
        found.append(f"{len(about['services'])} services of {to} start anew")
        if self.direct is not None and self.direct[0] > self.direct[1]:
            found.append(
                f"until {to} has a pool, services there may open {self.direct[0]} connections to a server that takes "
                f"{self.direct[1]}"
            )
        return found

    def made(self) -> dict[str, list[str]]:
        """Names of the replicas that are made in third regions, by region."""
        return generations.made(self.about["databases"], self.about["rebuilt"], len(self.about["shards"]))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "stack": self.stack,
            "from": self.about["from"],
            "to": self.about["to"],
            "answers": self.answers,
            "loss_window_s": None if self.window_s is None else round(self.window_s, 1),
            "replicas": [{"identifier": one.identifier, "lag_s": one.lag_s, "said": one.said} for one in self.lags],
            "promoted": [shard["identifier"] for shard in self.about["shards"]],
            "closed": [shard["old"]["identifier"] for shard in self.about["shards"]],
            "made": self.made(),
            "services": [one["name"] for one in self.about["services"]],
            "direct_connections": None if self.direct is None else {"most": self.direct[0], "allowed": self.direct[1]},
        }


def look(session: Session, clients: Clients, to: str) -> Outlook:
    """What a failover to a region would do. Changes nothing.

    Args:
        session: the command.
        clients: who answers.
        to: the region that takes over.

    Raises:
        InputError: it cannot be done.
    """
    deployed = Deployed.read(session.engine, session.target)
    databases = read_databases(session, deployed)
    about = moving.about(deployed, databases, to, session.command)
    clients.check_account(deployed.account, to, deployed.stack)
    waits = patience(embedded=clients.embedded is not None)
    for shard in about["shards"]:
        _check_replica(clients, to, shard["identifier"])
    lags = [replication.lag(clients, to, shard["identifier"], waits.look_back_s) for shard in about["shards"]]
    answers = _answers(clients, about)
    about["alarms"] = verify.alarms_before(clients, deployed) if answers else []
    window = replication.worst_s(lags, datetime.now(UTC).timestamp())
    return Outlook(deployed.stack, about, lags, window, answers, _direct(deployed, about))


def read_databases(session: Session, deployed: Deployed) -> dict[str, Any]:
    """What the stack's file says of its databases.

    Raises:
        InputError: the stack has no file, or the file says another region than what is deployed.
    """
    root, stack = session.target.root, session.target.stack
    file = targets.stack_file(root, stack)
    if not file.is_file():
        raise InputError(f"no {file.name} in {root}; which region is written to is kept there")
    config = stack_file.read(root, stack)
    primary = config.get(generations.PRIMARY) or (deployed.regions[0] if deployed.regions else "")
    if primary != deployed.primary:
        raise InputError(
            f"{file.name}: {generations.PRIMARY} is '{primary}', and what is deployed is written to in "
            f"'{deployed.primary}'; set it to that, or bring the stack there first"
        )
    return dict(config.get(generations.KEY) or {})


def kept(deployed: Deployed) -> list[dict[str, Any]]:
    """The databases that are kept and out of use: where each is, and what it costs in US dollars a month.

    Args:
        deployed: the stack.
    """
    names = deployed.out_of_use
    found = sorted(
        (one for one in deployed.of_type(moving.DATABASE) if one.text("identifier") in names),
        key=lambda one: (one.region, one.text("identifier")),
    )
    if not found:
        return []
    lines = costs.estimate(deployed.steps()).lines
    return [
        {
            "identifier": one.text("identifier"),
            "region": one.region,
            "name": one.component,
            "monthly_usd": round(math.fsum(line.monthly.expected for line in lines if line.urn == one.urn), 2),
        }
        for one in found
    ]


def kept_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same for a person."""
    return [
        f"kept, closed: {row['identifier']} in {row['region']}, ${row['monthly_usd']:,.2f} a month until somebody lets "
        "it go (docs/runbooks/failover.md)"
        for row in rows
    ]


def _check_replica(clients: Clients, region: str, identifier: str) -> None:
    found = takeover.standing(clients, region, identifier)
    status = str(found["DBInstanceStatus"])
    if not found.get("ReadReplicaSourceDBInstanceIdentifier"):
        raise InputError(f"{identifier} in {region} is no replica; refresh the stack: pulumi refresh")
    if status not in _READY:
        raise InputError(f"{identifier} in {region} is '{status}' and cannot take over now")


def _answers(clients: Clients, about: Mapping[str, Any]) -> bool:
    try:
        for shard in about["shards"]:
            takeover.standing(clients, about["from"], shard["old"]["identifier"])
    except UnreachableError:
        return False
    except AwsError:
        return True  # the region is there; that its database is not is why somebody moves
    return True


def _direct(deployed: Deployed, about: Mapping[str, Any]) -> tuple[int, int] | None:
    """Connections that the services of a region may open to one server, and what it takes, where a pool is missing."""
    if not about["pool"]:
        return None
    services: Mapping[str, Mapping[str, Any]] = deployed.figures.get("services") or {}
    most = sum(int(one.get("max_tasks") or 0) * int(one.get("pool_max") or 0) for one in services.values())
    first = next(one for one in deployed.of_type(moving.DATABASE) if one.urn == about["shards"][0]["urn"])
    try:
        takes = hardware.database_class(first.text("instanceClass")).max_connections
    except AscendError:
        return None
    return most, takes
