"""EC2: NAT gateways stand on an internet gateway, in their subnet, on an address that is theirs until they go.

moto lets a gateway stand anywhere, with an address outside its subnet, and keeps its interface and its elastic address
when it is deleted; it releases addresses that are in use, detaches internet gateways under them, and deletes subnets
with interfaces in them.
"""

# ruff: noqa: SLF001 -- a patch reaches into what it patches

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch when EC2 is loaded."""
    on_load("moto.ec2.models.nat_gateways", _gateways)
    on_load("moto.ec2.models.elastic_ip_addresses", _addresses)
    on_load("moto.ec2.models.internet_gateways", _internet)
    on_load("moto.ec2.models.subnets", _subnets)
    on_load("moto.ec2.responses.nat_gateways", _responses)


def _error(code: str, text: str) -> Exception:
    from moto.ec2.exceptions import EC2ClientError  # noqa: PLC0415 -- moto is loaded by now

    return EC2ClientError(code, text)


def _gateways(module: ModuleType) -> None:
    backend = module.NatGatewayBackend
    create = backend.create_nat_gateway

    def create_nat_gateway(
        self: Any, subnet_id: str, allocation_id: str, tags: Any = None, connectivity_type: str = "public"
    ) -> Any:
        """Source: EC2 user guide, NAT gateway creation fails (Gateway.NotAttached, Resource.AlreadyAssociated)."""
        subnet = self.get_subnet(subnet_id)
        attached = any(one.vpc and one.vpc.id == subnet.vpc_id for one in self.internet_gateways.values())
        if connectivity_type == "public" and not attached:
            raise _error("Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached")
        if any(one.allocation_id == allocation_id and one.eni is not None for one in self.addresses):
            text = f"Elastic IP address [{allocation_id}] is already associated"
            raise _error("Resource.AlreadyAssociated", text)
        made = create(self, subnet_id, allocation_id, tags, connectivity_type)
        _address(made, module.random_private_ip(subnet.cidr_block))
        return made

    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        found = self.nat_gateways.get(nat_gateway_id)
        if found is None or found.state == "deleted":
            raise _error("NatGatewayNotFound", f"NAT gateway {nat_gateway_id} was not found")
        found.state = "deleted"
        for address in self.addresses:
            if address.eni is found._eni:
                address.eni = address.association_id = None
        self.enis.pop(found._eni.id, None)
        return found

    backend.create_nat_gateway = create_nat_gateway
    backend.delete_nat_gateway = delete_nat_gateway


def _address(gateway: Any, private: str) -> None:
    """Give a gateway its address in its subnet."""
    gateway.private_ip = private
    gateway._eni.private_ip_address = private
    gateway._eni.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": private}]
    gateway.address_set[0]["privateIp"] = private


def _responses(module: ModuleType) -> None:
    create = module.NatGateways.create_nat_gateway

    def create_nat_gateway(self: Any) -> Any:
        private = self._get_param("PrivateIpAddress")
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        if private and ipaddress.ip_address(private) not in ipaddress.ip_network(subnet.cidr_block):
            text = f"Address {private} does not fall within the subnet's address range"
            raise _error("InvalidParameterValue", text)
        answer = create(self)
        if private:
            _address(answer.result["NatGateway"], private)
        return answer

    module.NatGateways.create_nat_gateway = create_nat_gateway


def _addresses(module: ModuleType) -> None:
    backend = module.ElasticAddressBackend
    release = backend.release_address

    def release_address(self: Any, address: str | None = None, allocation_id: str | None = None) -> None:
        """AWS refuses while something uses the address."""
        found = [one for one in self.addresses if allocation_id and one.allocation_id == allocation_id]
        if found and found[0].eni is not None:
            raise _error("InvalidIPAddress.InUse", f"Address {found[0].public_ip} is in use.")
        release(self, address=address, allocation_id=allocation_id)

    backend.release_address = release_address


def _internet(module: ModuleType) -> None:
    backend = module.InternetGatewayBackend
    detach = backend.detach_internet_gateway

    def detach_internet_gateway(self: Any, internet_gateway_id: str, vpc_id: str) -> None:
        """AWS refuses while a public NAT gateway stands on it."""
        live = [one for one in self.nat_gateways.values() if one.state != "deleted" and one.vpc_id == vpc_id]
        if any(one.connectivity_type == "public" for one in live):
            text = (
                f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
                "detaching the gateway."
            )
            raise _error("DependencyViolation", text)
        detach(self, internet_gateway_id, vpc_id)

    backend.detach_internet_gateway = detach_internet_gateway


def _subnets(module: ModuleType) -> None:
    backend = module.SubnetBackend
    delete = backend.delete_subnet

    def delete_subnet(self: Any, subnet_id: str) -> Any:
        """AWS refuses while an interface is in it."""
        if any(getattr(one.subnet, "id", one.subnet) == subnet_id for one in self.enis.values()):
            raise _error("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        return delete(self, subnet_id)

    backend.delete_subnet = delete_subnet
