"""What a stack carries: tasks, databases, caches, ways in and out, each by what one unit of it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.capacity import hardware
from ascend.capacity.demand import requests_per_vcpu, takes_requests
from ascend.capacity.facts import load
from ascend.capacity.ranges import Range, tidy

if TYPE_CHECKING:
    from ascend.capacity.stack import Stack, Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSupply:
    """What one service carries, in all regions together.

    Attributes:
        least: tasks at rest.
        most: tasks under the highest load.
        requests_per_task: requests a second of one task; None for a service that takes none.
        sockets_per_task: WebSockets of one task; None where there are none, or nobody knows.
        jobs_per_task: jobs a second of one task; None for no worker, or where nobody knows.
        concurrent_per_task: requests, jobs or clients at once of one task; None where nobody knows.
        bottleneck: what the document says stands in the way of more.
    """

    least: int
    most: int
    requests_per_task: Range | None
    sockets_per_task: Range | None
    jobs_per_task: Range | None
    concurrent_per_task: Range | None
    bottleneck: str

    def document(self) -> dict[str, Any]:
        """As JSON, at the most tasks; what nobody knows is left out."""
        per_task = {
            "requests_per_second": self.requests_per_task,
            "sockets": self.sockets_per_task,
            "jobs_per_second": self.jobs_per_task,
            "concurrent": self.concurrent_per_task,
        }
        return {
            "tasks": {"min": self.least, "max": self.most},
            **{name: (one * self.most).plain() for name, one in per_task.items() if one is not None},
            **({"bottleneck": self.bottleneck} if self.bottleneck else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What a stack carries, in all regions together.

    Attributes:
        services: each service, by name.
        primary_vcpus: vCPU of the databases that are written to.
        replica_vcpus: vCPU of those that are read from only; 0 where there are none.
        primary_connections: connections that the databases which are written to take.
        cache_commands_per_second: commands a second of the caches; 0 where there are none.
        http_api_requests_per_second: what HTTP APIs let through; 0 where there are none.
        firewall_requests_per_second: what firewalls look at; 0 where there are none.
        nat_connections: connections to one destination outside; 0 where tasks need no gateway.
        bandwidth_gib_month: what the system's document allows, GiB a month.
    """

    services: dict[str, ServiceSupply]
    primary_vcpus: int
    replica_vcpus: int
    primary_connections: int
    cache_commands_per_second: float
    http_api_requests_per_second: float
    firewall_requests_per_second: float
    nat_connections: float
    bandwidth_gib_month: float

    def document(self) -> dict[str, Any]:
        """As JSON; what the stack does not have is left out."""
        kinds = {
            "database_vcpus": self.primary_vcpus,
            "replica_vcpus": self.replica_vcpus,
            "db_connections": self.primary_connections,
            "cache_commands_per_second": self.cache_commands_per_second,
            "http_api_requests_per_second": self.http_api_requests_per_second,
            "firewall_requests_per_second": self.firewall_requests_per_second,
            "nat_connections": self.nat_connections,
            "bandwidth_gib_month": self.bandwidth_gib_month,
        }
        return {
            "services": {name: one.document() for name, one in self.services.items()},
            **{name: tidy(value) for name, value in kinds.items() if value},
        }


def supply(stack: Stack) -> Supply:
    """What a stack carries.

    Raises:
        InputError: the plan has a class of database whose hardware is not known.
    """
    limits = load("limits")
    primaries = [hardware.database_class(name) for name in stack.primaries.values()]
    replicas = [hardware.database_class(name) for name in stack.replicas]
    allowed = stack.figures.most_connections
    return Supply(
        services=_services(stack),
        primary_vcpus=sum(one.vcpu for one in primaries),
        replica_vcpus=sum(one.vcpu for one in replicas),
        primary_connections=sum(min(one.max_connections, allowed or one.max_connections) for one in primaries),
        cache_commands_per_second=sum(hardware.cache_commands_per_second(node) for node in stack.caches),
        http_api_requests_per_second=stack.http_apis * float(limits["ingress"]["http_api_requests_per_second"]),
        firewall_requests_per_second=stack.firewalls * float(limits["ingress"]["firewall_requests_per_second"]),
        nat_connections=stack.nats * float(limits["nat"]["connections_per_destination"]),
        bandwidth_gib_month=stack.figures.bandwidth_gib_month,
    )


def per_task(stack: Stack, tasks: Tasks) -> ServiceSupply:
    """What one service carries in one region."""
    service = stack.figures.services[tasks.service]
    capacity = service.capacity
    size = 1.0 if capacity is None else tasks.cpu / capacity.cpu
    concurrent = None if capacity is None or capacity.concurrent is None else capacity.concurrent * size
    jobs = None if capacity is None or capacity.jobs_per_hour is None else capacity.jobs_per_hour * (size / 3600)
    return ServiceSupply(
        least=tasks.least,
        most=tasks.most,
        requests_per_task=requests_per_vcpu(capacity) * tasks.cpu if takes_requests(service) else None,
        sockets_per_task=concurrent if service.websockets else None,
        jobs_per_task=jobs,
        concurrent_per_task=concurrent,
        bottleneck="" if capacity is None else capacity.bottleneck,
    )


def _services(stack: Stack) -> dict[str, ServiceSupply]:
    """Each service, its tasks in all regions together; those of one service are alike."""
    result: dict[str, ServiceSupply] = {}
    for tasks in stack.tasks:
        one, before = per_task(stack, tasks), result.get(tasks.service)
        if before is not None and tasks.most == 0:
            continue
        result[tasks.service] = ServiceSupply(
            least=one.least + (before.least if before else 0),
            most=one.most + (before.most if before else 0),
            requests_per_task=one.requests_per_task,
            sockets_per_task=one.sockets_per_task,
            jobs_per_task=one.jobs_per_task,
            concurrent_per_task=one.concurrent_per_task,
            bottleneck=one.bottleneck,
        )
    return result
