"""A plan that would delete what is protected is refused in one line, which names the setting and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ascend.engine.model import Op, Step
from ascend.errors import InputError
from ascend.protection import explained, locked
from tests.cli.fakes import DATABASE, WORLD, result

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.fakes import FakeEngine, Ran

OLD: dict[str, Any] = {"system": "floyo", "regions": ["us-east-1", "eu-west-1"], "shards": 3}
GONE = replace(DATABASE, op=Op.DELETE, protect=True)
LOG = replace(GONE, type="aws:cloudwatch/logGroup:LogGroup", name="dev-a-log", urn="urn:log")


def _line(step: Step) -> str:
    return f"{step.type} {step.name}: would be deleted but is protected; remove protect from it"


def _changed(**new: Any) -> Step:
    return replace(WORLD, op=Op.UPDATE, old_inputs=OLD, inputs={**OLD, **new})


def _said(*steps: Step) -> str:
    return str(explained(InputError("\n".join(_line(step) for step in steps if step.protect)), steps, "dev"))


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (
            {"shards": 1},
            (
                "ascend:shards: 1 is below the 3 databases that are deployed, each of which holds data; "
                "set ascend:shards: 3"
            ),
        ),
        (
            {"regions": ["us-east-1"], "shards": 1},
            ("ascend:regions: eu-west-1 is deployed and holds data; set ascend:regions: [us-east-1, eu-west-1]"),
        ),
        (
            {"regions": ["us-west-2"]},
            (
                "ascend:regions: us-east-1, eu-west-1 are deployed and hold data; "
                "set ascend:regions: [us-east-1, eu-west-1]"
            ),
        ),
    ],
)
def test_the_setting_that_led_there_is_named(new: dict[str, Any], says: str) -> None:
    assert _said(_changed(**new), LOG, GONE) == (
        f"Pulumi.dev.yaml: {says}; nothing was changed (it would delete dev-db, dev-a-log, which are protected)"
    )


def test_another_home_is_refused_by_the_key_that_names_it() -> None:
    moved = replace(WORLD, op=Op.UPDATE, old_inputs={"regions": ["us-east-1"]}, inputs={"regions": ["eu-west-1"]})
    assert _said(moved, GONE).startswith(
        "Pulumi.dev.yaml: aws:region: us-east-1 is deployed and holds data; a stack keeps its home, set aws:region: us-"
    )


def test_another_system_is_sent_to_a_stack_of_its_own() -> None:
    old = replace(WORLD, op=Op.DELETE, inputs=OLD)
    new = replace(WORLD, op=Op.CREATE, urn="urn:atlas", inputs={**OLD, "system": "atlas"})
    assert "set ascend:system: floyo, and give 'atlas' a stack of its own; nothing was changed" in _said(old, new, GONE)


@pytest.mark.parametrize("root", [[], [_changed()], [replace(WORLD, op=Op.CREATE)]])
def test_without_a_setting_to_blame_it_says_what_would_go(root: list[Step]) -> None:
    many = [replace(LOG, name=f"dev-log-{number}", urn=f"urn:{number}") for number in range(5)]
    assert _said(*root, *many, GONE) == (
        "dev: would delete what is protected: dev-db, dev-log-0, dev-log-1 and 3 more; nothing was changed; put it "
        "back, or remove protect from it in the program and deploy first"
    )


def test_other_problems_stay_beside_it() -> None:
    other = "aws:rds/instance:Instance dev-db-2: would be replaced but is protected"
    said = str(explained(InputError(f"{_line(GONE)}\n{other}"), [GONE], "dev"))
    assert said.splitlines()[1:] == [other]


def test_an_error_of_another_kind_is_as_it_was() -> None:
    error = InputError("Pulumi.dev.yaml: ascend:phase: 'x' is not a phase")
    assert explained(error, [replace(DATABASE, op=Op.DELETE), _changed(shards=1)], "dev") is error


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", [["up", "--yes"], ["preview"], ["preview", "--json"]])
def test_the_commands_say_it_and_change_nothing(
    command: list[str], ascend: Callable[..., Ran], engine: FakeEngine
) -> None:
    engine.answer = result(_changed(shards=1), GONE)
    engine.failure = InputError(_line(GONE))
    ran = ascend(command[0], "dev", "--embedded", *command[1:])
    assert (ran.code, ran.out) == (2, "")
    (line,) = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: Pulumi.dev.yaml: ascend:shards: 1 is below the 3 databases")
    assert [what for what, _ in engine.asked] == ["preview"]


BALANCER = replace(
    DATABASE,
    op=Op.DELETE,
    type="aws:lb/loadBalancer:LoadBalancer",
    name="dev-lb",
    inputs={"enableDeletionProtection": True},
)
STEP_DOWN = replace(WORLD, op=Op.UPDATE, old_inputs={"phase": "global"}, inputs={"phase": "scaled"})


def test_a_lock_of_aws_is_to_be_opened_where_the_program_still_holds_what_it_locks() -> None:
    assert locked([STEP_DOWN, BALANCER], "dev") == (
        "Pulumi.dev.yaml: ascend:deletionProtection: dev-lb would be deleted under deletion protection; nothing was "
        "changed; deploy ascend:deletionProtection: false first, while ascend:phase is still 'global'"
    )
    assert locked([BALANCER], "dev") == (
        "dev: dev-lb would be deleted under deletion protection; nothing was changed; switch that off in the program "
        "and deploy first"
    )


def test_an_open_lock_and_what_stays_are_no_matter() -> None:
    opened = replace(BALANCER, inputs={"enableDeletionProtection": False})
    assert locked([STEP_DOWN, opened, replace(BALANCER, op=Op.SAME)], "dev") is None


@pytest.mark.usefixtures("project")
def test_a_lock_is_found_before_anything_has_changed(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    engine.answer = result(STEP_DOWN, BALANCER)
    ran = ascend("up", "dev", "--embedded", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert "ascend:deletionProtection: dev-lb would be deleted" in ran.err
    assert [what for what, _ in engine.asked] == ["preview"]


@pytest.mark.usefixtures("project")
def test_a_preview_shows_the_plan_and_that_it_would_be_refused(ascend: Callable[..., Ran], engine: FakeEngine) -> None:
    engine.answer = result(STEP_DOWN, BALANCER)
    ran = ascend("preview", "dev", "--embedded")
    assert ran.code == 0
    assert "dev-lb" in ran.out
    assert "up would be refused: Pulumi.dev.yaml: ascend:deletionProtection" in ran.err
    assert "Next:" not in ran.err
