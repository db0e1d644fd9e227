"""One name for several regions: who is led where, how a region's health is asked for, what a failure leads to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from components import facts
from components.errors import ComponentError
from components.global_edge import GlobalEdge, GlobalEdgeArgs, nearest, nearest_area, nearest_to
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

NAME = "floyo-dev-global-edge"
ARGS = GlobalEdgeArgs(
    scope=SCOPE,
    domain="app.floyo.example",
    zone="floyo.example",
    hosts={"us-east-1": "us.elb.amazonaws.com", "eu-west-1": "eu.elb.amazonaws.com"},
    health_path="/health",
    sticky=False,
)
WORLD = ["us-east-1", "us-west-2", "eu-west-1", "sa-east-1", "ap-northeast-1", "ap-southeast-2"]


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: GlobalEdge(NAME, dataclasses.replace(ARGS, **changed)))


def test_a_region_is_asked_for_its_health_as_visitors_ask(run: Run) -> None:
    monitor = made(run).one("loadBalancerMonitor:LoadBalancerMonitor").inputs
    assert monitor["accountId"] == "account of floyo.example"
    assert (monitor["type"], monitor["method"], monitor["path"]) == ("https", "GET", "/health")
    assert monitor["expectedCodes"] == "2xx"
    assert monitor["header"] == {"Host": ["app.floyo.example"]}
    # With the zone's client certificate, which the origin wants to see.
    assert monitor["probeZone"] == "floyo.example"
    assert (monitor["followRedirects"], monitor["allowInsecure"]) == (False, False)


def test_every_region_is_a_pool_that_answers_to_the_domain(run: Run) -> None:
    result = made(run)
    pools = {one.inputs["origins"][0]["name"]: one.inputs for one in result.of("loadBalancerPool:LoadBalancerPool")}
    assert set(pools) == {"us-east-1", "eu-west-1"}
    for region, pool in pools.items():
        (origin,) = pool["origins"]
        assert (origin["address"], origin["enabled"]) == (ARGS.hosts[region], True)
        assert origin["header"] == {"hosts": ["app.floyo.example"]}
        assert pool["monitor"] == f"{NAME}-monitor-id"
        assert pool["minimumOrigins"] == 1
    assert (pools["us-east-1"]["checkRegions"], pools["eu-west-1"]["checkRegions"]) == (["ENAM"], ["WEU"])


def test_visitors_go_to_the_nearest_region_and_to_the_next_when_it_fails(run: Run) -> None:
    balancer = made(run).one("loadBalancer:LoadBalancer").inputs
    america, europe = f"{NAME}-us-east-1-id", f"{NAME}-eu-west-1-id"
    assert (balancer["name"], balancer["zoneId"]) == ("app.floyo.example", "zone of floyo.example")
    assert (balancer["proxied"], balancer["steeringPolicy"]) == (True, "geo")
    assert balancer["defaultPools"] == [america, europe]
    assert balancer["fallbackPool"] == america
    assert balancer["adaptiveRouting"] == {"failoverAcrossPools": True}
    assert set(balancer["regionPools"]) == set(facts.load("steering")["cloudflare"])
    for area, pools in balancer["regionPools"].items():
        assert sorted(pools) == sorted([america, europe]), area
    assert balancer["regionPools"]["WEU"] == [europe, america]
    assert balancer["regionPools"]["ENAM"] == balancer["regionPools"]["SSAM"] == [america, europe]


def test_the_first_region_is_the_one_to_fall_back_to(run: Run) -> None:
    hosts = {region: ARGS.hosts[region] for region in ("eu-west-1", "us-east-1")}
    balancer = made(run, hosts=hosts).one("loadBalancer:LoadBalancer").inputs
    assert balancer["fallbackPool"] == balancer["defaultPools"][0] == f"{NAME}-eu-west-1-id"


def test_clients_keep_to_a_region_only_where_they_have_to(run: Run) -> None:
    plain = made(run).one("loadBalancer:LoadBalancer").inputs
    sticky = made(run, sticky=True).one("loadBalancer:LoadBalancer").inputs
    assert plain["sessionAffinity"] == "none"
    assert "sessionAffinityTtl" not in plain
    assert (sticky["sessionAffinity"], sticky["sessionAffinityTtl"]) == ("cookie", 82_800)


@pytest.mark.parametrize(
    ("area", "first"),
    [
        ("WNAM", "us-west-2"),
        ("ENAM", "us-east-1"),
        ("WEU", "eu-west-1"),
        ("EEU", "eu-west-1"),
        ("NAF", "eu-west-1"),
        ("ME", "eu-west-1"),
        ("NSAM", "us-east-1"),
        ("SSAM", "sa-east-1"),
        ("NEAS", "ap-northeast-1"),
        ("SEAS", "ap-northeast-1"),
        ("OC", "ap-southeast-2"),
    ],
)
def test_each_part_of_the_world_has_a_nearest_region(area: str, first: str) -> None:
    order = nearest(area, WORLD)
    assert order[0] == first
    assert sorted(order) == sorted(WORLD)


def test_failover_goes_to_the_neighbour_first() -> None:
    assert nearest_to("us-east-1", WORLD)[:2] == ["us-east-1", "us-west-2"]
    assert nearest_area("ap-southeast-2") == "OC"


def test_every_region_that_a_stack_can_run_in_is_at_a_known_place() -> None:
    assert set(facts.load("steering")["aws"]) == set(facts.load("regions"))


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ({}, "global load balancing of 'app.floyo.example' without regions; at least 1 is needed"),
        ({"mars": "mars.example"}, "region 'mars' is at no known place; allowed: us-east-1, "),
    ],
)
def test_what_cannot_be_steered_to_is_refused(hosts: dict[str, str], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, hosts=hosts)
    assert str(caught.value).startswith(message)
