"""The difference of two estimates: what a promotion adds, line by line."""

from __future__ import annotations

import pytest

from ascend.cost.delta import difference
from ascend.cost.estimate import estimate
from ascend.cost.model import ZERO, Span, total
from tests.cost import world
from tests.cost.test_estimate import database


def test_a_promotion_costs_the_difference_line_by_line() -> None:
    before = estimate([*world.base(), *database()])
    cache = world.component("Cache", "cache")
    nodes = world.resource(
        cache,
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "nodes",
        engine="valkey",
        nodeType="cache.t4g.micro",
        numCacheClusters=1,
    )
    after = estimate([*world.base(), *database(class_="db.t4g.small"), cache, nodes])
    changes = difference(before, after)
    assert [(one.item, one.before.expected, one.after.expected) for one in changes] == [
        ("Instance db.t4g.small", 0, 23.36),
        ("Instance db.t4g.micro", 11.68, 0),
        ("Node cache.t4g.micro, valkey", 0, pytest.approx(9.344)),
    ]
    assert total([one.monthly for one in changes]) == (after.monthly - before.monthly).rounded()


def test_nothing_changes_between_equals() -> None:
    found = estimate([*world.base(), *database()])
    assert difference(found, found) == ()


def test_the_way_back_is_the_way_there_with_the_other_sign() -> None:
    small, large = estimate(world.base()), estimate([*world.base(), *database()])
    there, back = difference(small, large), difference(large, small)
    assert [(one.urn, one.item) for one in there] == [(one.urn, one.item) for one in back]
    assert all(one.monthly + other.monthly == ZERO for one, other in zip(there, back, strict=True))


def test_a_change_as_json() -> None:
    (change, *_) = difference(estimate(world.base()), estimate([*world.base(), *database()]))
    assert change.document() == {
        "urn": world.urn("aws:rds/instance:Instance", "shop-use1-database-primary"),
        "item": "Instance db.t4g.micro",
        "before": 0,
        "after": 11.68,
        "monthly": Span.flat(11.68).document(),
    }
