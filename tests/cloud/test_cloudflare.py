"""The cloudflare provider."""

from __future__ import annotations

from typing import Any

import pytest

from ascend.cloud.cloudflare import TOKENS, CloudflareProvider, _facts
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
