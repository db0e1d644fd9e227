"""Figures that a document gives as "from … to …"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Range:
    """A figure between two ends, both 0 or more. Sums and products are taken end by end.

    Attributes:
        low: lower end.
        high: upper end.
    """

    low: float
    high: float

    @classmethod
    def of(cls, given: Mapping[str, Any] | float) -> Range:
        """A range of plain data: ``{"low": …, "high": …}``, or one figure."""
        if isinstance(given, int | float):
            return cls(float(given), float(given))
        return cls(float(given["low"]), float(given["high"]))

    @property
    def expected(self) -> float:
        """The middle, which is what utilisation is reckoned with."""
        return (self.low + self.high) / 2

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Range | float) -> Range:
        by = Range.of(other) if isinstance(other, int | float) else other
        return Range(self.low * by.low, self.high * by.high)

    def per(self, other: Range) -> Range:
        """This for each of `other`, the least and the most that it can be."""
        return Range(self.low / other.high, self.high / other.low)

    def plain(self) -> dict[str, float]:
        """As JSON's types."""
        return {"low": tidy(self.low), "high": tidy(self.high)}


ZERO = Range(0.0, 0.0)


def total(ranges: Iterable[Range]) -> Range:
    """The sum of ranges, end by end."""
    result = ZERO
    for one in ranges:
        result = result + one
    return result


def tidy(figure: float) -> float:
    """A figure without the digits that only arithmetic made: six significant ones."""
    return float(f"{figure:.6g}")
