"""Addresses, NAT, load balancers, and data on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.cost.model import Span, total
from ascend.cost.rules.data import query_gb
from ascend.cost.usage import GB, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource

_NAT = "aws:ec2/natGateway:NatGateway"
_SERVICE = "aws:ecs/service:Service"
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_TRUST = "aws:lb/trustStore:TrustStore"
_LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"


def network(resource: Resource, bill: Bill) -> None:
    """Data that leaves a region's network, and data between its zones. Nothing where nothing is served."""
    use = bill.used(resource.region)
    if use.requests.high <= 0:
        return
    out = use.requests * (
        (float(bill.plan.figures["traffic"]["bytes_per_request"]) + bill.default("outbound_bytes_per_request")) / GB
    )
    bill.add(resource, "Data out to the internet", "transfer.internet", out, usage_based=True)
    # Each direction is billed: the question's way and the answer's are both in the bytes of a query.
    between = query_gb(bill, resource.region) * (2 * bill.default("cross_zone_share"))
    bill.add(resource, "Data between zones", "transfer.cross-az", between, usage_based=True)


def address(resource: Resource, bill: Bill) -> None:
    """A fixed public address."""
    bill.add(resource, "Public IPv4", "ipv4.public", bill.hours)


def nat(resource: Resource, bill: Bill) -> None:
    """A NAT gateway, and its part of what goes through those of its region."""
    bill.add(resource, "Hours", "nat.hour", bill.hours)
    # What goes through the logs' own endpoint does not come here.
    logs = Span.flat(0) if _logs_endpoints(bill, resource.region) else logs_gb(bill, resource.region)
    data = (called_gb(bill, resource.region) + logs) * (1 / len(bill.plan.of(_NAT, resource.region)))
    if data.high > 0:
        bill.add(resource, "Data processed", "nat.data", data, usage_based=True)


def outbound_gb(bill: Bill, region: str) -> Span:
    """What services of a region send and fetch by themselves, in GB a month: logs, calls to others, images."""
    return called_gb(bill, region) + logs_gb(bill, region)


def called_gb(bill: Bill, region: str) -> Span:
    """The same without logs."""
    calls = bill.used(region).requests * (bill.default("outbound_bytes_per_request") / GB)
    started = bill.default("tasks_started") * bill.default("image_gb")
    services = bill.plan.of(_SERVICE, region)
    images = [Span.flat(started if bill.tasks(one).high else 0.0) for one in services]
    return total([calls, *images])


def logs_gb(bill: Bill, region: str) -> Span:
    """What services of a region write to their logs, in GB a month."""
    return total([log_gb(one, bill) for one in bill.plan.of(_SERVICE, region)])


def log_gb(service: Resource, bill: Bill) -> Span:
    """What a service writes to its log, in GB a month."""
    handled = bill.handled(service) * (bill.default("log_bytes_per_request") / GB)
    return handled + bill.tasks(service) * bill.default("log_gb_per_task")


def load_balancer(resource: Resource, bill: Bill) -> None:
    """A load balancer: hours, capacity units, an address in each zone where the internet reaches it."""
    if resource.text("loadBalancerType") not in ("", "application"):
        bill.miss(resource, f"no price for load balancers of type '{resource.text('loadBalancerType')}'")
        return
    bill.add(resource, "Hours", "alb.hour", bill.hours)
    if resource.inputs.get("internal") is not True:
        bill.add(resource, "Public IPv4", "ipv4.public", bill.hours * len(resource.rows("subnets")))
    units = capacity_units(resource, bill)
    if units.high > 0:
        bill.add(resource, "Capacity units", "alb.lcu", units * bill.hours, usage_based=True)


