"""The price table and its renewal, against a price list of the test's own."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cost import prices
from ascend.cost.refresh import print_refreshed, refresh
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = dt.date(2026, 12, 1)
TABLE = {
    "currency": "USD",
    "sources": {"page": {"title": "a page", "url": "https://example.com"}},
    "prices": {
        "nat.hour": {"unit": "hours", "regions": {"us-east-1": {"usd": 0.045}, "eu-west-1": {"usd": 0.05}}},
        "rds.postgres.db.t4g.micro": {"unit": "hours", "regions": {"eu-west-1": {"usd": 0.017}}},
        "apigateway.http": {"unit": "requests", "regions": {"us-east-1": {"usd": 1e-6}}},
        "cloudflare.load-balancing": {"unit": "months", "regions": {"*": {"usd": 5}}},
    },
}


def table(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps({**TABLE, **changes}))
    for price in document["prices"].values():
        for entry in price["regions"].values():
            entry.update({"source": "page", "date": "2026-11-21", "verified": False, **entry})
    return document


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(table()))
    return path


def product(*tiers: tuple[str, str]) -> str:
    rows = {
        f"d{number}": {"beginRange": start, "pricePerUnit": {"USD": usd}} for number, (start, usd) in enumerate(tiers)
    }
    return json.dumps({"terms": {"OnDemand": {"t": {"priceDimensions": rows}}}})


class PriceList:
    """Answers by usage type, one product a page."""

    def __init__(self, products: Mapping[str, list[str]]) -> None:
        self.products = products
        self.asked: list[dict[str, str]] = []

    def get_products(self, **arguments: Any) -> dict[str, Any]:
        fields = {one["Field"]: one["Value"] for one in arguments["Filters"]}
        assert all(one["Type"] == "TERM_MATCH" for one in arguments["Filters"])
        self.asked.append({"service": arguments["ServiceCode"], **fields})
        found = self.products.get(fields["usagetype"], [])
        page = int(arguments.get("NextToken", 0))
        more = {"NextToken": str(page + 1)} if page + 1 < len(found) else {}
        return {"PriceList": found[page : page + 1], **more}


FULL = {
    "NatGateway-Hours": [product(("0", "0.0450000000"))],
    "EU-NatGateway-Hours": [product(("0", "0.0480000000"))],
    "EU-InstanceUsage:db.t4g.micro": [product(("0", "0.0170000000")), product(("0", "0.0170000000"))],
    "USE1-ApiGatewayHttpRequest": [product(("300000000", "0.0000009000"), ("0", "0.0000010000"))],
}


def test_what_changed_is_told_and_written(file: Path) -> None:
    found = refresh(PriceList(FULL), file, DAY)
    assert print_refreshed(found) == [
        "nat.hour in eu-west-1: 0.05 -> 0.048 (-4.0 %)",
        "1 changed, 3 as before, 0 not found and kept",
    ]
    price = prices.load(file).price("nat.hour", "eu-west-1")
    assert (price.usd, price.source, price.date, price.verified) == (0.048, "price-list", "2026-12-01", True)


def test_tiers_are_taken_in_their_order(file: Path) -> None:
    refresh(PriceList(FULL), file, DAY)
    price = prices.load(file).price("apigateway.http", "us-east-1")
    assert price.tiers == ((0, 1e-6), (300e6, 0.9e-6))
    assert price.amount(400e6) == pytest.approx(300 + 90)


def test_the_list_is_asked_for_the_region_and_its_usage_type(file: Path) -> None:
    client = PriceList(FULL)
    refresh(client, file, DAY)
    assert {
        "service": "AmazonRDS",
        "usagetype": "EU-InstanceUsage:db.t4g.micro",
        "instanceType": "db.t4g.micro",
        "databaseEngine": "PostgreSQL",
        "deploymentOption": "Single-AZ",
        "regionCode": "eu-west-1",
    } in client.asked


def test_what_is_not_found_or_not_one_price_is_kept_and_told(file: Path) -> None:
    two = {"EU-NatGateway-Hours": [product(("0", "0.05")), product(("0", "0.06"))]}
    found = refresh(PriceList(two), file, DAY)
    assert found.changed == ()
    assert [one.partition(": ")[0] for one in found.kept] == [
        "nat.hour in us-east-1",
        "nat.hour in eu-west-1",
        "rds.postgres.db.t4g.micro in eu-west-1",
        "apigateway.http in us-east-1",
    ]
    assert found.unasked == ("cloudflare.load-balancing",)
    assert json.loads(file.read_text()) == table()


def test_a_free_allowance_is_no_price(file: Path) -> None:
    allowance = {"NatGateway-Hours": [product(("0", "0")), product(("0", "0"), ("100", "0.045"))]}
    refresh(PriceList(allowance), file, DAY)
    price = prices.load(file).price("nat.hour", "us-east-1")
    assert (price.usd, price.tiers) == (0.045, ())


class Gone(PriceList):
    def get_products(self, **arguments: Any) -> dict[str, Any]:
        if len(self.asked) > 1:
            raise ConnectionError("gone")
        return super().get_products(**arguments)


def test_a_list_that_stops_answering_leaves_the_file_as_it_was(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(ConnectionError):
        refresh(Gone(FULL), file, DAY)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["prices.json"]


def test_a_file_that_cannot_be_replaced_is_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    before = file.read_bytes()
    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(InputError, match="cannot be written: Permission denied; it is as it was"):
        refresh(PriceList(FULL), file, DAY)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["prices.json"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "missing or malformed"),
        ({**TABLE, "prices": {"x": {"unit": "hours"}}}, "missing or malformed"),
        (table(prices={"x": {"unit": "h", "regions": {"*": {"usd": -1}}}}), "must be 0 or more"),
        (table(prices={"x": {"unit": "h", "regions": {"*": {"usd": "nan"}}}}), "must be 0 or more"),
        (table(sources={}), "which is not listed"),
    ],
)
def test_a_bad_table_is_refused(document: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        prices.parse(document)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text("{")
    with pytest.raises(InputError, match=r"prices\.json: cannot be read as JSON"):
        prices.load(path)


def test_a_price_for_everywhere_holds_in_every_region() -> None:
    assert prices.parse(table()).price("cloudflare.load-balancing", "eu-west-1").usd == 5
    with pytest.raises(prices.NoPriceError, match="no price 'x'"):
        prices.parse(table()).price("x", "eu-west-1")
