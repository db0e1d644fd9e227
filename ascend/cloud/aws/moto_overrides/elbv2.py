"""Elastic Load Balancing: what AWS refuses, every attribute's default, health only behind a listener.

Listeners and trust stores are in modules of their own.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ascend.cloud.aws.elb import fault, hosted_zone
from ascend.cloud.aws.moto_overrides import on_load

if TYPE_CHECKING:
    from types import ModuleType

#: Every attribute of an application load balancer as AWS makes it (API reference, LoadBalancerAttribute). moto knows
#: five, one of them wrong: an application load balancer always balances across zones.
_BALANCER = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.enabled": "false",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.prefix": "",
    "deletion_protection.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.prefix": "",
    "idle_timeout.timeout_seconds": "60",
    "ipv6.deny_all_igw_traffic": "false",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}
#: Likewise for a group of HTTP or HTTPS targets (API reference, TargetGroupAttribute).
_GROUP = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
#: A load balancer wants as many free addresses in each of its subnets.
_FREE_ADDRESSES = 8


def install() -> None:
    """Patch moto's Elastic Load Balancing when it is loaded."""
    on_load("moto.elbv2.models", _patch)
    on_load("moto.elbv2.models", _patch_groups)
    on_load("moto.elbv2.responses", _patch_responses)
    on_load("moto.ec2.models.security_groups", _patch_security_groups)


def _patch(module: ModuleType) -> None:
    backend, balancer = module.ELBv2Backend, module.FakeLoadBalancer
    create, delete, modify = (
        backend.create_load_balancer,
        backend.delete_load_balancer,
        backend.modify_load_balancer_attributes,
    )
    set_subnets, set_groups, init = backend.set_subnets, backend.set_security_groups, balancer.__init__
    balancer.VALID_ATTRS = balancer.VALID_ATTRS | set(_BALANCER)

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self.attrs = dict(_BALANCER)
        if self.scheme == "internal":
            self.dns_name = f"internal-{self.dns_name}"
        # A region that the table does not have keeps moto's placeholder.
        self.canonical_hosted_zone_id = hosted_zone(self.arn.split(":")[3]) or self.canonical_hosted_zone_id

    def create_load_balancer(self: Any, name: str, security_groups: list[str], subnet_ids: list[str], *args: Any, **kwargs: Any) -> Any:  # fmt: skip  # noqa: E501 -- moto's signature
        if any(one.name == name for one in self.load_balancers.values()):
            raise fault("DuplicateLoadBalancerName", f"A load balancer with the name '{name}' already exists")
        subnets = [self.ec2_backend.get_subnet(subnet) for subnet in subnet_ids]
        _check_subnets(self, subnets, public=kwargs.get("scheme") != "internal")
        groups = security_groups or [_default_group(self, subnets[0].vpc_id)]
        _check_groups(self, groups, subnets[0].vpc_id)
        return create(self, name, groups, subnet_ids, *args, **kwargs)

    def delete_load_balancer(self: Any, arn: str) -> None:
        found = self.load_balancers.get(arn)
        if found is not None and found.attrs["deletion_protection.enabled"] == "true":
            text = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise fault("OperationNotPermitted", text)
        delete(self, arn)

    def modify_load_balancer_attributes(self: Any, arn: str, attrs: dict[str, Any]) -> Any:
        found = self.load_balancers.get(arn)
        if found is not None:
            from ascend.cloud.aws.moto_overrides.elbv2_logs import check  # noqa: PLC0415 -- needs moto's S3

            after = {**found.attrs, **attrs}
            for kind in ("access_logs", "connection_logs", "health_check_logs"):
                if any(key.startswith(kind) for key in attrs) and after[f"{kind}.s3.enabled"] == "true":
                    check(self, after[f"{kind}.s3.bucket"], after[f"{kind}.s3.prefix"])
        return modify(self, arn, attrs)

    def setting_subnets(self: Any, arn: str, subnets: list[str], mappings: list[dict[str, Any]]) -> Any:
        found = self.load_balancers.get(arn)
        if found is not None:
            wanted = [self.ec2_backend.get_subnet(subnet) for subnet in subnets]
            _check_subnets(self, wanted, public=found.scheme != "internal")
            if wanted[0].vpc_id != found.vpc_id:
                raise fault("InvalidSubnet", f"The subnets are not in the VPC '{found.vpc_id}'")
        return set_subnets(self, arn, subnets, mappings)

    def setting_security_groups(self: Any, arn: str, groups: list[str]) -> None:
        found = self.load_balancers.get(arn)
        if found is not None:
            _check_groups(self, groups, found.vpc_id)
            if not groups:
                raise fault("InvalidConfigurationRequest", "At least one security group must be specified")
        set_groups(self, arn, groups)

    balancer.__init__ = initialise
    backend.create_load_balancer = create_load_balancer
    backend.delete_load_balancer = delete_load_balancer
    backend.modify_load_balancer_attributes = modify_load_balancer_attributes
    backend.set_subnets = setting_subnets
    backend.set_security_groups = setting_security_groups