def capacity_units(resource: Resource, bill: Bill) -> Span:
    """Units of a load balancer on average: those of the dimension that takes most of them."""
    use, unit = bill.used(resource.region), bill.table("lcu")
    seconds = bill.hours * SECONDS_PER_HOUR
    per_second = use.requests * (1 / seconds)
    new = per_second * bill.default("connections_per_request")
    rules = len(bill.plan.of(_LISTENER_RULE, resource.region)) - bill.default("new_rules_free")
    size = float(bill.plan.figures["traffic"]["bytes_per_request"])
    kind = "active_connections_mutual_tls" if bill.plan.of(_TRUST, resource.region) else "active_connections"
    dimensions = (
        new * (1 / float(unit["new_connections_per_second"])),
        (new * bill.default("seconds_per_connection") + _sockets(resource, bill)) * (1 / float(unit[kind])),
        per_second * (size * SECONDS_PER_HOUR / GB / float(unit["gb_per_hour"])),
        per_second * (max(0.0, rules) / float(unit["rules_per_second"])),
    )
    return Span(
        max(one.low for one in dimensions),
        max(one.expected for one in dimensions),
        max(one.high for one in dimensions),
    )


def _sockets(resource: Resource, bill: Bill) -> Span:
    """WebSockets that are open on average."""
    services = (bill.plan.figures.get("services") or {}).values()
    if not any(one.get("websockets") for one in services):
        return Span.flat(0)
    each = bill.plan.figures["traffic"]["connections_per_user"]
    return bill.used(resource.region).users.each(
        Span(float(each["low"]), (float(each["low"]) + float(each["high"])) / 2, float(each["high"]))
    )


def trust_store(resource: Resource, bill: Bill) -> None:
    """The certificates that a listener accepts from its clients: billed by the hour for each load balancer."""
    bill.add(resource, "Hours", "alb.trust-store", bill.hours)


def peering(resource: Resource, bill: Bill) -> None:
    """Data between two regions: what services of the one send to databases of the other, and the answers."""
    away = query_gb(bill, resource.region) * (1 - bill.default("read_share_in_region"))
    if away.high > 0:
        bill.add(resource, "Data to the other region", "transfer.cross-region", away, usage_based=True)


def endpoint(resource: Resource, bill: Bill) -> None:
    """An endpoint of another service in the network; those for S3 and DynamoDB by route are free."""
    if resource.text("vpcEndpointType") in ("", "Gateway"):
        return
    bill.add(resource, "Hours", "vpc.endpoint", bill.hours * max(1, len(resource.rows("subnetIds"))))
    if not _leads_to_logs(resource):
        bill.miss(resource, f"Data processed: how much goes to {resource.text('serviceName')} is not known")
        return
    data = logs_gb(bill, resource.region) * (1 / len(_logs_endpoints(bill, resource.region)))
    if data.high > 0:
        bill.add(resource, "Data processed", "vpc.endpoint.data", data, usage_based=True)


def _logs_endpoints(bill: Bill, region: str) -> list[Resource]:
    """The endpoints by which services of a region write their logs."""
    return [one for one in bill.plan.of(_ENDPOINT, region) if _leads_to_logs(one)]


def _leads_to_logs(resource: Resource) -> bool:
    return resource.text("vpcEndpointType") == "Interface" and resource.text("serviceName").endswith(".logs")


def private_names(resource: Resource, bill: Bill) -> None:
    """The private zone that a namespace keeps its names in."""
    bill.add(resource, "Private zone", "route53.private-zone", 1)


def registered(resource: Resource, bill: Bill) -> None:
    """A name registered by hand; those that ECS registers are free."""
    bill.add(resource, "Registered instance", "cloudmap.instance", 1)


RULES = {
    "aws:ec2/vpc:Vpc": network,
    "aws:ec2/eip:Eip": address,
    _NAT: nat,
    _ENDPOINT: endpoint,
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": peering,
    "aws:lb/loadBalancer:LoadBalancer": load_balancer,
    _TRUST: trust_store,
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": private_names,
    "aws:servicediscovery/instance:Instance": registered,
}
