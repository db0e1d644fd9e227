"""What a stack's file says of its databases, before and after a failover: the key ``ascend:databases``.

A region that has nothing to say has its first databases in use. See ``infra/lineage.py``, which reads the same key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

KEY: Final = "ascend:databases"
PRIMARY: Final = "ascend:primary"
#: What the file says of each region: which databases are in use, whether even these are not, and which are kept.
Databases = dict[str, dict[str, Any]]


def shard_keys(shards: int) -> list[str]:
    """What the databases are called whichever generation they are of."""
    return ["database", *(f"database-shard-{number}" for number in range(2, shards + 1))]


def name(databases: Mapping[str, Mapping[str, Any]], region: str, key: str) -> str:
    """The name within its region of a database in use.

    Args:
        databases: what the file says.
        region: where.
        key: which shard.
    """
    generation = int((databases.get(region) or {}).get("generation") or 1)
    return key if generation == 1 else f"{key}-g{generation}"


def fenced(databases: Mapping[str, Mapping[str, Any]], region: str) -> bool:
    """Whether what a region has follows nobody, so that it cannot take over."""
    return bool((databases.get(region) or {}).get("fenced"))


def after_move(databases: Mapping[str, Mapping[str, Any]], regions: Sequence[str], to: str) -> Databases:
    """What the file says once another region is written to: no other has anything that follows it.

    RDS gives no replica another source, so that those of third regions stay behind with the old primary, until others
    take their place (`rebuilt`).

    Args:
        databases: what it says now.
        regions: the stack's regions.
        to: the one that takes over.
    """
    return {
        region: dict(databases.get(region) or {}) | ({} if region == to else {"fenced": True})
        for region in regions
        if region != to or databases.get(region)
    }


def rebuilt(
    databases: Mapping[str, Mapping[str, Any]], primary: str, shards: int, leave: Collection[str] = ()
) -> Databases:
    """What the file says for every region to have replicas again: new ones where there are none that follow.

    Args:
        databases: what it says now.
        primary: the region that is written to.
        shards: how many databases there are.
        leave: regions that are left as they are.
    """
    found: Databases = {}
    for region, entry in databases.items():
        if region == primary or region in leave or not entry.get("fenced"):
            found[region] = dict(entry)
            continue
        left = [*(entry.get("kept") or ()), *(name(databases, region, key) for key in shard_keys(shards))]
        rest = {field: value for field, value in entry.items() if field not in ("fenced", "kept", "generation")}
        found[region] = {"generation": int(entry.get("generation") or 1) + 1, "kept": left, **rest}
    return found


def made(before: Mapping[str, Any], after: Mapping[str, Any], shards: int) -> dict[str, list[str]]:
    """Names of the databases that the file begins to have, by region.

    Args:
        before: what it says now.
        after: what it is to say.
        shards: how many databases there are.
    """
    keys = shard_keys(shards)
    names = {region: [name(after, region, key) for key in keys] for region in after}
    return {region: new for region, new in names.items() if new != [name(before, region, key) for key in keys]}
