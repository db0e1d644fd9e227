"""The emulated cloudflare provider: zones' records and settings, rulesets and load balancing, in memory.

Types come from the SDK's arguments, rules from ``cloudflare.yaml``.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.cloud import checks, cloudflare_balancing, facts
from ascend.cloud.memory import MemoryProvider
from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ascend.cloud.provider import Failure, Resource
    from ascend.cloud.schema import ResourceSchema
    from ascend.cloud.values import Props


@cache
def _facts() -> dict[str, facts.Facts]:
    return facts.read(Path(__file__).parent / "cloudflare.yaml")


#: Every type of this provider.
TOKENS: tuple[str, ...] = tuple(
    f"cloudflare:index/{name[0].lower()}{name[1:]}:{name}"
    for name in (
        "ArgoTieredCaching",
        "DnsRecord",
        "LoadBalancer",
        "LoadBalancerMonitor",
        "LoadBalancerPool",
        "Ruleset",
        "TieredCache",
        "ZoneSetting",
    )
)

#: Types that a zone has one of: their id is the zone's, or the setting's name.
_SINGLE = {"ZoneSetting": "settingId", "TieredCache": "zoneId", "ArgoTieredCaching": "zoneId"}

#: The one function: which zone has a name.
GET_ZONE = "cloudflare:index/getZone:getZone"


def _id_of(what: str) -> str:
    """32 hex digits that are always the same for the same thing."""
    return hashlib.sha256(what.encode()).hexdigest()[:32]


class CloudflareProvider(MemoryProvider):
    """The cloudflare provider. Every zone that is asked for exists."""

    name = "cloudflare"
    tokens = TOKENS

    def force_new(self, known: ResourceSchema) -> Collection[str]:
        """The zone or account, and what the facts say."""
        return _facts()[known.token].force_new

    def complete(self, resource: Resource, inputs: Props) -> Props:
        """The official defaults."""
        for path, value in _facts()[resource.type].defaults.items():
            checks.fill(inputs, path, value)
        return inputs

    def judge(self, resource: Resource, inputs: Props) -> list[Failure]:
        """What the facts refuse."""
        found = checks.by_facts(_facts()[resource.type], inputs)
        return [*found, *cloudflare_balancing.judge(resource.type, inputs)]

    def make(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """A new object: 32 hex digits, and when it was made.

        Raises:
            ProviderError: the zone has a ruleset of the phase, or a record of the name, that does not go with it, or
                it names a pool or monitor that is not there.
        """
        kind = resource.type.rpartition(":")[2]
        self._refuse_second(kind, resource, inputs)
        cloudflare_balancing.require(resource, inputs, self.of_type)
        object_id = str(inputs[_SINGLE[kind]]) if kind in _SINGLE else secrets.token_hex(16)
        outputs = self.schema_of(resource.type).outputs
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        made: Props = {name: now for name in ("createdOn", "modifiedOn") if name in outputs}
        if kind == "DnsRecord":
            made["proxiable"] = inputs.get("type") in {"A", "AAAA", "CNAME"}
        if kind == "Ruleset":
            made["version"] = "1"
        return object_id, made

    def update(self, resource: Resource, object_id: str, old_inputs: Props, news: Props, olds: Props) -> Props:
        """What it names now must be there."""
        cloudflare_balancing.require(resource, news, self.of_type)
        return super().update(resource, object_id, old_inputs, news, olds)

    def delete(self, resource: Resource, object_id: str, inputs: Props, olds: Props) -> None:
        """Not while something else names it."""
        cloudflare_balancing.refuse_in_use(resource, object_id, self.of_type)
        super().delete(resource, object_id, inputs, olds)

    def _refuse_second(self, kind: str, resource: Resource, inputs: Props) -> None:
        """A zone has one ruleset for each phase, and a name with a CNAME has no other record of an address."""
        others = [one for one in self.of_type(resource.type) if one.get("zoneId") == inputs.get("zoneId")]
        if (
            kind == "Ruleset"
            and inputs["kind"] == "zone"
            and any(_same(one, inputs, "kind", "phase") for one in others)
        ):
            # The API's own words: terraform-provider-cloudflare, issue 6273, error 20217.
            reason = "'zone' is not a valid value for kind because exceeded maximum number of zone rulesets for phase"
            raise ProviderError(f"{resource.type} {resource.name}: {reason} {inputs['phase']}")
        addresses = {"A", "AAAA", "CNAME"}
        named = [one["type"] for one in others if kind == "DnsRecord" and _same(one, inputs, "name")]
        if any({one, inputs["type"]} <= addresses and "CNAME" in (one, inputs["type"]) for one in named):
            # https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/
            reason = f"An A, AAAA, or CNAME record with that host already exists: {inputs['name']}"
            raise ProviderError(f"{resource.type} {resource.name}: {reason}")

    def invoke(self, token: str, args: Props, config: Mapping[str, Any]) -> Props:
        """A zone by its id, or by a filter that names it."""
        if token != GET_ZONE:
            return super().invoke(token, args, config)
        given, wanted = args.get("zoneId"), (args.get("filter") or {}).get("name")
        if bool(given) == bool(wanted):
            raise ProviderError("getZone: give either zoneId or filter.name")
        zone_id = str(given) if given else _id_of(f"zone {wanted}")
        return {
            "id": zone_id,
            "zoneId": zone_id,
            "name": wanted or f"{zone_id}.example",
            "status": "active",
            "account": {"id": _id_of("account"), "name": "embedded"},
        }

    def key(self, resource: Resource, object_id: str) -> str:
        """Settings are found by zone as well, which the URN stands for."""
        return f"{resource.urn} {object_id}"


def _same(one: Props, other: Props, *names: str) -> bool:
    return all(one.get(name) == other.get(name) for name in names)
