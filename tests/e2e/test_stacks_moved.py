"""Every system through the phases: one by one, by leaps, and down. Nothing that holds data is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.point import VERSIONED
from tests.e2e.stack_files import PHASES
from tests.e2e.stacks import STEPS, WAYS
from tests.thorough import thorough

if TYPE_CHECKING:
    from tests.e2e.stacks import Stacks

pytestmark = thorough


def _ends(first: int, number: int) -> tuple[int, int]:
    """The phases before and after a step."""
    way = (first, *WAYS[first])
    return way[number], way[number + 1]


def _steps(*, up: bool | None = None) -> list[object]:
    """The steps as parameters: those up, those down, or all."""
    found = []
    for first, number in STEPS:
        before, after = _ends(first, number)
        if up is None or (after > before) is up:
            found.append(pytest.param(first, number, id=f"{before}-{after}"))
    return found


def test_the_ways_hold_every_step_up_and_down_and_the_leaps() -> None:
    ends = {_ends(*step) for step in STEPS}
    assert ends >= {(1, 2), (2, 3), (3, 4), (1, 3), (2, 4), (4, 3), (3, 2), (2, 1)}


@pytest.mark.parametrize(("first", "number"), _steps(up=True))
def test_a_promotion_replaces_and_deletes_nothing_that_holds_data(stacks: Stacks, first: int, number: int) -> None:
    before, after = stacks.leg(first, number)
    assert {urn for _, urn in after.operations("replace", "delete")} & set(before.data()) == set()
    assert {type_ for type_, _ in after.operations("replace")} <= VERSIONED


@pytest.mark.parametrize(("first", "number"), _steps(up=True))
def test_data_keeps_its_urn_and_its_id_on_the_way_up(stacks: Stacks, first: int, number: int) -> None:
    before, after = stacks.leg(first, number)
    kept = before.data()
    assert len(kept) > 20
    assert {urn: after.data().get(urn) for urn in kept} == kept


@pytest.mark.parametrize(("first", "number"), _steps(up=False))
def test_a_step_down_deletes_no_data(stacks: Stacks, first: int, number: int) -> None:
    before, after = stacks.leg(first, number)
    kept = before.protected()
    assert len(kept) > 5
    assert {urn: after.protected().get(urn) for urn in kept} == kept


@pytest.mark.parametrize(("first", "number"), _steps(up=False))
def test_a_step_down_lists_what_it_deletes(stacks: Stacks, first: int, number: int) -> None:
    before, after = stacks.leg(first, number)
    listed = {urn for _, urn in after.operations("delete")}
    gone = {urn for urn in before.resources if urn not in after.resources and "pulumi:providers:" not in urn}
    assert gone <= listed


def test_a_step_down_from_many_regions_leaves_less_behind(stacks: Stacks) -> None:
    before, after = stacks.leg(4, 0)
    assert len(after.resources) < len(before.resources)


@pytest.mark.parametrize(("first", "number"), _steps())
def test_rows_of_the_contract_keep_their_names_and_secrets_their_places(
    stacks: Stacks, first: int, number: int
) -> None:
    before, after = sorted(stacks.leg(first, number), key=lambda point: PHASES.index(point.document["phase"]))
    assert set(before.contract) == set(after.contract)
    for service, rows in before.contract.items():
        told = after.contract[service]
        assert set(rows) <= set(told), service
        assert {"DATABASE_URL", "DATABASE_READ_URL", "DB_POOL_MIN", "DB_POOL_MAX", "CDN_URL"} <= set(rows)
        for variable, value in rows.items():
            if value.startswith("arn:aws:secretsmanager:"):
                assert told[variable] == value, "the same field of the same secret"


@pytest.mark.parametrize("first", WAYS)
def test_data_is_the_same_at_the_end_as_at_the_beginning(stacks: Stacks, first: int) -> None:
    stacks.leg(first, 0)
    start, end = stacks.points[first][0].protected(), stacks.points[first][-1].protected()
    assert {urn: end.get(urn) for urn in start} == start
