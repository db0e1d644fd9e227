"""Cloudflare in front: the record, the zone's TLS, the rules of the cache, limits, tiers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.cloudflare import CloudflareProvider
from ascend.cloud.provider import Resource
from components.edge import YEAR_S, Edge, EdgeArgs, EdgeLimit, EdgePath, matches
from components.errors import ComponentError
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

DOMAIN = "app.floyo.example"
HOST = 'http.host eq "app.floyo.example"'
ARGS = EdgeArgs(
    scope=SCOPE,
    domain=DOMAIN,
    zone_id="z1",
    host="d-1.execute-api.us-east-1.amazonaws.com",
    paths=[
        EdgePath(path="/*", ttl_s=None),
        EdgePath(path="/api/*"),
        EdgePath(path="/api/prices/*", ttl_s=60),
        EdgePath(path="/_next/static/*", static=True),
    ],
    limits={},
    tiered=False,
)
LIMITS = {"messages": EdgeLimit(path="/api/chat/*", requests=100, period_s=60)}


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Edge("edge", replace(ARGS, **changed)))


def rules(result: Registered, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result.one("Ruleset", name).inputs["rules"]
    return found


def test_the_domain_leads_to_cloudflare_and_from_there_to_the_origin(run: Run) -> None:
    record = made(run).one("DnsRecord").inputs
    assert (record["name"], record["type"], record["content"]) == (DOMAIN, "CNAME", ARGS.host)
    assert (record["proxied"], record["ttl"]) == (True, 1)


def test_nobody_comes_before_tls_and_rules_are_there(run: Run) -> None:
    result = made(run)
    before = {one.urn for one in (*result.of("ZoneSetting"), *result.of("Ruleset"))}
    assert before <= set(result.one("DnsRecord").depends_on)


def test_tls_is_strict_and_cloudflare_shows_who_it_is(run: Run) -> None:
    settings = {one.inputs["settingId"]: one.inputs["value"] for one in made(run).of("ZoneSetting")}
    assert settings == {"ssl": "strict", "always_use_https": "on", "min_tls_version": "1.2", "tls_client_auth": "on"}


def test_the_later_rule_wins_and_the_particular_comes_later(run: Run) -> None:
    found = rules(made(run), "edge-cache")
    assert [one["ref"] for one in found] == [
        "cache-all",
        "cache-api",
        "cache-api-prices",
        "cache-api-prices-anonymous",
        "cache-_next-static",
    ]
    assert {one["action"] for one in found} == {"set_cache_settings"}
    assert [one["actionParameters"]["cache"] for one in found] == [True, False, False, True, True]
    assert found[0]["expression"] == f"({HOST})"


def test_pages_are_kept_as_they_say_and_the_api_is_never(run: Run) -> None:
    pages, api, *_ = rules(made(run), "edge-cache")
    assert pages["actionParameters"] == {"cache": True, "edgeTtl": {"mode": "bypass_by_default"}}
    assert api["actionParameters"] == {"cache": False}


def test_a_ttl_is_for_requests_without_a_session(run: Run) -> None:
    rule = rules(made(run), "edge-cache")[3]
    assert 'http.cookie eq ""' in rule["expression"]
    assert 'not any(http.request.headers.names[*] eq "authorization")' in rule["expression"]
    assert rule["actionParameters"]["edgeTtl"]["default"] == 60


def test_static_files_are_kept_for_a_year_and_errors_are_not(run: Run) -> None:
    result = made(run)
    kept = rules(result, "edge-cache")[-1]["actionParameters"]["edgeTtl"]
    assert (kept["mode"], kept["default"]) == ("override_origin", YEAR_S)
    assert kept["statusCodeTtls"] == [{"statusCodeRange": {"from": 400, "to": 599}, "value": -1}]
    (told,) = rules(result, "edge-headers")
    assert told["actionParameters"]["headers"]["Cache-Control"] == {
        "operation": "set",
        "value": "public, max-age=31536000, immutable",
    }
    assert "http.response.code eq 200" in told["expression"]


def test_without_static_files_there_is_no_rule_for_headers(run: Run) -> None:
    result = made(run, paths=[EdgePath(path="/*")])
    assert [one.name for one in result.of("Ruleset")] == ["edge-cache"]


def test_limits_count_by_address_and_block(run: Run) -> None:
    assert not [one for one in made(run).of("Ruleset") if one.inputs["phase"] == "http_ratelimit"]
    (limit,) = rules(made(run, limits=LIMITS), "edge-limits")
    assert limit["action"] == "block"
    assert limit["ratelimit"] == {
        "characteristics": ["cf.colo.id", "ip.src"],
        "period": 60,
        "requestsPerPeriod": 100,
        "mitigationTimeout": 60,
        "requestsToOrigin": False,
    }
    assert '"/api/chat/"' in limit["expression"]


def test_a_window_that_cloudflare_does_not_count_in_is_refused() -> None:
    with pytest.raises(ComponentError, match="'x' counts in windows of 45 s; at the edge allowed: 10, 60, 120"):
        replace(ARGS, limits={"x": EdgeLimit(path="/*", requests=1, period_s=45)})


def test_tiers_are_a_switch(run: Run) -> None:
    assert not made(run).of("TieredCache")
    result = made(run, tiered=True)
    tiers = result.one("ArgoTieredCaching")
    assert (tiers.inputs["value"], result.one("TieredCache").inputs["value"]) == ("on", "on")
    assert tiers.urn in result.one("TieredCache").depends_on


def test_paths_become_expressions() -> None:
    assert matches(DOMAIN, "/*") == f"({HOST})"
    below = '(http.request.uri.path eq "/api" or starts_with(http.request.uri.path, "/api/"))'
    assert matches(DOMAIN, "/api/*") == f"({HOST} and {below})"
    for bad in ("/api", "api/*", '/a"b/*'):
        with pytest.raises(ComponentError, match="at the edge; allowed"):
            matches(DOMAIN, bad)


def test_the_embedded_cloud_takes_all_of_it(run: Run) -> None:
    provider = CloudflareProvider()
    result = made(run, limits=LIMITS, tiered=True)
    for one in result.resources:
        if one.custom:
            inputs = json.loads(json.dumps(one.inputs), parse_float=_number)
            assert provider.check(Resource(one.urn, one.type, one.name), {}, inputs, b"")[1] == [], one.name


def _number(text: str) -> float:
    """Every number crosses the protocol as a float."""
    return int(float(text)) if float(text).is_integer() else float(text)


def test_nothing_of_it_is_data(run: Run) -> None:
    assert not any(one.protect for one in made(run).resources)
