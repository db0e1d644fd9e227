"""What is not known yet is judged nowhere: neither as a whole property nor as any part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.values import UNKNOWN
from tests.cloud.aws import balancer_inputs, waf_inputs
from tests.cloud.aws.test_refusals import failures

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = {**balancer_inputs.GOOD, **waf_inputs.GOOD}
FINE = [*balancer_inputs.FINE, *waf_inputs.FINE]
BAD = [*balancer_inputs.BAD, *waf_inputs.BAD]


def with_a_part_unknown(node: Any) -> Iterator[Any]:
    """The value with each of its parts, large and small, replaced."""
    yield UNKNOWN
    if isinstance(node, dict):
        for name, item in node.items():
            yield from ({**node, name: changed} for changed in with_a_part_unknown(item))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from ([*node[:index], changed, *node[index + 1 :]] for changed in with_a_part_unknown(item))


def changes(token: str, change: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in {**GOOD[token], **change}.items():
        if value is not None:
            yield from ({**change, name: changed} for changed in with_a_part_unknown(value))


@pytest.mark.parametrize(
    ("token", "change"), [*((token, {}) for token in GOOD), *FINE], ids=lambda value: str(value)[:40]
)
def test_good_inputs_stay_good(token: str, change: dict[str, Any]) -> None:
    for changed in changes(token, change):
        assert failures(token, changed) == [], changed


@pytest.mark.parametrize("token", GOOD)
def test_bad_inputs_are_refused_without_a_fault(token: str) -> None:
    for name, change, _ in BAD:
        if name == token:
            for changed in changes(token, change):
                failures(token, changed)
