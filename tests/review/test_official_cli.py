"""What the official CLI's policies say of a fault, beside what a review says of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from ascend.review.findings import Level
from tests.e2e.project import Project
from tests.policies.official import MARKS, Cli, said
from tests.policies.plans import pack
from tests.review.lab import Case, Lab, cases, config_of, edit
from tests.thorough import ALL, every

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = list(MARKS)
#: Edits of the project that policies speak against.
FAULTS = [
    case
    for name in ("guards", "security")
    for case in cases(name)
    if set(case.rules) & {policy.name for policy in pack().policies}
]
#: Every run takes one in so many.
EACH = 12
TRIED = FAULTS if ALL else FAULTS[::EACH]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """The CLI on a project in which the stacks are deployed: in a preview of new ones too little is known."""
    project = Project.copied(tmp_path_factory.mktemp("deployed"))
    for stack in {case.stack for case in TRIED}:
        config_of(project.root, stack)
        project.up(stack, "--skip-preview")
    yield Cli(project, project.root / ".ascend" / "state")
    project.close()


@pytest.mark.parametrize("case", every(FAULTS, EACH), ids=lambda case: case.name)
def test_a_fault_is_blocked_by_the_policies_that_block_it_in_a_review(lab: Lab, deployed: Cli, case: Case) -> None:
    findings = lab.review(case).findings
    in_review = {
        ("advisory" if one.level is Level.WARNING else "mandatory", one.rule) for one in findings if one.policy
    }
    # What the program refuses no policy sees.
    refused = any(one.rule == "refused" for one in findings)
    root = deployed.project.root
    edit(lab.root, root, case)
    try:
        preview = deployed.preview(case.stack)
    finally:
        for one in case.edits:
            shutil.copy(lab.root / one["file"], root / one["file"])
        config_of(root, case.stack)
    assert said(preview) == in_review
    assert bool(preview.returncode) == (refused or "mandatory" in {level for level, _ in in_review})
