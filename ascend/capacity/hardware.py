"""What the instances and nodes of a plan have: vCPU, memory, connections."""

from __future__ import annotations

from dataclasses import dataclass

from ascend.capacity import facts
from ascend.errors import InputError

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class DatabaseClass:
    """One class of database instance.

    Attributes:
        vcpu: virtual CPUs.
        memory_gib: memory, GiB.
        max_connections: connections that PostgreSQL takes on it with RDS's default.
    """

    vcpu: int
    memory_gib: float
    max_connections: int


def database_class(name: str) -> DatabaseClass:
    """The class of a name such as ``db.t4g.small``.

    Raises:
        InputError: no such class is known.
    """
    data = facts.load("limits")["database"]
    _, family, size = [*name.split("."), "", ""][:3]
    if size not in data["vcpus"] or family not in data["gib_per_vcpu"]:
        families, sizes = ", ".join(data["gib_per_vcpu"]), ", ".join(data["vcpus"])
        raise InputError(
            f"database class '{name}' is of no known hardware; allowed: db.<family>.<size>, "
            f"family {families}, size {sizes}"
        )
    vcpu = int(data["vcpus"][size])
    memory_gib = float(data["memory_gib"].get(size, vcpu * data["gib_per_vcpu"][family]))
    rule = data["connections"]
    usable_mib = (memory_gib * 1024 - rule["reserved_mib"]) * (1 - rule["reserved_share"])
    return DatabaseClass(
        vcpu=vcpu,
        memory_gib=memory_gib,
        max_connections=min(int(usable_mib * _MIB / rule["bytes_per_connection"]), int(rule["most"])),
    )


def cache_commands_per_second(node_type: str) -> float:
    """Commands a second that one node of a type answers."""
    data = facts.load("limits")["cache"]
    family = [*node_type.split("."), ""][1]
    kind = "burstable" if family in data["burstable_families"] else "other"
    return float(data["commands_per_second"][kind])
