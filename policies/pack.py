"""The pack: all groups together."""

from __future__ import annotations

import pulumi_policy as sdk

from policies import access, alerting, capacity, cost, description, durability, firing, scaling, security

NAME = "ascend"
#: How strictly a policy holds that says nothing itself.
LEVEL = sdk.EnforcementLevel.MANDATORY


def policies() -> list[sdk.Policy]:
    """Every policy, those of a group together."""
    made: list[sdk.Policy] = []
    for group in (description, alerting, firing, cost, durability, security, access, capacity, scaling):
        made += group.policies()
    return made
