"""What stands before the services: HTTP API, firewall, Cloudflare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource

_POOL = "cloudflare:index/loadBalancerPool:LoadBalancerPool"


def http_api(resource: Resource, bill: Bill) -> None:
    """An HTTP API: requests."""
    if resource.text("protocolType") not in ("", "HTTP"):
        bill.miss(resource, f"no price for APIs of protocol '{resource.text('protocolType')}'")
        return
    requests = bill.used(resource.region).requests
    if requests.high > 0:
        bill.add(resource, "Requests", "apigateway.http", requests, usage_based=True)


def firewall(resource: Resource, bill: Bill) -> None:
    """A web ACL: itself, each of its rules, requests."""
    bill.add(resource, "Web ACL", "waf.acl", 1)
    if rules := len(resource.rows("rules")):
        bill.add(resource, "Rules", "waf.rule", rules)
    requests = bill.used(resource.region).requests
    if requests.high > 0:
        bill.add(resource, "Requests", "waf.request", requests, usage_based=True)


def cloudflare_balancer(resource: Resource, bill: Bill) -> None:
    """Cloudflare's load balancing: two endpoints are in its price, more cost each, and so does steering by place."""
    bill.add(resource, "Load balancing", "cloudflare.load-balancing", 1)
    endpoints = sum(len(pool.rows("origins")) for pool in bill.plan.of(_POOL))
    more = endpoints - bill.default("load_balancing_endpoints_included")
    if more > 0:
        bill.add(resource, "More endpoints", "cloudflare.load-balancing.endpoint", more)
    if resource.text("steeringPolicy") == "geo":
        bill.add(resource, "Geo steering", "cloudflare.load-balancing.geo-steering", 1)


RULES = {
    "aws:apigatewayv2/api:Api": http_api,
    "aws:wafv2/webAcl:WebAcl": firewall,
    "cloudflare:index/loadBalancer:LoadBalancer": cloudflare_balancer,
}
