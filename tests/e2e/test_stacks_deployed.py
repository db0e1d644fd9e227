"""Every system at every phase, fresh on one account: deployed, and unchanged by a second run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.stack_files import PHASES
from tests.e2e.stacks import name_of
from tests.thorough import thorough

if TYPE_CHECKING:
    from tests.e2e.stacks import Stacks


def test_everything_is_created_and_nothing_is_missing(stacks: Stacks) -> None:
    assert sorted(stacks.documents) == [1, 2, 3, 4]
    for number, document in stacks.documents.items():
        phase = PHASES[number - 1]
        assert {step["op"] for step in document["steps"]} == {"create"}, phase
        assert (document["phase"], document["outputs"]["phase"]) == (phase, phase)
        assert document["outputs"]["missing"] == [], phase
        assert document["outputs"]["url"].startswith("https://"), phase


@thorough  # of a stack at its first phase every run sees it in test_deploy, at its last in test_promote
def test_a_second_run_changes_nothing(stacks: Stacks) -> None:
    for number, first in stacks.documents.items():
        again = stacks.project.up(name_of(number), "--skip-preview")
        assert [step for step in again["steps"] if step["op"] != "same"] == [], number
        assert again["summary"]["same"] == first["summary"]["create"], number
        assert again["outputs"] == first["outputs"], number
