"""The cloudflare provider."""

from __future__ import annotations

from typing import Any

import pytest

from ascend.cloud.cloudflare import GET_ZONE, TOKENS, CloudflareProvider, _facts
from ascend.cloud.provider import ProviderError, Resource

ZONE = "0" * 32
RECORD = {"zoneId": ZONE, "name": "www.example.com", "type": "CNAME", "ttl": 1, "content": "x.example.com"}


def thing(kind: str, name: str = "x") -> Resource:
    token = next(token for token in TOKENS if token.endswith(f":{kind}"))
    return Resource(f"urn:pulumi:test::ascend::{token}::{name}", token, name)


def test_a_record_lives() -> None:
    provider, resource = CloudflareProvider(), thing("DnsRecord")
    inputs, failures = provider.check(resource, {}, RECORD, b"")
    assert not failures
    object_id, outputs = provider.create(resource, inputs)
    assert len(object_id) == 32
    assert outputs["proxiable"] is True
    assert provider.read(resource, object_id, inputs, outputs) == (inputs, outputs)
    news = provider.check(resource, inputs, {**RECORD, "proxied": True}, b"")[0]
    assert not any(
        change.replace for change in provider.diff(resource, object_id, inputs, news, outputs).changes.values()
    )
    updated = provider.update(resource, object_id, inputs, news, outputs)
    assert updated["createdOn"] == outputs["createdOn"]
    assert updated["proxied"] is True
    moved = provider.check(resource, inputs, {**RECORD, "zoneId": "1" * 32}, b"")[0]
    assert provider.diff(resource, object_id, inputs, moved, outputs).changes["zoneId"].replace
    provider.delete(resource, object_id, inputs, outputs)
    provider.delete(resource, object_id, inputs, outputs)
    assert provider.read(resource, object_id, inputs, outputs) is None
    with pytest.raises(ProviderError, match="no longer exists"):
        provider.update(resource, object_id, inputs, news, outputs)


def test_settings_are_known_by_their_name() -> None:
    provider = CloudflareProvider()
    inputs = {"zoneId": ZONE, "settingId": "min_tls_version", "value": "1.2"}
    assert provider.create(thing("ZoneSetting"), inputs)[0] == "min_tls_version"


@pytest.mark.parametrize(
    ("kind", "inputs", "failing"),
    [
        ("DnsRecord", {}, ["name", "ttl", "type", "zoneId"]),
        ("DnsRecord", {**RECORD, "typ": "A"}, ["typ"]),
        ("DnsRecord", {**RECORD, "type": "B"}, ["type"]),
        ("DnsRecord", {**RECORD, "ttl": 7}, ["ttl"]),
        ("DnsRecord", {**RECORD, "type": "MX"}, ["priority"]),
        ("DnsRecord", {**RECORD, "proxied": "yes"}, ["proxied"]),
        ("Ruleset", {"kind": "zone", "name": "x", "phase": "http_ratelimit"}, ["accountId"]),
        ("Ruleset", {"kind": "zone", "name": "x", "phase": "http_nonsense", "zoneId": ZONE}, ["phase"]),
        ("LoadBalancerMonitor", {"accountId": ZONE, "type": "ping"}, ["type"]),
        (
            "LoadBalancerPool",
            {"accountId": ZONE, "name": "a b", "origins": [{"weight": 2}]},
            ["origins[0].weight", "name"],
        ),
        ("LoadBalancerPool", {"accountId": ZONE, "name": "a", "origins": [], "latitude": 1}, ["latitude"]),
        ("TieredCache", {"zoneId": ZONE, "value": "maybe"}, ["value"]),
    ],
)
def test_refusals(kind: str, inputs: dict[str, Any], failing: list[str]) -> None:
    failures = CloudflareProvider().check(thing(kind), {}, inputs, b"")[1]
    assert [failure.property for failure in failures] == failing


def test_every_type_has_facts() -> None:
    assert set(_facts()) == set(TOKENS)


