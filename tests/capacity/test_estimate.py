"""Stacks under load: what each resource carries, what gives way first, how many users there can be."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ascend.capacity import hardware
from ascend.capacity.estimate import CEILING, estimate
from ascend.capacity.ranges import Range
from ascend.capacity.stack import Policy
from ascend.capacity.supply import supply
from ascend.cost import estimate as cost
from ascend.errors import InputError
from infra import facts
from tests.capacity.planned import SYSTEMS, plan_of, stack_of
from tests.infra.support import ROOT
from tests.thorough import every

if TYPE_CHECKING:
    from ascend.capacity.stack import Stack

#: Plans are made once for all tests that look at them.
pytestmark = pytest.mark.xdist_group("capacity")

PHASES = ("single-region", "cached", "scaled", "global")
#: Phases of which a document says how many requests/s they answer: 10, 733, 500, 2,000.
PROMISED = [
    ("backend-ai-worker", "single-region"),
    ("atlas", "cached"),
    ("teacher-slots", "cached"),
    ("teacher-slots", "global"),
]


def _row(page: str, system: str, phase: str) -> list[str]:
    """A stack's row in the table of a page of the documentation, without the stack's name."""
    start = f"| {system} | {PHASES.index(phase) + 1} | "
    lines = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(start)]
    return [cell.strip() for cell in line.removeprefix(start).removesuffix("|").split("|")]


@pytest.mark.parametrize(("system", "phase"), every([(system, phase) for phase in PHASES for system in SYSTEMS], 3))
def test_declared_users_fit_below_80_percent_and_the_bill_into_its_cap(system: str, phase: str) -> None:
    """Of each of the twenty; the users are those that the bill is for, where the system names none."""
    bill = cost.estimate(plan_of(system, phase).resources)
    assert bill.unpriced == ()
    assert bill.margin is not None
    assert bill.margin >= 0, f"{bill.monthly.expected:.2f} of {bill.cap}"
    found = estimate(stack_of(system, phase), bill.users)
    assert found.bottleneck is not None
    assert found.holds, f"{found.bottleneck.name} at {found.bottleneck.utilization:.1%}"
    # The most users are the last who fit.
    assert found.max_users is not None
    assert estimate(found.stack, found.max_users).holds
    assert not estimate(found.stack, found.max_users + 1).holds
    # What the documents of the project say of it.
    resource = found.bottleneck
    assert _row("capacity", system, phase) == [
        f"{bill.users:,}",
        resource.name,
        f"{resource.utilization:.1%}",
        f"{found.max_users:,}",
    ]
    users, _, estimated, cap, *_ = _row("systems", system, phase)
    assert users.startswith(f"{bill.users:,}")
    assert cap == f"{bill.cap:,.0f}"
    assert float(estimated.replace(",", "")) == pytest.approx(bill.monthly.expected, rel=0.02)


@pytest.mark.parametrize(("system", "phase"), PROMISED)
def test_services_carry_the_requests_that_the_document_promises(system: str, phase: str) -> None:
    planned = plan_of(system, phase)
    promised = planned.world["figures"]["target"]["requests_per_second"]
    services = supply(stack_of(system, phase)).services.values()
    carried = sum(one.requests_per_task.expected * one.most for one in services if one.requests_per_task is not None)
    assert promised < CEILING * carried


def test_what_a_plan_has_is_read_from_its_resources() -> None:
    stack = stack_of("backend-ai-worker", "scaled")
    tasks = {one.service: one for one in stack.tasks}
    assert (tasks["api"].cpu, tasks["api"].memory_gib, tasks["api"].least, tasks["api"].most) == (1, 2, 2, 20)
    assert (tasks["ai"].least, tasks["ai"].most, tasks["worker"].spot_share) == (2, 5, 0.5)
    assert tasks["worker"].policies == (
        Policy(metric="backlog", target=20, out_cooldown_s=60, in_cooldown_s=300),
        Policy(metric="cpu", target=70, out_cooldown_s=60, in_cooldown_s=300),
        Policy(metric="memory", target=80, out_cooldown_s=60, in_cooldown_s=300),
    )
    # Two health checks, 10 s apart; the worker has none of the load balancer's.
    assert (tasks["api"].health_s, tasks["worker"].health_s) == (20, 10)
    assert all(one.arm for one in stack.tasks)
    assert (len(stack.primaries), len(stack.replicas), stack.caches) == (1, 1, ["cache.t4g.small"])
    assert (stack.edge, stack.http_apis, stack.firewalls, stack.nats) == (True, 0, 1, 1)


def test_a_phase_without_autoscaling_has_as_many_tasks_as_it_asks_for() -> None:
    stack = stack_of("floyo", "cached")
    assert {(one.service, one.least, one.most, one.policies) for one in stack.tasks} == {
        ("web", 2, 2, ()),
        ("api", 2, 2, ()),
    }
    assert (stack.http_apis, stack.firewalls, stack.nats) == (1, 0, 0)


def test_every_region_that_serves_adds_to_what_is_carried() -> None:
    one, two = supply(stack_of("teacher-slots", "scaled")), supply(stack_of("teacher-slots", "global"))
    assert stack_of("teacher-slots", "global").regions == ("us-east-1", "eu-west-1")
    assert (one.services["web"].most, two.services["web"].most) == (6, 12)
    # One database to write to, wherever the tasks are.
    assert (one.primary_vcpus, two.primary_vcpus, one.replica_vcpus, two.replica_vcpus) == (2, 2, 2, 4)


def test_what_a_failover_left_behind_carries_nothing() -> None:
    config = {"primary": "eu-west-1", "databases": json.dumps({"us-east-1": {"generation": 2, "kept": ["database"]}})}
    before = stack_of("backend-ai-worker", "global")
    after = stack_of("backend-ai-worker", "global", json.dumps(config))
    assert list(before.primaries) == ["backend-ai-worker-dev-use1-database-primary"]
    assert list(after.primaries) == ["backend-ai-worker-dev-euw1-database-primary"]
    assert len(after.replicas) == len(before.replicas)


def test_shards_share_the_writes() -> None:
    found = supply(stack_of("floyo", "scaled", json.dumps({"shards": 3})))
    assert found.primary_vcpus == 6


def test_current_capacity_of_the_backend() -> None:
    """ "Concurrent Users: ~50-100, Requests/Second: ~10-20", "5-10, 10-20 a minute", "5-10 jobs, 100-200 an hour"."""
    services = supply(stack_of("backend-ai-worker", "single-region")).services
    api, ai, worker = services["api"], services["ai"], services["worker"]
    assert (api.requests_per_task, api.concurrent_per_task) == (Range(10, 20), Range(50, 100))
    assert ai.requests_per_task is not None
    assert ai.requests_per_task * 60 == Range(pytest.approx(10, rel=0.03), pytest.approx(20, rel=0.03))  # type: ignore[arg-type]
    assert ai.concurrent_per_task == Range(5, 10)
    assert worker.jobs_per_task is not None
    assert worker.jobs_per_task * 3600 == Range(pytest.approx(100), pytest.approx(200))  # type: ignore[arg-type]
    assert api.bottleneck == "database connections"


@pytest.mark.parametrize(
    ("phase", "users"),
    [("single-region", 1_000), ("cached", 10_000), ("scaled", 30_000)],
    ids=["free tiers: 500-1,000", "paid tiers: 5,000-10,000", "optimized: 20,000-30,000"],
)
def test_build_os_carries_the_active_users_of_each_tier(phase: str, users: int) -> None:
    most = estimate(stack_of("build-os", phase)).max_users
    assert most is not None
    assert most >= users


def test_fewer_of_anything_never_carry_more() -> None:
    whole = stack_of("teacher-slots", "scaled")
    most = estimate(whole).max_users or 0
    for less in (
        replace(whole, tasks=[replace(one, most=one.least) for one in whole.tasks]),
        replace(whole, replicas=[]),
        replace(whole, caches=[]),
        replace(whole, edge=False),
    ):
        assert (estimate(less, 1).max_users or 0) <= most


def test_a_service_that_has_no_task_carries_nobody() -> None:
    whole = stack_of("floyo", "scaled")
    gone = replace(whole, tasks=[replace(one, least=0, most=0) for one in whole.tasks])
    found = estimate(gone, 10)
    assert (found.holds, found.max_users, found.bottleneck.name if found.bottleneck else None) == (
        False,
        0,
        "service:web",
    )
    shown = json.loads(json.dumps(found.document(), allow_nan=False))
    assert shown["utilization"]["service:web"] is None


def test_without_a_ceiling_it_is_asked_of_as_many_as_it_carries() -> None:
    found = estimate(stack_of("floyo", "global"))
    assert found.stack.users is None
    assert found.demand.users == found.max_users


def test_json_has_the_documented_keys() -> None:
    shown: dict[str, Any] = json.loads(json.dumps(estimate(stack_of("atlas", "cached"), 10_000).document()))
    assert shown["users"] == 10_000
    assert {"concurrent_users", "requests_per_second", "queries_per_second", "db_connections"} <= set(shown["demand"])
    assert shown["demand_range"]["connections"] == {"low": 2_000, "high": 3_000}
    assert shown["supply"]["services"]["api"]["tasks"] == {"min": 2, "max": 2}
    assert shown["bottleneck"] == next(iter(shown["utilization"]))
    assert shown["utilization"]["service:api"] == pytest.approx(733.333 / 1000, abs=1e-4)
    assert shown["max_users"] == 10_909
    assert any("jobs_per_user_hour" in line for line in shown["unknown"])


def test_classes_are_those_of_the_program() -> None:
    for name, known in facts.instance_classes().items():
        found = hardware.database_class(name)
        assert (found.vcpu, found.memory_gib, found.max_connections) == (
            known.vcpu,
            known.memory_gib,
            known.max_connections,
        ), name


@pytest.mark.parametrize("name", ["db.t4g.nonsense", "db.x2g.large", "large", "db.t4g"])
def test_a_class_of_no_known_hardware_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"database class '{name}' is of no known hardware; allowed: db"):
        hardware.database_class(name)


def test_every_figure_has_a_source() -> None:
    for name in ("limits", "scaling"):
        text = (ROOT / "ascend" / "capacity" / "data" / f"{name}.yaml").read_text(encoding="utf-8")
        assert "Read 2026-11-21" in text
        assert text.count("https://") >= 3
        assert yaml.safe_load(text)


def test_a_thousand_services_take_less_than_ten_seconds() -> None:
    stack: Stack = stack_of("floyo", "scaled")
    api = stack.figures.services["api"]
    names = [f"s{number}" for number in range(1_000)]
    many = replace(
        stack,
        figures=replace(stack.figures, services=dict.fromkeys(names, api)),
        tasks=[replace(stack.tasks[0], service=name) for name in names],
    )
    started = time.process_time()
    assert estimate(many).max_users
    assert time.process_time() - started < 5
    assert CEILING == 0.8
