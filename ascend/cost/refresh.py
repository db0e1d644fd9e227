"""Renewing the price table from the AWS Price List.

What cannot be found, or is more than one price, keeps its old one and is told with the filter that failed. The file is
replaced as a whole, after it was read back.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend import files
from ascend.cost import price_list, prices
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ascend.cost.price_list import Pricing

SOURCE = "price-list"
_SOURCE = {
    "title": "AWS Price List API, GetProducts",
    "url": "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """A price that is not what it was.

    Attributes:
        key: the price.
        region: where.
        before: US dollars before.
        after: US dollars now.
    """

    key: str
    region: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a renewal found.

    Attributes:
        changed: prices that are not what they were.
        confirmed: how many are.
        kept: prices that were not found, with the filter that failed, as ``key in region: why``.
        unasked: keys that the price list does not have; their prices are renewed by hand.
    """

    changed: tuple[Changed, ...]
    confirmed: int
    kept: tuple[str, ...]
    unasked: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        changed = [
            {"key": one.key, "region": one.region, "before": one.before, "after": one.after} for one in self.changed
        ]
        return {
            "changed": changed,
            "confirmed": self.confirmed,
            "kept": list(self.kept),
            "unasked": list(self.unasked),
        }


def refresh(client: Pricing, file: Path = prices.FILE, today: dt.date | None = None) -> Refreshed:
    """Renews a price table in place.

    Args:
        client: boto3's client of ``pricing``.
        file: the table.
        today: day that the prices are marked with; the current one by default.

    Raises:
        InputError: the table cannot be read or written. It is as it was.
    """
    prices.load.cache_clear()
    prices.load(file)
    document = json.loads(file.read_text(encoding="utf-8"))
    day = (today or dt.datetime.now(dt.UTC).date()).isoformat()
    changed: list[Changed] = []
    kept: list[str] = []
    confirmed = 0
    for key, region, given in _entries(document):
        try:
            tiers = price_list.ask(client, key, region)
        except price_list.NotOnePriceError as error:
            kept.append(f"{key} in {region}: {error}")
            continue
        found = tiers[0][1]
        if found == given["usd"]:
            confirmed += 1
        else:
            changed.append(Changed(key, region, float(given["usd"]), found))
        given.update(usd=found, source=SOURCE, date=day, verified=True)
        given.pop("tiers", None)
        if len(tiers) > 1:
            given["tiers"] = [list(tier) for tier in tiers]
    if changed or confirmed:
        document["sources"][SOURCE] = _SOURCE
        used = {given["source"] for regions in document["prices"].values() for given in regions["regions"].values()}
        document["sources"] = {name: one for name, one in document["sources"].items() if name in used}
        _replace(file, document)
    asked = {key for key, _, _ in _entries(document)}
    unasked = tuple(key for key in document["prices"] if key not in asked)
    return Refreshed(tuple(changed), confirmed, tuple(kept), unasked)


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Key, region and entry of every price that the price list knows how to find."""
    for key, price in document["prices"].items():
        for region, given in price["regions"].items():
            if price_list.is_listed(key, region):
                yield key, region, given


def _replace(file: Path, document: Mapping[str, Any]) -> None:
    """Puts a whole new file in the place of the old one, or leaves that as it is.

    Raises:
        InputError: it could not be written.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    prices.parse(json.loads(text))
    try:
        files.replace(file, text)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}; it is as it was") from error
    prices.load.cache_clear()


def print_refreshed(found: Refreshed) -> list[str]:
    """The lines that tell of a renewal."""
    lines = [f"{one.key} in {one.region}: {one.before:g} -> {one.after:g} ({_percent(one)})" for one in found.changed]
    return [
        *lines,
        f"{len(found.changed)} changed, {found.confirmed} as before, {len(found.kept)} not found and kept",
    ]


def _percent(one: Changed) -> str:
    return f"{100 * (one.after / one.before - 1):+.1f} %" if one.before else "new"
