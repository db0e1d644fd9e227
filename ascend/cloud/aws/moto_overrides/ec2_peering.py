"""EC2's peering: blocks that overlap fail, options wait for the acceptance and are one side's, and so are tags."""

from __future__ import annotations

import ipaddress
from copy import copy
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: In these states a connection counts, and there can be no second one between the same two VPCs.
_LIVE = frozenset({"initiating-request", "pending-acceptance", "provisioning", "active"})


def install() -> None:
    """Patch when EC2 is loaded."""
    on_load("moto.ec2.models.vpc_peering_connections", _patch)


def _blocks(vpc: Any) -> list[ipaddress.IPv4Network]:
    found = [row["cidr_block"] for row in vpc.get_cidr_block_association_set()]
    return [ipaddress.IPv4Network(block) for block in found]


def _refusal(code: str, message: str) -> Exception:
    from moto.ec2.exceptions import EC2ClientError  # noqa: PLC0415 -- moto is being loaded

    return EC2ClientError(code, message)


def _patch(module: ModuleType) -> None:
    backend = module.VPCPeeringConnectionBackend
    create, modify = backend.create_vpc_peering_connection, backend.modify_vpc_peering_connection_options
    delete, describe = backend.delete_vpc_peering_connection, backend.describe_vpc_peering_connections

    def create_vpc_peering_connection(self: Any, vpc: Any, peer_vpc: Any, tags: dict[str, str] | None = None) -> Any:
        """Source: VPC peering guide, "VPC peering connection lifecycle" and "limitations". Read 2026-11-21."""
        ends = {vpc.id, peer_vpc.id}
        live = [one for one in self.vpc_pcxs.values() if one._status.code in _LIVE]  # noqa: SLF001 -- moto's
        if any({one.vpc.id, one.peer_vpc.id} == ends for one in live):
            raise _refusal(
                "VpcPeeringConnectionAlreadyExists", f"There is a connection between {vpc.id} and {peer_vpc.id}."
            )
        made = create(self, vpc, peer_vpc, tags)
        if any(one.overlaps(other) for one in _blocks(vpc) for other in _blocks(peer_vpc)):
            made._status.code = "failed"  # noqa: SLF001 -- moto's
            made._status.message = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"  # noqa: SLF001
        return made

    def describe_vpc_peering_connections(self: Any, vpc_peering_ids: list[str] | None = None) -> list[Any]:
        """Each region has its own tags for a connection; moto shows the requester's in both."""
        if missing := [one for one in vpc_peering_ids or () if one not in self.vpc_pcxs]:
            raise module.InvalidVPCPeeringConnectionIdError(missing[0])
        found = [copy(one) for one in describe(self, vpc_peering_ids)]
        for one in found:
            one.ec2_backend = self
        return found

    def modify_vpc_peering_connection_options(
        self: Any,
        vpc_pcx_id: str,
        accepter_options: dict[str, Any] | None = None,
        requester_options: dict[str, Any] | None = None,
    ) -> Any:
        """Source: EC2 API reference, ModifyVpcPeeringConnectionOptions. Read 2026-11-21."""
        found = self.get_vpc_peering_connection(vpc_pcx_id)
        if found._status.code != "active":  # noqa: SLF001 -- moto's
            text = f"Peering {vpc_pcx_id} is not active. Peering options can be added only to active peerings."
            raise _refusal("OperationNotPermitted", text)
        sides = ((accepter_options, found.peer_vpc.region), (requester_options, found.vpc.region))
        for options, region in sides:
            if options and region != self.region_name:
                text = f"The options of this side of {vpc_pcx_id} can be modified in {region} only."
                raise _refusal("OperationNotPermitted", text)
        return modify(self, vpc_pcx_id, accepter_options, requester_options)

    def delete_vpc_peering_connection(self: Any, vpc_pcx_id: str) -> Any:
        found = self.get_vpc_peering_connection(vpc_pcx_id)
        if found._status.code in {"deleted", "failed"}:  # noqa: SLF001 -- moto's
            code = found._status.code  # noqa: SLF001 -- moto's
            text = f"Invalid state transition for {vpc_pcx_id}, attempted to transition from {code} to deleting"
            raise _refusal("InvalidStateTransition", text)
        return delete(self, vpc_pcx_id)

    backend.create_vpc_peering_connection = create_vpc_peering_connection
    backend.describe_vpc_peering_connections = describe_vpc_peering_connections
    backend.modify_vpc_peering_connection_options = modify_vpc_peering_connection_options
    backend.delete_vpc_peering_connection = delete_vpc_peering_connection
