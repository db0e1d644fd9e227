"""EC2's security groups and their rules."""

# ruff: noqa: ARG002 -- methods keep the base class's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ascend.cloud.aws import tagging
from ascend.cloud.aws.answers import dig
from ascend.cloud.aws.resource import ResourceType
from ascend.cloud.aws.types.ec2 import filters
from ascend.cloud.provider import Failure, ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ascend.cloud.aws.api import Api
    from ascend.cloud.values import Props

_ALL = "-1"
#: An inline rule's sources: property, the API's list, and the member that names one source.
_SOURCES = (
    ("cidrBlocks", "IpRanges", "CidrIp"),
    ("ipv6CidrBlocks", "Ipv6Ranges", "CidrIpv6"),
    ("prefixListIds", "PrefixListIds", "PrefixListId"),
    ("securityGroups", "UserIdGroupPairs", "GroupId"),
)
_DIRECTIONS = {"ingress": ("Ingress", "IpPermissions"), "egress": ("Egress", "IpPermissionsEgress")}

#: One source of one rule: protocol, ports, the API's list, the source, the description.
_Atom = tuple[str, Any, Any, str, str, str]


def _ports(protocol: str, rule: Props) -> tuple[Any, Any]:
    return (None, None) if protocol == _ALL else (rule.get("fromPort"), rule.get("toPort"))


def _atoms(rules: Iterable[Props], group_id: str) -> set[_Atom]:
    """Inline rules taken apart: their grouping has no meaning to AWS."""
    atoms: set[_Atom] = set()
    for rule in rules:
        protocol = _ALL if str(rule["protocol"]) in {_ALL, "all"} else str(rule["protocol"]).lower()
        low, high = _ports(protocol, rule)
        text = rule.get("description", "")
        for name, member, _ in _SOURCES:
            atoms |= {(protocol, low, high, member, source, text) for source in rule.get(name) or ()}
        if rule.get("self"):
            atoms.add((protocol, low, high, "UserIdGroupPairs", group_id, text))
    return atoms


def _found(permissions: Iterable[dict[str, Any]]) -> set[_Atom]:
    """A description's permissions taken apart."""
    return {
        (
            permission["IpProtocol"],
            *(
                (None, None)
                if permission["IpProtocol"] == _ALL
                else (permission.get("FromPort"), permission.get("ToPort"))
            ),
            member,
            source[key],
            source.get("Description", ""),
        )
        for permission in permissions
        for _, member, key in _SOURCES
        for source in permission.get(member, [])
    }


def _permission(atom: _Atom) -> dict[str, Any]:
    protocol, low, high, member, source, text = atom
    key = next(key for _, name, key in _SOURCES if name == member)
    ports = {} if protocol == _ALL else {"FromPort": low, "ToPort": high}
    return {"IpProtocol": protocol, **ports, member: [{key: source, **({"Description": text} if text else {})}]}


def _rules(atoms: set[_Atom], group_id: str) -> list[Props]:
    """Inline rules from atoms, one for each."""
    rules = []
    for protocol, low, high, member, source, text in sorted(atoms, key=str):
        name = next(name for name, other, _ in _SOURCES if other == member)
        own = member == "UserIdGroupPairs" and source == group_id
        given = {"self": True} if own else {name: [source]}
        ports = {"fromPort": low or 0, "toPort": high or 0}
        rules.append({"protocol": protocol, **ports, **given, **({"description": text} if text else {})})
    return rules


def _apply(api: Api, group_id: str, direction: str, before: set[_Atom], after: set[_Atom]) -> None:
    suffix = _DIRECTIONS[direction][0]
    for verb, atoms in (("Revoke", before - after), ("Authorize", after - before)):
        if atoms:
            permissions = [_permission(atom) for atom in sorted(atoms, key=str)]
            api.call(f"{verb}SecurityGroup{suffix}", GroupId=group_id, IpPermissions=permissions)


