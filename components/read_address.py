"""One name for several read replicas."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import servicediscovery

from components.base import Component, Scope
from components.errors import ComponentError

#: Seconds that an answer may be kept: what connects a moment later is to be sent to another replica.
_TTL_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAddressArgs:
    """What `ReadAddress` needs.

    Attributes:
        scope: where it belongs.
        namespace_id: the private Cloud Map namespace that the name is in.
        namespace_name: what the name ends in.
        replicas: host names of the replicas, by what tells them apart.
    """

    scope: Scope
    namespace_id: pulumi.Input[str]
    namespace_name: str
    replicas: Mapping[str, pulumi.Input[str]]

    def __post_init__(self) -> None:
        """Refuse a name for nothing.

        Raises:
            ComponentError: there is no replica.
        """
        if not self.replicas:
            msg = "a read address without replicas; at least 1 is needed"
            raise ComponentError(msg)


class ReadAddress(Component):
    """A private DNS name that answers with one of the replicas, each as often as the others.

    RDS has no such name: nothing of its own divides readers among replicas, and RDS Proxy does not serve them. The
    alternatives are worse: the first replica alone leaves the others idle and paid for; several hosts in one URL is a
    thing of libpq that other drivers refuse.

    What it cannot do: connections are divided, not queries, so a pool that lives long keeps to what it drew; Cloud Map
    has no health check for something in a private network, so a replica that is down is still drawn until it is back or
    taken out, which its alarms are for; and the certificate names the instance, not this name, so a client that checks
    host names (`sslmode=verify-full`) has to use the replicas' own addresses. The connection is encrypted all the same.

    Attributes:
        address: the name, once every replica is registered under it.
    """

    tag = "read-address"

    def __init__(self, name: str, args: ReadAddressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        service = servicediscovery.Service(
            self.child("name"),
            name=name,
            description=f"Read replicas of {args.scope.system}, stack {args.scope.stack}",
            dns_config=servicediscovery.ServiceDnsConfigArgs(
                namespace_id=args.namespace_id,
                # The only policy that CNAME records have; all weights are equal.
                routing_policy="WEIGHTED",
                dns_records=[servicediscovery.ServiceDnsConfigDnsRecordArgs(type="CNAME", ttl=_TTL_S)],
            ),
            region=args.scope.region,
            tags=self.tags(),
            opts=self.child_options(),
        )
        entries = [
            servicediscovery.Instance(
                self.child(key),
                instance_id=key,
                service_id=service.id,
                attributes={"AWS_INSTANCE_CNAME": address},
                region=args.scope.region,
                opts=self.child_options(),
            )
            for key, address in args.replicas.items()
        ]
        self.address = pulumi.Output.all(service.name, *(entry.id for entry in entries)).apply(
            lambda known: f"{known[0]}.{args.namespace_name}"
        )
        self.register_outputs({"address": self.address})
