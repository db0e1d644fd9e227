"""The network of one region."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import ec2, iam

from components import alarms, policy
from components.base import Component, Scope
from components.endpoints import interface_endpoints
from components.errors import ComponentError
from components.logs import log_group
from components.nat import nat_alarms, nat_gateway

#: Each tier's place among the sixteen /20 of the region's /16; the rest is free for what may come.
TIERS = {"public": 0, "private": 4, "isolated": 8}
_VPC_PREFIX = 16
_SUBNET_PREFIX = 20
_MAX_ZONES = 4
_FLOW_LOG_INTERVAL_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkArgs:
    """What `Network` needs.

    Attributes:
        scope: where it belongs.
        cidr: the region's addresses, a /16 that no other region shares.
        zone_ids: availability zones by id (``use1-az1``), which names the same zone in every account.
        key_arn: the key that encrypts flow logs.
        topic_arn: the topic of its alarms.
        flow_logs: whether accepted and rejected flows are logged.
        nat_gateways: gateways through which private subnets reach the internet; the n-th is for the n-th zone, the last
            one also for all zones after it. 0 for none.
    """

    scope: Scope
    cidr: str
    zone_ids: Sequence[str]
    key_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    flow_logs: bool = False
    nat_gateways: int = 0
    endpoints: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse more gateways than there are zones.

        Raises:
            ComponentError: naming the number and what is allowed.
        """
        if not 0 <= self.nat_gateways <= len(self.zone_ids):
            msg = f"{self.nat_gateways} NAT gateways in {len(self.zone_ids)} zones; allowed: 0 to {len(self.zone_ids)}"
            raise ComponentError(msg)


