"""Planted faults are caught, and nothing is said against what is harmless."""

from __future__ import annotations

from typing import Any

import pytest

from ascend.review.findings import Level, Verdict
from tests.review.lab import Case, Lab, cases
from tests.thorough import usual

#: At least so many small diffs are tried.
_LEAST = 30
FAULTS = [case for name in ("data", "guards", "security") for case in cases(name)]
HARMLESS = cases("harmless")


def often(given: list[Case]) -> list[Any]:
    """As parameters, of which every run has some."""
    return usual(given, (case for case in given if not case.seldom))


# One process plans all of them, and knows the stacks before the edits.
pytestmark = pytest.mark.xdist_group("review")


@pytest.mark.parametrize("case", often(FAULTS), ids=lambda case: case.name)
def test_a_fault_is_caught(lab: Lab, case: Case) -> None:
    found = lab.review(case)
    blocking = [one for one in found.findings if one.level is Level.BLOCKING]
    assert found.verdict is Verdict.BLOCKED, case.why
    caught = [one for one in blocking if one.rule in case.rules]
    assert caught, [(one.rule, one.name, one.message) for one in blocking]
    if case.type:
        assert case.type in {one.urn.split("::")[2].rpartition("$")[2] for one in caught}
    if case.file:
        assert case.file in {one.place.file for one in caught if one.place}


@pytest.mark.parametrize("case", often(HARMLESS), ids=lambda case: case.name)
def test_nothing_is_said_against_what_is_harmless(lab: Lab, case: Case) -> None:
    found = lab.review(case)
    assert [(one.rule, one.name, one.message) for one in found.findings if one.level is Level.BLOCKING] == []
    assert found.verdict is Verdict.PASS


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= _LEAST
