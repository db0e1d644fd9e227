"""Rules of security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from components import security_rules
from components.base import Component
from tests.components.support import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.components.support import Registration, Run

OUT, IN = "vpc/securityGroupEgressRule:SecurityGroupEgressRule", "vpc/securityGroupIngressRule:SecurityGroupIngressRule"


class Thing(Component):
    tag = "thing"

    def __init__(self, declare: Callable[[Component], Any]) -> None:
        super().__init__("floyo-dev-thing", SCOPE, None)
        declare(self)
        self.register_outputs({})


def essence(rule: Registration) -> dict[str, Any]:
    assert rule.inputs["ipProtocol"] == "tcp"
    assert rule.inputs["fromPort"] == rule.inputs["toPort"]
    return {key: one for key, one in rule.inputs.items() if key not in {"ipProtocol", "toPort", "tags"}}


def test_a_connection_is_open_on_both_sides_and_to_no_one_else(run: Run) -> None:
    made = run(
        lambda: Thing(
            lambda thing: security_rules.connect(
                thing, "to-there", "sg-here", "sg-there", port=5432, description="Out", inward_description="In"
            )
        )
    )
    out, in_ = made.one(OUT), made.one(IN)
    assert out.name == in_.name == "floyo-dev-thing-to-there"
    common = {"fromPort": 5432, "region": SCOPE.region}
    assert essence(out) == {
        **common,
        "securityGroupId": "sg-here",
        "referencedSecurityGroupId": "sg-there",
        "description": "Out",
    }
    assert essence(in_) == {
        **common,
        "securityGroupId": "sg-there",
        "referencedSecurityGroupId": "sg-here",
        "description": "In",
    }


@pytest.mark.parametrize(
    ("where", "key"),
    [({"cidr": "10.0.0.0/16"}, "cidrIpv4"), ({"prefix_list_id": "pl-1"}, "prefixListId")],
)
def test_what_is_no_group_is_named_alone(run: Run, where: dict[str, str], key: str) -> None:
    def declare(thing: Component) -> None:
        security_rules.outward(thing, "a", "sg-1", port=443, description="x", **where)
        security_rules.inward(thing, "a", "sg-1", port=443, description="x", region="eu-west-1", **where)

    made = run(lambda: Thing(declare))
    sources = {"cidrIpv4", "prefixListId", "referencedSecurityGroupId"}
    for rule, region in ((made.one(OUT), SCOPE.region), (made.one(IN), "eu-west-1")):
        assert {name: rule.inputs[name] for name in sources & rule.inputs.keys()} == {key: next(iter(where.values()))}
        assert rule.inputs["region"] == region
