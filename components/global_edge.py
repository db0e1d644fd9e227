"""One name for several regions: Cloudflare leads each visitor to the nearest one that works."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_cloudflare as cloudflare

from components import facts
from components.base import Component, Scope
from components.errors import ComponentError

#: The shortest interval that every plan with load balancing takes, in seconds.
#: https://developers.cloudflare.com/load-balancing/monitors/create-monitor/, read 2026-11-21
_INTERVAL_S = 60
_TIMEOUT_S = 5
_RETRIES = 2
#: A client keeps to its region for so long, in seconds, where it has to: Cloudflare's own default, 23 hours.
_AFFINITY_S = 82_800
_EARTH_KM = 6371


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalEdgeArgs:
    """What `GlobalEdge` needs.

    Attributes:
        scope: where it belongs.
        domain: the stack's domain name.
        zone: the name of the zone that it is in.
        hosts: the origin's host name in each region, by AWS region, the primary one first.
        health_path: HTTP path that answers 2xx in a region that works.
        sticky: whether a client's requests have to go to one region, as where it opens a WebSocket by several of them.
        after: what has to be in place before visitors are led by it.
    """

    scope: Scope
    domain: str
    zone: str
    hosts: Mapping[str, pulumi.Input[str]]
    health_path: str
    sticky: bool
    after: Sequence[pulumi.Resource] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be steered to.

        Raises:
            ComponentError: naming the region, or that there is none.
        """
        if not self.hosts:
            msg = f"global load balancing of '{self.domain}' without regions; at least 1 is needed"
            raise ComponentError(msg)
        known = facts.load("steering")["aws"]
        for region in self.hosts:
            if region not in known:
                msg = f"region '{region}' is at no known place; allowed: {', '.join(known)}"
                raise ComponentError(msg)


class GlobalEdge(Component):
    """A load balancer on the domain, with a pool for each region and a monitor of its health.

    The load balancer goes before the proxied record of the same name, which stays: it serves until the load balancer
    does, again when that is gone, and Cloudflare's certificate covers the name by it
    (https://developers.cloudflare.com/load-balancing/load-balancers/dns-records/, read 2026-11-21). So the name never
    goes dark, on the way up or down.

    Monitors probe as the zone (`probe_zone`): they show the same client certificate as its requests do, without which
    an origin refuses them (https://developers.cloudflare.com/learning-paths/load-balancing/setup/create-monitor/).

    Attributes:
        pool_ids: id of each region's pool, by region.
    """

    tag = "global-edge"

    def __init__(self, name: str, args: GlobalEdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts, {"regions": list(args.hosts)})
        self._args = args
        zone = cloudflare.get_zone_output(filter=cloudflare.GetZoneFilterArgs(match="all", name=args.zone))
        account_id = zone.account.id.apply(str)
        monitor = cloudflare.LoadBalancerMonitor(
            self.child("monitor"),
            account_id=account_id,
            description=self._description(),
            type="https",
            method="GET",
            path=args.health_path,
            header={"Host": [args.domain]},
            expected_codes="2xx",
            probe_zone=args.zone,
            interval=_INTERVAL_S,
            timeout=_TIMEOUT_S,
            retries=_RETRIES,
            follow_redirects=False,
            allow_insecure=False,
            opts=self.child_options(),
        )
        pools = {region: self._pool(region, host, account_id, monitor.id) for region, host in args.hosts.items()}
        regions = list(args.hosts)
        cloudflare.LoadBalancer(
            self.child("balancer"),
            zone_id=zone.id.apply(str),
            name=args.domain,
            description=self._description(),
            default_pools=[pools[region].id for region in nearest_to(regions[0], regions)],
            fallback_pool=pools[regions[0]].id,
            steering_policy="geo",
            region_pools={
                area: [pools[region].id for region in nearest(area, regions)]
                for area in facts.load("steering")["cloudflare"]
            },
            # Requests that a region fails between two probes are tried in the next.
            adaptive_routing=cloudflare.LoadBalancerAdaptiveRoutingArgs(failover_across_pools=True),
            session_affinity="cookie" if args.sticky else "none",
            session_affinity_ttl=_AFFINITY_S if args.sticky else None,
            proxied=True,
            enabled=True,
            opts=self.child_options(depends_on=list(args.after)),
        )
        self.pool_ids = {region: pool.id for region, pool in pools.items()}
        self.register_outputs({"poolIds": self.pool_ids})

    def _description(self) -> str:
        return f"{self.scope.system}, stack {self.scope.stack}"

    def _pool(
        self, region: str, host: pulumi.Input[str], account_id: pulumi.Input[str], monitor_id: pulumi.Input[str]
    ) -> cloudflare.LoadBalancerPool:
        name = self.child(region)
        return cloudflare.LoadBalancerPool(
            name,
            account_id=account_id,
            name=name,
            description=self._description(),
            monitor=monitor_id,
            # Probed from where its visitors are; from all of Cloudflare's locations is for Enterprise zones.
            check_regions=[nearest_area(region)],
            minimum_origins=1,
            origins=[
                cloudflare.LoadBalancerPoolOriginArgs(
                    name=region,
                    address=host,
                    enabled=True,
                    weight=1,
                    # The origin answers to the domain, not to its own host name.
                    header=cloudflare.LoadBalancerPoolOriginHeaderArgs(hosts=[self._args.domain]),
                )
            ],
            enabled=True,
            opts=self.child_options(),
        )


def nearest(area: str, regions: Sequence[str]) -> list[str]:
    """`regions` of AWS in the order of their distance from one of Cloudflare's regions."""
    places = facts.load("steering")
    return sorted(regions, key=lambda region: _distance_km(places["cloudflare"][area], places["aws"][region]))


def nearest_to(first: str, regions: Sequence[str]) -> list[str]:
    """`regions` of AWS in the order of their distance from one of them, which comes first."""
    places = facts.load("steering")["aws"]
    return sorted(regions, key=lambda region: _distance_km(places[first], places[region]))


def nearest_area(region: str) -> str:
    """The region of Cloudflare's that is nearest to one of AWS."""
    places = facts.load("steering")
    areas: Mapping[str, Sequence[float]] = places["cloudflare"]
    return min(areas, key=lambda area: _distance_km(areas[area], places["aws"][region]))


def _distance_km(one: Sequence[float], other: Sequence[float]) -> float:
    """Along the surface, between two places as latitude and longitude in degrees."""
    (north, east), (north_2, east_2) = (tuple(map(math.radians, place)) for place in (one, other))
    half = math.sin((north_2 - north) / 2) ** 2
    half += math.cos(north) * math.cos(north_2) * math.sin((east_2 - east) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))
