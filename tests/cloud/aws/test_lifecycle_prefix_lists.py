"""EC2's prefix lists, and the security group rules that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud.provider import ProviderError

if TYPE_CHECKING:
    from tests.cloud.lab import Lab, Made

LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ENTRIES = [{"cidr": "173.245.48.0/20", "description": "edge"}, {"cidr": "103.21.244.0/22"}]
EDGE: dict[str, Any] = {"addressFamily": "IPv4", "maxEntries": 5, "entries": ENTRIES}


@pytest.fixture
def edge(lab: Lab) -> Made:
    return lab.create(LIST, "edge", **EDGE, tags={"a": "b"})


@pytest.fixture
def group(lab: Lab) -> str:
    vpc = lab.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16").id
    return lab.create("aws:ec2/securityGroup:SecurityGroup", "front", vpcId=vpc, description="front").id


def seen(lab: Lab, made: Made) -> dict[str, str]:
    rows = lab.client("ec2").get_managed_prefix_list_entries(PrefixListId=made.id)["Entries"]
    return {row["Cidr"]: row.get("Description", "") for row in rows}


def test_prefix_list(lab: Lab, edge: Made) -> None:
    assert edge.outputs["version"] == 1
    assert edge.outputs["ownerId"] == "123456789012"
    described = [{"cidr": "173.245.48.0/20", "description": "other"}, {"cidr": "103.22.200.0/22"}]
    changed = lab.update(edge, **{**EDGE, "entries": described}, tags={"c": "d"})
    assert seen(lab, edge) == {"173.245.48.0/20": "other", "103.22.200.0/22": ""}
    assert changed.outputs["name"] == edge.outputs["name"]
    more = [{"cidr": f"10.{number}.0.0/16"} for number in range(7)]
    changed = lab.update(changed, **{**EDGE, "maxEntries": 7, "entries": more}, name="ranges")
    assert len(seen(lab, edge)) == 7
    changed = lab.update(changed, **{**EDGE, "maxEntries": 2}, name="ranges")
    assert changed.outputs["maxEntries"] == 2
    assert lab.replaced_by(changed, **{**EDGE, "addressFamily": "IPv6", "entries": []}) == {"addressFamily"}
    lab.delete(changed)


def test_a_list_that_is_changed_outside_is_seen(lab: Lab, edge: Made) -> None:
    lab.client("ec2").modify_managed_prefix_list(
        PrefixListId=edge.id, CurrentVersion=1, AddEntries=[{"Cidr": "10.0.0.0/8"}]
    )
    found = lab.read(edge)
    assert found is not None
    assert {"cidr": "10.0.0.0/8"} in found.inputs["entries"]


def test_a_rule_names_a_list(lab: Lab, edge: Made, group: str) -> None:
    rule = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    made = lab.create(RULE, **rule, prefixListId=edge.id)
    permission = lab.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"][0]
    assert permission["PrefixListIds"][0]["PrefixListId"] == edge.id
    with pytest.raises(ProviderError, match="in use by a security group"):
        lab.delete(edge)
    other = lab.create(LIST, "other", **EDGE)
    changed = lab.update(made, **rule, prefixListId=other.id)
    lab.delete(edge)
    assert lab.replaced_by(changed, **rule, cidrIpv4="10.0.0.0/8")
    with pytest.raises(ProviderError, match="there is no prefix list pl-1"):
        lab.create(RULE, **rule, prefixListId="pl-1")
    lab.delete(changed)
    lab.delete(other)


def test_a_list_counts_for_as_many_rules_as_it_may_have_entries(lab: Lab, group: str) -> None:
    wide = lab.create(LIST, "wide", **{**EDGE, "maxEntries": 40}).id
    rule = {"securityGroupId": group, "ipProtocol": "tcp", "prefixListId": wide}
    lab.create(RULE, **rule, fromPort=443, toPort=443)
    with pytest.raises(ProviderError, match="RulesPerSecurityGroupLimitExceeded"):
        lab.create(RULE, **rule, fromPort=80, toPort=80)
