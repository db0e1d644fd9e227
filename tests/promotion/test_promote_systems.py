"""The other systems from their first phase to their last by `ascend promote`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.promotion import journal, stack_file
from tests.e2e.project import Project
from tests.e2e.stack_files import PHASES, REGIONS, SYSTEMS, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1200)]
STACK = "dev"
#: Floyo goes its way in `test_promote`.
OTHERS = [pytest.param(name, marks=pytest.mark.xdist_group(f"promote-{name}")) for name in SYSTEMS if name != "floyo"]


def _protected(project: Project) -> dict[str, str]:
    return {one["urn"]: one["id"] for one in project.state(STACK)["resources"] if one.get("protect") and one.get("id")}


@pytest.mark.parametrize("system", OTHERS)
def test_a_system_goes_all_the_way_with_its_data_where_it_was(tmp_path: Path, system: str) -> None:
    project = Project.copied(tmp_path)
    try:
        write(project, STACK, system, PHASES[0])
        project.up(STACK, "--skip-preview")
        for phase in PHASES[1:]:
            if phase == PHASES[-1]:
                stack_file.write(project.root, STACK, {"ascend:regions": list(REGIONS)})
            before = _protected(project)
            document = project.ascend("promote", STACK, "--embedded", "--yes", "--json", "--force", "the test").document
            assert (document["outcome"], document["to"]) == ("done", phase)
            after = _protected(project)
            assert len(before) > 5
            assert {urn: after.get(urn) for urn in before} == before
        assert [one.outcome for one in journal.every(project.root, STACK)] == ["done"] * 3
        again = project.ascend("preview", STACK, "--embedded", "--json").document
        assert {step["op"] for step in again["steps"]} == {"same"}
    finally:
        project.close()
