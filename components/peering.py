"""The private way between the networks of two regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, vpc

from components.base import Component, Scope
from components.errors import ComponentError
from components.network import tier_cidr
from components.security_rules import inward


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two networks.

    Attributes:
        code: the region's short name (``use1``).
        scope: where it belongs.
        vpc_id: the network.
        cidr: its addresses.
        task_table_ids: route tables of the subnets that tasks are in.
        data_table_id: route table of the subnets that databases are in.
    """

    code: str
    scope: Scope
    vpc_id: pulumi.Input[str]
    cidr: str
    task_table_ids: Sequence[pulumi.Input[str]]
    data_table_id: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What tasks of the other side may connect to.

    Attributes:
        side: code of the region that it is in.
        security_group_id: its group.
        port: its TCP port.
    """

    side: str
    security_group_id: pulumi.Input[str]
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeeringArgs:
    """What `Peering` needs.

    Attributes:
        sides: the two networks, in the order of their codes, so that it is the same connection whichever is written to.
        openings: what is opened to the other side, by name.
    """

    sides: tuple[Side, Side]
    openings: Mapping[str, Opening]

    def __post_init__(self) -> None:
        """Refuse a connection that would be another one if its ends changed places.

        Raises:
            ComponentError: naming the two regions.
        """
        first, second = (side.code for side in self.sides)
        if first >= second:
            msg = f"peering of '{first}' and '{second}'; two regions in the order of their codes are needed"
            raise ComponentError(msg)
        unknown = sorted({one.side for one in self.openings.values()} - {first, second})
        if unknown:
            msg = f"peering of '{first}' and '{second}' opens something in '{unknown[0]}'"
            raise ComponentError(msg)


class Peering(Component):
    """A VPC peering connection across regions: tasks of each side reach the databases of the other, and nothing else.

    Routes lead from the subnets of tasks to those of data, and back. They are the same in both directions, so that
    nothing of it changes when another region becomes the primary one; what may be connected to is decided by security
    groups. Those of another region cannot be named in a rule, so rules name the other side's subnets of tasks.

    Traffic stays on AWS's network, encrypted on its way, and is billed as transfer between regions on both sides: every
    statement that a task sends to the primary region, and its answer. A database's host name resolves to its private
    address everywhere, so no resolution across the connection is needed.

    Attributes:
        connection_id: id of the connection, known once everything about it is in place.
    """

    tag = "peering"

    def __init__(self, name: str, args: PeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        here, there = args.sides
        super().__init__(name, here.scope, opts, {"between": [here.code, there.code]})
        asked = ec2.VpcPeeringConnection(
            self.child("connection"),
            vpc_id=here.vpc_id,
            peer_vpc_id=there.vpc_id,
            peer_region=there.scope.region,
            # Across regions it has to be accepted there.
            auto_accept=False,
            region=here.scope.region,
            tags=self.tags(name),
            opts=self.child_options(),
        )
        accepted = ec2.VpcPeeringConnectionAccepter(
            self.child("accepter"),
            vpc_peering_connection_id=asked.id,
            auto_accept=True,
            region=there.scope.region,
            tags=self.tags(name),
            opts=self.child_options(),
        )
        made: list[pulumi.CustomResource] = []
        for side, other in ((here, there), (there, here)):
            ways = {f"tasks-{number}": (table, "isolated") for number, table in enumerate(side.task_table_ids, start=1)}
            ways["data"] = (side.data_table_id, "private")
            made += [
                ec2.Route(
                    self.child(f"{side.code}-{key}"),
                    route_table_id=table,
                    destination_cidr_block=tier_cidr(other.cidr, tier),
                    vpc_peering_connection_id=accepted.vpc_peering_connection_id,
                    region=side.scope.region,
                    opts=self.child_options(),
                )
                for key, (table, tier) in ways.items()
            ]
        for key, opening in args.openings.items():
            side, other = (here, there) if opening.side == here.code else (there, here)
            made.append(self._opening(f"{side.code}-{key}", side, other, opening))
        self.connection_id = pulumi.Output.all(accepted.vpc_peering_connection_id, *(one.id for one in made)).apply(
            lambda known: str(known[0])
        )
        self.register_outputs({"connectionId": self.connection_id})

    def _opening(self, suffix: str, side: Side, other: Side, opening: Opening) -> vpc.SecurityGroupIngressRule:
        return inward(
            self,
            suffix,
            opening.security_group_id,
            port=opening.port,
            description=f"Tasks in {other.scope.region}",
            cidr=tier_cidr(other.cidr, "private"),
            region=side.scope.region,
        )
