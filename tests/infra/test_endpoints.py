"""Interface endpoints: where they pay for themselves, and where NAT is cheaper."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.endpoints import break_even_gb_month, endpoints, log_gb_month
from infra.ground import nat_gateways
from infra.phases import Nat

if TYPE_CHECKING:
    from tests.infra.support import Plan

pytestmark = pytest.mark.usefixtures("all_built")


def test_an_endpoint_in_three_zones_pays_from_some_hundred_gigabytes() -> None:
    # The arithmetic that components/data/endpoints.yaml spells out.
    assert break_even_gb_month(3) == pytest.approx(3 * 730 * 0.01 / 0.035)
    assert break_even_gb_month(3) == pytest.approx(626, abs=0.5)


def test_floyos_logs_are_cheaper_through_nat_up_to_its_ceiling(plan: Plan) -> None:
    deployment = plan(phase="scaled")
    assert 0 < log_gb_month(deployment) < break_even_gb_month(3)
    assert endpoints(deployment, 3) == ()


def test_from_some_number_of_users_the_logs_have_an_endpoint(plan: Plan) -> None:
    deployment = plan(phase="scaled")
    users = round((deployment.users or 0) * break_even_gb_month(3) / log_gb_month(deployment))
    assert endpoints(replace(deployment, users=users - 1), 3) == ()
    assert endpoints(replace(deployment, users=users + 1), 3) == ("logs",)
    # Fewer zones cost less.
    assert endpoints(replace(deployment, users=users - 1), 2) == ("logs",)


def test_without_nat_there_is_nothing_to_save(plan: Plan) -> None:
    assert endpoints(replace(plan(phase="cached"), users=10**9), 3) == ()


@pytest.mark.parametrize(("nat", "count"), [(Nat.NONE, 0), (Nat.SINGLE, 1), (Nat.PER_ZONE, 3)])
def test_gateways_of_a_region(nat: Nat, count: int) -> None:
    assert nat_gateways(nat, 3) == count
