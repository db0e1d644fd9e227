"""The price table: on-demand prices by key and region, each with unit, source and date (``prices.json``)."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("prices.json")
#: The region of what costs the same wherever it is.
EVERYWHERE = "*"


class NoPriceError(Exception):
    """The table has no price for a key in a region; the message says which."""


@dataclass(frozen=True, slots=True)
class Price:
    """One price.

    Attributes:
        unit: what one costs so much of.
        usd: US dollars for one, in the first tier.
        tiers: quantity in a month from which on one costs how much; empty for one price throughout.
        source: key of the document that it was read in.
        date: day of that document, ``YYYY-MM-DD``.
        verified: whether a public document confirmed it.
    """

    unit: str
    usd: float
    source: str
    date: str
    verified: bool
    tiers: tuple[tuple[float, float], ...] = ()

    def amount(self, quantity: float) -> float:
        """US dollars for `quantity` in one month."""
        if not self.tiers:
            return quantity * self.usd
        ends = [start for start, _ in self.tiers[1:]] + [math.inf]
        return math.fsum(
            max(0.0, min(quantity, end) - start) * usd for (start, usd), end in zip(self.tiers, ends, strict=True)
        )


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by key and region.

    Attributes:
        currency: what they are in.
        prices: the table.
        sources: title and address of each document, by its key.
    """

    currency: str
    prices: Mapping[str, Mapping[str, Price]]
    sources: Mapping[str, Mapping[str, str]]

    def price(self, key: str, region: str) -> Price:
        """The price of `key` in `region`, or the one for everywhere.

        Raises:
            NoPriceError: there is none.
        """
        regions = self.prices.get(key)
        if regions is None:
            raise NoPriceError(f"no price '{key}'")
        found = regions.get(region) or regions.get(EVERYWHERE)
        if found is None:
            raise NoPriceError(f"no price '{key}' in {region}; known in {', '.join(sorted(regions))}")
        return found


def parse(document: Mapping[str, Any]) -> PriceTable:
    """The table that a document holds.

    Raises:
        InputError: it is none, or a price of it is not a number at or above 0.
    """
    try:
        prices = {
            key: {region: _price(str(entry["unit"]), given) for region, given in entry["regions"].items()}
            for key, entry in document["prices"].items()
        }
        sources = document["sources"]
        currency = str(document["currency"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"price table: {error!r} is missing or malformed") from error
    for key, regions in prices.items():
        for region, price in regions.items():
            if not (math.isfinite(price.usd) and price.usd >= 0):
                raise InputError(f"price table: '{key}' in {region} is {price.usd}; must be 0 or more")
            if price.source not in sources:
                raise InputError(f"price table: '{key}' in {region} has source '{price.source}', which is not listed")
    return PriceTable(currency=currency, prices=prices, sources=sources)


def _price(unit: str, given: Mapping[str, Any]) -> Price:
    return Price(
        unit=unit,
        usd=float(given["usd"]),
        source=str(given["source"]),
        date=str(given["date"]),
        verified=bool(given["verified"]),
        tiers=tuple((float(start), float(usd)) for start, usd in given.get("tiers", ())),
    )


@functools.cache
def load(file: Path = FILE) -> PriceTable:
    """The table of a file; the delivered one by default.

    Raises:
        InputError: it cannot be read.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file.name}: cannot be read as JSON: {error}") from error
    return parse(document)
