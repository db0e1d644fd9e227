"""What stands between visitors and the ingress. Imported only where there is an edge: Cloudflare's SDK is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.certificate import Certificate, CertificateArgs
from components.edge import Edge, EdgeArgs, EdgeLimit, EdgePath, zone_of
from components.origin import Origin, OriginArgs

if TYPE_CHECKING:
    import pulumi

    from components.base import Component, Scope
    from components.ingress import HttpApi
    from infra.deployment import Deployment, EdgePlan
    from infra.ground import Ground

__all__ = ["make_certificate", "make_edge", "make_origin", "paths", "zone_of"]


def make_certificate(ground: Ground, plan: EdgePlan, zone_id: pulumi.Input[str], *, prove: bool) -> Certificate:
    """The domain's certificate in one region.

    Args:
        ground: the region.
        plan: the edge.
        zone_id: the domain's zone.
        prove: whether it writes the record that proves the domain.
    """
    parent = ground.parent
    return Certificate(
        parent.child("certificate"),
        CertificateArgs(
            scope=parent.scope,
            domain=plan.domain,
            zone_id=zone_id,
            topic_arn=ground.alarms.topic_arn,
            prove=prove,
        ),
        parent.child_options(),
    )


def make_origin(parent: Component, plan: EdgePlan, certificate_arn: pulumi.Input[str], api: HttpApi) -> Origin:
    """An HTTP API under the domain's name.

    Args:
        parent: the region; name and options are its child's.
        plan: the edge.
        certificate_arn: the domain's certificate.
        api: what answers.
    """
    return Origin(
        parent.child("origin"),
        OriginArgs(
            scope=parent.scope,
            domain=plan.domain,
            certificate_arn=certificate_arn,
            api_id=api.api_id,
            stage=api.stage,
        ),
        parent.child_options(),
    )


def make_edge(
    parent: Component,
    deployment: Deployment,
    plan: EdgePlan,
    *,
    scope: Scope,
    zone_id: pulumi.Input[str],
    host: pulumi.Input[str],
) -> Edge:
    """The edge of the whole stack.

    Args:
        parent: the root.
        deployment: what the stack is.
        plan: the edge.
        scope: where it belongs.
        zone_id: the domain's zone.
        host: the origin's host name.
    """
    limits = {
        name: EdgeLimit(path=limit.path, requests=max(limit.per_tier.values()), period_s=limit.period_s)
        for name, limit in deployment.rate_limits.items()
        if limit.path and plan.shape.rate_limiting
    }
    return Edge(
        parent.child("edge"),
        EdgeArgs(
            scope=scope,
            domain=plan.domain,
            zone_id=zone_id,
            host=host,
            paths=paths(deployment),
            limits=limits,
            tiered=plan.shape.tiered,
        ),
        parent.child_options(),
    )


def paths(deployment: Deployment) -> list[EdgePath]:
    """What the edge keeps of each public path: the general before the particular, static files last."""
    public = [service for service in deployment.services.values() if service.public_path]
    dynamic = [EdgePath(path=service.public_path or "", ttl_s=service.edge_ttl_s) for service in public]
    static = [EdgePath(path=path, static=True) for service in public for path in service.static_paths]
    return [*sorted(dynamic, key=lambda one: one.path.count("/")), *static]