def ruleset(phase: str, rule: dict[str, Any]) -> dict[str, Any]:
    rules = [{"action": "set_cache_settings", "expression": "true", **rule}]
    return {"kind": "zone", "name": "x", "phase": phase, "zoneId": ZONE, "rules": rules}


CACHE, LIMIT, HEADERS = "http_request_cache_settings", "http_ratelimit", "http_response_headers_transform"
COUNT = {"characteristics": ["cf.colo.id", "ip.src"], "period": 60, "requestsPerPeriod": 20, "mitigationTimeout": 60}


@pytest.mark.parametrize(
    ("kind", "inputs", "failing"),
    [
        ("DnsRecord", {**RECORD, "proxied": True, "ttl": 300}, ["ttl"]),
        ("DnsRecord", {**RECORD, "proxied": True, "type": "TXT"}, ["type"]),
        ("DnsRecord", {**RECORD, "content": "x.example.com."}, ["content"]),
        ("ZoneSetting", {"zoneId": ZONE, "settingId": "ssl", "value": "stric"}, ["value"]),
        ("ZoneSetting", {"zoneId": ZONE, "settingId": "min_tls_version", "value": "1.5"}, ["value"]),
        ("ZoneSetting", {"zoneId": ZONE, "settingId": "tls_client_auth", "value": "yes"}, ["value"]),
        ("Ruleset", ruleset(CACHE, {"action": "block"}), ["rules[0].action"]),
        ("Ruleset", ruleset(CACHE, {"action": "cache"}), ["rules[0].action", "rules[0].action"]),
        ("Ruleset", ruleset(HEADERS, {}), ["rules[0].action"]),
        ("Ruleset", ruleset(LIMIT, {"action": "block"}), ["rules[0]"]),
        (
            "Ruleset",
            ruleset(LIMIT, {"action": "block", "ratelimit": {**COUNT, "period": 45}}),
            ["rules[0].ratelimit.period"],
        ),
        (
            "Ruleset",
            ruleset(LIMIT, {"action": "block", "ratelimit": {**COUNT, "mitigationTimeout": 7}}),
            ["rules[0].ratelimit.mitigationTimeout"],
        ),
        (
            "Ruleset",
            ruleset(LIMIT, {"action": "block", "ratelimit": {**COUNT, "characteristics": ["ip.src"]}}),
            ["rules[0].ratelimit.characteristics"],
        ),
        (
            "Ruleset",
            ruleset(CACHE, {"actionParameters": {"edgeTtl": {"mode": "override_origin"}}}),
            ["rules[0].actionParameters.edgeTtl"],
        ),
        (
            "Ruleset",
            ruleset(CACHE, {"actionParameters": {"edgeTtl": {"mode": "respect_origin", "default": 60}}}),
            ["rules[0].actionParameters.edgeTtl"],
        ),
        (
            "Ruleset",
            ruleset(CACHE, {"actionParameters": {"edgeTtl": {"mode": "forever"}}}),
            ["rules[0].actionParameters.edgeTtl.mode"],
        ),
    ],
)
def test_refusals_of_the_edge(kind: str, inputs: dict[str, Any], failing: list[str]) -> None:
    failures = CloudflareProvider().check(thing(kind), {}, inputs, b"")[1]
    assert [failure.property for failure in failures] == failing


def test_a_zone_has_one_ruleset_for_each_phase() -> None:
    provider = CloudflareProvider()
    cache = ruleset(CACHE, {})
    object_id, outputs = provider.create(thing("Ruleset", "one"), cache)
    provider.create(thing("Ruleset", "headers"), ruleset(HEADERS, {"action": "rewrite"}))
    provider.create(thing("Ruleset", "elsewhere"), {**cache, "zoneId": "1" * 32})
    with pytest.raises(ProviderError, match="exceeded maximum number of zone rulesets for phase http_request_cache"):
        provider.create(thing("Ruleset", "two"), cache)
    provider.delete(thing("Ruleset", "one"), object_id, cache, outputs)
    provider.create(thing("Ruleset", "two"), cache)


