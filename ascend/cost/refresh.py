"""Renewing the price table from the AWS Price List.

Every price is asked for with the filters of ``filters.yaml``; an answer counts only when it is one price. What cannot
be found, or is more than one, keeps its old price and is told. The file is replaced as a whole, after it was read back.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from ascend.cost import prices
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FILTERS_FILE = Path(__file__).with_name("filters.yaml")
#: Where the Price List API answers; https://docs.aws.amazon.com/general/latest/gr/billing.html
API_REGION = "us-east-1"
SOURCE = "price-list"
_SOURCE = {
    "title": "AWS Price List API, GetProducts",
    "url": "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html",
}


class Pricing(Protocol):
    """What is used of boto3's client of the service ``pricing``."""

    def get_products(self, **arguments: Any) -> Mapping[str, Any]:
        """One page of products."""
        ...


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
        kept: prices that were not found, with the reason, as ``key in region: why``.
    """

    changed: tuple[Changed, ...]
    confirmed: int
    kept: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        changed = [
            {"key": one.key, "region": one.region, "before": one.before, "after": one.after} for one in self.changed
        ]
        return {"changed": changed, "confirmed": self.confirmed, "kept": list(self.kept)}


class _NotOneError(Exception):
    """The price list holds none, or several."""


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
            tiers = _ask(client, key, region)
        except _NotOneError as error:
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
    return Refreshed(tuple(changed), confirmed, tuple(kept))


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Key, region and entry of every price that the price list knows how to find."""
    for key, price in document["prices"].items():
        if _filter_of(key) is None:
            continue
        for region, given in price["regions"].items():
            if region in filters()["prefixes"]:
                yield key, region, given


@functools.cache
def filters() -> Mapping[str, Any]:
    """How prices are found (``filters.yaml``)."""
    loaded: Mapping[str, Any] = yaml.safe_load(FILTERS_FILE.read_text(encoding="utf-8"))
    return loaded


def _filter_of(key: str) -> tuple[Mapping[str, str], str] | None:
    """Service and fields of a key, and what stands in place of ``*``; None where the list does not have it."""
    table: Mapping[str, Mapping[str, str]] = filters()["prices"]
    if key in table:
        return table[key], ""
    for pattern, fields in table.items():
        start = pattern.removesuffix("*")
        if pattern.endswith("*") and key.startswith(start):
            return fields, key.removeprefix(start)
    return None


def _ask(client: Pricing, key: str, region: str) -> list[tuple[float, float]]:
    """The tiers of a price: from which quantity on, US dollars.

    Raises:
        _NotOneError: none, or several that differ.
    """
    known = _filter_of(key)
    if known is None:
        raise _NotOneError("not in the price list")
    fields, name = known
    found: set[tuple[tuple[float, float], ...]] = set()
    for prefix in filters()["prefixes"][region]:
        wanted = {
            field: value.format(prefix=prefix, region=region, name=name)
            for field, value in fields.items()
            if field != "service"
        }
        found |= _tiers(client, fields["service"], {**wanted, "regionCode": region})
        if found:
            break
    if not found:
        raise _NotOneError("no such product")
    if len(found) > 1:
        raise _NotOneError(f"{len(found)} products with different prices")
    return list(next(iter(found)))


def _tiers(client: Pricing, service: str, wanted: Mapping[str, str]) -> set[tuple[tuple[float, float], ...]]:
    """The different on-demand prices of the products that fit."""
    asked: dict[str, Any] = {
        "ServiceCode": service,
        "FormatVersion": "aws_v1",
        "Filters": [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()],
    }
    found: set[tuple[tuple[float, float], ...]] = set()
    while True:
        page = client.get_products(**asked)
        for text in page.get("PriceList", ()):
            product = json.loads(text) if isinstance(text, str) else text
            for term in product.get("terms", {}).get("OnDemand", {}).values():
                tiers = _dimensions(list(term["priceDimensions"].values()))
                if tiers:
                    found.add(tiers)
        token = page.get("NextToken")
        if not token:
            return found
        asked["NextToken"] = token


def _dimensions(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[float, float], ...]:
    """Tiers in order, without those that an account has free; none for a product that is free throughout."""
    tiers = sorted((float(row.get("beginRange") or 0), float(row["pricePerUnit"]["USD"])) for row in rows)
    billed = [tier for tier in tiers if tier[1] > 0]
    if not billed:
        return ()
    return ((0.0, billed[0][1]), *billed[1:])


def _replace(file: Path, document: Mapping[str, Any]) -> None:
    """Puts a whole new file in the place of the old one, or leaves that as it is.

    Raises:
        InputError: it could not be written.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    prices.parse(json.loads(text))
    try:
        with tempfile.NamedTemporaryFile("w", dir=file.parent, suffix=".new", delete=False, encoding="utf-8") as new:
            written = Path(new.name)
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        try:
            written.chmod(file.stat().st_mode)
            written.replace(file)
        except OSError:
            written.unlink(missing_ok=True)
            raise
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
