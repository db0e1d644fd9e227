"""Cloudflare's load balancing: what the API refuses of monitors, pools and load balancers that name each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.rules import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ascend.cloud.provider import Resource
    from ascend.cloud.values import Props

_PREFIX = "cloudflare:index/"
BALANCER = f"{_PREFIX}loadBalancer:LoadBalancer"
POOL = f"{_PREFIX}loadBalancerPool:LoadBalancerPool"
MONITOR = f"{_PREFIX}loadBalancerMonitor:LoadBalancerMonitor"

#: The regions of geo steering.
#: https://developers.cloudflare.com/load-balancing/reference/region-mapping-api/, read 2026-11-21.
REGIONS = ("WNAM", "ENAM", "WEU", "EEU", "NSAM", "SSAM", "OC", "ME", "NAF", "SAF", "SAS", "SEAS", "NEAS")
_MAPS = ("regionPools", "countryPools", "popPools")
_ISO_LETTERS = 2


def judge(token: str, inputs: Props) -> list[Failure]:
    """What the facts cannot say: the names in maps, and names that are used twice."""
    if token == BALANCER:
        return [*_places(inputs), *_empty(inputs)]
    return list(_twice(inputs)) if token == POOL else []


def _places(inputs: Props) -> Iterator[Failure]:
    regions = inputs.get("regionPools")
    for name in regions if isinstance(regions, dict) else ():
        if name not in REGIONS:
            yield Failure(f'regionPools["{name}"]', f"{show(name)} is not a region; there are {', '.join(REGIONS)}")
    countries = inputs.get("countryPools")
    for name in countries if isinstance(countries, dict) else ():
        if len(name) != _ISO_LETTERS or not name.isalpha() or not name.isupper():
            yield Failure(
                f'countryPools["{name}"]', f"{show(name)} is not a country's code of two letters (ISO 3166-1)"
            )


def _empty(inputs: Props) -> Iterator[Failure]:
    if inputs.get("defaultPools") == []:
        yield Failure("defaultPools", "needs at least one pool")
    for name in _MAPS:
        given = inputs.get(name)
        for place, pools in given.items() if isinstance(given, dict) else ():
            if pools == []:
                yield Failure(f'{name}["{place}"]', "needs at least one pool")


def _twice(inputs: Props) -> Iterator[Failure]:
    seen: set[str] = set()
    origins = inputs.get("origins")
    for index, origin in enumerate(origins if isinstance(origins, list) else []):
        name = origin.get("name") if isinstance(origin, dict) else None
        if isinstance(name, str) and name in seen:
            yield Failure(f"origins[{index}].name", f"{show(name)} is used twice")
        if isinstance(name, str):
            seen.add(name)


def _named(token: str, inputs: Props) -> Iterator[tuple[str, str, str]]:
    """The objects that one names: the property, their type, their id."""
    if token == POOL and inputs.get("monitor"):
        yield "monitor", MONITOR, str(inputs["monitor"])
    if token != BALANCER:
        return
    yield "fallbackPool", POOL, str(inputs["fallbackPool"])
    for index, pool in enumerate(inputs["defaultPools"]):
        yield f"defaultPools[{index}]", POOL, str(pool)
    for name in _MAPS:
        for place, pools in (inputs.get(name) or {}).items():
            for pool in pools:
                yield f'{name}["{place}"]', POOL, str(pool)


def require(resource: Resource, inputs: Props, of_type: Callable[[str], list[dict[str, Any]]]) -> None:
    """Make sure that what is named exists.

    Args:
        resource: the monitor, pool or load balancer.
        inputs: its inputs.
        of_type: the outputs of every object of a type.

    Raises:
        ProviderError: a pool or monitor does not.
    """
    for path, token, object_id in _named(resource.type, inputs):
        if object_id not in {str(one["id"]) for one in of_type(token)}:
            kind = "pool" if token == POOL else "monitor"
            raise ProviderError(f"{resource.type} {resource.name}: {path}: there is no {kind} {object_id}")


def refuse_in_use(resource: Resource, object_id: str, of_type: Callable[[str], list[dict[str, Any]]]) -> None:
    """A pool that a load balancer names, or a monitor that a pool names, is not deleted.

    https://developers.cloudflare.com/load-balancing/pools/create-pool/ ("Delete a pool": remove it from load balancers
    first), read 2026-11-21.

    Raises:
        ProviderError: it is in use; the message names by whom.
    """
    users = {POOL: BALANCER, MONITOR: POOL}.get(resource.type)
    for other in of_type(users) if users else []:
        if any(named == object_id for _, _, named in _named(users or "", other)):
            raise ProviderError(f"{resource.type} {resource.name}: {object_id} is in use by {other.get('name')}")
