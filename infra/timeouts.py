"""How long connections may be silent: those to the ingress, and those from it to the services."""

from collections.abc import Mapping

from components import facts
from infra.deployment import ServicePlan

#: Connections without a request between two requests.
_LEAST_IDLE_S = 60
#: How much longer than the ingress a service keeps a silent connection.
_MARGIN_S = 5


def idle_timeout(services: Mapping[str, ServicePlan]) -> int:
    """Seconds that a connection may be silent: as long as the longest request, and WebSockets as long as can be.

    Args:
        services: the services, of which the public ones count.
    """
    most: int = facts.load("load_balancer")["max_idle_timeout_s"]
    public = [service for service in services.values() if service.public_path]
    if any(service.websockets for service in public):
        return most
    return min(max([_LEAST_IDLE_S, *(service.request_timeout_s for service in public)]), most)


def keep_alive(services: Mapping[str, ServicePlan]) -> int:
    """Seconds that a service keeps a silent connection: longer than the ingress, which then is the one to close it.

    One that the service closes while the next request is on its way in it is answered 502 by the load balancer:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html, read
    2026-11-21. Node.js closes after 5 s by itself, uvicorn too.

    Args:
        services: the services.
    """
    return idle_timeout(services) + _MARGIN_S