class Network(Component):
    """A VPC with public, private and isolated subnets in every zone, from the first day.

    Subnets cost nothing, and a subnet's addresses and zone cannot change: what a later phase needs is there before it.
    Private subnets have no way out until there is a NAT gateway; isolated ones never do. Storage is reached through a
    gateway endpoint, free of charge and of the internet. The default security group, which everything without a group
    of its own would join, lets nothing through.

    With a gateway in every zone, each zone's private subnet moves to a route table of its own, once that table has its
    route; what is connected to the internet at that moment has to connect again, from another address.

    Attributes:
        vpc_id: the VPC.
        public_subnet_ids: subnets whose tasks with a public address reach the internet.
        private_subnet_ids: subnets for what is only reached from inside.
        task_subnet_ids: the private subnets, for what has to reach the internet through NAT; empty where there is none.
        isolated_subnet_ids: subnets for data.
        private_table_ids: route tables of the private subnets.
        isolated_table_id: route table of the subnets for data.
        zones: names of the availability zones in this account, in the order of `zone_ids`.
        front_security_group_id: the group of whatever takes requests in; services accept connections from it alone.
        storage_prefix_list_id: the addresses of S3, which the endpoint leads to.
    """

    tag = "network"

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args.scope, opts)
        self._region, self._topic_arn = args.scope.region, args.topic_arn
        blocks = _subnet_blocks(args.cidr, args.zone_ids)
        vpc = ec2.Vpc(
            self.child("vpc"),
            cidr_block=args.cidr,
            enable_dns_support=True,
            # Cloud Map's private namespace and the database's endpoint resolve only with both.
            enable_dns_hostnames=True,
            region=self._region,
            tags=self.tags(name),
            opts=self.child_options(),
        )
        self._vpc = vpc
        gateway = ec2.InternetGateway(
            self.child("gateway"),
            vpc_id=vpc.id,
            region=self._region,
            tags=self.tags(name),
            opts=self.child_options(),
        )
        tables = {tier: self._route_table(tier) for tier in TIERS}
        subnets = {
            tier: [
                self._subnet(tier, number, zone_id, blocks[tier, number])
                for number, zone_id in enumerate(args.zone_ids, start=1)
            ]
            for tier in TIERS
        }
        joined = {
            tier: [self._join(tier, number, subnet, tables[tier]) for number, subnet in enumerate(subnets[tier], 1)]
            for tier in ("public", "isolated")
        }
        way_out = ec2.Route(
            self.child("public-internet"),
            route_table_id=tables["public"].id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            region=self._region,
            opts=self.child_options(),
        )
        private = [tables["private"], *(self._route_table(f"private-{n}") for n in range(2, args.nat_gateways + 1))]
        routes = [
            self._nat_route(number, table, subnets["public"][number - 1].id, way_out)
            for number, table in enumerate(private[: args.nat_gateways], start=1)
        ]
        joined["private"] = [
            # In another table than the first only once that has its route: nothing there is without a way out.
            self._join("private", number, subnet, private[place], routes[place : place + 1] if place else [])
            for number, subnet in enumerate(subnets["private"], start=1)
            for place in [min(number, len(private)) - 1]
        ]
        storage = self._storage_endpoint([tables["public"], *private, tables["isolated"]], args.scope)
        interface_endpoints(
            self,
            args.endpoints,
            vpc_id=vpc.id,
            cidr=args.cidr,
            subnet_ids=[subnet.id for subnet in subnets["private"]],
        )
        self._default_security_group()
        front = ec2.SecurityGroup(
            self.child("front"),
            description="What takes requests in and hands them to services",
            vpc_id=vpc.id,
            region=self._region,
            tags=self.tags(self.child("front")),
            opts=self.child_options(),
        )
        if args.flow_logs:
            self._flow_logs(args)
        self.vpc_id = vpc.id
        # Known with the way out, not before: a task that starts without one cannot pull its image, and three such tasks
        # end the deployment.
        self.public_subnet_ids = [
            pulumi.Output.all(subnet.id, join.id, way_out.id).apply(lambda known: str(known[0]))
            for subnet, join in zip(subnets["public"], joined["public"], strict=True)
        ]
        # Plain, because what stands in them for good must not seem to move when they get a way out.
        self.private_subnet_ids = [subnet.id for subnet in subnets["private"]]
        self.task_subnet_ids = [
            pulumi.Output.all(subnet.id, join.id, routes[min(number, len(routes)) - 1].id).apply(
                lambda known: str(known[0])
            )
            for number, (subnet, join) in enumerate(zip(subnets["private"], joined["private"], strict=True), start=1)
            if routes
        ]
        self.isolated_subnet_ids = [subnet.id for subnet in subnets["isolated"]]
        self.private_table_ids = [table.id for table in private]
        self.isolated_table_id = tables["isolated"].id
        self.zones = [subnet.availability_zone for subnet in subnets["isolated"]]
        self.front_security_group_id = front.id
        self.storage_prefix_list_id = storage.prefix_list_id
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "publicSubnetIds": self.public_subnet_ids,
                "privateSubnetIds": self.private_subnet_ids,
                "isolatedSubnetIds": self.isolated_subnet_ids,
                "frontSecurityGroupId": self.front_security_group_id,
            },
        )

    def _route_table(self, tier: str) -> ec2.RouteTable:
        return ec2.RouteTable(
            self.child(tier),
            vpc_id=self._vpc.id,
            region=self._region,
            tags=self.tags(self.child(tier)),
            opts=self.child_options(),
        )

    def _subnet(self, tier: str, number: int, zone_id: str, cidr: str) -> ec2.Subnet:
        suffix = f"{tier}-{number}"
        return ec2.Subnet(
            self.child(suffix),
            vpc_id=self._vpc.id,
            availability_zone_id=zone_id,
            cidr_block=cidr,
            # A public address is asked for by the task that needs one; nothing gets one by being put here.
            map_public_ip_on_launch=False,
            region=self._region,
            tags=self.tags(self.child(suffix)),
            opts=self.child_options(),
        )

    def _join(
        self,
        tier: str,
        number: int,
        subnet: ec2.Subnet,
        table: ec2.RouteTable,
        needed: Sequence[pulumi.Resource] = (),
    ) -> ec2.RouteTableAssociation:
        return ec2.RouteTableAssociation(
            self.child(f"{tier}-{number}"),
            subnet_id=subnet.id,
            route_table_id=table.id,
            region=self._region,
            opts=self.child_options(depends_on=list(needed) or None),
        )

    def _nat_route(
        self, number: int, table: ec2.RouteTable, subnet_id: pulumi.Input[str], way_out: ec2.Route
    ) -> ec2.Route:
        """The route of the `number`-th private table, through a NAT gateway of its own."""
        gateway = nat_gateway(self, number, subnet_id, [way_out])
        alarms.declare(self, nat_alarms(number, gateway.id), self._topic_arn)
        return ec2.Route(
            self.child(f"private-internet-{number}"),
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=gateway.id,
            region=self._region,
            opts=self.child_options(),
        )

    def _storage_endpoint(self, tables: Sequence[ec2.RouteTable], scope: Scope) -> ec2.VpcEndpoint:
        """The way to S3, for this account's buckets and for the layers of images in ECR, which S3 serves."""
        return ec2.VpcEndpoint(
            self.child("storage"),
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            policy=policy.document(
                policy.allow(
                    "OwnBuckets",
                    [
                        "s3:AbortMultipartUpload",
                        "s3:DeleteObject",
                        "s3:GetBucketLocation",
                        "s3:GetObject",
                        "s3:GetObjectVersion",
                        "s3:ListBucket",
                        "s3:ListMultipartUploadParts",
                        "s3:PutObject",
                    ],
                    "*",
                    principal={"AWS": "*"},
                    conditions={"StringEquals": {"aws:ResourceAccount": scope.account_id}},
                ),
                policy.allow(
                    "ImageLayers",
                    ["s3:GetObject"],
                    f"arn:aws:s3:::prod-{self._region}-starport-layer-bucket/*",
                    principal={"AWS": "*"},
                ),
            ),
            region=self._region,
            tags=self.tags(self.child("storage")),
            opts=self.child_options(),
        )

    def _default_security_group(self) -> None:
        ec2.DefaultSecurityGroup(
            self.child("default"),
            vpc_id=self._vpc.id,
            ingress=[],
            egress=[],
            region=self._region,
            tags=self.tags(self.child("default")),
            opts=self.child_options(),
        )

    def _flow_logs(self, args: NetworkArgs) -> None:
        # A switch in the stack's config turns flow logs on and off; protected, they could not be turned off by it.
        group = log_group(self, "flows", f"/ascend/{self.name}/flows", args.key_arn, protect=False)
        account = args.scope.account_id
        role = iam.Role(
            self.child("flows"),
            description="Writes the network's flow logs",
            assume_role_policy=policy.trust(
                "vpc-flow-logs.amazonaws.com",
                account,
                pulumi.Output.concat("arn:aws:ec2:", self._region, ":", account, ":vpc-flow-log/*"),
            ),
            tags=self.tags(),
            opts=self.child_options(),
        )
        write = iam.RolePolicy(
            self.child("flows"),
            role=role.name,
            policy=policy.document(
                policy.allow(
                    "Write",
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    group.arn.apply(lambda arn: f"{arn}:*"),
                ),
            ),
            opts=self.child_options(),
        )
        ec2.FlowLog(
            self.child("flows"),
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=_FLOW_LOG_INTERVAL_S,
            region=self._region,
            tags=self.tags(self.child("flows")),
            opts=self.child_options(depends_on=[write]),
        )


