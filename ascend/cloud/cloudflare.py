"""The emulated cloudflare provider: zones' records and settings, rulesets and load balancing, in memory.

Types come from the SDK's arguments, rules from ``cloudflare.yaml``.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ascend.cloud import checks, facts
from ascend.cloud.memory import MemoryProvider

if TYPE_CHECKING:
    from collections.abc import Collection

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


class CloudflareProvider(MemoryProvider):
    """The cloudflare provider."""

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
        return checks.by_facts(_facts()[resource.type], inputs)

    def make(self, resource: Resource, inputs: Props) -> tuple[str, Props]:
        """A new object: 32 hex digits, and when it was made."""
        kind = resource.type.rpartition(":")[2]
        object_id = str(inputs[_SINGLE[kind]]) if kind in _SINGLE else secrets.token_hex(16)
        outputs = self.schema_of(resource.type).outputs
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        made: Props = {name: now for name in ("createdOn", "modifiedOn") if name in outputs}
        if kind == "DnsRecord":
            made["proxiable"] = inputs.get("type") in {"A", "AAAA", "CNAME"}
        if kind == "Ruleset":
            made["version"] = "1"
        return object_id, made

    def key(self, resource: Resource, object_id: str) -> str:
        """Settings are found by zone as well, which the URN stands for."""
        return f"{resource.urn} {object_id}"
