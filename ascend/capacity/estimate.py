"""Whether it holds: the load on each resource, the one that gives way first, the most users that all of them bear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.capacity.demand import Demand, demand
from ascend.capacity.facts import load
from ascend.capacity.ranges import Range, tidy
from ascend.capacity.supply import Supply, supply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ascend.capacity.stack import Stack

#: Load that every resource is to stay below, as part of what it carries: the documents' own alarm.
CEILING = 0.8
#: More users than any system here is asked about; where even these load nothing, there is no ceiling to find.
_MOST_USERS = 10**10


@dataclass(frozen=True, slots=True)
class Resource:
    """The load on one resource.

    Attributes:
        name: which one (``service:api``, ``database``).
        unit: what demand and supply count.
        demand: what is asked of it.
        supply: what it carries.
    """

    name: str
    unit: str
    demand: Range
    supply: Range

    @property
    def utilization(self) -> float:
        """The load as part of what it carries, both taken at the middle of their ranges; infinite where it has none."""
        return _share(self.demand.expected, self.supply.expected)

    @property
    def worst(self) -> float:
        """The same with the highest demand and the lowest supply."""
        return _share(self.demand.high, self.supply.low)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "demand": self.demand.plain(),
            "supply": self.supply.plain(),
            "utilization": _figure(self.utilization),
            "worst": _figure(self.worst),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A stack under the load of so many users.

    Attributes:
        stack: the stack.
        demand: what they ask for.
        supply: what the stack carries.
        resources: the load on each resource, the highest first.
        max_users: the most users with whom every resource stays below `CEILING`; None where nothing is loaded.
        unknown: what nobody knows, and so is in no figure here.
    """

    stack: Stack
    demand: Demand
    supply: Supply
    resources: Sequence[Resource]
    max_users: int | None
    unknown: Sequence[str]

    @property
    def bottleneck(self) -> Resource | None:
        """The resource that gives way first; None where nothing is loaded."""
        return self.resources[0] if self.resources and self.resources[0].utilization > 0 else None

    @property
    def holds(self) -> bool:
        """Whether every resource stays below `CEILING`."""
        return all(one.utilization < CEILING for one in self.resources)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        bottleneck = self.bottleneck
        return {
            "stack": self.stack.name,
            "system": self.stack.system,
            "phase": self.stack.phase,
            "regions": list(self.stack.regions),
            "users": self.demand.users,
            "demand": self.demand.document(),
            "demand_range": {name: one.plain() for name, one in self.demand.ranges().items()},
            "supply": self.supply.document(),
            "utilization": {one.name: _figure(one.utilization) for one in self.resources},
            "resources": [one.document() for one in self.resources],
            "bottleneck": None if bottleneck is None else bottleneck.name,
            "holds": self.holds,
            "max_users": self.max_users,
            "unknown": list(self.unknown),
        }


def estimate(stack: Stack, users: int | None = None) -> Estimate:
    """A stack under load.

    Args:
        stack: the stack.
        users: how many users; by default those that it is meant for, and where it has no ceiling as many as it bears.

    Raises:
        InputError: the plan has a class of database whose hardware is not known.
    """
    carried = supply(stack)
    most = _max_users(stack, carried)
    asked = _demand(stack, users if users is not None else stack.users if stack.users is not None else most or 0)
    return Estimate(
        stack=stack,
        demand=asked,
        supply=carried,
        resources=sorted(_resources(stack, asked, carried), key=lambda one: -one.utilization),
        max_users=most,
        unknown=_unknown(stack),
    )


def _demand(stack: Stack, users: int) -> Demand:
    cpus = {one.service: one.cpu for one in stack.tasks}
    return demand(stack.figures, users, edge=stack.edge, cache=bool(stack.caches), cpus=cpus)


def _max_users(stack: Stack, carried: Supply) -> int | None:
    """The most users with whom every resource stays below `CEILING`.

    Load is in proportion to the users, so that the load of a round number of them leads there; the last step is
    counted, because a rounding error must not take it above.
    """
    sample = 1_000_000
    loads = [one.utilization for one in _resources(stack, _demand(stack, sample), carried)]
    highest = max(loads, default=0.0)
    if highest * _MOST_USERS / sample < CEILING:
        return None
    users = 0 if highest == float("inf") else int(sample * CEILING / highest) + 1
    while users and any(one.utilization >= CEILING for one in _resources(stack, _demand(stack, users), carried)):
        users -= 1
    return users


