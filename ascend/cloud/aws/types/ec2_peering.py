"""EC2's peering connections: asked for by one VPC, accepted by the other, with each side's own options and tags."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.cfn import regions
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.provider import Failure, ProviderError
from ascend.cloud.rules import show

if TYPE_CHECKING:
    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

#: A connection that is in one of these states is no more (internal/service/ec2/find.go, findVPCPeeringConnectionByID).
_ENDED = frozenset({"deleted", "deleting", "expired", "failed", "rejected"})
_SIDES = {"accepter": "AccepterVpcInfo", "requester": "RequesterVpcInfo"}
_OPTIONS = {"accepter": "AccepterPeeringConnectionOptions", "requester": "RequesterPeeringConnectionOptions"}


class _Peering(ResourceType):
    """What both ends and the options have in common."""

    service = "ec2"
    read_op, read_param = "DescribeVpcPeeringConnections", "VpcPeeringConnectionIds[]"
    read_path = "VpcPeeringConnections[0]"
    gone = ("InvalidVpcPeeringConnectionID.NotFound", "InvalidVpcPeeringConnectionId.NotFound")
    #: Whether the resource can accept the connection.
    accepts: ClassVar[bool] = True

    def describe(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any] | None:
        """An ended connection is shown for a while."""
        found = super().describe(api, object_id, inputs)
        return None if found is None or found["Status"]["Code"] in _ENDED else found

    def required(self, api: Api, object_id: str, inputs: Props) -> dict[str, Any]:
        """The connection, which has to be there."""
        found = self.describe(api, object_id, inputs)
        if found is None:
            raise ProviderError(f"{api.where}: there is no VPC peering connection {object_id} in {api.region}")
        return found

    def settle(self, api: Api, object_id: str, inputs: Props, changed: set[str]) -> None:
        """Accept it if that is asked for, then set the options of each side that has changed."""
        code = self.required(api, object_id, inputs)["Status"]["Code"]
        if self.accepts and inputs.get("autoAccept") and code == "pending-acceptance":
            api.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=object_id)
        given: dict[str, Any] = {
            _OPTIONS[side]: {
                "AllowDnsResolutionFromRemoteVpc": bool(inputs[side].get("allowRemoteVpcDnsResolution", False))
            }
            for side in _SIDES
            if side in changed and inputs.get(side)
        }
        if given:
            api.call("ModifyVpcPeeringConnectionOptions", VpcPeeringConnectionId=object_id, **given)

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Both ends, and the options of each."""
        requester, accepter = found["RequesterVpcInfo"], found["AccepterVpcInfo"]
        props: Props = {
            "acceptStatus": found["Status"]["Code"],
            "peerOwnerId": accepter["OwnerId"],
            "peerRegion": accepter["Region"],
            "peerVpcId": accepter["VpcId"],
            "vpcId": requester["VpcId"],
            "vpcPeeringConnectionId": object_id,
        }
        for side, member in _SIDES.items():
            options = found[member].get("PeeringOptions") or {}
            allowed = bool(options.get("AllowDnsResolutionFromRemoteVpc", False))
            props[side] = {"allowRemoteVpcDnsResolution": allowed}
        if self.tags:
            props["tagsAll"] = self.tags.decode(found.get("Tags"))
        return {name: value for name, value in props.items() if name in api.schema.outputs}

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Acceptance and options."""
        self.settle(api, object_id, news, changed)


class VpcPeeringConnection(_Peering):
    """The connection, which is its requester's."""

    pulumi_type = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
    cfn = "AWS::EC2::VPCPeeringConnection"
    kind = "peering-connection"
    tags = tagging.ec2("vpc-peering-connection")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Two VPCs; one in another region is accepted there."""
        failures = []
        peer, here = inputs.get("peerVpcId"), inputs.get("vpcId")
        if isinstance(peer, str) and peer == here:
            failures.append(Failure("peerVpcId", f"{peer} is the VPC itself"))
        named = inputs.get("peerRegion")
        if isinstance(named, str) and named not in regions():
            failures.append(Failure("peerRegion", f"{show(named)} is not an AWS region"))
        return failures

    def create(self, api: Api, inputs: Props) -> str:
        """Ask, and accept at once where that is wanted and both are in this region."""
        names = {"vpcId": "VpcId", "peerVpcId": "PeerVpcId", "peerRegion": "PeerRegion", "peerOwnerId": "PeerOwnerId"}
        params = {parameter: inputs[name] for name, parameter in names.items() if inputs.get(name)}
        answer = api.call("CreateVpcPeeringConnection", **params, **self.tag_params(inputs))
        api.created_id = str(answer["VpcPeeringConnection"]["VpcPeeringConnectionId"])
        status = super(_Peering, self).describe(api, api.created_id, inputs) or {}
        if (status.get("Status") or {}).get("Code") == "failed":
            raise ProviderError(f"{api.where}: {api.created_id}: {status['Status']['Message']}")
        self.settle(api, api.created_id, inputs, set(_SIDES))
        return api.created_id

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Either side may; once."""
        if self.describe(api, object_id, state) is not None:
            self.unless_gone(api, "DeleteVpcPeeringConnection", VpcPeeringConnectionId=object_id)


class VpcPeeringConnectionAccepter(_Peering):
    """The other end, in its own region. Deleting it takes nothing away: the connection is its requester's."""

    pulumi_type = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
    tags = tagging.ec2("vpc-peering-connection")

    def create(self, api: Api, inputs: Props) -> str:
        """Accept the connection."""
        object_id = str(inputs["vpcPeeringConnectionId"])
        self.required(api, object_id, inputs)
        api.created_id = object_id
        self.settle(api, object_id, inputs, set(_SIDES))
        self.update_tags(api, object_id, {}, {}, inputs)
        return object_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Its own VPC is the accepter's where its account is."""
        props = super().outputs(api, object_id, inputs, found)
        requester, accepter = found["RequesterVpcInfo"], found["AccepterVpcInfo"]
        if accepter["OwnerId"] == api.account != requester["OwnerId"]:
            own = {"vpcId": accepter["VpcId"], "peerVpcId": requester["VpcId"], "peerOwnerId": requester["OwnerId"]}
            return {**props, **own}
        return props

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Nothing: it was an acceptance."""


class PeeringConnectionOptions(_Peering):
    """The options of one side or both, apart from the connection. They go with it."""

    pulumi_type = "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions"
    accepts = False

    def create(self, api: Api, inputs: Props) -> str:
        """The connection has to be active."""
        object_id = str(inputs["vpcPeeringConnectionId"])
        self.required(api, object_id, inputs)
        api.created_id = object_id
        self.settle(api, object_id, inputs, set(_SIDES))
        return object_id

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Nothing: options stay as they are."""


TYPES = (VpcPeeringConnection(), VpcPeeringConnectionAccepter(), PeeringConnectionOptions())
