"""EC2's route tables, routes and associations."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.answers import dig
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.aws.types.ec2 import judge_cidr
from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.provider import Failure
    from ascend.cloud.values import Props

#: A route's destinations and targets: property to the API's parameter, which is also the description's member.
_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
#: A route within a route table names its destination shortly.
_INLINE = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_GONE = ("InvalidRouteTableID.NotFound", "InvalidRoute.NotFound", "InvalidAssociationID.NotFound")


def _parameters(route: Props, destinations: dict[str, str]) -> dict[str, Any]:
    names = {**destinations, **_TARGETS}
    return {names[name]: value for name, value in route.items() if name in names and value}


def _destination(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name.startswith("Destination")}


class RouteTable(ResourceType):
    """A route table, with the routes that it is given itself."""

    pulumi_type = "aws:ec2/routeTable:RouteTable"
    service = "ec2"
    cfn = "AWS::EC2::RouteTable"
    kind = "route-table"
    create_op = "CreateRouteTable"
    create_skip = ("routes", "propagatingVgws")
    id_path = "RouteTable.RouteTableId"
    read_op, read_param, read_path = "DescribeRouteTables", "RouteTableIds[]", "RouteTables[0]"
    delete_op, delete_param = "DeleteRouteTable", "RouteTableId"
    gone = _GONE
    tags = tagging.ec2("route-table")

    def after_create(self, api: Api, object_id: str, inputs: Props) -> None:
        """Its own routes."""
        for route in inputs.get("routes") or ():
            api.call("CreateRoute", RouteTableId=object_id, **_parameters(route, _INLINE))

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """All routes but the local one and those of endpoints."""
        props = super().outputs(api, object_id, inputs, {**found, "Routes": None})
        names = {**_INLINE, **_TARGETS}
        props["routes"] = [
            {name: route[member] for name, member in names.items() if route.get(member)}
            for route in found.get("Routes", [])
            if route.get("GatewayId") != "local" and not str(route.get("GatewayId", "")).startswith("vpce-")
        ]
        return {**props, "arn": api.arn(f"route-table/{object_id}"), "ownerId": api.account}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Remove routes by destination, then add."""
        if "propagatingVgws" in changed:
            raise ProviderError(f"{api.where}: changing propagatingVgws is not emulated")
        before = [_parameters(route, _INLINE) for route in olds.get("routes") or ()]
        after = [_parameters(route, _INLINE) for route in news.get("routes") or ()]
        for route in before:
            if route not in after:
                self.unless_gone(api, "DeleteRoute", RouteTableId=object_id, **_destination(route))
        for route in after:
            if route not in before:
                api.call("CreateRoute", RouteTableId=object_id, **route)


class Route(ResourceType):
    """One route of a table."""

    pulumi_type = "aws:ec2/route:Route"
    service = "ec2"
    cfn = "AWS::EC2::Route"
    gone = _GONE

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """The destination must be a block."""
        return judge_cidr(inputs, "destinationCidrBlock")

    def create(self, api: Api, inputs: Props) -> str:
        """The id is the table's and the destination's checksum, as the official provider makes it."""
        table = inputs["routeTableId"]
        parameters = _parameters(inputs, _DESTINATIONS)
        api.call("CreateRoute", RouteTableId=table, **parameters)
        destination = str(next(iter(_destination(parameters).values())))
        api.created_id = f"r-{table}{zlib.crc32(destination.encode())}"
        return api.created_id

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """A route is found in its table by its destination."""
        answer = self.unless_gone(api, "DescribeRouteTables", RouteTableIds=[inputs["routeTableId"]])
        wanted = _destination(_parameters(inputs, _DESTINATIONS))
        routes = (answer or {"RouteTables": [{"Routes": []}]})["RouteTables"][0]["Routes"]
        return next((route for route in routes if wanted.items() <= route.items()), None)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Its target, state and origin."""
        targets = {name: found[member] for name, member in _TARGETS.items() if found.get(member)}
        return {
            **targets,
            "state": found.get("State", "active"),
            "origin": found.get("Origin", "CreateRoute"),
            "instanceId": found.get("InstanceId", ""),
        }

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Another target."""
        api.call("ReplaceRoute", RouteTableId=news["routeTableId"], **_parameters(news, _DESTINATIONS))

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """By destination."""
        destination = _destination(_parameters(state, _DESTINATIONS))
        self.unless_gone(api, "DeleteRoute", RouteTableId=state["routeTableId"], **destination)


class RouteTableAssociation(ResourceType):
    """A subnet's route table. Found by its subnet: AWS gives it a new id when the table changes."""

    pulumi_type = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    service = "ec2"
    cfn = "AWS::EC2::SubnetRouteTableAssociation"
    create_op = "AssociateRouteTable"
    id_path = "AssociationId"
    gone = _GONE
    _SOURCES: ClassVar = {"subnetId": "association.subnet-id", "gatewayId": "association.gateway-id"}

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """The association of the subnet or gateway."""
        name = next(name for name in self._SOURCES if inputs.get(name))
        wanted = [{"Name": self._SOURCES[name], "Values": [inputs[name]]}]
        tables = api.call("DescribeRouteTables", Filters=wanted)["RouteTables"]
        member = name[0].upper() + name[1:]
        for table in tables:
            for association in table.get("Associations", []):
                if association.get(member) == inputs[name]:
                    found: dict[str, Any] = association
                    return found
        return None

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Point the subnet at another table."""
        found = self.describe(api, object_id, olds)
        if found is None:
            raise ProviderError(f"{api.where}: {object_id} no longer exists; refresh the stack")
        identity = found["RouteTableAssociationId"]
        api.call("ReplaceRouteTableAssociation", AssociationId=identity, RouteTableId=news["routeTableId"])

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Disassociate."""
        identity = dig(self.describe(api, object_id, state) or {}, "RouteTableAssociationId")
        if identity:
            self.unless_gone(api, "DisassociateRouteTable", AssociationId=identity)


TYPES = (RouteTable(), Route(), RouteTableAssociation())