def _check_subnets(backend: Any, subnets: list[Any], *, public: bool) -> None:
    """Two zones, one subnet in each, one VPC, room for the load balancer, and a way in where it is public."""
    zones = [subnet.availability_zone for subnet in subnets]
    if len(set(zones)) < 2:  # noqa: PLR2004 -- AWS's own minimum
        raise fault("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    if len(set(zones)) < len(zones):
        text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        raise fault("InvalidConfigurationRequest", text)
    vpcs = {subnet.vpc_id for subnet in subnets}
    if len(vpcs) > 1:
        raise fault("InvalidSubnet", "All subnets must belong to the same VPC")
    for subnet in subnets:
        if subnet.available_ip_address_count < _FREE_ADDRESSES:
            text = f"Not enough IP space available in {subnet.id}. ELB requires at least {_FREE_ADDRESSES} free IP "
            raise fault("InvalidSubnet", f"{text}addresses in each subnet.")
    gateways = backend.ec2_backend.internet_gateways.values()
    if public and not any(gateway.vpc and gateway.vpc.id in vpcs for gateway in gateways):
        raise fault("InvalidSubnet", f"VPC {vpcs.pop()} has no internet gateway")


def _default_group(backend: Any, vpc: str) -> str:
    return str(backend.ec2_backend.get_security_group_from_name("default", vpc).id)


def _check_groups(backend: Any, groups: list[str], vpc: str) -> None:
    for one in groups:
        found = backend.ec2_backend.get_security_group_from_id(one)
        if found is None:
            raise fault("InvalidSecurityGroup", f"Security group {one} does not exist")
        if found.vpc_id != vpc:
            raise fault("InvalidConfigurationRequest", f"Security group {one} is not in the VPC '{vpc}'")


def users(backend: Any, group_arn: str) -> list[str]:
    """The load balancers whose listeners lead to a target group; moto only ever adds to its own list."""
    return [
        balancer.arn
        for balancer in backend.load_balancers.values()
        if any(
            group_arn in backend._get_target_group_arns_from(action_data=action.data)  # noqa: SLF001 -- moto's helper
            for listener in balancer.listeners.values()
            for rule in listener.rules.values()
            for action in rule.actions
        )
    ]


def _patch_groups(module: ModuleType) -> None:
    backend, group = module.ELBv2Backend, module.FakeTargetGroup
    init, health = group.__init__, group.health_for
    describe, register = backend.describe_target_groups, backend.register_targets
    modify_attributes = backend.modify_target_group_attributes

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if self.protocol in {"HTTP", "HTTPS"}:
            self.attributes = dict(_GROUP)
        if kwargs.get("healthcheck_enabled") in {False, "false"}:
            self.health_check_enabled = False

    def describe_target_groups(self: Any, *args: Any) -> Any:
        for one in self.target_groups.values():
            one.load_balancer_arns = users(self, one.arn)
        return describe(self, *args)

    def register_targets(self: Any, target_group_arn: str, instances: list[Any]) -> None:
        found = self.target_groups.get(target_group_arn)
        if found is not None and found.target_type == "ip":
            vpc = self.ec2_backend.get_vpc(found.vpc_id)
            for target in instances:
                _check_address(target, vpc)
        register(self, target_group_arn, instances)

    def health_for(self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
        found = health(self, target, ec2_backend)
        owner = module.elbv2_backends[self.account_id][self.region_name]
        if found.status == "healthy" and not users(owner, self.arn):
            found.status, found.reason = "unused", "Target.NotInUse"
            found.description = "Target group is not configured to receive traffic from the load balancer"
        return found

    def modify_target_group_attributes(self: Any, target_group_arn: str, attributes: dict[str, Any]) -> None:
        # moto's range ends before its last value.
        longest = attributes.get("deregistration_delay.timeout_seconds") == "3600"
        changes = {**attributes, "deregistration_delay.timeout_seconds": "0"} if longest else attributes
        modify_attributes(self, target_group_arn, changes)
        if longest:
            self.target_groups[target_group_arn].attributes["deregistration_delay.timeout_seconds"] = "3600"

    group.__init__ = initialise
    group.health_for = health_for
    backend.describe_target_groups = describe_target_groups
    backend.register_targets = register_targets
    backend.modify_target_group_attributes = modify_target_group_attributes


def _check_address(target: dict[str, Any], vpc: Any) -> None:
    """A target is an address of the VPC, or one outside it that says so."""
    try:
        address = ipaddress.ip_address(target["Id"])
    except ValueError as error:
        raise fault("ValidationError", f"The IP address '{target['Id']}' is not a valid IPv4 address") from error
    blocks = [ipaddress.ip_network(row["cidr_block"]) for row in vpc.get_cidr_block_association_set(ipv6=False)]
    inside = any(address in block for block in blocks)
    if not inside and target.get("AvailabilityZone") != "all":
        text = f"The Availability Zone must be specified for IP address '{target['Id']}' which is outside the VPC"
        raise fault("ValidationError", text)


def _patch_responses(module: ModuleType) -> None:
    response = module.ELBV2Response
    modify = response.modify_target_group

    def modify_target_group(self: Any) -> Any:
        """Moto changes the codes of HTTP, not those of gRPC."""
        answer = modify(self)
        matcher = self._get_params().get("Matcher")
        if matcher:
            self.elbv2_backend.target_groups[self._get_param("TargetGroupArn")].matcher = matcher
        return answer

    response.modify_target_group = modify_target_group


def _patch_security_groups(module: ModuleType) -> None:
    backend = module.SecurityGroupBackend
    delete = backend.delete_security_group

    def delete_security_group(self: Any, name: str | None = None, group_id: str | None = None) -> Any:
        """A load balancer's network interfaces hold its security groups; moto gives it none."""
        from moto.ec2.exceptions import DependencyViolationError  # noqa: PLC0415 -- moto is being loaded
        from moto.elbv2.models import elbv2_backends  # noqa: PLC0415 -- as above

        balancers = elbv2_backends[self.account_id][self.region_name].load_balancers.values()
        if group_id and any(group_id in balancer.security_groups for balancer in balancers):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        return delete(self, name, group_id)

    backend.delete_security_group = delete_security_group
