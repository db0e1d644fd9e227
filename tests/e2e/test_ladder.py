"""Every system up all phases on one stack, down again, and by leaps: nothing that holds data is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.account import Account
from tests.e2e.point import DATA, VERSIONED, Point
from tests.e2e.project import Project
from tests.e2e.stack_files import PHASES, REGIONS, SYSTEMS, write

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK = "ladder"
#: One phase up at a time, one down at a time, and the leaps 1→3 and 2→4.
WAY = (1, 2, 3, 4, 3, 2, 1, 3, 2, 4)
UPWARDS = [pytest.param(n, id=f"{n}: {WAY[n - 1]}→{WAY[n]}") for n in range(1, len(WAY)) if WAY[n] > WAY[n - 1]]
DOWNWARDS = [pytest.param(n, id=f"{n}: {WAY[n - 1]}→{WAY[n]}") for n in range(1, len(WAY)) if WAY[n] < WAY[n - 1]]


@dataclass(frozen=True)
class Ladder:
    """The way of one system's stack.

    Attributes:
        project: the project.
        account: the account.
        points: where it was, in the order of `WAY`.
    """

    project: Project
    account: Account
    points: tuple[Point, ...]

    def leg(self, number: int) -> tuple[Point, Point]:
        """The points before and after a step of the way."""
        return self.points[number - 1], self.points[number]


@pytest.fixture(scope="module", params=[pytest.param(s, marks=pytest.mark.xdist_group(f"ladder-{s}")) for s in SYSTEMS])
def ladder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ladder]:
    project = Project.copied(tmp_path_factory.mktemp(request.param))
    points = []
    try:
        account = None
        for number in WAY:
            phase = PHASES[number - 1]
            # Both stay listed on the way down: the second region keeps its data. A load balancer goes on the way.
            regions = list(REGIONS) if any(point.document["phase"] == PHASES[-1] for point in points) else None
            more = {"regions": regions} if regions else {}
            write(project, STACK, request.param, phase, deletionProtection=False, **more)
            document = project.up(STACK, "--skip-preview")
            account = account or Account(project.endpoint(), REGIONS)
            points.append(Point.taken(project, STACK, account, document))
        assert account is not None
        yield Ladder(project, account, tuple(points))
    finally:
        project.close()


@pytest.mark.parametrize("number", UPWARDS)
def test_a_promotion_replaces_and_deletes_nothing_that_holds_data(ladder: Ladder, number: int) -> None:
    _, after = ladder.leg(number)
    assert {found for found in after.operations("replace", "delete") if found[0] in DATA} == set()
    assert {type_ for type_, _ in after.operations("replace")} <= VERSIONED


@pytest.mark.parametrize("number", UPWARDS)
def test_data_keeps_its_urn_and_its_id_on_the_way_up(ladder: Ladder, number: int) -> None:
    before, after = ladder.leg(number)
    kept = before.data()
    assert len(kept) > 20
    assert {urn: after.data().get(urn) for urn in kept} == kept


@pytest.mark.parametrize("number", DOWNWARDS)
def test_a_step_down_deletes_no_data(ladder: Ladder, number: int) -> None:
    before, after = ladder.leg(number)
    kept = before.protected()
    assert len(kept) > 5
    assert {urn: after.protected().get(urn) for urn in kept} == kept


@pytest.mark.parametrize("number", DOWNWARDS)
def test_a_step_down_lists_what_it_deletes(ladder: Ladder, number: int) -> None:
    before, after = ladder.leg(number)
    listed = {urn for _, urn in after.operations("delete")}
    gone = {urn for urn in before.resources if urn not in after.resources}
    assert gone, "a phase down has less"
    assert gone <= listed


@pytest.mark.parametrize("number", range(1, len(WAY)))
def test_rows_of_the_contract_keep_their_names_and_secrets_their_places(ladder: Ladder, number: int) -> None:
    before, after = sorted(ladder.leg(number), key=lambda point: PHASES.index(point.document["phase"]))
    assert set(before.contract) == set(after.contract)
    for service, rows in before.contract.items():
        told = after.contract[service]
        assert set(rows) <= set(told), service
        assert {"DATABASE_URL", "DATABASE_READ_URL", "DB_POOL_MIN", "DB_POOL_MAX", "CDN_URL"} <= set(rows)
        for variable, value in rows.items():
            if value.startswith("arn:aws:secretsmanager:"):
                assert told[variable] == value, "the same field of the same secret"


def test_data_is_the_same_at_the_end_as_at_the_beginning(ladder: Ladder) -> None:
    first, last = ladder.points[0].protected(), ladder.points[-1].protected()
    assert {urn: last.get(urn) for urn in first} == first


def test_every_phase_settles(ladder: Ladder) -> None:
    again = ladder.project.up(STACK, "--skip-preview")
    assert [step for step in again["steps"] if step["op"] != "same"] == []
