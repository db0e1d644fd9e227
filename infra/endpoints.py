"""Which interface endpoints a region's network has: those that cost less than NAT for what goes through them."""

from components import facts
from infra.deployment import Deployment
from infra.phases import Nat

_SECONDS_PER_HOUR = 3600
_GB = 1e9


def endpoints(deployment: Deployment, zones: int) -> tuple[str, ...]:
    """AWS services, by the last part of their endpoint's name, that tasks reach by an endpoint of their own.

    Args:
        deployment: what the stack is in this region.
        zones: availability zones of the region.
    """
    if deployment.nat is Nat.NONE:
        return ()
    return ("logs",) if log_gb_month(deployment) > break_even_gb_month(zones) else ()


def break_even_gb_month(zones: int) -> float:
    """GB a month above which an endpoint in so many zones costs less than NAT."""
    known = facts.load("endpoints")
    hourly = zones * known["hours_per_month"] * known["zone_hour_usd"]
    return float(hourly / (known["nat_gb_usd"] - known["gb_usd"]))


def log_gb_month(deployment: Deployment) -> float:
    """GB a month that the services write to their logs, from what the phase's users send; 0 where nobody knows."""
    known, traffic = facts.load("endpoints"), deployment.traffic
    peak = (deployment.users or 0) * traffic.active_share * traffic.requests_per_second.high
    requests = peak * traffic.average_load * known["hours_per_month"] * _SECONDS_PER_HOUR
    return float(requests * known["log_bytes_per_request"] / _GB)
