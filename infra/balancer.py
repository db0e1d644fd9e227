"""The load balancer of a region and its firewall. Imported only where there is one: the SDK for it is large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from components import facts
from components.firewall import Firewall, FirewallArgs, Rate
from components.load_balancer import BalancedTarget, LoadBalancer, LoadBalancerArgs
from components.routes import CLIENT_HEADER
from infra.timeouts import idle_timeout

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi

    from components.thresholds import IngressThresholds
    from infra.deployment import Deployment, ServicePlan
    from infra.ground import Ground

#: What one address may ask for in five minutes: a school or an office has one for all who are in it, and one page
#: without a CDN is dozens of requests.
CLIENT_RATE = Rate(requests=2_000, window_s=300)
#: Where Cloudflare writes a visitor's address.
_EDGE_HEADER = "CF-Connecting-IP"
#: What a task needs to answer what it has begun with, however short its requests are.
_LEAST_DRAIN_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """A load balancer behind its firewall.

    Attributes:
        public: whether Cloudflare reaches it, or only what is inside the network.
        host: its host name, known when it answers and nothing passes by the firewall.
        listener_arn: the listener that leads to the services, known likewise.
        dimension: what CloudWatch calls it.
        target_group_arns: target group of each public service.
    """

    public: bool
    host: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    dimension: pulumi.Output[str]
    target_group_arns: Mapping[str, pulumi.Output[str]]


def make_balancer(ground: Ground, thresholds: IngressThresholds, certificate_arn: pulumi.Input[str] | None) -> Balancer:
    """Declare both.

    A public one and one inside the network are two, with names of their own: AWS cannot make one of the other, and a
    target group belongs to one of them.

    Args:
        ground: what they are built on.
        thresholds: where alarms go off.
        certificate_arn: the domain's certificate where there is an edge, else None.
    """
    parent, plan, network = ground.parent, ground.deployment, ground.network
    public = certificate_arn is not None
    services = {name: service for name, service in plan.services.items() if service.public_path}
    balancer = LoadBalancer(
        parent.child("load-balancer" if public else "inner-balancer"),
        LoadBalancerArgs(
            scope=parent.scope,
            vpc_id=network.vpc_id,
            subnet_ids=network.public_subnet_ids if public else network.private_subnet_ids,
            front_security_group_id=network.front_security_group_id,
            topic_arn=ground.alarms.topic_arn,
            thresholds=thresholds,
            targets={name: _target(service) for name, service in services.items()},
            idle_timeout_s=idle_timeout(services),
            deletion_protection=plan.deletion_protection,
            certificate_arn=certificate_arn,
        ),
        parent.child_options(),
    )
    firewall = Firewall(
        parent.child("firewall" if public else "inner-firewall"),
        FirewallArgs(
            scope=parent.scope,
            resource_arn=balancer.arn,
            key_arn=ground.keys.key_arn,
            client_header=_EDGE_HEADER if public else CLIENT_HEADER,
            rates={"client": CLIENT_RATE} if public else {**_limits(plan), "client": CLIENT_RATE},
        ),
        parent.child_options(),
    )
    return Balancer(
        public=public,
        host=firewall.guarded(balancer.host),
        listener_arn=firewall.guarded(balancer.listener_arn),
        dimension=balancer.dimension,
        target_group_arns=balancer.target_group_arns,
    )


def _target(service: ServicePlan) -> BalancedTarget:
    assert service.public_path is not None  # noqa: S101 -- chosen by it; a public service has a port and a health path
    most = facts.load("load_balancer")["max_drain_s"]
    return BalancedTarget(
        path=service.public_path,
        port=service.port or 0,
        health_path=service.health_path or "/",
        drain_s=min(max(service.request_timeout_s, _LEAST_DRAIN_S), most),
    )


def _limits(plan: Deployment) -> dict[str, Rate]:
    """The system's limits where no edge holds them: the highest tier's, as the firewall knows no tiers.

    Those that it cannot count, because they are smaller or over longer times, are the services' own.
    """
    known = facts.load("firewall")
    rates = {
        name: Rate(requests=max(limit.per_tier.values()), window_s=limit.period_s, path=limit.path)
        for name, limit in plan.rate_limits.items()
        if limit.path
    }
    return {
        name: rate
        for name, rate in rates.items()
        if rate.window_s in known["windows_s"] and rate.requests >= known["min_requests"]
    }
