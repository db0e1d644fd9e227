"""What a state says of a stack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ascend.engine.model import SECRET_MASK, Kept, State
from ascend.errors import InputError
from ascend.live.deployed import GLOBAL, STACK_TYPE, Deployed
from tests.live.clouds import REGION, deployed, kept, world

DATABASE = "aws:rds/instance:Instance"


def test_it_tells_what_the_stack_is() -> None:
    found = deployed(kept(DATABASE, "db", component="database", identifier="floyo-db"))
    assert (found.stack, found.system, found.phase, found.phase_number) == ("dev", "floyo", "single-region", 1)
    assert (found.users, found.budget, found.next_phase) == (1000, 50.0, "cached")
    assert isinstance(found.users, int), "states hold numbers as floats"
    assert (found.regions, found.primary, found.account) == ((REGION,), REGION, "123456789012")
    assert found.threshold("p95_s") == 1.0
    assert found.threshold("nonsense") is None


def test_the_last_phase_has_no_ceiling_and_no_next_one() -> None:
    found = deployed(phase="global", users=None, regions=["us-east-1", "eu-west-1"], primary="eu-west-1")
    assert (found.users, found.next_phase, found.phase_number, found.primary) == (None, None, 4, "eu-west-1")


def test_resources_by_type_region_and_component() -> None:
    there = replace(kept(DATABASE, "other"), inputs={}, outputs={"region": "eu-west-1"})
    role = Kept("urn::role", "aws:iam/role:Role", "role", inputs={}, outputs={})
    found = deployed(kept(DATABASE, "db", component="database", identifier="floyo-db", port=5432.0), there, role)
    (own,) = found.of_type(DATABASE, REGION)
    assert (own.component, own.text("identifier"), own.number("port")) == ("database", "floyo-db", 5432.0)
    assert (own.number("identifier"), own.text("port"), own.text("nothing")) == (None, "", "")
    assert len(found.of_type(DATABASE)) == 2
    assert found.of_type("aws:iam/role:Role")[0].region == GLOBAL
    assert found.of_type("aws:nothing") == []


@pytest.mark.parametrize(
    ("type_", "protect", "holds"),
    [
        (DATABASE, True, True),
        (DATABASE, False, False),  # a replica
        ("aws:kms/key:Key", False, True),
        ("aws:ecs/service:Service", False, False),
        ("aws:ecs/service:Service", True, True),
    ],
)
def test_what_holds_data(type_: str, protect: bool, holds: bool) -> None:
    found = deployed(kept(type_, "x", protect=protect))
    assert [one.name for one in found.data()] == (["x"] if holds else [])


def test_the_steps_are_those_of_a_plan_that_changes_nothing() -> None:
    found = deployed(kept(DATABASE, "db", password=SECRET_MASK))
    steps = {step.name: step for step in found.steps()}
    assert {str(step.op) for step in steps.values()} == {"same"}
    assert steps["db"].inputs["password"] == SECRET_MASK
    assert steps["floyo-dev"].inputs["figures"]["title"] == "Floyo"


def test_outputs_and_pending_operations() -> None:
    top = Kept("urn::top", STACK_TYPE, "ascend-dev", custom=False, outputs={"url": "https://x"})
    found = Deployed.of("dev", State(b"", [top, world()], ["creating urn::a"]))
    assert found.outputs == {"url": "https://x"}
    assert found.pending == ("creating urn::a",)
    assert [one.type for one in found.resources] == ["ascend:index:World"]


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ([], "holds no ascend:index:World"),
        ([world(phase="huge")], "says phase 'huge'; this version knows single-region, cached, scaled, global"),
        ([world(phase=None)], "says phase ''"),
    ],
)
def test_a_state_of_something_else(resources: list[Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Deployed.of("dev", State(b"", resources))
