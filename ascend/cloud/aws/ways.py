"""What lies behind the emulated AWS's host names, and the way of a request from one to a task that is healthy.

Read from moto's own objects: only what is loaded already can have a name.
"""

from __future__ import annotations

import fnmatch
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BALANCER: Final = "load balancer"
API: Final = "HTTP API"
DOMAIN: Final = "API domain"
_HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class Name:
    """What a host name leads to.

    Attributes:
        host: the name.
        kind: what has it.
        leads_to: the id of that, or the names that it is another name of.
    """

    host: str
    kind: str
    leads_to: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request.

    Attributes:
        status: the HTTP status.
        text: what is said.
    """

    status: int
    text: str


def _backends(service: str) -> Iterator[tuple[str, Any]]:
    """The backends of a service that is in use, by region."""
    module = sys.modules.get(f"moto.{service}.models")
    if module is None:
        return
    for account in list(getattr(module, f"{service}_backends").values()):
        yield from list(account.items())


def names() -> Iterator[Name]:
    """Every name of AWS's that leads anywhere."""
    for _, elb in _backends("elbv2"):
        yield from (Name(one.dns_name, BALANCER, [arn]) for arn, one in elb.load_balancers.items())
    for _, gateway in _backends("apigatewayv2"):
        yield from (Name(one.api_endpoint.partition("://")[2], API, [key]) for key, one in gateway.apis.items())
        for domain in gateway.domain_names.values():
            hosts = (row["apiGatewayDomainName"] for row in domain.to_json()["domainNameConfigurations"])
            yield from (Name(host, DOMAIN, [domain.domain_name]) for host in hosts)
    for _, rds in _backends("rds"):
        yield from (Name(one.address, "database", [key]) for key, one in rds.databases.items())
        yield from (Name(one.endpoint, "database proxy", [key]) for key, one in rds.db_proxies.items())
    for _, cache in _backends("elasticache"):
        for key, group in cache.replication_groups.items():
            yield from (Name(host, "cache", [key]) for host in _cache_hosts(group))
    for _, map_ in _backends("servicediscovery"):
        yield from _mapped(map_)


def _cache_hosts(group: Any) -> Iterator[str]:
    for row in group.node_groups:
        for key in ("primary_endpoint", "reader_endpoint"):
            if row.get(key):
                yield str(row[key]["address"])


def _mapped(backend: Any) -> Iterator[Name]:
    """The names of Cloud Map's services that anything is registered under."""
    for service in backend.services.values():
        space = backend.namespaces.get(service.namespace_id or (service.dns_config or {}).get("NamespaceId"))
        if space is None or not service.instances:
            continue
        keys = ("AWS_INSTANCE_CNAME", "AWS_INSTANCE_IPV4")
        values = [one.attributes[key] for one in service.instances for key in keys if key in one.attributes]
        yield Name(f"{service.name}.{space.name}", "alias", values)


def balanced(arn: str, path: str, *, edge: bool) -> Answer:
    """From outside to a load balancer, over HTTPS.

    Args:
        arn: the load balancer.
        path: the path.
        edge: whether Cloudflare asks.
    """
    balancer = next(elb.load_balancers[arn] for _, elb in _backends("elbv2") if arn in elb.load_balancers)
    if balancer.scheme == "internal":
        return Answer(504, f"{balancer.name} is inside its network")
    listener = next((one for one in balancer.listeners.values() if int(one.port) == _HTTPS_PORT), None)
    if listener is None:
        return Answer(504, f"{balancer.name} does not listen on {_HTTPS_PORT}")
    if not edge and (listener.mutual_authentication or {}).get("Mode") == "verify":
        return Answer(403, f"{balancer.name} answers those alone who show Cloudflare's certificate")
    return _listened(listener, path)


def _listened(listener: Any, path: str) -> Answer:
    """By a listener's rules to a target."""
    rules = sorted(listener.rules.values(), key=lambda rule: (rule.is_default, _priority(rule)))
    for rule in rules:
        if rule.is_default or _matches(rule.conditions, path):
            return _acted(rule.actions[-1].data, path)
    return Answer(503, "no rule of the listener is for this path")


def _priority(rule: Any) -> int:
    return 0 if rule.is_default else int(rule.priority)


