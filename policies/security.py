"""Security of networks, buckets and encryption on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policies.durability import BUCKET, CACHE, DATABASE, SERVICE, component, row, same_bucket
from policies.kit import About, Finding, Option, Severity, on_resource, on_stack
from policies.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pulumi_policy

    from policies.stack import Item, Stack

GROUP = "security"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
_ANYWHERE = ("0.0.0.0/0", "::/0")
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
#: The input by which a type asks for TLS, and the value that does.
_TLS: Mapping[str, tuple[str, object]] = {
    CACHE: ("transitEncryptionEnabled", True),
    "aws:rds/proxy:Proxy": ("requireTls", True),
}


def _open_rule(item: Item, config: Mapping[str, Any]) -> Iterable[str]:
    if item.type == SECURITY_GROUP:
        rules = [one for one in item.rows("ingress") if isinstance(one, dict)]
        open_to = [one for one in rules if {*one.get("cidrBlocks", []), *one.get("ipv6CidrBlocks", [])} & {*_ANYWHERE}]
        ports = [one.get("fromPort") for one in open_to]
    else:
        is_open = item.text("cidrIpv4") in _ANYWHERE or item.text("cidrIpv6") in _ANYWHERE
        ports = [item.number("fromPort")] if is_open else []
    for port in ports:
        if component(item) not in config["components"] or port not in config["ports"]:
            yield f"{item.name}: lets everybody in on port {port}; only an ingress may, on {config['ports']}"


def _public_database(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if item.value("publiclyAccessible") is True:
        yield f"{item.name}: has an address on the internet"


def _public_bucket(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    for bucket in stack.of(BUCKET):
        blocks = [
            one
            for one in stack.beside(bucket, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
            if same_bucket(one, bucket) and all(one.value(key) is True for key in _BLOCKS)
        ]
        if not blocks:
            yield bucket.urn, f"{bucket.name}: may be made public; all of {', '.join(_BLOCKS)} are needed"


def _default_network(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    yield f"{item.name}: uses the account's default network"


def _default_group(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if item.value("ingress") or item.value("egress"):
        yield f"{item.name}: the network's default security group lets something through"


def _private_tasks(stack: Stack, _: Mapping[str, Any]) -> Iterable[Finding]:
    if not row(stack)["multi_az"]:
        return
    for item in stack.of(SERVICE):
        # A region at rest runs none.
        if item.value("networkConfiguration", "assignPublicIp") is True and item.number("desiredCount") != 0:
            yield item.urn, f"{item.name}: its tasks have public addresses at phase '{stack.phase}'"


def _listener_tls(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
    """Not asked of a load balancer within the network: behind an HTTP API it has no name to be certified."""
    for item in stack.of(LISTENER):
        policy, actions = item.text("sslPolicy"), item.rows("defaultActions")
        if item.text("protocol") == "HTTPS":
            if not re.search(config["policies"], policy):
                yield item.urn, f"{item.name}: takes TLS below 1.2: policy '{policy}'"
        elif all(one.value("internal") is True for one in stack.beside(item, BALANCER) or (item,)):
            continue
        elif not actions or any((one.get("redirect") or {}).get("protocol") != "HTTPS" for one in actions):
            yield item.urn, f"{item.name}: answers without TLS and does not send on to HTTPS"


def _tls(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    key, wanted = _TLS[item.type]
    if item.value(key) != wanted:
        yield f"{item.name}: takes connections without TLS: {key} is {item.value(key)!r}"


def _database_tls(item: Item, _: Mapping[str, Any]) -> Iterable[str]:
    if item.text("family").startswith("postgres") and not any(
        one.get("name") == "rds.force_ssl" and str(one.get("value")) == "1" for one in item.rows("parameters")
    ):
        yield f"{item.name}: takes connections without TLS: rds.force_ssl is not 1"


def policies() -> list[pulumi_policy.Policy]:
    """The policies of networks, buckets and TLS."""
    return [
        on_resource(
            About(
                name="no-open-ingress",
                group=GROUP,
                description="Nothing is open to everybody but an ingress.",
                severity=Severity.CRITICAL,
                fix="let in a security group or a prefix list instead",
                options={
                    "components": Option(["LoadBalancer", "Ingress"], "components that take requests in"),
                    "ports": Option([80, 443], "ports that these may open"),
                },
            ),
            (RULE, SECURITY_GROUP),
            _open_rule,
        ),
        on_resource(
            About(
                name="database-not-public",
                group=GROUP,
                description="No database has an address on the internet.",
                severity=Severity.CRITICAL,
                fix="set publiclyAccessible to false",
            ),
            (DATABASE,),
            _public_database,
        ),
        on_stack(
            About(
                name="bucket-not-public",
                group=GROUP,
                description="No bucket can be made public.",
                severity=Severity.CRITICAL,
                fix="give it a public access block with all four set",
            ),
            _public_bucket,
        ),
        on_resource(
            About(
                name="no-default-network",
                group=GROUP,
                description="Nothing stands in the account's default network.",
                fix="use the stack's own network",
            ),
            ("aws:ec2/defaultVpc:DefaultVpc", "aws:ec2/defaultSubnet:DefaultSubnet"),
            _default_network,
        ),
        on_resource(
            About(
                name="default-group-empty",
                group=GROUP,
                description="The network's default security group lets nothing through.",
                severity=Severity.MEDIUM,
                fix="leave its ingress and egress empty",
            ),
            ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",),
            _default_group,
        ),
        on_stack(
            About(
                name="tasks-private",
                group=GROUP,
                description="From phase 3 on tasks have no public address.",
                fix="set assignPublicIp to false, in private subnets",
            ),
            _private_tasks,
        ),
        on_stack(
            About(
                name="listener-tls",
                group=GROUP,
                description="A listener that the internet reaches takes TLS 1.2 at least, or sends on to HTTPS.",
                severity=Severity.CRITICAL,
                fix="use HTTPS with a policy of TLS 1.2 or 1.3",
                options={"policies": Option(table("security")["tls_policies"], "pattern of the policies allowed")},
            ),
            _listener_tls,
        ),
        on_resource(
            About(
                name="connections-tls",
                group=GROUP,
                description="Caches and pools take connections with TLS only.",
                severity=Severity.CRITICAL,
                fix="ask for TLS from the start: a cache cannot change it later",
            ),
            tuple(_TLS),
            _tls,
        ),
        on_resource(
            About(
                name="database-tls",
                group=GROUP,
                description="Databases take connections with TLS only.",
                severity=Severity.CRITICAL,
                fix="set rds.force_ssl to 1 in the parameter group",
            ),
            ("aws:rds/parameterGroup:ParameterGroup",),
            _database_tls,
        ),
    ]