def tier_cidr(cidr: str, tier: str) -> str:
    """The addresses of a tier's subnets in all zones, of a network with the addresses `cidr`."""
    quarters = list(ipaddress.IPv4Network(cidr).subnets(new_prefix=_SUBNET_PREFIX - 2))
    return str(quarters[TIERS[tier] // _MAX_ZONES])


def _subnet_blocks(cidr: str, zone_ids: Sequence[str]) -> dict[tuple[str, int], str]:
    """The addresses of each tier's subnet in each zone.

    Raises:
        ComponentError: if `cidr` is no /16 or there are more zones than the plan has room for.
    """
    try:
        network: Any = ipaddress.ip_network(cidr)
    except ValueError as error:
        msg = f"network addresses '{cidr}': {error}"
        raise ComponentError(msg) from None
    if network.version != 4 or network.prefixlen != _VPC_PREFIX:  # noqa: PLR2004 -- IPv4
        msg = f"network addresses '{cidr}': a /{_VPC_PREFIX} of IPv4 is needed"
        raise ComponentError(msg)
    if not 0 < len(zone_ids) <= _MAX_ZONES:
        msg = f"{len(zone_ids)} availability zones given; allowed: 1 to {_MAX_ZONES}"
        raise ComponentError(msg)
    blocks = list(network.subnets(new_prefix=_SUBNET_PREFIX))
    return {
        (tier, number): str(blocks[first + number - 1])
        for tier, first in TIERS.items()
        for number in range(1, len(zone_ids) + 1)
    }
