"""EC2: interface endpoints have interfaces in their subnets, groups, and names that only one of them can have.

moto gives an interface an address outside its subnet and no group, makes and takes none when the subnets change, does
not change private names, and lets two endpoints have the same ones.
"""

# ruff: noqa: SLF001 -- a patch reaches into what it patches

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def install() -> None:
    """Patch when EC2 is loaded."""
    on_load("moto.ec2.models.vpcs", _models)
    on_load("moto.ec2.responses.vpcs", _responses)


def _error(code: str, text: str) -> Exception:
    from moto.ec2.exceptions import EC2ClientError  # noqa: PLC0415 -- moto is loaded by now

    return EC2ClientError(code, text)


def _models(module: ModuleType) -> None:
    backend = module.VPCBackend
    create, modify = backend.create_vpc_endpoint, backend.modify_vpc_endpoint

    def create_vpc_endpoint(self: Any, **given: Any) -> Any:
        """Source: EC2 API reference, CreateVpcEndpoint; PrivateLink guide, considerations of interface endpoints."""
        if str(given.get("endpoint_type")).lower() != "interface":
            return create(self, **given)
        vpc_id, subnets = given["vpc_id"], list(given.get("subnet_ids") or [])
        self.get_vpc(vpc_id)
        _zones(self, vpc_id, subnets)
        if given.get("private_dns_enabled"):
            _names(self, vpc_id, given["service_name"])
        groups = given.get("security_group_ids") or [self.get_default_security_group(vpc_id).id]
        made = create(self, **{**given, "subnet_ids": [], "security_group_ids": list(groups)})
        made.subnet_ids = subnets
        made.network_interface_ids = [_interface(self, subnet, made) for subnet in subnets]
        return made

    def modify_vpc_endpoint(self: Any, **given: Any) -> None:
        endpoint = self.describe_vpc_endpoints(vpc_end_point_ids=[given["vpc_id"]])[0]
        if str(endpoint.vpc_endpoint_type).lower() != "interface":
            modify(self, **given)
            return
        gone = set(given.get("remove_subnets") or ())
        added = [one for one in given.get("add_subnets") or () if one not in endpoint.subnet_ids]
        _zones(self, endpoint.vpc_id, [one for one in endpoint.subnet_ids if one not in gone] + added)
        modify(self, **given)
        if not endpoint.security_group_ids:
            endpoint.security_group_ids = [self.get_default_security_group(endpoint.vpc_id).id]
        kept = []
        for name in endpoint.network_interface_ids:
            interface = self.enis[name]
            if interface.subnet.id in gone:
                del self.enis[name]
            else:
                interface._group_set = [self.get_security_group_from_id(one) for one in endpoint.security_group_ids]
                kept.append(name)
        endpoint.network_interface_ids = kept + [_interface(self, subnet, endpoint) for subnet in added]

    backend.create_vpc_endpoint = create_vpc_endpoint
    backend.modify_vpc_endpoint = modify_vpc_endpoint


def _interface(backend: Any, subnet_id: str, endpoint: Any) -> str:
    from moto.ec2.utils import random_private_ip  # noqa: PLC0415 -- moto is loaded by now

    subnet = backend.get_subnet(subnet_id)
    text = f"VPC Endpoint Interface {endpoint.id}"
    made = backend.create_network_interface(
        subnet, random_private_ip(subnet.cidr_block), group_ids=endpoint.security_group_ids, description=text
    )
    return str(made.id)


def _zones(backend: Any, vpc_id: str, subnets: list[str]) -> None:
    """One subnet of the VPC per zone."""
    found = [backend.get_subnet(name) for name in subnets]
    elsewhere = [subnet.id for subnet in found if subnet.vpc_id != vpc_id]
    if elsewhere:
        raise _error("InvalidParameter", f"The subnet {elsewhere[0]} is not in the VPC {vpc_id}")
    if len({subnet.availability_zone for subnet in found}) < len(found):
        raise _error("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone")


def _names(backend: Any, vpc_id: str, service: str) -> None:
    """Private names need the VPC's DNS, and each belongs to one endpoint."""
    vpc = backend.get_vpc(vpc_id)
    if not all(str(value).lower() == "true" for value in (vpc.enable_dns_support, vpc.enable_dns_hostnames)):
        text = (
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{vpc_id}"
        )
        raise _error("InvalidParameter", text)
    for other in backend.vpc_end_points.values():
        same = (other.vpc_id, other.service_name) == (vpc_id, service)
        if same and other.private_dns_enabled and str(other.state).lower() == "available":
            text = (
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{service} in the VPC {vpc_id}"
            )
            raise _error("InvalidParameter", text)


def _responses(module: ModuleType) -> None:
    modify = module.VPCs.modify_vpc_endpoint

    def modify_vpc_endpoint(self: Any) -> Any:
        asked = self._get_param("PrivateDnsEnabled")
        if asked is not None:
            wanted = str(asked).lower() == "true"
            endpoint = self.ec2_backend.describe_vpc_endpoints([self._get_param("VpcEndpointId")])[0]
            if wanted and not endpoint.private_dns_enabled:
                _names(self.ec2_backend, endpoint.vpc_id, endpoint.service_name)
            endpoint.private_dns_enabled = wanted
        return modify(self)

    module.VPCs.modify_vpc_endpoint = modify_vpc_endpoint
