"""What users ask for at the busiest time of a day: pure functions of a system's figures and the number of users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.capacity.facts import load
from ascend.capacity.ranges import ZERO, Range, tidy, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.capacity.figures import Capacity, Figures, Service, Traffic

HOURS_PER_MONTH = 730
_SECONDS_PER_HOUR = 3600
_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What so many users ask for. Ranges are those of the system's document.

    Attributes:
        users: how many they are.
        concurrent_users: those active at once.
        requests_per_second: requests, those that the edge answers too.
        requests_by_tier: the same by tier of the users.
        origin_requests_per_second: requests that the edge leaves to the services.
        requests_by_service: the same by service.
        cpu_cores: vCPU that the services' requests keep busy.
        queries_per_second: queries of requests and of clients that fetch changes.
        queries_per_second_full_sync: what clients would ask that fetch everything each time.
        cache_lookups_per_second: reads that ask a cache first.
        cache_hit_share: part of the reads that the cache answers, 0 to 1.
        database_reads_per_second: reads that reach a database.
        database_writes_per_second: writes.
        connections: connections that clients hold to the services.
        db_connections: connections of the services' pools to databases.
        sockets: WebSockets, by service.
        jobs_per_second: jobs, by queue; without the queues of which nobody knows.
        bytes_per_second: what all users are sent.
        origin_bytes_per_second: the part that leaves the stack.
        bandwidth_gib_month: what leaves the stack in a month of average load, GiB.
    """

    users: int
    concurrent_users: float
    requests_per_second: Range
    requests_by_tier: Mapping[str, Range]
    origin_requests_per_second: Range
    requests_by_service: Mapping[str, Range]
    cpu_cores: Range
    queries_per_second: Range
    queries_per_second_full_sync: float
    cache_lookups_per_second: Range
    cache_hit_share: Range
    database_reads_per_second: Range
    database_writes_per_second: Range
    connections: Range
    db_connections: Range
    sockets: Mapping[str, float]
    jobs_per_second: Mapping[str, Range]
    bytes_per_second: Range
    origin_bytes_per_second: Range
    bandwidth_gib_month: Range

    def ranges(self) -> dict[str, Range]:
        """The figures that are one number each, by name."""
        return {
            "concurrent_users": Range.of(self.concurrent_users),
            "requests_per_second": self.requests_per_second,
            "origin_requests_per_second": self.origin_requests_per_second,
            "cpu_cores": self.cpu_cores,
            "queries_per_second": self.queries_per_second,
            "queries_per_second_full_sync": Range.of(self.queries_per_second_full_sync),
            "cache_lookups_per_second": self.cache_lookups_per_second,
            "cache_hit_share": self.cache_hit_share,
            "database_reads_per_second": self.database_reads_per_second,
            "database_writes_per_second": self.database_writes_per_second,
            "connections": self.connections,
            "db_connections": self.db_connections,
            "bytes_per_second": self.bytes_per_second,
            "origin_bytes_per_second": self.origin_bytes_per_second,
            "bandwidth_gib_month": self.bandwidth_gib_month,
        }

    def document(self) -> dict[str, Any]:
        """As JSON: the middle of each range, and the figures by tier, service and queue."""
        return {
            **{name: tidy(one.expected) for name, one in self.ranges().items()},
            "requests_by_tier": {name: tidy(one.expected) for name, one in self.requests_by_tier.items()},
            "requests_by_service": {name: tidy(one.expected) for name, one in self.requests_by_service.items()},
            "sockets": {name: tidy(one) for name, one in self.sockets.items()},
            "jobs_per_second": {name: tidy(one.expected) for name, one in self.jobs_per_second.items()},
        }


def requests_per_vcpu(capacity: Capacity | None) -> Range:
    """Requests a second of one vCPU: the system's figure, else the one for services of which nobody knows."""
    if capacity is None or capacity.requests_per_second is None:
        return Range.of(load("limits")["requests_per_second_per_vcpu"])
    return capacity.requests_per_second * (1 / capacity.cpu)


