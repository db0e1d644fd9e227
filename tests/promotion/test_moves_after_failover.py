"""Phases of a stack that has lost its home: down and up where it is written to now, and again once it is home.

The tests are one story, in the order in which they stand here.
"""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from ascend.errors import InputError
from ascend.promotion.demote_command import demote
from ascend.promotion.promote_command import promote
from ascend.promotion.rehearse_command import rehearse
from tests.failover.day import HOME, OTHER, STACK, Day
from tests.thorough import thorough

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [thorough, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    begun = Day.begun(tmp_path_factory.mktemp("day"))
    try:
        begun.project.up(STACK, "--skip-preview")
        begun.run("failover", to=OTHER, yes=True)
        yield begun
    finally:
        begun.project.close()


def said(day: Day, command: Callable[..., Any], **options: Any) -> dict[str, Any]:
    """The JSON that a command prints."""
    out = io.StringIO()
    with day.project.here(), contextlib.redirect_stdout(out):
        command(day.project.root, STACK, json=True, embedded=True, **options)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def test_down_with_its_home_closed(day: Day) -> None:
    before = day.ids()
    rehearsed = said(day, rehearse, to="scaled")
    assert (rehearsed["ok"], rehearsed["problems"]) == (True, [])
    assert said(day, demote, yes=True)["outcome"] == "done"
    config = day.config()
    assert (config["ascend:phase"], config["ascend:primary"]) == ("scaled", OTHER)
    assert config["ascend:databases"] == {HOME: {"fenced": True}}
    assert day.ids().items() <= before.items()
    assert day.changes() == {}


def test_at_rest_it_cannot_go_home(day: Day) -> None:
    with pytest.raises(InputError, match=f"{HOME} is at rest: at phase scaled .*: ascend promote {STACK}"):
        day.run("failback", yes=True)
    assert [one.outcome for one in day.journals()] == ["done", "done"], "no journal was begun"


def test_up_again_and_home(day: Day) -> None:
    before = day.ids()
    assert said(day, promote, yes=True, force="a test")["outcome"] == "done"
    assert before.items() <= day.ids().items()
    assert day.run("failback", yes=True)["outcome"] == "done"
    assert "ascend:primary" not in day.config()
    assert day.changes() == {}


def test_down_and_up_at_home_with_what_was_left_behind(day: Day) -> None:
    before, lineage = day.ids(), day.config()["ascend:databases"]
    kept = {urn: one for urn, one in before.items() if "database" in urn and "-g2" not in urn}
    assert kept
    assert said(day, demote, yes=True)["outcome"] == "done"
    assert kept.items() <= day.ids().items()
    assert said(day, promote, yes=True, force="a test")["outcome"] == "done"
    assert day.config()["ascend:databases"] == lineage
    assert before.items() <= day.ids().items()
    assert day.changes() == {}
