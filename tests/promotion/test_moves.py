"""What a move is: phases, the keys that it writes, what a step down keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.engine.model import Op, Step
from ascend.errors import InputError
from ascend.promotion import moves
from ascend.promotion.journal import Kind
from tests.live.clouds import deployed, kept

if TYPE_CHECKING:
    from ascend.live.deployed import Deployed

DATABASE = "aws:rds/instance:Instance"


def stack(phase: str, *databases: dict[str, Any], **more: Any) -> Deployed:
    made = [
        kept(DATABASE, f"db-{number}", component="database", **one) for number, one in enumerate(databases, start=1)
    ]
    return deployed(*made, phase=phase, **more)


def test_the_way_up_is_one_phase_unless_another_is_named() -> None:
    assert moves.upward(stack("cached"), None, None).keys == {"ascend:phase": "scaled"}
    forced = moves.upward(stack("cached"), "global", "a launch")
    assert (forced.before, forced.after, forced.force) == ("cached", "global", "a launch")
    assert moves.Move.of(Kind.PROMOTE, forced.document()) == forced


@pytest.mark.parametrize(
    ("phase", "to", "says"),
    [
        ("global", None, "the last phase; nothing to promote"),
        ("cached", "cached", "is there already"),
        ("cached", "single-region", "use ascend demote"),
    ],
)
def test_no_way_up(phase: str, to: str | None, says: str) -> None:
    with pytest.raises(InputError, match=says):
        moves.upward(stack(phase), to, None)


@pytest.mark.parametrize(
    ("phase", "to", "says"),
    [
        ("single-region", None, "the first phase; nothing to demote"),
        ("cached", "cached", "is there already"),
        ("cached", "scaled", "use ascend promote"),
    ],
)
def test_no_way_down(phase: str, to: str | None, says: str) -> None:
    with pytest.raises(InputError, match=says):
        moves.downward(stack(phase), to)


def test_the_way_down_keeps_what_holds_data_named() -> None:
    source = {"replicateSourceDb": "db-1"}
    found = stack("global", {}, {}, source, regions=["us-east-1", "eu-west-1"], primary="eu-west-1")
    assert moves.downward(found, None).keys == {
        "ascend:phase": "scaled",
        "ascend:regions": ["us-east-1", "eu-west-1"],
        "ascend:primary": "eu-west-1",
    }
    home = stack("global", {}, {}, source, regions=["us-east-1", "eu-west-1"], primary="us-east-1")
    assert moves.downward(home, "cached").keys["ascend:shards"] == 2
    assert moves.downward(stack("cached", {}), None).keys == {"ascend:phase": "single-region"}


@pytest.mark.parametrize(
    ("planned", "kept"),
    [
        ({"allocatedStorage": 100, "maxAllocatedStorage": 1000}, {}),
        ({"allocatedStorage": 20, "maxAllocatedStorage": 100}, {"Gib": 100, "MaxGib": 1000}),
        ({"allocatedStorage": 100, "maxAllocatedStorage": 100}, {"Gib": 100, "MaxGib": 1000}),
    ],
)
def test_a_volume_does_not_shrink(planned: dict[str, int], kept: dict[str, int]) -> None:
    found = stack("scaled", {"allocatedStorage": 100.0, "maxAllocatedStorage": 1000.0})
    step = Step(Op.UPDATE, found.of_type(DATABASE)[0].urn, DATABASE, "db-1", inputs=planned)
    keys = {"Gib": "ascend:databaseStorageGib", "MaxGib": "ascend:databaseMaxStorageGib"}
    assert moves.sizes(found, [step]) == {keys[name]: size for name, size in kept.items()}
