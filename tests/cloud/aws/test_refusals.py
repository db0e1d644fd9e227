"""What AWS refuses is refused before anything is made, and what it takes is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.aws import facts
from ascend.cloud.aws.provider import AwsProvider
from ascend.cloud.provider import Resource
from ascend.cloud.values import UNKNOWN
from tests.cloud.aws import (
    balancer_inputs,
    cache_inputs,
    dms_inputs,
    edge_inputs,
    good_inputs,
    refusals,
    region_inputs,
    scaling_inputs,
    waf_inputs,
)

if TYPE_CHECKING:
    from ascend.cloud.provider import Failure

PLANNER = AwsProvider()
GOOD = {
    **good_inputs.GOOD,
    **edge_inputs.GOOD,
    **cache_inputs.GOOD,
    **dms_inputs.GOOD,
    **region_inputs.GOOD,
    **balancer_inputs.GOOD,
    **waf_inputs.GOOD,
    **scaling_inputs.GOOD,
}
BAD = [
    *refusals.BAD,
    *edge_inputs.BAD,
    *cache_inputs.BAD,
    *dms_inputs.BAD,
    *region_inputs.BAD,
    *balancer_inputs.BAD,
    *waf_inputs.BAD,
    *scaling_inputs.BAD,
]
FINE = [
    *refusals.FINE,
    *cache_inputs.FINE,
    *dms_inputs.FINE,
    *region_inputs.FINE,
    *balancer_inputs.FINE,
    *waf_inputs.FINE,
    *scaling_inputs.FINE,
]


def failures(token: str, change: dict[str, Any]) -> list[Failure]:
    inputs = {name: value for name, value in {**GOOD[token], **change}.items() if value is not None}
    resource = Resource("urn", token, "it", {"region": "eu-west-1"})
    return PLANNER.check(resource, {}, inputs, bytes(32))[1]


def shown(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(value)


@pytest.mark.parametrize("token", GOOD)
def test_good_inputs(token: str) -> None:
    assert failures(token, {}) == []


@pytest.mark.parametrize(("token", "change"), FINE, ids=shown)
def test_other_good_inputs(token: str, change: dict[str, Any]) -> None:
    assert failures(token, change) == []


@pytest.mark.parametrize(("token", "change", "path"), BAD, ids=shown)
def test_bad_inputs(token: str, change: dict[str, Any], path: str) -> None:
    found = failures(token, change)
    assert path in [failure.property for failure in found], found
    assert all(failure.reason for failure in found)


@pytest.mark.parametrize("token", GOOD)
def test_what_is_not_known_is_not_judged(token: str) -> None:
    for name in GOOD[token]:
        assert failures(token, {name: UNKNOWN}) == [], name


def test_every_rule_has_a_case() -> None:
    """A rule that nothing breaks may be one that never speaks."""
    heard = {
        (token, failure.reason.partition(" (given: ")[0])
        for token, change, _ in BAD
        for failure in failures(token, change)
    }
    silent = [
        (token, rule["message"])
        for token in GOOD
        for rule in facts.load(token).rules
        if rule.get("message") and (token, rule["message"]) not in heard
    ]
    assert silent == []
