"""The way between two regions' networks: who reaches what, and that it is the same whichever is the primary one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from components.errors import ComponentError
from components.network import tier_cidr
from components.peering import Opening, Peering, PeeringArgs, Side
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from tests.components.support import Registered, Run

NAME = "floyo-dev-peering-euw1-use1"
IRELAND = Side(
    code="euw1",
    scope=dataclasses.replace(SCOPE, region="eu-west-1"),
    vpc_id="vpc-ireland",
    cidr="10.21.0.0/16",
    task_table_ids=["rtb-ireland-1", "rtb-ireland-2"],
    data_table_id="rtb-ireland-data",
)
VIRGINIA = Side(
    code="use1",
    scope=SCOPE,
    vpc_id="vpc-virginia",
    cidr="10.16.0.0/16",
    task_table_ids=["rtb-virginia-1"],
    data_table_id="rtb-virginia-data",
)
ARGS = PeeringArgs(
    sides=(IRELAND, VIRGINIA),
    openings={"database": Opening(side="use1", security_group_id="sg-database", port=5432)},
)


def made(run: Run, **changed: Any) -> Registered:
    return run(lambda: Peering(NAME, dataclasses.replace(ARGS, **changed)))


def test_one_side_asks_and_the_other_accepts_in_its_own_region(run: Run) -> None:
    result = made(run)
    asked = result.one("vpcPeeringConnection:VpcPeeringConnection").inputs
    accepted = result.one("vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter").inputs
    assert (asked["vpcId"], asked["peerVpcId"]) == ("vpc-ireland", "vpc-virginia")
    assert (asked["region"], asked["peerRegion"]) == ("eu-west-1", "us-east-1")
    assert asked["autoAccept"] is False
    assert (accepted["region"], accepted["autoAccept"]) == ("us-east-1", True)


def test_only_tasks_are_led_to_data_and_only_data_back(run: Run) -> None:
    routes = {one.name.removeprefix(f"{NAME}-"): one.inputs for one in made(run).of("ec2/route:Route")}
    assert {
        name: (one["region"], one["routeTableId"], one["destinationCidrBlock"]) for name, one in routes.items()
    } == {
        "euw1-tasks-1": ("eu-west-1", "rtb-ireland-1", "10.16.128.0/18"),
        "euw1-tasks-2": ("eu-west-1", "rtb-ireland-2", "10.16.128.0/18"),
        "euw1-data": ("eu-west-1", "rtb-ireland-data", "10.16.64.0/18"),
        "use1-tasks-1": ("us-east-1", "rtb-virginia-1", "10.21.128.0/18"),
        "use1-data": ("us-east-1", "rtb-virginia-data", "10.21.64.0/18"),
    }


def test_only_what_is_named_is_opened_and_only_to_the_other_sides_tasks(run: Run) -> None:
    rule = made(run).one("securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["securityGroupId"], rule["region"]) == ("sg-database", "us-east-1")
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (5432, 5432, "tcp")
    assert rule["cidrIpv4"] == "10.21.64.0/18"


def test_another_primary_region_changes_the_openings_and_nothing_else(run: Run) -> None:
    before = {one.urn: one.inputs for one in made(run).resources if "SecurityGroup" not in one.type}
    moved = {"database": Opening(side="euw1", security_group_id="sg-ireland", port=5432)}
    after = made(run, openings=moved)
    assert {one.urn: one.inputs for one in after.resources if "SecurityGroup" not in one.type} == before
    rule = after.one("securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["region"], rule["cidrIpv4"]) == ("eu-west-1", "10.16.64.0/18")


@pytest.mark.parametrize(
    ("tier", "addresses"),
    [("public", "10.16.0.0/18"), ("private", "10.16.64.0/18"), ("isolated", "10.16.128.0/18")],
)
def test_a_tiers_addresses_are_a_quarter_of_the_networks(tier: str, addresses: str) -> None:
    assert tier_cidr("10.16.0.0/16", tier) == addresses


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"sides": (VIRGINIA, IRELAND)},
            "peering of 'use1' and 'euw1'; two regions in the order of their codes are needed",
        ),
        (
            {"sides": (VIRGINIA, VIRGINIA)},
            "peering of 'use1' and 'use1'; two regions in the order of their codes are needed",
        ),
        (
            {"openings": {"database": Opening(side="apne1", security_group_id="sg-1", port=5432)}},
            "peering of 'euw1' and 'use1' opens something in 'apne1'",
        ),
    ],
)
def test_what_would_be_another_connection_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ComponentError) as caught:
        dataclasses.replace(ARGS, **changed)
    assert str(caught.value) == message
