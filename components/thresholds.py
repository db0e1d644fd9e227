"""Where the alarms of a way in go off, whichever it is."""

from dataclasses import dataclass

_GIB = 1024**3
_DAYS_PER_MONTH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressThresholds:
    """Where the alarms of what takes requests in go off.

    Attributes:
        p95_s: response time that 95 % of requests stay below, in seconds.
        error_rate_pct: failed requests in percent of all.
        bandwidth_gib_month: most traffic in a month, in GiB.
        bandwidth_pct: run rate of traffic, in percent of that.
    """

    p95_s: float
    error_rate_pct: float
    bandwidth_gib_month: float
    bandwidth_pct: float

    @property
    def daily_bytes(self) -> int:
        """The month's limit as a rate, a day's share of it: found out on the first heavy day, not on the last."""
        return round(self.bandwidth_gib_month * _GIB / _DAYS_PER_MONTH * self.bandwidth_pct / 100)
