"""What stands before several regions. Imported only where it does: Cloudflare's SDK is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.global_edge import GlobalEdge, GlobalEdgeArgs
from components.paths import base_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.base import Component
    from components.edge import Edge
    from infra.deployment import Deployment, EdgePlan


def make_global_edge(
    parent: Component,
    deployment: Deployment,
    plan: EdgePlan,
    *,
    hosts: Mapping[str, pulumi.Input[str]],
    after: Edge,
) -> GlobalEdge | None:
    """The load balancer over the regions.

    Args:
        parent: the root.
        deployment: what the stack is.
        plan: the edge.
        hosts: the origin's host name in each region that serves.
        after: the edge of the zone, whose rules come first.
    """
    path = health_path(deployment)
    if path is None:
        pulumi.log.warn("No global load balancing: no public service answers its own health path.", resource=parent)
        return None
    first = deployment.primary.name
    return GlobalEdge(
        parent.child("global-edge"),
        GlobalEdgeArgs(
            scope=parent.scope,
            domain=plan.domain,
            zone=plan.zone,
            hosts={first: hosts[first], **hosts},
            health_path=path,
            sticky=any(service.websockets for service in deployment.services.values()),
            after=[after],
        ),
        parent.child_options(),
    )


def health_path(deployment: Deployment) -> str | None:
    """The path that tells whether a region works: that of the service which answers the most, and answers that path."""
    public = sorted(
        (service for service in deployment.services.values() if service.public_path and service.health_path),
        key=lambda service: (service.public_path or "").count("/"),
    )
    return next(
        (
            service.health_path
            for service in public
            if f"{service.health_path}/".startswith(f"{base_of(service.public_path or '/*')}/")
        ),
        None,
    )
