"""The versions of the engines that RDS and ElastiCache have, by cfn-lint's data."""

from __future__ import annotations

import re
from functools import cache

from ascend.cloud.aws import cfn

_RULE = "aws_rds_dbinstance/engine_version"
_CACHE_RULE = "aws_elasticache_cachecluster/engine_version"
#: The engines of replication groups; Memcached has none.
CACHE_ENGINES = ("redis", "valkey")


@cache
def names(region: str) -> tuple[str, ...]:
    """Every engine that RDS has in a region; none for a region that the data does not know."""
    document = cfn.extension(_RULE, region) or {}
    for row in document.get("allOf", ()):
        found = row["then"]["properties"].get("Engine", {}).get("enum")
        if found:
            return tuple(found)
    return ()


@cache
def versions(engine: str, region: str) -> tuple[str, ...]:
    """Every version of an engine in a region, the newest last; none for an engine that the data does not know."""
    document = cfn.extension(_RULE, region) or {}
    for row in document.get("allOf", ()):
        if row["if"]["properties"].get("Engine") == {"const": engine}:
            return tuple(sorted(row["then"]["properties"]["EngineVersion"]["enum"], key=number))
    return ()


def number(version: str) -> tuple[int, ...]:
    """A version as numbers, so that 17.10 is after 17.9."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def matching(engine: str, region: str, asked: str) -> tuple[str, ...]:
    """The versions that a version or its beginning (``17``, ``8.4``) stands for."""
    return tuple(one for one in versions(engine, region) if one == asked or one.startswith(f"{asked}."))


def resolve(engine: str, region: str, asked: str | None) -> str | None:
    """The version that RDS takes when asked for one, for its beginning or for none: the newest."""
    found = matching(engine, region, asked) if asked else versions(engine, region)
    return found[-1] if found else asked


def family(engine: str, version: str) -> str:
    """The parameter group family: PostgreSQL counts by one number since 10, the others by two."""
    parts = version.split(".")
    single = engine == "postgres" and number(version) >= (10,)
    return engine.lower() + ".".join(parts[: 1 if single else 2])


@cache
def cache_versions(engine: str) -> tuple[str, ...]:
    """Every version of an ElastiCache engine, the newest last; none for an engine that the data does not know."""
    document = cfn.extension(_CACHE_RULE, "") or {}
    for row in document.get("allOf", ()):
        if row["if"]["properties"]["Engine"] == {"const": engine}:
            return tuple(sorted(row["then"]["properties"]["EngineVersion"]["enum"], key=number))
    return ()


def cache_family(engine: str, version: str) -> str:
    """The parameter group family of an ElastiCache engine: by the major version since 7, by two numbers before."""
    numbers = number(version)
    if numbers >= (7,):
        return f"{engine}{numbers[0]}"
    return f"{engine}6.x" if numbers >= (6,) else f"{engine}{numbers[0]}.{numbers[1]}"