def test_a_name_with_a_cname_has_no_other_address() -> None:
    provider = CloudflareProvider()
    provider.create(thing("DnsRecord", "one"), RECORD)
    provider.create(thing("DnsRecord", "text"), {**RECORD, "type": "TXT"})
    with pytest.raises(ProviderError, match="record with that host already exists"):
        provider.create(thing("DnsRecord", "two"), {**RECORD, "type": "A", "content": "192.0.2.1"})


def test_a_zone_is_found_by_its_name() -> None:
    provider = CloudflareProvider()
    found = provider.invoke(GET_ZONE, {"filter": {"name": "floyo.example"}}, {})
    assert len(found["id"]) == 32
    assert found["name"] == "floyo.example"
    assert found["id"] != provider.invoke(GET_ZONE, {"filter": {"name": "other.example"}}, {})["id"]
    assert provider.invoke(GET_ZONE, {"zoneId": ZONE}, {})["id"] == ZONE
    with pytest.raises(ProviderError, match="either zoneId or filter"):
        provider.invoke(GET_ZONE, {}, {})
    with pytest.raises(ProviderError, match="not a function"):
        provider.invoke("cloudflare:index/getZones:getZones", {}, {})


ACCOUNT = "2" * 32
BALANCER = {"zoneId": ZONE, "name": "www.example.com", "defaultPools": ["p"], "fallbackPool": "p", "proxied": True}
POOL = {"accountId": ACCOUNT, "name": "eu", "origins": [{"name": "eu", "address": "eu.example.com"}]}
MONITOR = {"accountId": ACCOUNT, "type": "https", "path": "/health", "header": {"Host": ["www.example.com"]}}


@pytest.mark.parametrize(
    ("kind", "inputs", "failing"),
    [
        ("LoadBalancer", BALANCER, []),
        ("LoadBalancer", {**BALANCER, "steeringPolicy": "geo", "regionPools": {"WEU": ["p"], "ENAM": ["p"]}}, []),
        ("LoadBalancer", {**BALANCER, "sessionAffinity": "cookie", "sessionAffinityTtl": 82800}, []),
        ("LoadBalancer", {key: value for key, value in BALANCER.items() if key != "fallbackPool"}, ["fallbackPool"]),
        ("LoadBalancer", {**BALANCER, "steeringPolicy": "nearest"}, ["steeringPolicy"]),
        ("LoadBalancer", {**BALANCER, "sessionAffinity": "sticky"}, ["sessionAffinity"]),
        ("LoadBalancer", {**BALANCER, "sessionAffinity": "cookie", "sessionAffinityTtl": 60}, ["sessionAffinityTtl"]),
        ("LoadBalancer", {**BALANCER, "sessionAffinity": "header", "sessionAffinityTtl": 3601}, ["sessionAffinityTtl"]),
        ("LoadBalancer", {**BALANCER, "sessionAffinity": "cookie", "proxied": False}, ["proxied"]),
        ("LoadBalancer", {**BALANCER, "ttl": 30}, ["ttl"]),
        ("LoadBalancer", {**BALANCER, "defaultPools": []}, ["defaultPools"]),
        ("LoadBalancer", {**BALANCER, "regionPools": {"EU": ["p"]}}, ['regionPools["EU"]']),
        ("LoadBalancer", {**BALANCER, "regionPools": {"WEU": []}}, ['regionPools["WEU"]']),
        ("LoadBalancer", {**BALANCER, "countryPools": {"germany": ["p"]}}, ['countryPools["germany"]']),
        ("LoadBalancer", {**BALANCER, "steeringPolicy": "off", "regionPools": {"WEU": ["p"]}}, ["steeringPolicy"]),
        ("LoadBalancer", {**BALANCER, "randomSteering": {"defaultWeight": 2}}, ["randomSteering.defaultWeight"]),
        ("LoadBalancer", {**BALANCER, "locationStrategy": {"mode": "gps"}}, ["locationStrategy.mode"]),
        (
            "LoadBalancer",
            {**BALANCER, "sessionAffinityAttributes": {"zeroDowntimeFailover": "yes"}},
            ["sessionAffinityAttributes.zeroDowntimeFailover"],
        ),
        ("LoadBalancerPool", POOL, []),
        ("LoadBalancerPool", {**POOL, "checkRegions": ["EU"]}, ["checkRegions[0]"]),
        ("LoadBalancerPool", {**POOL, "latitude": 91, "longitude": 0}, ["latitude"]),
        ("LoadBalancerPool", {**POOL, "latitude": 0, "longitude": 181}, ["longitude"]),
        ("LoadBalancerPool", {**POOL, "origins": [*POOL["origins"], *POOL["origins"]]}, ["origins[1].name"]),
        ("LoadBalancerPool", {**POOL, "originSteering": {"policy": "nearest"}}, ["originSteering.policy"]),
        ("LoadBalancerPool", {**POOL, "loadShedding": {"defaultPercent": 101}}, ["loadShedding.defaultPercent"]),
        ("LoadBalancerPool", {**POOL, "loadShedding": {"sessionPolicy": "random"}}, ["loadShedding.sessionPolicy"]),
        ("LoadBalancerMonitor", MONITOR, []),
        ("LoadBalancerMonitor", {"accountId": ACCOUNT, "type": "tcp", "port": 5432}, []),
        ("LoadBalancerMonitor", {"accountId": ACCOUNT, "type": "tcp"}, ["port"]),
        ("LoadBalancerMonitor", {**MONITOR, "type": "icmp_ping"}, ["type"]),
        ("LoadBalancerMonitor", {**MONITOR, "port": 65536}, ["port"]),
        ("LoadBalancerMonitor", {**MONITOR, "header": {"Host": "www.example.com"}}, ['header["Host"]']),
        ("ArgoTieredCaching", {"zoneId": ZONE, "value": "smart"}, ["value"]),
    ],
)
def test_refusals_of_load_balancing(kind: str, inputs: dict[str, Any], failing: list[str]) -> None:
    failures = CloudflareProvider().check(thing(kind), {}, inputs, b"")[1]
    assert [failure.property for failure in failures] == failing