def takes_requests(service: Service) -> bool:
    """Whether requests from outside reach a service; one that is known for its WebSockets alone takes none."""
    only_sockets = service.websockets and service.capacity is not None and service.capacity.requests_per_second is None
    return service.public and not only_sockets


def request_shares(figures: Figures, cpus: Mapping[str, float]) -> dict[str, float]:
    """How requests divide among the services that take them.

    No document says it. They are taken to be in the proportion of what one task of each carries, so that each task is
    about as busy as the next.

    Args:
        figures: the system's figures.
        cpus: vCPU of a task, by service.
    """
    weights = {
        name: requests_per_vcpu(service.capacity).expected
        * (cpus.get(name, 1.0) if service.capacity is None else service.capacity.cpu)
        for name, service in figures.services.items()
        if takes_requests(service)
    }
    whole = sum(weights.values())
    return {name: weight / whole for name, weight in weights.items()}


def demand(
    figures: Figures, users: int, *, edge: bool = False, cache: bool = False, cpus: Mapping[str, float] | None = None
) -> Demand:
    """What `users` users ask for.

    Args:
        figures: the system's figures.
        users: how many users there are.
        edge: whether an edge answers its part of the requests.
        cache: whether a cache answers its part of the reads.
        cpus: vCPU of a task by service, for services whose figures name none.
    """
    traffic = figures.traffic
    concurrent = users * traffic.active_share
    by_tier = {name: rate * (concurrent * share) for name, (share, rate) in traffic.tiers.items()}
    requests = total(by_tier.values()) if by_tier else traffic.requests_per_second * concurrent
    origin = requests * (1 - traffic.edge_hit_share if edge else 1.0)
    shares = request_shares(figures, cpus or {})
    by_service = {name: origin * share for name, share in shares.items()}
    queries = origin * traffic.queries_per_request + _sync_queries(traffic, concurrent)
    hits = traffic.cache_hit_share if cache else ZERO
    reads = queries * traffic.read_share
    bytes_out = origin * traffic.bytes_per_request
    return Demand(
        users=users,
        concurrent_users=concurrent,
        requests_per_second=requests,
        requests_by_tier=by_tier,
        origin_requests_per_second=origin,
        requests_by_service=by_service,
        cpu_cores=total(
            rate * (1 / requests_per_vcpu(figures.services[name].capacity).expected)
            for name, rate in by_service.items()
        ),
        queries_per_second=queries,
        queries_per_second_full_sync=_full_sync_queries(traffic, concurrent),
        cache_lookups_per_second=reads if cache else ZERO,
        cache_hit_share=hits,
        # The fewest reads where most are answered by the cache.
        database_reads_per_second=Range(reads.low * (1 - hits.high), reads.high * (1 - hits.low)),
        database_writes_per_second=queries * (1 - traffic.read_share),
        connections=traffic.connections_per_user * concurrent,
        db_connections=origin * float(load("limits")["connection_hold_s"]),
        sockets={
            name: concurrent for name, service in figures.services.items() if service.public and service.websockets
        },
        jobs_per_second={
            queue: rate * (concurrent / _SECONDS_PER_HOUR)
            for queue, rate in figures.jobs_per_user_hour.items()
            if rate is not None
        },
        bytes_per_second=requests * traffic.bytes_per_request,
        origin_bytes_per_second=bytes_out,
        bandwidth_gib_month=bytes_out * (traffic.average_load * HOURS_PER_MONTH * _SECONDS_PER_HOUR / _GIB),
    )


def _sync_queries(traffic: Traffic, concurrent: float) -> Range:
    """Queries a second of clients that fetch changes."""
    sync = traffic.sync
    return ZERO if sync is None else sync.queries.per(sync.interval_s) * concurrent


def _full_sync_queries(traffic: Traffic, concurrent: float) -> float:
    """Queries a second of clients that fetch everything each time."""
    sync = traffic.sync
    return 0.0 if sync is None else concurrent * sync.full_queries / sync.full_interval_s
