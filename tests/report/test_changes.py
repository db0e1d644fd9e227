"""What a promotion changes, on plans made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ascend.engine.model import UNKNOWN_MASK, Op, Step
from ascend.plans import Plan
from ascend.report.changes import Promotion, compare
from tests.cost import world

OWNER = world.component("Database", "database")
CLASS = "aws:rds/instance:Instance"


def database(**inputs: Any) -> Step:
    given = {"identifier": "shop-use1-database", "engine": "postgres", "instanceClass": "db.t4g.micro", **inputs}
    return replace(world.resource(OWNER, CLASS, "primary", **given), protect=True)


def topic(made: str, **inputs: Any) -> Step:
    name = f"shop-use1-alarms-topic-{made}"
    return world.resource(OWNER, "aws:sns/topic:Topic", "topic", name=name, __defaults=["name"], **inputs)


def between(before: list[Step], after: list[Step]) -> Promotion:
    ground = [world.world(), world.region(), OWNER]
    return compare(Plan.of("shop", [*ground, *before]), Plan.of("shop", [*ground, *after]))


def test_what_comes_and_what_goes() -> None:
    found = between([database(), topic("0000000")], [database(), world.resource(OWNER, "aws:sqs/queue:Queue", "jobs")])
    assert [(one.op, one.name) for one in found.changes] == [
        (Op.DELETE, "shop-use1-database-topic"),
        (Op.CREATE, "shop-use1-database-jobs"),
    ]
    assert (found.same, found.lost) == (1, [])
    assert found.summary == {"create": 1, "update": 0, "replace": 0, "delete": 1, "same": 1}


def test_a_class_changes_in_place_and_data_is_kept() -> None:
    found = between([database()], [database(instanceClass="db.t4g.large")])
    assert [(one.op, one.keys, one.data) for one in found.changes] == [(Op.UPDATE, ("instanceClass",), True)]
    assert found.data == ["shop-use1-database-primary"]
    assert found.lost == []


def test_a_replaced_database_is_data_lost() -> None:
    found = between([database()], [database(engine="mysql")])
    assert [(one.op, one.keys) for one in found.changes] == [(Op.REPLACE, ("engine",))]
    assert [one.name for one in found.lost] == ["shop-use1-database-primary"]
    assert found.document()["data"] == {"resources": 1, "lost": ["shop-use1-database-primary"]}


def test_a_deleted_database_is_data_lost() -> None:
    assert [one.name for one in between([database()], []).lost] == ["shop-use1-database-primary"]


def test_names_that_providers_make_up_are_no_change() -> None:
    reader = "arn:aws:sns:us-east-1:1:shop-use1-alarms-topic-"
    before = [topic("0a1b2c3"), world.resource(OWNER, "aws:sns/topicPolicy:TopicPolicy", "may", arn=f"{reader}0a1b2c3")]
    after = [topic("9f8e7d6"), world.resource(OWNER, "aws:sns/topicPolicy:TopicPolicy", "may", arn=f"{reader}9f8e7d6")]
    found = between(before, after)
    assert found.changes == []
    assert found.same == 2


def test_what_is_known_later_only_is_no_change() -> None:
    found = between([database(kmsKeyId=UNKNOWN_MASK)], [database(kmsKeyId="arn:aws:kms:us-east-1:1:key/1")])
    assert found.changes == []


def test_inputs_of_a_type_that_no_provider_knows_are_compared_as_they_are() -> None:
    lake = [world.resource(OWNER, "other:index:Lake", "lake", depth=depth) for depth in (1, 2)]
    assert [(one.op, one.keys) for one in between(lake[:1], lake[1:]).changes] == [(Op.UPDATE, ("depth",))]
