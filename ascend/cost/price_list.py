"""Asking the AWS Price List for one price, with the filters of ``filters.yaml``.

An answer counts only when it is one price: none, or several that differ, are a fault of the filter, and it is named.
"""

from __future__ import annotations

import functools
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FILTERS_FILE = Path(__file__).with_name("filters.yaml")
#: Where the Price List API answers; https://docs.aws.amazon.com/general/latest/gr/billing.html
API_REGION = "us-east-1"
#: Fields by which a filter says the region in another way than by ``regionCode``.
_REGION_FIELDS = frozenset({"fromRegionCode"})
#: The region of what AWS sells everywhere at one price, as the price table names it.
_EVERYWHERE = "*"

#: Quantities in a month from which on one costs so many US dollars.
Tiers = tuple[tuple[float, float], ...]


class Pricing(Protocol):
    """What is used of boto3's client of the service ``pricing``."""

    def get_products(self, **arguments: Any) -> Mapping[str, Any]:
        """One page of products."""
        ...


class NotOnePriceError(Exception):
    """The price list holds no price that fits, or several that differ; the message names the filter."""


@functools.cache
def filters() -> Mapping[str, Any]:
    """How prices are found (``filters.yaml``)."""
    loaded: Mapping[str, Any] = yaml.safe_load(FILTERS_FILE.read_text(encoding="utf-8"))
    return loaded


def is_listed(key: str, region: str) -> bool:
    """Whether there is a filter for a price, and the region is one whose usage types are known."""
    return _filter_of(key) is not None and region in filters()["prefixes"]


def ask(client: Pricing, key: str, region: str) -> Tiers:
    """The tiers of a price that is listed.

    Raises:
        NotOnePriceError: none fits, or several that differ do.
    """
    known = _filter_of(key)
    if known is None:
        raise NotOnePriceError("no filter")
    fields, name = known
    tried = []
    for wanted in _variants(fields, name, region):
        found = _tiers(client, fields["service"], wanted)
        if len(found) == 1:
            return next(iter(found))
        words = ", ".join(f"{field}={value}" for field, value in wanted.items())
        if found:
            products = "; ".join(f"{tiers[0][1]:g} ({', '.join(skus)})" for tiers, skus in sorted(found.items()))
            raise NotOnePriceError(f"{fields['service']} has {len(found)} prices with {words}: {products}")
        tried.append(words)
    raise NotOnePriceError(f"{fields['service']} has no product with {' nor with '.join(tried)}")


def _filter_of(key: str) -> tuple[Mapping[str, Any], str] | None:
    """Service and fields of a key, and what stands in place of ``*``; None where the list does not have it."""
    table: Mapping[str, Mapping[str, Any]] = filters()["prices"]
    if key in table:
        return table[key], ""
    for pattern, fields in table.items():
        start = pattern.removesuffix("*")
        if pattern.endswith("*") and key.startswith(start):
            return fields, key.removeprefix(start)
    return None


def _variants(fields: Mapping[str, Any], name: str, region: str) -> Iterator[dict[str, str]]:
    """The fields to ask for, the likeliest first: of each list of values one, with each prefix of the region."""
    asked = {field: value for field, value in fields.items() if field != "service"}
    lists = [value if isinstance(value, list) else [value] for value in asked.values()]
    seen: set[tuple[str, ...]] = set()
    for prefix, *values in itertools.product(filters()["prefixes"][region], *lists):
        filled = tuple(
            str(value).format(prefix=prefix, region=region, other=filters()["others"].get(region, ""), name=name)
            for value in values
        )
        if filled in seen:
            continue
        seen.add(filled)
        wanted = dict(zip(asked, filled, strict=True))
        if region != _EVERYWHERE and not _REGION_FIELDS & wanted.keys():
            wanted["regionCode"] = region
        yield wanted


def _tiers(client: Pricing, service: str, wanted: Mapping[str, str]) -> dict[Tiers, list[str]]:
    """The different on-demand prices of the products that fit, with the products that have them."""
    asked: dict[str, Any] = {
        "ServiceCode": service,
        "FormatVersion": "aws_v1",
        "Filters": [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()],
    }
    found: dict[Tiers, list[str]] = {}
    while True:
        page = client.get_products(**asked)
        for text in page.get("PriceList", ()):
            product = json.loads(text) if isinstance(text, str) else text
            sku = str(product.get("product", {}).get("sku", "?"))
            for term in product.get("terms", {}).get("OnDemand", {}).values():
                tiers = _dimensions(list(term["priceDimensions"].values()))
                if tiers:
                    found.setdefault(tiers, []).append(sku)
        token = page.get("NextToken")
        if not token:
            return found
        asked["NextToken"] = token


def _dimensions(rows: Sequence[Mapping[str, Any]]) -> Tiers:
    """Tiers in order, without those that an account has free; none for a product that is free throughout."""
    tiers = sorted((float(row.get("beginRange") or 0), float(row["pricePerUnit"]["USD"])) for row in rows)
    billed = [tier for tier in tiers if tier[1] > 0]
    if not billed:
        return ()
    return ((0.0, billed[0][1]), *billed[1:])
