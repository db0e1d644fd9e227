"""What takes requests in: the HTTP API, a public load balancer, or both with one inside the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components.routes import CLIENT_HEADER
from infra import world
from infra.timeouts import idle_timeout, keep_alive
from tests.components.recorder import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.components.support import Registered
    from tests.infra.support import Plan

    Write = Callable[[Mapping[str, Any]], None]

EDGE = {"domain": "app.floyo.example", "zone": "floyo.example", "cloudflare_apiToken": "t0ken"}
NO_EDGE = "without an edge (ascend:domain, ascend:zone and a Cloudflare token)"

pytestmark = pytest.mark.usefixtures("all_built")


def deployed(plan: Plan, **values: Any) -> Registered:
    resolved = plan(**{"phase": "scaled", **values})
    return record(lambda: world.deploy(resolved))


def api(made: Registered) -> list[str]:
    return sorted(one.name for one in made.resources if one.type.startswith("aws:apigatewayv2/"))


def balancers(made: Registered) -> list[str]:
    return [one.name for one in made.of("lb/loadBalancer:LoadBalancer")]


def joined(made: Registered) -> dict[str, str]:
    """The target group of each service that has one."""
    services = {one.name: one.inputs.get("loadBalancers") for one in made.of("ecs/service:Service")}
    return {name: rows[0]["targetGroupArn"] for name, rows in services.items() if rows}


def test_before_its_phase_there_is_no_load_balancer(plan: Plan) -> None:
    made = deployed(plan, phase="cached", **EDGE)
    assert not balancers(made)
    assert not made.of("WebAcl")
    assert not joined(made)


def test_behind_an_edge_the_load_balancer_is_public_and_the_http_api_gone(plan: Plan) -> None:
    made = deployed(plan, **EDGE)
    assert balancers(made) == ["floyo-dev-use1-load-balancer-balancer"]
    assert made.one("lb/loadBalancer:LoadBalancer").inputs["internal"] is False
    assert not api(made)
    assert not made.of("ascend:components:Origin")
    record_ = made.one("DnsRecord", "floyo-dev-edge-record").inputs
    assert record_["content"].endswith(".elb.amazonaws.com")
    rate = made.one("WebAcl").inputs["rules"][0]["statement"]["rateBasedStatement"]
    assert rate["forwardedIpConfig"]["headerName"] == "CF-Connecting-IP"


def test_the_record_moves_when_services_answer_behind_the_load_balancer_and_the_firewall(plan: Plan) -> None:
    made = deployed(plan, **EDGE)
    needed = made.one("DnsRecord", "floyo-dev-edge-record").depends_on
    services = {one.urn for one in made.of("ecs/service:Service")}
    assert services <= set(needed)
    assert made.one("WebAclAssociation").urn in needed
    for service in made.of("ecs/service:Service"):
        assert {one.urn for one in made.of("lb/listenerRule:ListenerRule")} & set(service.depends_on)


def test_services_join_their_target_groups(plan: Plan) -> None:
    for made in (deployed(plan, **EDGE), deployed(plan)):
        groups = {one.name.rpartition("-")[2]: f"{one.name}-0a1b2c3" for one in made.of("lb/targetGroup:TargetGroup")}
        assert {name.split("-")[-2]: arn.rpartition("/")[2] for name, arn in joined(made).items()} == groups


def test_without_an_edge_the_http_api_stays_and_leads_to_a_load_balancer_inside(plan: Plan) -> None:
    before, made = deployed(plan, phase="cached"), deployed(plan)
    assert balancers(made) == ["floyo-dev-use1-inner-balancer-balancer"]
    assert made.one("lb/loadBalancer:LoadBalancer").inputs["internal"] is True
    # The same API, so that its address is.
    assert api(made) == api(before)
    listener = made.one("lb/listener:Listener").name
    for integration in made.of("apigatewayv2/integration:Integration"):
        assert integration.inputs["integrationUri"].endswith(f"listener/{listener}-0a1b2c3")
        assert integration.inputs["requestParameters"] == {
            f"overwrite:header.{CLIENT_HEADER}": "$context.identity.sourceIp"
        }
        assert {one.urn for one in made.of("ecs/service:Service")} <= set(integration.depends_on)
    rate = made.one("WebAcl").inputs["rules"][0]["statement"]["rateBasedStatement"]
    assert rate["forwardedIpConfig"]["headerName"] == CLIENT_HEADER


def test_without_an_edge_the_firewall_holds_the_systems_limits_that_it_can_count(
    plan: Plan, floyo: dict[str, Any], write: Write
) -> None:
    floyo["rate_limits"] = {
        "messages": {"period_s": 60, "path": "/api/chat/*", "per_tier": {"free": 20, "paid": 100}},
        "hourly": {"period_s": 3600, "path": "/api/chat/*", "per_tier": {"free": 200}},
        "few": {"period_s": 60, "path": "/api/few/*", "per_tier": {"free": 5}},
        "images": {"period_s": 60, "per_tier": {"free": 20}},
    }
    write(floyo)
    rules = deployed(plan).one("WebAcl").inputs["rules"]
    rates = {one["name"]: one["statement"]["rateBasedStatement"] for one in rules if one["name"].startswith("rate-")}
    assert set(rates) == {"rate-messages", "rate-client"}
    assert rates["rate-messages"]["limit"] == 100


def test_the_old_address_can_be_kept_beside_the_load_balancer(plan: Plan) -> None:
    made = deployed(plan, **EDGE, directAccess="true")
    assert api(made) == api(deployed(plan, phase="cached"))
    assert made.one("apigatewayv2/api:Api").inputs["disableExecuteApiEndpoint"] is False
    registries = {f"{one.name}" for one in made.of("servicediscovery/service:Service")}
    assert len(registries) >= len(made.of("Integration"))
    # Past the load balancer: it takes Cloudflare's connections alone.
    assert all("requestParameters" not in one.inputs for one in made.of("apigatewayv2/integration:Integration"))


def test_the_access_log_stays_at_every_phase(plan: Plan) -> None:
    logs = [
        deployed(plan, **values).one("LogGroup", "floyo-dev-use1-ingress-log")
        for values in ({"phase": "single-region"}, {"phase": "cached", **EDGE}, EDGE, {})
    ]
    assert len({(one.urn, str(one.inputs), one.protect) for one in logs}) == 1
    assert logs[0].protect


@pytest.mark.parametrize(("given", "protected"), [({}, True), ({"deletionProtection": "false"}, False)])
def test_deletion_protection_is_the_configs(plan: Plan, given: dict[str, str], protected: bool) -> None:
    made = deployed(plan, **EDGE, **given)
    assert made.one("lb/loadBalancer:LoadBalancer").inputs["enableDeletionProtection"] is protected
    primary = made.one("rds/instance:Instance", "floyo-dev-use1-database-primary")
    assert primary.inputs["deletionProtection"] is protected
    # The engine's own protection is another thing, and stays.
    assert primary.protect


def test_websockets_before_their_phase_bring_load_balancer_firewall_and_edge(
    plan: Plan, floyo: dict[str, Any], write: Write
) -> None:
    floyo["services"]["api"]["websockets"] = True
    write(floyo)
    made = deployed(plan, phase="single-region", **EDGE)
    balancer = made.one("lb/loadBalancer:LoadBalancer").inputs
    assert (balancer["internal"], balancer["idleTimeout"]) == (False, 4000)
    assert made.one("WebAclAssociation").inputs["resourceArn"].endswith("load-balancer-balancer-0a1b2c3")
    assert made.one("DnsRecord", "floyo-dev-edge-record").inputs["proxied"] is True
    assert not api(made)
    assert not balancers(deployed(plan, phase="single-region"))


@pytest.mark.parametrize(
    "case",
    [
        ({"websockets": True}, {}, f"No WebSockets to 'api' {NO_EDGE}."),
        ({"request_timeout_s": 90}, {}, f"Requests to 'api' may take 90 s and end after 30 s {NO_EDGE}."),
        ({"request_timeout_s": 300}, EDGE, "Requests to 'api' may take 300 s and end after 100 s at the edge."),
    ],
)
def test_requests_that_do_not_get_through_are_told_of(
    plan: Plan, floyo: dict[str, Any], write: Write, case: tuple[dict[str, Any], dict[str, str], str]
) -> None:
    change, values, missing = case
    floyo["services"]["api"] |= change
    write(floyo)
    for phase in ("single-region", "scaled"):
        assert missing in plan(phase=phase, **values).missing
        assert deployed(plan, phase=phase, **values)


@pytest.mark.parametrize(
    ("changes", "idle"),
    [({}, 60), ({"request_timeout_s": 90}, 90), ({"request_timeout_s": 4000}, 4000), ({"websockets": True}, 4000)],
)
def test_a_connection_may_be_silent_as_long_as_the_longest_request_takes(
    plan: Plan, floyo: dict[str, Any], write: Write, changes: dict[str, Any], idle: int
) -> None:
    floyo["services"]["api"] |= changes
    write(floyo)
    resolved = plan(phase="scaled")
    assert idle_timeout(resolved.services) == idle
    # The service must not be the one that closes a connection: the next request may be on its way in it.
    assert keep_alive(resolved.services) > idle
