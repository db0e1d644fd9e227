"""The pack says the same in the CLI's process, over the analyzer protocol, as in a review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.packs import judge
from tests.policies.cases import CACHED, CASES, Where
from tests.policies.plans import only, pack, steps_of
from tests.policies.served import Said, Served
from tests.policies.test_pack import STACKS
from tests.thorough import ALL, every, usual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.packs import Pack
    from tests.policies.plans import Change, Steps

pytestmark = pytest.mark.xdist_group("policies")
#: Every run takes one case in so many, by its own policy; `make test-all` all, by the whole pack.
EACH = 8


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The pack's process."""
    with Served() as process:
        process.configure([])
        yield process


def in_review(which: Pack, steps: Steps) -> list[Said]:
    verdict = judge(which, steps)
    said = [(one.policy, one.level, one.urn, one.message) for one in verdict.violations]
    return said + [(one.policy, "remediate", one.urn, "") for one in verdict.remediations]


@pytest.mark.parametrize(("name", "where", "change"), every(CASES, EACH), ids=[name for name, _, _ in CASES])
def test_a_violation_is_the_same_in_both(served: Served, name: str, where: Where, change: Change) -> None:
    which = pack() if ALL else only(name)
    if not ALL:
        served.configure([policy.name for policy in which.policies])
    steps = change(steps_of(*where))
    said = served.judge(steps)
    assert name in {policy for policy, _, _, _ in said}
    assert sorted(said) == sorted(in_review(which, steps))


@pytest.mark.parametrize(("system", "phase"), usual(STACKS, [CACHED]))
def test_a_stack_passes_in_both(served: Served, system: str, phase: str) -> None:
    served.configure([])
    steps = steps_of(system, phase)
    assert served.judge(steps) == in_review(pack(), steps) == []
