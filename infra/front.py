"""How requests reach the services of a region."""

import math
from collections.abc import Mapping

import pulumi

from components.ingress import Ingress, IngressArgs, IngressThresholds
from components.routes import Routes, RoutesArgs, Target
from components.service import Service
from infra.deployment import Deployment
from infra.ground import Ground

#: Requests are refused above this many times what the phase's users send at the busiest time: room for a good day, an
#: end for a loop or an attack, which are paid for by the request.
THROTTLE_HEADROOM = 4
#: One page without a CDN is dozens of requests at once; below this rate the limit would hit single visitors.
THROTTLE_FLOOR = 100


class Front:
    """The ingress of one region. It exists before the services, which are told its address; `lead_to` connects them.

    Args:
        ground: what it is built on.
        zone_id: the zone of the domain, where the stack has an edge.

    Attributes:
        url: the public address.
        origin_host: the host name that the edge asks, None where there is no edge.
        log_group_name: the access log.
    """

    def __init__(self, ground: Ground, zone_id: pulumi.Input[str] | None) -> None:
        self._ground, self._plan, self._zone_id = ground, ground.deployment, zone_id
        self._ingress = self._make_ingress()
        self.url: pulumi.Input[str] = (
            f"https://{self._plan.edge.domain}" if self._plan.edge is not None else self._ingress.url
        )
        self.origin_host: pulumi.Output[str] | None = None
        self.log_group_name = self._ingress.log_group_name

    def lead_to(self, services: Mapping[str, Service]) -> None:
        """Lead from the ingress to the public services.

        Args:
            services: the services by name.
        """
        parent = self._ground.parent
        Routes(
            parent.child("routes"),
            RoutesArgs(
                scope=parent.scope,
                api_id=self._ingress.api_id,
                link_id=self._ingress.link_id,
                targets=self._targets(services),
            ),
            parent.child_options(),
        )
        self.origin_host = self._make_origin()

    def _make_ingress(self) -> Ingress:
        limits, rate = self._plan.thresholds, throttle_rate(self._plan)
        return Ingress(
            self._ground.parent.child("ingress"),
            IngressArgs(
                scope=self._ground.parent.scope,
                subnet_ids=[
                    subnet
                    for zone, subnet in zip(
                        self._ground.region.zone_ids, self._ground.network.private_subnet_ids, strict=True
                    )
                    # A link in a zone that does not serve them is refused; from the others it reaches tasks in all.
                    if zone in self._ground.region.link_zone_ids
                ],
                security_group_id=self._ground.network.front_security_group_id,
                key_arn=self._ground.keys.key_arn,
                topic_arn=self._ground.alarms.topic_arn,
                requests_per_second=rate,
                burst=2 * rate,
                thresholds=IngressThresholds(
                    p95_s=limits.p95_s,
                    error_rate_pct=limits.error_rate_pct,
                    bandwidth_gib_month=self._plan.limits.bandwidth_gib_month,
                    bandwidth_pct=limits.bandwidth_pct,
                ),
                closed=self._plan.edge is not None and not self._plan.direct_access,
            ),
            self._ground.parent.child_options(),
        )

    def _make_origin(self) -> pulumi.Output[str] | None:
        """The ingress under the domain's own name, where an edge stands before it."""
        if self._plan.edge is None or self._zone_id is None:
            return None
        from infra.edge import make_origin  # noqa: PLC0415 -- Cloudflare's SDK is loaded by the stacks that use it

        return make_origin(self._ground.parent, self._plan.edge, self._zone_id, self._ingress).host

    def _targets(self, services: Mapping[str, Service]) -> dict[str, Target]:
        """The public services, by name."""
        targets = {}
        for name, plan in self._plan.services.items():
            registry = services[name].registry_arn
            if plan.public_path is not None and registry is not None:
                targets[name] = Target(registry_arn=registry, path=plan.public_path, timeout_s=plan.request_timeout_s)
        return targets


def throttle_rate(deployment: Deployment) -> int:
    """Requests per second above which the ingress refuses, from what the phase's users send at the busiest time."""
    traffic = deployment.traffic
    peak = (deployment.users or 0) * traffic.active_share * traffic.requests_per_second
    return max(THROTTLE_FLOOR, math.ceil(peak * THROTTLE_HEADROOM))
