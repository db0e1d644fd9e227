"""What an estimate is made of: spans of low, expected and high, lines, what is free, what has no price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Amounts are kept to a millionth of a dollar, so that a document's lines add up to its total.
_PLACES = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A figure at the least, the expected and the most load.

    Attributes:
        low: with every service at its floor.
        expected: over an average month of the system's daily load curve.
        high: with every service at its ceiling.
    """

    low: float
    expected: float
    high: float

    @classmethod
    def flat(cls, value: float) -> Span:
        """The same figure at every load."""
        return cls(value, value, value)

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def __sub__(self, other: Span) -> Span:
        return Span(self.low - other.low, self.expected - other.expected, self.high - other.high)

    def __mul__(self, factor: float) -> Span:
        return Span(self.low * factor, self.expected * factor, self.high * factor)

    def each(self, other: Span) -> Span:
        """The products of the figures at equal load."""
        return Span(self.low * other.low, self.expected * other.expected, self.high * other.high)

    def rounded(self) -> Span:
        """To a millionth."""
        return Span(round(self.low, _PLACES), round(self.expected, _PLACES), round(self.high, _PLACES))

    def document(self) -> dict[str, float]:
        """As JSON."""
        return {"low": self.low, "expected": self.expected, "high": self.high}


ZERO = Span.flat(0)


def total(spans: Sequence[Span]) -> Span:
    """The sum, without the rounding errors of adding one by one."""
    return Span(
        math.fsum(span.low for span in spans),
        math.fsum(span.expected for span in spans),
        math.fsum(span.high for span in spans),
    ).rounded()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill.

    Attributes:
        urn: the resource.
        item: what of it is billed (``vCPU``, ``Storage``).
        unit: what the quantity counts, in a month.
        quantity: how much of it.
        unit_price: US dollars for one; of tiers, the average over the quantity.
        monthly: US dollars a month.
        usage_based: whether the quantity rests on what users do and not on the plan alone.
        service: part of the provider that bills it (``aws:rds``).
        component: name of the building block that the resource belongs to.
        region: where; ``global`` for what is in none.
        verified: whether its price was checked against a public document.
    """

    urn: str
    item: str
    unit: str
    quantity: Span
    unit_price: float
    monthly: Span
    usage_based: bool
    service: str
    component: str
    region: str
    verified: bool = True

    def document(self) -> dict[str, Any]:
        """As JSON: the expected figures, and the whole span of the amount."""
        return {
            "urn": self.urn,
            "item": self.item,
            "quantity": self.quantity.expected,
            "unit": self.unit,
            "unit_price": self.unit_price,
            "monthly": self.monthly.expected,
            "low": self.monthly.low,
            "high": self.monthly.high,
            "usage_based": self.usage_based,
            "verified": self.verified,
            "service": self.service,
            "component": self.component,
            "region": self.region,
        }


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A resource, or a part of one, that costs money and has no price here.

    Attributes:
        urn: the resource.
        type: its type.
        why: what is missing.
    """

    urn: str
    type: str
    why: str

    def document(self) -> dict[str, str]:
        """As JSON."""
        return {"urn": self.urn, "type": self.type, "why": self.why}


@dataclass(frozen=True, slots=True)
class External:
    """A bill that does not come from the stack.

    Attributes:
        name: whom it is paid to.
        monthly: US dollars a month.
    """

    name: str
    monthly: Span

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"name": self.name, **self.monthly.document()}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a stack costs in a month.

    Attributes:
        system: what runs.
        phase: how far it has grown.
        users: users that the figures are for.
        cap: the most it may cost, in US dollars a month; None where the plan does not say.
        lines: the bill.
        unpriced: what is missing from it.
        free: types in the plan that are known to cost nothing, with the reason.
        external: bills of others, not in the total.
    """

    system: str
    phase: str
    users: int
    cap: float | None
    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]
    free: tuple[tuple[str, str], ...]
    external: tuple[External, ...]

    @property
    def monthly(self) -> Span:
        """The sum of the lines."""
        return total([line.monthly for line in self.lines])

    @property
    def margin(self) -> float | None:
        """What the cap leaves of the expected figure, in US dollars a month; below 0 it is exceeded."""
        return None if self.cap is None else self.cap - self.monthly.expected

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "system": self.system,
            "phase": self.phase,
            "users": self.users,
            "monthly": self.monthly.document(),
            "cap": self.cap,
            "margin": None if self.margin is None else round(self.margin, 6),
            "currency": "USD",
            "lines": [line.document() for line in self.lines],
            "unpriced": [one.document() for one in self.unpriced],
            "free": [{"type": type_, "why": why} for type_, why in self.free],
            "external": [one.document() for one in self.external],
        }
