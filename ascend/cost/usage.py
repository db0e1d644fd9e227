"""What users do in a month, from the figures that a plan carries: requests, bytes, queries, jobs."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ascend.cost.model import ZERO, Span

if TYPE_CHECKING:
    from ascend.cost.plan import Plan

FILE = Path(__file__).with_name("usage.yaml")
#: Bytes in what AWS calls a GB.
GB = 2**30
SECONDS_PER_HOUR = 3600
_SERVICE = "aws:ecs/service:Service"
#: What stands in front of the stack and answers part of the requests.
_EDGE = "cloudflare:index/ruleset:Ruleset"


@functools.cache
def defaults() -> Mapping[str, Any]:
    """What no plan says (``usage.yaml``)."""
    loaded: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return loaded


def span(figure: Any, default: float = 0.0) -> Span:
    """A range of the plan's figures as a span, its middle expected; a number is the same at every load."""
    if isinstance(figure, Mapping):
        low, high = float(figure["low"]), float(figure["high"])
        return Span(low, (low + high) / 2, high)
    return Span.flat(default if figure is None else float(figure))


@dataclass(frozen=True, slots=True)
class Use:
    """What happens in one region in a month.

    Attributes:
        requests: requests that reach it.
        peak_requests_per_second: of these, at the busiest time.
        users: users active at once, on average.
        peak_users: users active at the busiest time.
        queries: to databases and cache.
        jobs: by queue.
        peak_jobs_per_hour: by queue, at the busiest time.
    """

    requests: Span
    peak_requests_per_second: Span
    users: Span
    peak_users: float
    queries: Span
    jobs: Mapping[str, Span]
    peak_jobs_per_hour: Mapping[str, Span]


NOTHING = Use(ZERO, ZERO, ZERO, 0.0, ZERO, {}, {})


def users_of(plan: Plan, given: int | None = None) -> int:
    """How many users an estimate is for.

    Those given; or the plan's ceiling; or, where it has none, what the document's target for the phase says, at last
    the default.
    """
    if given is not None:
        return given
    if plan.users is not None:
        return plan.users
    target = plan.figures.get("target") or {}
    if concurrent := target.get("concurrent_users"):
        return round(float(concurrent) / float(plan.figures["traffic"]["active_share"]))
    if active := target.get("active_users"):
        return round(span(active).expected)
    return int(defaults()["users_without_ceiling"])


def serving(plan: Plan) -> tuple[str, ...]:
    """The regions in which something runs, sorted."""
    return tuple(sorted({one.region for one in plan.of(_SERVICE) if one.number("desiredCount") > 0}))


def by_region(plan: Plan, users: int) -> dict[str, Use]:
    """What happens in each region that serves; users are spread over them evenly."""
    regions = serving(plan)
    if not regions:
        return {}
    traffic = plan.figures["traffic"]
    hours = float(defaults()["hours"])
    average = float(traffic["average_load"])
    peak_users = users * float(traffic["active_share"]) / len(regions)
    reaching = 1 - float(traffic.get("edge_hit_share", 0.0)) if plan.of(_EDGE) else 1.0
    per_second = span(traffic["requests_per_second"]) * (peak_users * reaching)
    queries = per_second.each(span(traffic["queries_per_request"])) + _sync(traffic) * peak_users
    seconds = hours * SECONDS_PER_HOUR * average
    per_hour = {
        name: span(queue.get("jobs_per_user_hour")) * peak_users
        for name, queue in (plan.figures.get("queues") or {}).items()
    }
    use = Use(
        requests=per_second * seconds,
        peak_requests_per_second=per_second,
        users=Span.flat(peak_users * average),
        peak_users=peak_users,
        queries=queries * seconds,
        jobs={name: jobs * (hours * average) for name, jobs in per_hour.items()},
        peak_jobs_per_hour=per_hour,
    )
    return dict.fromkeys(regions, use)


def _sync(traffic: Mapping[str, Any]) -> Span:
    """Queries a second of one active user's client that fetches changes on a timer."""
    sync = traffic.get("sync")
    if not sync:
        return ZERO
    interval, queries = span(sync["interval_s"]), span(sync["queries"])
    return Span(queries.low / interval.high, queries.expected / interval.expected, queries.high / interval.low)
