"""The filters of ``filters.yaml`` against products of the AWS Price List as public repositories recorded them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ascend.cost import price_list, prices

PRODUCTS = json.loads((Path(__file__).parent / "price_list.json").read_text())["products"]

#: Key, region, US dollars in the first tier that is billed: one for each filter at least.
CASES = [
    ("fargate.arm.vcpu", "us-east-1", 0.03238),
    ("nat.hour", "ap-southeast-1", 0.059),
    ("nat.data", "eu-west-1", 0.048),
    ("ipv4.public", "us-east-1", 0.005),
    ("alb.hour", "us-east-1", 0.0225),
    ("alb.lcu", "us-east-1", 0.008),
    ("alb.lcu", "eu-west-1", 0.008),
    ("alb.trust-store", "us-east-1", 0.005),
    ("apigateway.http", "us-east-1", 1e-6),
    ("transfer.internet", "eu-west-1", 0.09),
    ("transfer.cross-az", "eu-west-1", 0.01),
    ("transfer.cross-region", "us-east-1", 0.02),
    ("waf.acl", "us-east-1", 5),
    ("waf.rule", "us-east-1", 1),
    ("waf.request", "us-east-1", 6e-7),
    ("logs.ingestion", "eu-west-1", 0.57),
    ("logs.storage", "ap-southeast-1", 0.03),
    ("cloudwatch.alarm", "ap-southeast-1", 0.1),
    ("cloudwatch.metric", "us-east-1", 0.3),
    ("cloudwatch.dashboard", "*", 3),
    ("secretsmanager.secret", "us-east-1", 0.4),
    ("secretsmanager.secret", "ap-southeast-1", 0.4),
    ("secretsmanager.request", "us-east-1", 5e-6),
    ("kms.key", "ap-southeast-1", 1),
    ("kms.request", "ap-southeast-1", 3e-6),
    ("sqs.request", "us-east-1", 4e-7),
    ("sns.email", "us-east-1", 2e-5),
    ("sns.https", "us-east-1", 6e-7),
    ("s3.storage", "ap-southeast-1", 0.025),
    ("s3.write", "ap-southeast-1", 5e-6),
    ("s3.read", "ap-southeast-1", 4e-7),
    ("route53.private-zone", "*", 0.5),
    ("vpc.endpoint", "ap-southeast-1", 0.013),
    ("vpc.endpoint.data", "ap-southeast-1", 0.01),
    ("rds.storage.gp3", "us-east-1", 0.115),
    ("rds.storage.gp3.multi-az", "us-east-1", 0.23),
    ("rds.iops.gp3", "us-east-1", 0.02),
    ("rds.iops.gp3.multi-az", "us-east-1", 0.04),
    ("rds.backup", "eu-west-1", 0.095),
    ("rds.proxy", "us-east-1", 0.015),
    ("rds.postgres.multi-az.db.t4g.small", "us-east-1", 0.065),
    ("rds.postgres.db.t4g.small", "us-east-1", 0.032),
    ("rds.postgres.db.t4g.micro", "us-east-1", 0.016),
    ("elasticache.valkey.cache.t4g.micro", "us-east-1", 0.0128),
    ("elasticache.redis.cache.t3.micro", "us-east-1", 0.017),
    ("elasticache.backup", "us-east-1", 0.085),
    ("dms.instance.dms.t2.micro", "us-east-1", 0.018),
    ("dms.storage", "us-east-1", 0.115),
]
#: Filters of products that no record at hand shows whole.
UNRECORDED = {"fargate.arm.memory", "logs.vended"}


class Recorded:
    """Answers as GetProducts does: the products whose fields all equal the filters'."""

    def get_products(self, **arguments: Any) -> dict[str, Any]:
        wanted = {one["Field"]: one["Value"] for one in arguments["Filters"]}
        found = [
            _answer(number, one)
            for number, one in enumerate(PRODUCTS)
            if one["service"] == arguments["ServiceCode"]
            and wanted.items() <= {**one["attributes"], "productFamily": one["family"]}.items()
        ]
        return {"PriceList": found}


def _answer(number: int, product: dict[str, Any]) -> str:
    rows = {
        str(tier): {"beginRange": start, "pricePerUnit": {"USD": usd}}
        for tier, (start, usd) in enumerate(product["prices"])
    }
    described = {"sku": f"SKU{number}", "productFamily": product["family"], "attributes": product["attributes"]}
    return json.dumps({"product": described, "terms": {"OnDemand": {"term": {"priceDimensions": rows}}}})


@pytest.mark.parametrize(("key", "region", "usd"), CASES)
def test_a_filter_finds_one_price_among_the_recorded_products(key: str, region: str, usd: float) -> None:
    found = price_list.ask(Recorded(), key, region)
    assert found[0] == (0, pytest.approx(usd))
    known = prices.load().prices.get(key, {}).get(region)
    if known is not None:
        assert known.usd == pytest.approx(usd), "the delivered table says otherwise"


def test_every_filter_is_tried_on_a_record_or_said_to_have_none() -> None:
    patterns = set(price_list.filters()["prices"])
    tried = {
        next(one for one in price_list.filters()["prices"] if one == key or _fits(one, key)) for key, _, _ in CASES
    }
    assert tried | UNRECORDED == patterns
    assert not tried & UNRECORDED


def _fits(pattern: str, key: str) -> bool:
    return pattern.endswith("*") and key.startswith(pattern[:-1])


def test_every_filter_is_of_a_price_in_the_delivered_table() -> None:
    keys = set(prices.load().prices)
    for pattern in price_list.filters()["prices"]:
        assert any(key == pattern or _fits(pattern, key) for key in keys), pattern


def test_tiers_are_found_in_their_order() -> None:
    assert price_list.ask(Recorded(), "transfer.internet", "eu-west-1") == (
        (0, 0.09), (10240, 0.085), (51200, 0.07), (153600, 0.05),
    )  # fmt: skip


def test_an_allowance_of_the_account_is_no_tier() -> None:
    assert price_list.ask(Recorded(), "sns.email", "us-east-1") == ((0, 2e-5),)


class Several(Recorded):
    def get_products(self, **arguments: Any) -> dict[str, Any]:
        filters = [one for one in arguments["Filters"] if one["Field"] not in {"usagetype", "operation"}]
        return super().get_products(**{**arguments, "Filters": filters})


def test_several_prices_are_an_error_that_names_the_filter_and_the_products() -> None:
    with pytest.raises(price_list.NotOnePriceError) as caught:
        price_list.ask(Several(), "alb.hour", "us-east-1")
    assert str(caught.value) == (
        "AWSELB has 3 prices with productFamily=Load Balancer-Application, usagetype=USE1-LoadBalancerUsage, "
        "regionCode=us-east-1: 0.005 (SKU4); 0.008 (SKU1, SKU3); 0.0225 (SKU0, SKU2)"
    )


def test_none_is_an_error_that_names_every_filter_that_was_tried() -> None:
    with pytest.raises(price_list.NotOnePriceError) as caught:
        price_list.ask(Recorded(), "waf.request", "eu-west-1")
    assert str(caught.value) == (
        "awswaf has no product with usagetype=EU-RequestV2-Tier0, regionCode=eu-west-1 "
        "nor with usagetype=EU-RequestV2-Tier1, regionCode=eu-west-1"
    )
