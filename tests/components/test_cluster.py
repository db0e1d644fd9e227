"""The cluster and its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components.cluster import Cluster, ClusterArgs
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run


def made(run: Run, *, container_insights: bool = False) -> Registered:
    args = ClusterArgs(scope=SCOPE, vpc_id="vpc-1", container_insights=container_insights)
    return run(lambda: Cluster("floyo-dev-use1-cluster", args))


def test_services_can_run_on_capacity_providers_from_the_first_day(run: Run) -> None:
    capacity = made(run).one("ClusterCapacityProviders").inputs
    assert capacity["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    assert capacity["defaultCapacityProviderStrategies"] == [{"capacityProvider": "FARGATE", "weight": 1}]


@pytest.mark.parametrize(("wanted", "value"), [(False, "disabled"), (True, "enabled")])
def test_container_insights_are_said_either_way(run: Run, wanted: bool, value: str) -> None:
    settings = made(run, container_insights=wanted).one("ecs/cluster:Cluster").inputs["settings"]
    assert settings == [{"name": "containerInsights", "value": value}]


def test_the_namespace_is_private_to_the_network(run: Run) -> None:
    namespace = made(run).one("PrivateDnsNamespace").inputs
    assert namespace["vpc"] == "vpc-1"
    assert namespace["name"] == "floyo-dev-use1-cluster.internal"
