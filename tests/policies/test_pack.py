"""Every policy on a stack that complies and on one that does not, and the whole pack on the stacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ascend.plans import PHASES
from tests.capacity.planned import SYSTEMS, plan_of
from tests.policies.cases import CACHED, CASES, GLOBAL, GOOD, QUEUES, SCALED, Where
from tests.policies.plans import ROOT, judge, judged, pack, steps_of
from tests.thorough import usual

if TYPE_CHECKING:
    from tests.policies.plans import Change

#: Plans are shared by the tests of policies, packs and incidents.
pytestmark = pytest.mark.xdist_group("policies")
STACKS = [(system, phase) for system in SYSTEMS for phase in PHASES]
NAMES = sorted({name for name, _, _ in CASES})


def test_every_policy_has_a_case() -> None:
    assert sorted(policy.name for policy in pack().policies) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_says_nothing_of_a_stack_that_complies(name: str) -> None:
    for where in {where for of, where, _ in CASES if of == name}:
        steps = steps_of(*where)
        assert judged(name, GOOD[name](steps) if name in GOOD else steps) == []


@pytest.mark.parametrize(("name", "where", "change"), CASES, ids=[f"{i}-{name}" for i, (name, *_) in enumerate(CASES)])
def test_a_policy_speaks_where_one_property_is_wrong(name: str, where: Where, change: Change) -> None:
    said = judged(name, change(steps_of(*where)))
    assert said, "a violation"
    assert not any("the policy failed" in message for message in said), said
    assert all("; " in message for message in said), "what is wrong, and how to fix it"


@pytest.mark.parametrize(("system", "phase"), usual(STACKS, [SCALED, GLOBAL, QUEUES, CACHED]))
def test_the_stacks_pass(system: str, phase: str) -> None:
    verdict = judge(pack(), steps_of(system, phase))
    assert [(one.policy, one.message) for one in verdict.violations] == []
    assert verdict.remediations == ()


@pytest.mark.parametrize("phase", usual(PHASES, ["scaled"]))
def test_a_stack_without_a_domain_passes_but_for_what_it_costs(phase: str) -> None:
    plan = plan_of("floyo", phase, json.dumps({"domain": "", "zone": ""}))
    assert {one.policy for one in judge(pack(), plan.resources).violations} <= {"cost-within-cap", "cost-high"}


def test_a_region_at_rest_passes_but_for_what_it_costs() -> None:
    plan = plan_of("floyo", "scaled", json.dumps({"regions": ["us-east-1", "eu-west-1"]}))
    assert {one.policy for one in judge(pack(), plan.resources).violations} <= {"cost-within-cap", "cost-high"}


def test_every_policy_is_documented() -> None:
    text = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


def test_policies_say_how_bad_it_is_and_what_to_do() -> None:
    for policy in pack().policies:
        assert policy.severity, policy.name
        assert policy.remediation_steps, policy.name
        assert policy.tags, policy.name
        for name, rule in (policy.config_schema.properties if policy.config_schema else {}).items():
            assert {"type", "default", "description"} <= set(rule), f"{policy.name}.{name}"
