"""How requests reach the services of a region."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pulumi

from components.ingress import Ingress, IngressArgs
from components.routes import MAX_TIMEOUT_S, Routes, RoutesArgs, Target
from components.thresholds import IngressThresholds
from infra import phases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.service import Service
    from infra.balancer import Balancer
    from infra.deployment import Deployment
    from infra.ground import Ground

#: Requests are refused above this many times what the phase's users send at the busiest time: room for a good day, an
#: end for a loop or an attack, which are paid for by the request.
THROTTLE_HEADROOM = 4
#: One page without a CDN is dozens of requests at once; below this rate the limit would hit single visitors.
THROTTLE_FLOOR = 100


class Front:
    """What takes requests in, in one region. It exists before the services, which are told its address.

    There are three ways in. An HTTP API leads to the services by their entries in Cloud Map. A public load balancer
    answers the edge. Without an edge, whose certificate and addresses a public one needs, the HTTP API keeps its own
    address and leads to a load balancer inside the network.

    Args:
        ground: what it is built on.
        zone_id: the zone of the domain, where the stack has an edge.

    Attributes:
        url: the public address.
        origin_host: the host name that the edge asks, None where there is no edge.
        api: the HTTP API, None where it does not serve.
        log_group_name: the access log of the HTTP API.
        balancer: the load balancer, None where there is none.
        target_group_arns: target group of each service that a load balancer leads to.
    """

    def __init__(self, ground: Ground, zone_id: pulumi.Input[str] | None) -> None:
        self._ground, self._plan = ground, ground.deployment
        self._certificate_arn = self._make_certificate(zone_id)
        self.balancer = self._make_balancer()
        self._ingress = self._make_ingress()
        self.url: pulumi.Input[str] = ""
        if self._plan.edge is not None:
            self.url = f"https://{self._plan.edge.domain}"
        elif self._ingress.api is not None:
            self.url = self._ingress.api.url
        self.origin_host: pulumi.Output[str] | None = None
        self.api = self._ingress.api
        self.log_group_name = self._ingress.log_group_name
        self.target_group_arns: Mapping[str, pulumi.Output[str]] = (
            self.balancer.target_group_arns if self.balancer else {}
        )

    def lead_to(self, services: Mapping[str, Service]) -> None:
        """Lead to the public services.

        Args:
            services: the services by name.
        """
        parent = self._ground.parent
        if self._ingress.api is not None:
            Routes(
                parent.child("routes"),
                RoutesArgs(
                    scope=parent.scope,
                    api_id=self._ingress.api.api_id,
                    link_id=self._ingress.api.link_id,
                    targets=self._targets(services),
                ),
                parent.child_options(),
            )
        if self.balancer is not None and self.balancer.public:
            self.origin_host = self._steady(self.balancer.host, services)
        else:
            self.origin_host = self._make_origin()

    def _thresholds(self) -> IngressThresholds:
        limits = self._plan.thresholds
        return IngressThresholds(
            p95_s=limits.p95_s,
            error_rate_pct=limits.error_rate_pct,
            bandwidth_gib_month=self._plan.limits.bandwidth_gib_month,
            bandwidth_pct=limits.bandwidth_pct,
        )

    def _make_certificate(self, zone_id: pulumi.Input[str] | None) -> pulumi.Output[str] | None:
        """The domain's certificate, where an edge asks for the services by its name."""
        if self._plan.edge is None or zone_id is None:
            return None
        from infra.edge import make_certificate  # noqa: PLC0415 -- Cloudflare's SDK is loaded by the stacks that use it

        # Amazon wants one record for all regions: the first writes it.
        prove = self._ground.region == self._plan.regions[0]
        return make_certificate(self._ground, self._plan.edge, zone_id, prove=prove).arn

    def _make_balancer(self) -> Balancer | None:
        if self._plan.ingress in (phases.Ingress.HTTP_API, phases.Ingress.NONE):
            return None
        from infra.balancer import make_balancer  # noqa: PLC0415 -- as above, the SDK of load balancers and firewalls

        return make_balancer(self._ground, self._thresholds(), self._certificate_arn)

    def _make_ingress(self) -> Ingress:
        rate = throttle_rate(self._plan)
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
                thresholds=self._thresholds(),
                closed=self._plan.edge is not None and not self._plan.direct_access,
                serves=self._api_serves(),
            ),
            self._ground.parent.child_options(),
        )

    def _api_serves(self) -> bool:
        """Whether there is an HTTP API; beside a public load balancer only while clients leave its address."""
        if self._plan.ingress is phases.Ingress.NONE:
            return False
        return self.balancer is None or not self.balancer.public or self._plan.direct_access

    def _make_origin(self) -> pulumi.Output[str] | None:
        """The HTTP API under the domain's own name, where an edge stands before it."""
        if self._plan.edge is None or self._certificate_arn is None or self._ingress.api is None:
            return None
        from infra.edge import make_origin  # noqa: PLC0415 -- as above

        return make_origin(self._ground.parent, self._plan.edge, self._certificate_arn, self._ingress.api).host

    def _targets(self, services: Mapping[str, Service]) -> dict[str, Target]:
        """The public services behind the HTTP API, by name."""
        inner = self.balancer if self.balancer is not None and not self.balancer.public else None
        listener_arn = self._steady(inner.listener_arn, services) if inner else None
        targets = {}
        for name, plan in self._plan.services.items():
            uri = listener_arn or services[name].registry_arn
            if plan.public_path is not None and uri is not None:
                targets[name] = Target(
                    uri=uri,
                    path=plan.public_path,
                    timeout_s=min(plan.request_timeout_s, MAX_TIMEOUT_S),
                    tell_client=inner is not None,
                )
        return targets

    def _steady(self, address: pulumi.Output[str], services: Mapping[str, Service]) -> pulumi.Output[str]:
        """An address of the load balancer, known when every public service answers behind it.

        Until then requests come in as they did before. A preview does not wait: nothing happens in it, and each new
        version of a service would show as a change of what leads to it.
        """
        if pulumi.runtime.is_dry_run():
            return address
        public = [services[name].service_name for name, plan in self._plan.services.items() if plan.public_path]
        return pulumi.Output.all(address, *public).apply(lambda known: str(known[0]))


def throttle_rate(deployment: Deployment) -> int:
    """Requests per second above which the ingress refuses, from what the phase's users send at the busiest time."""
    traffic = deployment.traffic
    peak = (deployment.users or 0) * traffic.active_share * traffic.requests_per_second.high
    return max(THROTTLE_FLOOR, math.ceil(peak * THROTTLE_HEADROOM))
