"""The limits of alarms that depend on the resource they watch or on the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.capacity.hardware import database_class
from policies.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policies.stack import Item, Stack

_GIB = 1024**3
_MIB = 1024**2
_DAYS = 30


def limit_of(rule: float | str, stack: Stack, item: Item) -> float | None:
    """The limit of a row of ``data/alarms.yaml`` for one resource; None where nobody asks for one.

    Args:
        rule: the limit itself, or the name of a rule here.
        stack: the stack.
        item: the resource.

    Raises:
        KeyError: there is no such rule.
        InputError: the hardware of an instance's class is not known.
    """
    return RULES[rule](stack, item) if isinstance(rule, str) else float(rule)


def _figures(stack: Stack, *path: str) -> Any:
    found: Any = stack.world.get("figures") or {}
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _by_system(stack: Stack, name: str) -> float | None:
    row: Mapping[str, float] = table("limits")[name]
    return row.get(str(stack.world.get("system")), row.get("default"))


def _free_at_size(stack: Stack, item: Item) -> float | None:
    """Bytes that are free when the limit of the document is used to 80 %; of the disk where that is smaller."""
    disk, limit = item.number("allocatedStorage"), _figures(stack, "limits", "database_gib")
    if disk is None or limit is None:
        return None
    return float((disk - table("limits")["share"] * min(disk, float(limit))) * _GIB)


def _free_at_disk(_: Stack, item: Item) -> float | None:
    disk = item.number("allocatedStorage")
    return None if disk is None else round((1 - table("limits")["disk_share"]) * disk, 6) * _GIB


def _free_memory(_: Stack, item: Item) -> float:
    data = table("limits")
    reserved = data["memory"]
    whole = database_class(item.text("instanceClass")).memory_gib * _GIB
    usable = (whole - reserved["reserved_mib"] * _MIB) * (1 - reserved["reserved_share"])
    return float((1 - data["share"]) * usable)


def _connections(stack: Stack, item: Item) -> float:
    of_class = float(table("limits")["share"]) * database_class(item.text("instanceClass")).max_connections
    of_system = _by_system(stack, "connections")
    return of_class if of_system is None else min(of_class, of_system)


def _latency(stack: Stack, _: Item) -> float | None:
    return _by_system(stack, "p95_s")


def _daily_bytes(stack: Stack, _: Item) -> float | None:
    """A day's share of the month's limit: found out on the first heavy day, not on the last."""
    limit = _figures(stack, "limits", "bandwidth_gib_month")
    return None if limit is None else float(limit) * _GIB / _DAYS * table("limits")["share"]


RULES: Mapping[str, Callable[[Stack, Item], float | None]] = {
    "free_at_size": _free_at_size,
    "free_at_disk": _free_at_disk,
    "free_memory": _free_memory,
    "connections": _connections,
    "latency": _latency,
    "daily_bytes": _daily_bytes,
}
