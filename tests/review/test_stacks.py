"""Nothing is said against the stacks as they are, every system at every phase: neither as new nor as unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ascend import plans
from ascend.review import planning
from ascend.review.findings import Level, Verdict
from ascend.review.job import Job
from ascend.review.review import review
from tests.e2e.stack_files import SYSTEMS
from tests.review.lab import ROOT, pack_of
from tests.thorough import usual

if TYPE_CHECKING:
    from tests.review.lab import Lab

pytestmark = pytest.mark.xdist_group("review")
#: Every run takes one that no case is about.
TRIED = usual(((system, phase) for system in SYSTEMS for phase in plans.PHASES), [("backend-ai-worker", "cached")])


@pytest.mark.parametrize(("system", "phase"), TRIED)
def test_nothing_is_said_against_a_stack_as_it_is(lab: Lab, tmp_path: Path, system: str, phase: str) -> None:
    target = plans.target_of(ROOT, system, phase)
    config = {**target.config, "ascend:alertReceivers": ["oncall@example.com"]}
    before, after, state = (str(tmp_path / name) for name in ("before", "after", "state"))
    pack = str(pack_of(ROOT))

    def job(result: str, **more: object) -> Job:
        return Job(root=str(ROOT), stack=target.stack, config=config, judge=pack, result=result, **more)  # type: ignore[arg-type]

    lab.planners.send([job(before, feeds=state, salt="base"), job(after, state=state, awaits=True, salt="head")])
    old, new = (planning.read(Path(file), target.stack, "it") for file in (before, after))
    unchanged = review(ROOT, target.stack, old, new, changed={})
    assert (unchanged.verdict, list(unchanged.changes), list(unchanged.findings)) == (Verdict.PASS, [], [])
    made = review(ROOT, target.stack, None, old, changed={})
    assert [(one.rule, one.message) for one in made.findings if one.level is Level.BLOCKING] == []
