"""How many tasks a service has, whether it scales or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.stack import Item, Stack

_TARGET = "aws:appautoscaling/target:Target"


def _targets(stack: Stack, service: Item) -> list[Item]:
    end = f"/{service.text('name')}"
    return [one for one in stack.of(_TARGET) if one.text("resourceId").endswith(end)]


def most_tasks(stack: Stack, service: Item) -> float:
    """The most tasks that a service may have."""
    found = [one.number("maxCapacity") or 0 for one in _targets(stack, service)]
    return max([service.number("desiredCount") or 0, *found])


def least_tasks(stack: Stack, service: Item) -> float:
    """The fewest tasks that a service may have."""
    found = [one.number("minCapacity") or 0 for one in _targets(stack, service)]
    return min(found, default=service.number("desiredCount") or 0)
