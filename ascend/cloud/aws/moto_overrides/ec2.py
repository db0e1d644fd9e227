"""EC2: deletions that AWS refuses, changing a rule that refers to a group, routes of a changed endpoint, zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType


def _refers(rule: Any, group_id: str | None) -> bool:
    return bool((rule.source_group or {}).get("GroupId") == group_id)


def _groups(module: ModuleType) -> None:
    backend = module.SecurityGroupBackend
    delete, modify = backend.delete_security_group, backend.modify_security_group_rules

    def delete_security_group(self: Any, name: str | None = None, group_id: str | None = None) -> Any:
        """AWS refuses while a rule of another group refers to it, or an interface uses it."""
        from moto.ec2.exceptions import DependencyViolationError  # noqa: PLC0415 -- moto is being loaded

        others = [
            group
            for groups in self.groups.values()
            for group in groups.values()
            if group.id != group_id
            and any(_refers(rule, group_id) for rule in [*group.ingress_rules, *group.egress_rules])
        ]
        used = any(group.id == group_id for eni in self.enis.values() for group in eni.group_set)
        if group_id and (others or used):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        return delete(self, name, group_id)

    def modify_security_group_rules(self: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        """Moto changes blocks only."""
        modify(self, group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, new in rules.items():
            rule = group.get_rule(rule_id)
            if new.get("ReferencedGroupId"):
                text = new.get("Description")
                source = {"OwnerId": self.account_id, "GroupId": new["ReferencedGroupId"]}
                rule.source_group = {**source, **({"Description": text} if text else {})}
            if new.get("PrefixListId"):
                rule.prefix_list_id = new["PrefixListId"]

    backend.delete_security_group = delete_security_group
    backend.modify_security_group_rules = modify_security_group_rules


def _vpcs(module: ModuleType) -> None:
    backend = module.VPCBackend
    delete = backend.delete_vpc

    def delete_vpc(self: Any, vpc_id: str) -> Any:
        """AWS refuses while an internet gateway is attached, an endpoint or another security group is there."""
        from moto.ec2.exceptions import DependencyViolationError  # noqa: PLC0415 -- moto is being loaded

        gateways = [gateway for gateway in self.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id]
        groups = [group for group in self.groups.get(vpc_id, {}).values() if group.name != "default"]
        endpoints = [endpoint for endpoint in self.vpc_end_points.values() if endpoint.vpc_id == vpc_id]
        live = [endpoint for endpoint in endpoints if str(endpoint.state).lower() not in {"deleted", "deleting"}]
        if gateways or groups or live:
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return delete(self, vpc_id)

    backend.delete_vpc = delete_vpc
    modify = module.VPCEndPoint.modify

    def modify_endpoint(self: Any, policy: Any, add_subnets: Any, remove_subnets: Any, *rest: Any) -> None:
        """Moto changes the list of route tables, not the routes, and then cannot delete the endpoint."""
        before = set(self.route_table_ids or ())
        modify(self, policy, add_subnets, remove_subnets, *rest)
        after = set(self.route_table_ids or ())
        target = self.destination_prefix_list_id
        if target:
            for table in sorted(after - before):
                self.ec2_backend.create_route(table, None, gateway_id=self.id, destination_prefix_list_id=target)
            for table in sorted(before - after):
                self.ec2_backend.delete_route(table, target)

    module.VPCEndPoint.modify = modify_endpoint


def _subnets(module: ModuleType) -> None:
    backend = module.SubnetBackend
    create = backend.create_subnet

    def create_subnet(  # noqa: PLR0917 -- moto's signature
        self: Any,
        vpc_id: str,
        cidr_block: str,
        ipv6_cidr_block: str | None = None,
        availability_zone: str | None = None,
        availability_zone_id: str | None = None,
        **others: Any,
    ) -> Any:
        """For moto a zone's id means a default subnet, and any region's zone will do."""
        zones = module.RegionsAndZonesBackend.zones[self.region_name]
        for zone in zones:
            if zone.zone_id == availability_zone_id:
                availability_zone = zone.name
        if availability_zone not in {zone.name for zone in zones}:
            names = ", ".join(zone.name for zone in zones)
            raise module.InvalidAvailabilityZoneError(availability_zone or availability_zone_id, names)
        subnet = create(self, vpc_id, cidr_block, ipv6_cidr_block, availability_zone, None, **others)
        if not self.vpcs[vpc_id].is_default:
            subnet.default_for_az = subnet.map_public_ip_on_launch = False
        return subnet

    backend.create_subnet = create_subnet


def install() -> None:
    """Patch when EC2 is loaded."""
    on_load("moto.ec2.models.subnets", _subnets)
    on_load("moto.ec2.models.security_groups", _groups)
    on_load("moto.ec2.models.vpcs", _vpcs)