class SecurityGroup(ResourceType):
    """A security group. A new one lets nothing out: the official provider takes AWS's own rule away."""

    pulumi_type = "aws:ec2/securityGroup:SecurityGroup"
    service = "ec2"
    cfn = "AWS::EC2::SecurityGroup"
    cfn_rename: ClassVar = {"name": "GroupName", "description": "GroupDescription", "ingress": "", "egress": ""}
    kind = "security-group"
    id_path = "GroupId"
    read_op, read_param, read_path = "DescribeSecurityGroups", "GroupIds[]", "SecurityGroups[0]"
    delete_op, delete_param = "DeleteSecurityGroup", "GroupId"
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
    tags = tagging.ec2("security-group")

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Inline rules must have a source, and no ports where they are for all protocols."""
        return [
            failure
            for direction in _DIRECTIONS
            if isinstance(inputs.get(direction), list)
            for index, rule in enumerate(inputs[direction])
            if isinstance(rule, dict)
            for failure in _judge(rule, f"{direction}[{index}]")
        ]

    def create(self, api: Api, inputs: Props) -> str:
        """Create it, take away AWS's rule, give it its own."""
        answer = api.call(
            "CreateSecurityGroup",
            GroupName=inputs["name"],
            Description=inputs["description"],
            **({"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}),
            **self.tag_params(inputs),
        )
        api.created_id = str(answer["GroupId"])
        self._settle(api, api.created_id, inputs, set(_DIRECTIONS))
        return api.created_id

    def _settle(self, api: Api, group_id: str, inputs: Props, directions: set[str]) -> None:
        found = self.describe(api, group_id, inputs)
        for direction in sorted(directions):
            before = _found((found or {}).get(_DIRECTIONS[direction][1], []))
            _apply(api, group_id, direction, before, _atoms(inputs.get(direction) or (), group_id))

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """Inline rules as they were given while they are what is there."""
        tags = self.tags.decode(found.get("Tags")) if self.tags else {}
        props: Props = {
            "name": found["GroupName"],
            "description": found["Description"],
            "vpcId": found.get("VpcId"),
            "ownerId": api.account,
            "arn": api.arn(f"security-group/{object_id}"),
            "tagsAll": tags,
        }
        for direction, (_, member) in _DIRECTIONS.items():
            atoms, given = _found(found.get(member, [])), inputs.get(direction)
            same = given is not None and _atoms(given, object_id) == atoms
            props[direction] = given if same else _rules(atoms, object_id)
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """Inline rules: revoke what is gone, authorize what is new. Where none are given, those of others stay."""
        self._settle(api, object_id, news, changed & set(_DIRECTIONS) & news.keys())


def _judge(rule: Props, where: str) -> list[Failure]:
    sources = [name for name, _, _ in _SOURCES if rule.get(name)] + (["self"] if rule.get("self") else [])
    if not sources:
        names = ", ".join([name for name, _, _ in _SOURCES])
        return [Failure(where, f"has no source: one of {names}, self must be set")]
    if rule.get("protocol") in {_ALL, "all"} and (rule.get("fromPort") or rule.get("toPort")):
        return [Failure(f"{where}.fromPort", "must be 0, and toPort too, for all protocols (-1)")]
    return []


class DefaultSecurityGroup(SecurityGroup):
    """A VPC's own default group: adopted, never created or deleted. What it let through before is taken away."""

    pulumi_type = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    cfn = ""

    def create(self, api: Api, inputs: Props) -> str:
        """Find the VPC's default group and set its rules."""
        where = filters(vpc_id=inputs["vpcId"], group_name="default")
        found = dig(api.call("DescribeSecurityGroups", Filters=where), "SecurityGroups[0]")
        if found is None:
            raise ProviderError(f"{api.where}: {inputs['vpcId']} has no default security group")
        api.created_id = str(found["GroupId"])
        self._settle(api, api.created_id, inputs, set(_DIRECTIONS))
        if self.tags:
            before = self.tags.decode(found.get("Tags"))
            self.tags.change(api, api.created_id, before, inputs.get("tagsAll") or {})
        return api.created_id

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """It goes with its VPC."""


class _Rule(ResourceType):
    """One rule of a group, as a resource of its own."""

    service = "ec2"
    direction: ClassVar[str]
    id_path = "SecurityGroupRules[0].SecurityGroupRuleId"
    read_op, read_param, read_path = "DescribeSecurityGroupRules", "SecurityGroupRuleIds[]", "SecurityGroupRules[0]"
    gone = (
        "InvalidSecurityGroupRuleId.NotFound",
        "InvalidPermission.NotFound",
        "InvalidGroup.NotFound",
        "InvalidGroupId.NotFound",
    )
    tags = tagging.ec2("security-group-rule")
    #: Property, the permission's list and member, the rule's own member.
    _SOURCES: ClassVar = {
        "cidrIpv4": ("IpRanges", "CidrIp", "CidrIpv4"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId", "ReferencedGroupId"),
    }

    def check(self, inputs: Props, region: str) -> list[Failure]:
        """Ports belong to protocols that have them."""
        protocol = inputs.get("ipProtocol")
        if not isinstance(protocol, str):
            return []
        given = [name for name in ("fromPort", "toPort") if name in inputs]
        if protocol in {_ALL, "all"} and given:
            return [Failure(given[0], "must not be set for all protocols (-1)")]
        if protocol in {"tcp", "udp", "6", "17"} and len(given) < len(("fromPort", "toPort")):
            missing = "toPort" if "fromPort" in given else "fromPort"
            return [Failure(missing, f"is required for {protocol}")]
        low, high = inputs.get("fromPort"), inputs.get("toPort")
        if protocol in {"tcp", "udp"} and isinstance(low, int) and isinstance(high, int) and low > high:
            return [Failure("fromPort", f"{low} is more than toPort, {high}")]
        return []

    def _source(self, inputs: Props) -> str:
        return next(name for name in self._SOURCES if inputs.get(name))

    def create(self, api: Api, inputs: Props) -> str:
        """A permission with one source."""
        name = self._source(inputs)
        member, key, _ = self._SOURCES[name]
        text = {"Description": inputs["description"]} if inputs.get("description") else {}
        protocol = _ALL if inputs["ipProtocol"] == "all" else inputs["ipProtocol"]
        ports = {} if protocol == _ALL else {"FromPort": inputs["fromPort"], "ToPort": inputs["toPort"]}
        permission = {"IpProtocol": protocol, **ports, member: [{key: inputs[name], **text}]}
        answer = api.call(
            f"AuthorizeSecurityGroup{self.direction}",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[permission],
            **self.tag_params(inputs),
        )
        api.created_id = str(dig(answer, self.id_path))
        return api.created_id

    def outputs(self, api: Api, object_id: str, inputs: Props, found: dict[str, Any]) -> Props:
        """The rule in the provider's names."""
        tags = self.tags.decode(found.get("Tags")) if self.tags else {}
        props: Props = {
            "securityGroupRuleId": object_id,
            "arn": api.arn(f"security-group-rule/{object_id}"),
            "securityGroupId": found["GroupId"],
            "ipProtocol": found["IpProtocol"],
            "description": found.get("Description"),
            "tagsAll": tags,
        }
        if found["IpProtocol"] != _ALL:
            props.update({"fromPort": found.get("FromPort"), "toPort": found.get("ToPort")})
        for name, (_, _, member) in self._SOURCES.items():
            value = found.get(member)
            props[name] = value.get("GroupId") if isinstance(value, dict) else value
        if found.get("ReferencedGroupInfo"):
            props["referencedSecurityGroupId"] = found["ReferencedGroupInfo"]["GroupId"]
        return props

    def update(self, api: Api, object_id: str, olds: Props, news: Props, changed: set[str]) -> None:
        """The whole rule is sent."""
        name = self._source(news)
        rule = {
            "IpProtocol": news["ipProtocol"],
            "FromPort": news.get("fromPort", -1),
            "ToPort": news.get("toPort", -1),
            "Description": news.get("description", ""),
            self._SOURCES[name][2]: news[name],
        }
        change = {"SecurityGroupRuleId": object_id, "SecurityGroupRule": rule}
        api.call("ModifySecurityGroupRules", GroupId=news["securityGroupId"], SecurityGroupRules=[change])

    def delete(self, api: Api, object_id: str, state: Props) -> None:
        """Revoke by id."""
        operation = f"RevokeSecurityGroup{self.direction}"
        self.unless_gone(api, operation, GroupId=state["securityGroupId"], SecurityGroupRuleIds=[object_id])


class IngressRule(_Rule):
    """A rule for what comes in."""

    pulumi_type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "Ingress"
    cfn = "AWS::EC2::SecurityGroupIngress"


class EgressRule(_Rule):
    """A rule for what goes out."""

    pulumi_type = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "Egress"
    cfn = "AWS::EC2::SecurityGroupEgress"


TYPES = (SecurityGroup(), DefaultSecurityGroup(), IngressRule(), EgressRule())
