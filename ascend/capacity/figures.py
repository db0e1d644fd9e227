"""A system's figures, as the root component of its stack states them (infra/description.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.capacity.ranges import Range
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The version of the description that this module reads.
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """Clients that fetch changes on a timer.

    Attributes:
        interval_s: seconds between two fetches of one client.
        queries: database queries of one fetch of changes.
        full_queries: database queries of one fetch of everything.
        full_interval_s: seconds between two fetches of a client that only knows how to fetch everything.
    """

    interval_s: Range
    queries: Range
    full_queries: float
    full_interval_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What users do, at the busiest time of a day.

    Attributes:
        active_share: part of the users active at once, 0 to 1.
        requests_per_second: requests per second of one active user.
        tiers: share of the users and requests per second of one active one, by tier.
        connections_per_user: open connections of one active user.
        bytes_per_request: average size of a response, bytes.
        queries_per_request: database queries of one request.
        read_share: part of the queries that only read, 0 to 1.
        average_load: average over a month as part of the busiest time's, 0 to 1.
        cache_hit_share: part of the reads that a cache answers, 0 to 1.
        edge_hit_share: part of the requests that the edge answers, 0 to 1.
        sync: fetching of changes; None for none.
    """

    active_share: float
    requests_per_second: Range
    tiers: Mapping[str, tuple[float, Range]]
    connections_per_user: Range
    bytes_per_request: float
    queries_per_request: Range
    read_share: float
    average_load: float
    cache_hit_share: Range
    edge_hit_share: float
    sync: Sync | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What one task carries, by the system's document.

    Attributes:
        cpu: vCPU of the task that carried it.
        requests_per_second: requests a second; None where nobody knows.
        concurrent: requests, jobs or clients at once; None where nobody knows.
        jobs_per_hour: jobs an hour; None where nobody knows.
        bottleneck: what stands in the way of more; empty where nobody knows.
    """

    cpu: float
    requests_per_second: Range | None
    concurrent: Range | None
    jobs_per_hour: Range | None
    bottleneck: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of the system.

    Attributes:
        public: whether it answers requests from outside.
        websockets: whether clients hold connections to it.
        request_timeout_s: longest request, seconds.
        consumes: the queue it takes work from; None for none.
        capacity: what one task carries; None where nobody knows.
    """

    public: bool
    websockets: bool
    request_timeout_s: float
    consumes: str | None
    capacity: Capacity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All of them.

    Attributes:
        title: the system's name for people.
        traffic: what users do.
        services: the services, by name.
        jobs_per_user_hour: jobs of one active user in an hour, by queue; None where nobody knows.
        pool_share: part of a database's connections that services may use, 0 to 1.
        most_connections: most database connections that the system's document allows; None for what the class takes.
        bandwidth_gib_month: most traffic out to the internet, GiB a month.
        p95_s: response time that 95 % of the requests stay below, seconds.
        error_rate_pct: failed requests, percent of all.
        queue_depth: jobs that wait in a queue.
    """

    title: str
    traffic: Traffic
    services: Mapping[str, Service]
    jobs_per_user_hour: Mapping[str, Range | None]
    pool_share: float
    most_connections: int | None
    bandwidth_gib_month: float
    p95_s: float
    error_rate_pct: float
    queue_depth: float


def parse(given: Mapping[str, Any]) -> Figures:
    """The figures of the plain data in a plan.

    Raises:
        InputError: the data is of another version.
    """
    version = given.get("version")
    if version != VERSION:
        raise InputError(f"the plan describes its system in version {version:g}; this command reads version {VERSION}")
    limits, thresholds = given["limits"], given["thresholds"]
    connections = limits.get("connections")
    return Figures(
        title=given["title"],
        traffic=_traffic(given["traffic"]),
        services={name: _service(one) for name, one in given["services"].items()},
        jobs_per_user_hour={name: _maybe(one, "jobs_per_user_hour") for name, one in given.get("queues", {}).items()},
        pool_share=given["database"]["pool_share"],
        most_connections=None if connections is None else int(connections),
        bandwidth_gib_month=limits["bandwidth_gib_month"],
        p95_s=thresholds["p95_s"],
        error_rate_pct=thresholds["error_rate_pct"],
        queue_depth=thresholds["queue_depth"],
    )


def _traffic(given: Mapping[str, Any]) -> Traffic:
    requests = Range.of(given["requests_per_second"])
    sync = given.get("sync")
    return Traffic(
        active_share=given["active_share"],
        requests_per_second=requests,
        tiers={
            name: (one["share"], _maybe(one, "requests_per_second") or requests)
            for name, one in given.get("tiers", {}).items()
        },
        connections_per_user=Range.of(given["connections_per_user"]),
        bytes_per_request=given["bytes_per_request"],
        queries_per_request=Range.of(given["queries_per_request"]),
        read_share=given["read_share"],
        average_load=given["average_load"],
        cache_hit_share=_maybe(given, "cache_hit_share") or Range(0, 0),
        edge_hit_share=given["edge_hit_share"],
        sync=None
        if sync is None
        else Sync(
            interval_s=Range.of(sync["interval_s"]),
            queries=Range.of(sync["queries"]),
            full_queries=sync["full_queries"],
            full_interval_s=sync["full_interval_s"],
        ),
    )


def _service(given: Mapping[str, Any]) -> Service:
    capacity = given.get("capacity")
    return Service(
        public="public_path" in given,
        websockets=given["websockets"],
        request_timeout_s=given["request_timeout_s"],
        consumes=given.get("consumes"),
        capacity=None
        if capacity is None
        else Capacity(
            cpu=capacity["cpu"],
            requests_per_second=_maybe(capacity, "requests_per_second"),
            concurrent=_maybe(capacity, "concurrent"),
            jobs_per_hour=_maybe(capacity, "jobs_per_hour"),
            bottleneck=capacity.get("bottleneck", ""),
        ),
    )


def _maybe(given: Mapping[str, Any], key: str) -> Range | None:
    """The range of a key; None where it is not there."""
    return Range.of(given[key]) if key in given else None
