"""What a stack says of itself: plain data, in standard names, of the phase that it is at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra import config, resolve, world
from infra.description import VERSION, describe
from infra.errors import Problems
from tests.components.recorder import record
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from infra.deployment import Deployment

SYSTEMS = ("build-os", "floyo", "atlas", "backend-ai-worker", "teacher-slots")
KEYS = {
    "version",
    "title",
    "traffic",
    "services",
    "database",
    "queues",
    "rate_limits",
    "limits",
    "thresholds",
    "target",
    "external_costs",
}


def resolved(**values: Any) -> Deployment:
    """A stack of one of the project's own systems."""
    problems = Problems()
    return resolve.resolve_named(ROOT, config.parse(raw(**values), "dev", problems), problems)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("phase", ["single-region", "cached", "scaled"])
def test_every_system_describes_itself_in_the_same_words(system: str, phase: str) -> None:
    figures = describe(resolved(system=system, phase=phase))
    assert set(figures) == KEYS
    assert figures["version"] == VERSION
    # What an engine hands on: JSON's types, and nothing that is null.
    assert json.loads(json.dumps(figures)) == figures
    assert "null" not in json.dumps(figures)


def test_figures_are_those_of_the_phase() -> None:
    first, second = (describe(resolved(system="atlas", phase=phase)) for phase in ("1", "2"))
    assert first["services"]["api"]["cpu"] == 0.25
    assert second["services"]["api"]["cpu"] == 1
    assert first["external_costs"] == {"Anthropic and OpenAI": {"low": 50, "high": 200}}
    assert second["external_costs"] == {"Anthropic and OpenAI": {"low": 500, "high": 2000}}
    assert (first["target"], second["target"]["requests_per_second"]) == ({}, 733)


def test_ranges_have_two_ends_also_where_one_figure_was_given() -> None:
    traffic = describe(resolved(system="atlas", phase="2"))["traffic"]
    assert traffic["connections_per_user"] == {"low": 2, "high": 3}
    assert traffic["requests_per_second"] == {"low": 0.73333, "high": 0.73333}
    assert traffic["tiers"]["paid"] == {"share": 0.3, "requests_per_second": {"low": 1.66667, "high": 1.66667}}
    assert traffic["sync"]["interval_s"] == {"low": 30, "high": 60}


def test_queues_say_where_they_live_and_what_users_send() -> None:
    assert describe(resolved(system="backend-ai-worker", phase="1"))["queues"] == {
        "jobs": {"kind": "cache", "jobs_per_user_hour": {"low": 2, "high": 2}}
    }
    assert describe(resolved(system="atlas", phase="1"))["queues"] == {"jobs": {"kind": "managed"}}


def test_services_say_what_one_task_carries_and_what_the_stack_makes_of_them() -> None:
    config_of = {"api": {"minTasks": 3, "maxTasks": 9, "cpu": 2, "memory": 4}}
    api = describe(resolved(system="backend-ai-worker", phase="3", services=config_of))["services"]["api"]
    assert (api["min_tasks"], api["max_tasks"], api["cpu"], api["memory_gib"]) == (3, 9, 2, 4)
    assert api["capacity"]["requests_per_second"] == {"low": 10, "high": 20}
    assert "consumes" not in api
    assert "capacity" not in describe(resolved(system="floyo", phase="3"))["services"]["api"]


def test_the_root_component_carries_the_figures() -> None:
    deployment = resolved(system="floyo")
    made = record(lambda: world.deploy(deployment))
    assert made.one("ascend:index:World", "floyo-dev").inputs["figures"] == describe(deployment)
