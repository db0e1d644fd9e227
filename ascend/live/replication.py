"""How far a replica is behind, and what would be lost if it took over now.

RDS reports `ReplicaLag` of PostgreSQL as the time since the last transaction that was replayed
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.Replication.ReadReplicas.Monitor.html, read
2026-11-21). So a figure tells a moment up to which everything is there: that of the figure, less the lag. What is lost
is at most what was committed since then, however old the figure is; and once that moment is after the last commit,
nothing is. Figures cover a minute each: its beginning and its worst lag are the safe reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.live.aws import Clients

_PERIOD_S: Final = 60


@dataclass(frozen=True, slots=True)
class Lag:
    """What is known of a replica.

    Attributes:
        identifier: its instance.
        replayed: everything committed before then is there, in seconds since 1970; None where RDS has said nothing, or
            that it does not replicate.
        lag_s: its lag by the last figure, in seconds; None likewise.
        said: what is known, in words.
        silent: whether RDS has said nothing at all.
    """

    identifier: str
    replayed: float | None
    lag_s: float | None
    said: str
    silent: bool = False

    def window_s(self, now: float) -> float | None:
        """How far back commits may be lost, in seconds; None where nobody knows."""
        return None if self.replayed is None else max(0.0, now - self.replayed)


def lag(clients: Clients, region: str, identifier: str, look_back_s: float, now: datetime | None = None) -> Lag:
    """The lag of a replica by its last figure.

    Args:
        clients: who answers.
        region: where it is.
        identifier: its instance.
        look_back_s: how old that figure may be, in seconds.
        now: the present by default.

    Raises:
        AwsError: CloudWatch cannot be asked.
    """
    now = now or datetime.now(UTC)
    points: Sequence[Mapping[str, Any]] = clients.call(
        "cloudwatch",
        region,
        "get_metric_statistics",
        Namespace="AWS/RDS",
        MetricName="ReplicaLag",
        Dimensions=[{"Name": "DBInstanceIdentifier", "Value": identifier}],
        StartTime=now - timedelta(seconds=look_back_s),
        EndTime=now,
        Period=_PERIOD_S,
        Statistics=["Maximum"],
    )["Datapoints"]
    if not points:
        minutes = look_back_s / 60
        said = f"{identifier}: RDS has said nothing of its lag for {minutes:g} minutes"
        return Lag(identifier, None, None, said, silent=True)
    last = max(points, key=lambda point: point["Timestamp"])
    seconds, at = float(last["Maximum"]), last["Timestamp"].timestamp()
    if seconds < 0:  # what RDS says of one whose replication does not run
        return Lag(identifier, None, None, f"{identifier} does not replicate")
    age = max(0.0, now.timestamp() - at)
    return Lag(identifier, at - seconds, seconds, f"{identifier} was {seconds:g} s behind {age:.0f} s ago")


def worst_s(lags: Sequence[Lag], now: float) -> float | None:
    """How far back commits to any of the databases may be lost, in seconds; None where nobody knows."""
    known = [window for one in lags if (window := one.window_s(now)) is not None]
    return max(known, default=0.0) if len(known) == len(lags) else None


def close(one: Lag, most_s: float, *, measured: bool) -> bool:
    """Whether a replica is close behind.

    Args:
        one: what is known of it.
        most_s: what is close, in seconds.
        measured: whether RDS measures: in the embedded cloud there are only figures that somebody puts there.
    """
    return (one.silent and not measured) or (one.lag_s is not None and one.lag_s <= most_s)


def has_all(one: Lag, since: float, *, measured: bool) -> bool:
    """Whether everything that was committed before a moment is there.

    Args:
        one: what is known of it.
        since: the moment, in seconds since 1970.
        measured: as `close`.
    """
    return (one.silent and not measured) or (one.replayed is not None and one.replayed >= since)
