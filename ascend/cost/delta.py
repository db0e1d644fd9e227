"""What a change costs: the difference of two estimates, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.cost.model import ZERO, Estimate, Line, Span, total

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Change:
    """One line that is not the same before and after.

    Attributes:
        urn: the resource.
        item: what of it.
        before: US dollars a month before, 0 where there was no such line.
        after: US dollars a month after, 0 where there is none.
        line: the line as it is after; before, where it goes.
    """

    urn: str
    item: str
    before: Span
    after: Span
    line: Line

    @property
    def monthly(self) -> Span:
        """What is added, in US dollars a month; below 0 where it becomes cheaper."""
        return (self.after - self.before).rounded()

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "urn": self.urn,
            "item": self.item,
            "before": self.before.expected,
            "after": self.after.expected,
            "monthly": self.monthly.document(),
        }


def difference(before: Estimate, after: Estimate) -> tuple[Change, ...]:
    """The lines that change, the dearest change first.

    Two stacks of one name are compared by URN. A class that changes is one line that goes and one that comes, because
    the item names it.
    """
    old, new = _by_key(before), _by_key(after)
    changes = []
    for key in {**old, **new}:
        was, becomes = old.get(key, ()), new.get(key, ())
        change = Change(
            urn=key[0],
            item=key[1],
            before=total([line.monthly for line in was]) if was else ZERO,
            after=total([line.monthly for line in becomes]) if becomes else ZERO,
            line=(becomes or was)[0],
        )
        if change.monthly != ZERO:
            changes.append(change)
    return tuple(sorted(changes, key=lambda one: (-abs(one.monthly.expected), one.urn, one.item)))


def _by_key(estimate: Estimate) -> dict[tuple[str, str], Sequence[Line]]:
    found: dict[tuple[str, str], list[Line]] = {}
    for line in estimate.lines:
        found.setdefault((line.urn, line.item), []).append(line)
    return dict(found)