def _resources(stack: Stack, asked: Demand, carried: Supply) -> Iterator[Resource]:
    """The load on each resource that the stack has."""
    yield from _services(stack, asked, carried)
    yield from _databases(asked, carried)
    requests = asked.origin_requests_per_second
    if carried.cache_commands_per_second:
        lookups = asked.cache_lookups_per_second
        yield Resource("cache", "commands/s", lookups, Range.of(carried.cache_commands_per_second))
    if carried.http_api_requests_per_second:
        yield Resource("http-api", "requests/s", requests, Range.of(carried.http_api_requests_per_second))
    if carried.firewall_requests_per_second:
        yield Resource("firewall", "requests/s", requests, Range.of(carried.firewall_requests_per_second))
    if carried.nat_connections:
        # At most one connection outside, to one and the same place, for each request in work.
        in_work = requests * float(load("scaling")["base_response_s"])
        yield Resource("nat", "connections", in_work, Range.of(carried.nat_connections))
    yield Resource("bandwidth", "GiB/month", asked.bandwidth_gib_month, Range.of(carried.bandwidth_gib_month))


def _services(stack: Stack, asked: Demand, carried: Supply) -> Iterator[Resource]:
    for name, one in carried.services.items():
        service = stack.figures.services[name]
        if one.requests_per_task is not None and name in asked.requests_by_service:
            yield Resource(
                f"service:{name}", "requests/s", asked.requests_by_service[name], one.requests_per_task * one.most
            )
        if one.sockets_per_task is not None and name in asked.sockets:
            yield Resource(
                f"sockets:{name}", "WebSockets", Range.of(asked.sockets[name]), one.sockets_per_task * one.most
            )
        jobs = asked.jobs_per_second.get(service.consumes or "")
        if one.jobs_per_task is not None and jobs is not None:
            hourly = one.jobs_per_task * (one.most * 3600)
            yield Resource(f"service:{name}", "jobs/h", jobs * 3600, hourly)


def _databases(asked: Demand, carried: Supply) -> Iterator[Resource]:
    """Processors and connections. Reads go to the replicas where there are any; several databases share alike."""
    rates = load("limits")["database"]
    reading = asked.database_reads_per_second * (1 / float(rates["reads_per_second_per_vcpu"]))
    writing = asked.database_writes_per_second * (1 / float(rates["writes_per_second_per_vcpu"]))
    on_primary = writing if carried.replica_vcpus else writing + reading
    yield Resource("database", "vCPU", on_primary, Range.of(carried.primary_vcpus))
    if carried.replica_vcpus:
        yield Resource("database-replicas", "vCPU", reading, Range.of(carried.replica_vcpus))
    yield Resource("database-connections", "connections", asked.db_connections, Range.of(carried.primary_connections))


def _unknown(stack: Stack) -> list[str]:
    """What no document says, a line each."""
    lines = []
    for queue, rate in stack.figures.jobs_per_user_hour.items():
        if rate is None:
            lines.append(f"queue '{queue}': how many jobs a user sends; add `jobs_per_user_hour`")
    running = {one.service for one in stack.tasks if one.most}
    for name, service in stack.figures.services.items():
        capacity = service.capacity
        if name not in running:
            continue
        if service.consumes is not None and (capacity is None or capacity.jobs_per_hour is None):
            lines.append(f"service '{name}': how many jobs a task does; add `capacity.jobs_per_hour`")
        elif service.public and (capacity is None or capacity.requests_per_second is None) and not service.websockets:
            lines.append(
                f"service '{name}': what a task carries; taken as {load('limits')['requests_per_second_per_vcpu']} "
                "requests/s for each vCPU"
            )
        if service.public and service.websockets and (capacity is None or capacity.concurrent is None):
            lines.append(f"service '{name}': how many WebSockets a task holds; add `capacity.concurrent`")
    return lines


def _share(part: float, whole: float) -> float:
    if whole:
        return part / whole
    return float("inf") if part else 0.0


def _figure(share: float) -> float | None:
    """A share for JSON, which knows no infinity."""
    return None if share == float("inf") else tidy(share)