def test_load_balancing_from_its_monitor_up_and_down_again() -> None:
    provider = CloudflareProvider()
    account = provider.invoke(GET_ZONE, {"filter": {"name": "floyo.example"}}, {})["account"]["id"]
    assert len(account) == 32
    monitor_id, monitor = provider.create(thing("LoadBalancerMonitor"), {**MONITOR, "accountId": account})
    pool = {**POOL, "accountId": account, "monitor": monitor_id}
    pool_id, pool_outputs = provider.create(thing("LoadBalancerPool"), pool)
    balancer = {**BALANCER, "defaultPools": [pool_id], "fallbackPool": pool_id, "regionPools": {"WEU": [pool_id]}}
    balancer_id, outputs = provider.create(thing("LoadBalancer"), balancer)
    with pytest.raises(ProviderError, match=f"{pool_id} is in use by www.example.com"):
        provider.delete(thing("LoadBalancerPool"), pool_id, pool, pool_outputs)
    with pytest.raises(ProviderError, match=f"{monitor_id} is in use by eu"):
        provider.delete(thing("LoadBalancerMonitor"), monitor_id, MONITOR, monitor)
    other = {**balancer, "regionPools": {"WEU": ["nothing"]}}
    with pytest.raises(ProviderError, match=r"regionPools.*WEU.*: there is no pool nothing"):
        provider.update(thing("LoadBalancer"), balancer_id, balancer, other, outputs)
    provider.delete(thing("LoadBalancer"), balancer_id, balancer, outputs)
    provider.delete(thing("LoadBalancerPool"), pool_id, pool, pool_outputs)
    provider.delete(thing("LoadBalancerMonitor"), monitor_id, MONITOR, monitor)


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        ("LoadBalancer", BALANCER, "fallbackPool: there is no pool p"),
        ("LoadBalancerPool", {**POOL, "monitor": "m"}, "monitor: there is no monitor m"),
    ],
)
def test_what_load_balancing_names_must_be_there(kind: str, inputs: dict[str, Any], reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        CloudflareProvider().create(thing(kind), inputs)