def _matches(conditions: list[dict[str, Any]], path: str) -> bool:
    """Whether a request fulfils a rule's conditions, of which paths are known here."""
    for condition in conditions:
        if condition.get("Field") != "path-pattern":
            return False
        values = condition.get("Values") or (condition.get("PathPatternConfig") or {}).get("Values") or []
        if not any(fnmatch.fnmatchcase(path, value) for value in values):
            return False
    return True


def _acted(action: dict[str, Any], path: str) -> Answer:
    if action.get("Type") == "fixed-response":
        response = action.get("FixedResponseConfig") or {}
        return Answer(int(response.get("StatusCode") or 404), str(response.get("MessageBody") or ""))
    rows = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    arns = [row["TargetGroupArn"] for row in rows] or [action.get("TargetGroupArn")]
    for arn in filter(None, arns):
        for elb_region, elb in _backends("elbv2"):
            group = elb.target_groups.get(arn)
            if group is None:
                continue
            for target in list(group.targets.values()):
                if group.health_for(target, elb.ec2_backend).status == "healthy":
                    return Answer(200, f"{path} answered by {target['Id']}:{target['Port']} in {elb_region}")
    return Answer(503, "no healthy target")


def under_domain(name: str, wanted: str, path: str, *, edge: bool) -> Answer:
    """To an API under a domain of its own, which the request has to be for.

    Args:
        name: the domain.
        wanted: the name that is asked for.
        path: the path.
        edge: whether Cloudflare asks.
    """
    for _, gateway in _backends("apigatewayv2"):
        domain = gateway.domain_names.get(name)
        if domain is None:
            continue
        if wanted != name.lower():
            return Answer(403, f"{name}: asked for {wanted}")
        if domain.mutual_tls_authentication and not edge:
            return Answer(403, f"{name} answers those alone who show Cloudflare's certificate")
        for mapping in gateway.api_mappings.values():
            if mapping.domain_name == name:
                return through_api(mapping.api_id, path, own_address=False)
    return Answer(404, f"{name}: no API is mapped to it")


def through_api(api_id: str, path: str, *, own_address: bool) -> Answer:
    """Through an HTTP API by its most particular route.

    Args:
        api_id: the API.
        path: the path.
        own_address: whether it is asked by its own address, which can be switched off.
    """
    region, api = next((where, one.apis[api_id]) for where, one in _backends("apigatewayv2") if api_id in one.apis)
    if not api.stages or (own_address and str(api.disable_execute_api_endpoint).lower() == "true"):
        return Answer(404, "Not Found")
    routes = {route.route_key: route for route in api.routes.values() if _takes(route.route_key, path)}
    if not routes:
        return Answer(404, "no route")
    key = max(routes, key=lambda one: (one != "$default", len(one)))
    integration = api.integrations.get(str(routes[key].target).partition("/")[2])
    if integration is None:
        return Answer(500, f"route {key} leads to nothing")
    uri = str(integration.integration_uri)
    return _through_listener(uri, path) if ":listener/" in uri else _registered(uri, path, region)


def _through_listener(arn: str, path: str) -> Answer:
    for _, elb in _backends("elbv2"):
        for balancer in elb.load_balancers.values():
            if arn in balancer.listeners:
                return _listened(balancer.listeners[arn], path)
    return Answer(503, f"{arn} is gone")


def _takes(key: str, path: str) -> bool:
    """Whether a route takes a request."""
    if key == "$default":
        return True
    wanted = key.partition(" ")[2]
    if wanted.endswith("/{proxy+}"):
        base = wanted.removesuffix("{proxy+}")
        return path.startswith(base) and len(path) > len(base)
    return path == wanted


def _registered(arn: str, path: str, region: str) -> Answer:
    """To a task that Cloud Map knows by address and port, and that is healthy."""
    for _, map_ in _backends("servicediscovery"):
        service = map_.services.get(arn.rpartition("/")[2])
        if service is None:
            continue
        for one in service.instances:
            known = one.attributes
            if {"AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"} <= known.keys() and _healthy(one):
                where = f"{known['AWS_INSTANCE_IPV4']}:{known['AWS_INSTANCE_PORT']}"
                return Answer(200, f"{path} answered by {where} in {region}")
    return Answer(503, "no healthy task is registered")


def _healthy(instance: Any) -> bool:
    status = getattr(instance, "health_status", None) or instance.attributes.get("AWS_INIT_HEALTH_STATUS", "HEALTHY")
    return str(status) == "HEALTHY"
