"""The table of phases: what grows, what is built, how a phase that is not is refused."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from infra import phases
from infra.phases import BUILT, PHASES, Capability, Ingress, Nat, PhaseName, deployable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.infra.support import Plan, Refuse


def test_the_table_is_the_designs() -> None:
    first, second, third, fourth = (PHASES[name] for name in PhaseName)
    assert [row.users for row in PHASES.values()] == [1_000, 10_000, 100_000, None]
    assert [row.ingress for row in PHASES.values()] == [
        Ingress.HTTP_API,
        Ingress.HTTP_API,
        Ingress.LOAD_BALANCER,
        Ingress.GLOBAL,
    ]
    assert [row.nat for row in PHASES.values()] == [Nat.NONE, Nat.NONE, Nat.SINGLE, Nat.PER_ZONE]
    assert [row.private_tasks for row in PHASES.values()] == [False, False, True, True]
    assert [(row.min_tasks, row.max_tasks) for row in PHASES.values()] == [(1, 1), (2, 2), (2, 20), (2, 20)]
    assert [row.database.backup_days for row in PHASES.values()] == [7, 7, 14, 35]
    assert [row.database.multi_az for row in PHASES.values()] == [False, False, True, True]
    assert [row.database.proxy for row in PHASES.values()] == [False, False, True, True]
    assert first.cache is None
    assert [(row.cache.nodes, row.cache.failover) for row in (second, third, fourth) if row.cache] == [
        (1, False),
        (2, True),
        (2, True),
    ]
    assert third.autoscaling is not None
    assert third.autoscaling == fourth.autoscaling
    assert (third.autoscaling.cpu_pct, third.autoscaling.memory_pct) == (70, 80)
    assert (third.autoscaling.scale_out_cooldown_s, third.autoscaling.scale_in_cooldown_s) == (60, 300)
    assert [row.min_regions for row in PHASES.values()] == [1, 1, 1, 2]
    assert [row.storage_replication for row in PHASES.values()] == [False, False, False, True]


def test_phases_are_cumulative() -> None:
    assert list(PHASES) == list(PhaseName)
    for one, following in itertools.pairwise(PHASES.values()):
        # A load balancer takes the place of the HTTP API; all else stays.
        assert one.needs - {Capability.HTTP_API} <= following.needs
        assert one.min_tasks <= following.min_tasks
        assert one.max_tasks <= following.max_tasks
        assert one.database.read_replicas <= following.database.read_replicas
        assert one.database.backup_days <= following.database.backup_days
        assert (one.cache is None, one.cdn is None) >= (following.cache is None, following.cdn is None)


def test_the_first_phase_is_deployable() -> None:
    assert PHASES[PhaseName.SINGLE_REGION].needs <= BUILT
    assert deployable()[0] == "single-region (1)"


def test_what_a_phase_lacks_follows_from_what_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "BUILT", PHASES[PhaseName.CACHED].needs)
    assert deployable() == ("single-region (1)", "cached (2)")


UNBUILT = [
    ("cached", "cache, CDN, read replicas"),
    (
        "scaled",
        (
            "cache, CDN, read replicas, load balancer, web application firewall, private tasks behind NAT, "
            "autoscaling, database proxy"
        ),
    ),
]


@pytest.fixture
def only_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the components provided what phase 1 takes and nothing else."""
    built = PHASES[PhaseName.SINGLE_REGION].needs | {Capability.QUEUE}
    monkeypatch.setattr("infra.needs.BUILT", built)
    monkeypatch.setattr(phases, "BUILT", built)


@pytest.mark.usefixtures("only_the_first")
@pytest.mark.parametrize(("phase", "needs"), UNBUILT)
def test_a_phase_that_is_not_built_is_refused_by_name(refuse: Refuse, phase: str, needs: str) -> None:
    assert refuse(phase=phase) == (
        (
            f"Pulumi.dev.yaml: ascend:phase: '{phase}' needs {needs}, which this version cannot deploy; "
            "deployable: single-region (1)"
        ),
    )


@pytest.mark.usefixtures("only_the_first")
@pytest.mark.parametrize(
    ("change", "needs"),
    [
        ({"requires": ["cache"]}, "cache"),
        ({"database": {"shards": 2}}, "database shards"),
        ({"database": {"read_replicas": 1}}, "read replicas"),
        ({"requires": ["cache"], "database": {"shards": 2}}, "cache, database shards"),
    ],
)
def test_a_system_that_needs_more_than_its_phase_is_refused_by_name(
    refuse: Refuse,
    floyo: dict[str, Any],
    write: Callable[[Mapping[str, Any]], None],
    change: dict[str, Any],
    needs: str,
) -> None:
    merge(floyo, change)
    write(floyo)
    assert refuse() == (
        f"systems/floyo.yaml: needs {needs} at phase 'single-region', which this version cannot deploy",
    )


@pytest.mark.usefixtures("only_the_first")
@pytest.mark.parametrize("change", [{"websockets": True}, {"request_timeout_s": 31}])
def test_a_load_balancer_before_its_phase_is_refused_by_name_with_its_firewall(
    refuse: Refuse, floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], change: dict[str, Any]
) -> None:
    merge(floyo, {"services": {"api": change}})
    write(floyo)
    (problem,) = refuse(domain="app.floyo.example", zone="floyo.example", cloudflare_apiToken="t")
    needed = "needs load balancer, web application firewall at phase 'single-region'"
    assert problem == f"systems/floyo.yaml: {needed}, which this version cannot deploy"


@pytest.mark.usefixtures("all_built")
def test_what_is_built_one_day_deploys_without_a_change(plan: Plan) -> None:
    assert plan(phase="cached").cache is not None


@pytest.mark.usefixtures("all_built")
def test_the_number_of_regions_follows_the_phase(plan: Plan, refuse: Refuse) -> None:
    assert refuse(phase="global") == (
        (
            "Pulumi.dev.yaml: ascend:regions: phase 'global' needs 2 regions at least, not 1; list them, "
            "the home first, such as [us-east-1, us-east-2]"
        ),
    )
    regions = ["us-east-1", "eu-west-1", "ap-southeast-1"]
    assert [region.name for region in plan(phase="global", regions=regions).regions] == regions


def merge(data: dict[str, Any], change: Mapping[str, Any]) -> None:
    """Lay `change` over `data`."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            merge(data[key], value)
        else:
            data[key] = value
