"""The edge as the config and the phase want it: what is needed, what is missing, what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from components.base import Component
from infra import config, world
from infra.edge import make_edge
from infra.errors import Problems
from tests.components.recorder import HOST, record
from tests.components.support import SCOPE
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.components.support import Registered
    from tests.infra.support import Plan, Refuse

GIVEN = {
    "phase": "cached",
    "domain": "app.floyo.example",
    "zone": "floyo.example",
    "cloudflare_apiToken": "t0ken",
}

pytestmark = pytest.mark.usefixtures("all_built")


class Root(Component):
    """Something to put an edge below."""

    tag = "root"


def deployed(plan: Plan, **values: Any) -> Registered:
    resolved = plan(**{**GIVEN, **values})
    return record(lambda: world.deploy(resolved))


def outputs(made: Registered) -> dict[str, Any]:
    return made.outputs[made.one("ascend:index:World").urn]


def test_visitors_come_through_the_edge_and_no_other_way(plan: Plan) -> None:
    made = deployed(plan)
    record_ = made.one("DnsRecord", "floyo-dev-edge-record").inputs
    assert (record_["content"], record_["proxied"], record_["zoneId"]) == (HOST, True, "zone of floyo.example")
    assert made.one("apigatewayv2/api:Api").inputs["disableExecuteApiEndpoint"] is True
    assert "mutualTlsAuthentication" in made.one("DomainName").inputs
    assert outputs(made)["url"] == "https://app.floyo.example"
    assert outputs(made)["missing"] == []


def test_containers_are_told_of_it(plan: Plan) -> None:
    for task in deployed(plan).of("TaskDefinition"):
        (container,) = (one for one in json.loads(task.inputs["containerDefinitions"]) if one["essential"])
        told = {one["name"]: one["value"] for one in container["environment"]}
        assert told["CDN_URL"] == "https://app.floyo.example"


def test_floyos_pages_say_themselves_how_long_and_its_api_is_never_kept(plan: Plan) -> None:
    rules = deployed(plan).one("Ruleset", "floyo-dev-edge-cache").inputs["rules"]
    assert [one["description"] for one in rules] == [
        "/*: kept as each answer says",
        "/api/*: never kept",
        "/_next/static/*: kept for a year",
    ]


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"domain": None, "zone": None}, "No CDN: set ascend:domain and ascend:zone, a name in a Cloudflare zone."),
        (
            {"cloudflare_apiToken": None},
            "No CDN: no Cloudflare token; set the secret cloudflare:apiToken or CLOUDFLARE_API_TOKEN.",
        ),
    ],
)
def test_without_a_domain_or_a_token_it_deploys_and_says_so(
    plan: Plan, values: dict[str, Any], missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        made = deployed(plan, **values)
    assert not [one for one in made.resources if one.type.startswith(("cloudflare:", "aws:acm/"))]
    assert not made.of("DomainName")
    assert made.one("apigatewayv2/api:Api").inputs["disableExecuteApiEndpoint"] is False
    assert outputs(made)["url"].endswith(".execute-api.us-east-1.amazonaws.com")
    assert outputs(made)["missing"] == [missing]
    assert missing in caplog.text


def test_a_token_of_the_environment_will_do() -> None:
    settings = config.parse(raw(), "dev", Problems(), environ={"CLOUDFLARE_API_TOKEN": "t"})
    assert settings.edge_credentials
    assert not config.parse(raw(), "dev", Problems(), environ={"CLOUDFLARE_API_TOKEN": ""}).edge_credentials


def test_the_old_address_can_be_kept_while_clients_move(plan: Plan) -> None:
    made = deployed(plan, directAccess="true")
    assert made.one("apigatewayv2/api:Api").inputs["disableExecuteApiEndpoint"] is False
    assert made.one("DnsRecord", "floyo-dev-edge-record").inputs["proxied"] is True
    assert outputs(made)["missing"] == ["The origin answers everyone at its own address: take out ascend:directAccess."]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            {"domain": "app.floyo.example"},
            (
                "Pulumi.dev.yaml: ascend:zone: missing; ascend:domain needs the Cloudflare zone that it is in, such as "
                "example.com"
            ),
        ),
        (
            {"zone": "floyo.example"},
            (
                "Pulumi.dev.yaml: ascend:domain: missing; ascend:zone is of use only with the name in it that the "
                "stack answers to"
            ),
        ),
        (
            {"domain": "app.floyo.example", "zone": "atlas.example"},
            (
                "Pulumi.dev.yaml: ascend:zone: 'atlas.example' does not hold the domain 'app.floyo.example'; "
                "allowed: the domain itself, or what follows one of its dots"
            ),
        ),
        (
            {"domain": "badfloyo.example", "zone": "floyo.example"},
            (
                "Pulumi.dev.yaml: ascend:zone: 'floyo.example' does not hold the domain 'badfloyo.example'; "
                "allowed: the domain itself, or what follows one of its dots"
            ),
        ),
        (
            {"domain": "app.floyo.example", "zone": "Floyo"},
            "Pulumi.dev.yaml: ascend:zone: 'Floyo' is not a domain name; allowed: lower case, like app.example.com",
        ),
        (
            {"directAccess": "perhaps"},
            "Pulumi.dev.yaml: ascend:directAccess: 'perhaps' is neither true nor false",
        ),
    ],
)
@pytest.mark.parametrize("phase", ["single-region", "cached"])
def test_a_domain_and_its_zone_come_together(refuse: Refuse, values: dict[str, str], problem: str, phase: str) -> None:
    assert refuse(phase=phase, **values) == (problem,)


def test_the_zones_own_name_is_a_domain_too(plan: Plan) -> None:
    made = deployed(plan, domain="floyo.example")
    assert made.one("DnsRecord", "floyo-dev-edge-record").inputs["name"] == "floyo.example"


def test_limits_reach_the_edge_where_the_phase_says_so(
    floyo: dict[str, Any], write: Callable[[Mapping[str, Any]], None], plan: Plan
) -> None:
    floyo["rate_limits"] = {
        "messages": {"period_s": 60, "path": "/api/chat/*", "per_tier": {"free": 20, "paid": 100}},
        "images": {"period_s": 60, "per_tier": {"free": 5, "paid": 30}},
    }
    write(floyo)
    assert not [one for one in deployed(plan).of("Ruleset") if one.name.endswith("limits")]
    scaled = plan(**{**GIVEN, "phase": "scaled"})

    def program() -> None:
        root = Root("root", SCOPE)
        assert scaled.edge is not None
        make_edge(root, scaled, scaled.edge, scope=SCOPE, zone_id="z1", host="h")

    (limit,) = record(program).one("Ruleset", "root-edge-limits").inputs["rules"]
    assert (limit["ratelimit"]["requestsPerPeriod"], limit["ref"]) == (100, "limit-messages")


def test_cloudflares_sdk_is_loaded_only_where_it_is_used() -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1]); import infra.world, infra.resolve; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, str(ROOT)], capture_output=True, text=True, check=True, cwd="/"
    )
    assert not {"pulumi_cloudflare", "components.edge", "infra.edge"} & set(done.stdout.split())
