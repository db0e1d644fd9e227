"""Whether the account's quotas leave room for what a plan adds."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend.capacity import stack as capacity_stack
from ascend.engine.model import Op
from ascend.errors import InputError
from ascend.live.aws import AwsError
from ascend.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Step
    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed

FILE: Final = Path(__file__).with_name("data") / "quotas.yaml"
_DATABASE: Final = "aws:rds/instance:Instance"
#: What makes a second resource beside the first, or a new one.
_ADDING: Final = frozenset({Op.CREATE, Op.REPLACE})
#: An account that never had a quota changed has no value of its own for some of them.
_NO_VALUE: Final = "NoSuchResourceException"


@dataclass(frozen=True, slots=True)
class Need:
    """What a plan needs of one quota in one region.

    Attributes:
        row: the quota's row in the table.
        region: where.
        adds: by how much what is used grows; of vCPU all that the stack uses at most.
    """

    row: Mapping[str, Any]
    region: str
    adds: float


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A quota that a plan would exceed.

    Attributes:
        name: what it limits.
        region: where.
        used: how much there is already.
        adds: how much the plan adds.
        limit: the quota.
        remedy: the command that asks AWS for more.
    """

    name: str
    region: str
    used: float
    adds: float
    limit: float
    remedy: str

    def text(self) -> str:
        """In words."""
        return f"{self.name} in {self.region}: {self.used:g} used, {self.adds:g} more needed, quota {self.limit:g}"


@functools.cache
def table() -> Sequence[Mapping[str, Any]]:
    """``data/quotas.yaml``."""
    loaded: Sequence[Mapping[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["quotas"]
    return loaded


def needs(deployed: Deployed, planned: Sequence[Step]) -> list[Need]:
    """What a promotion adds to what is there, by quota and region.

    Args:
        deployed: what there is.
        planned: the steps of the plan.
    """
    found = []
    for row in table():
        by_region = _by_region(row, deployed, planned)
        found += [Need(row, region, adds) for region, adds in sorted(by_region.items()) if adds > 0]
    return found


def _by_region(row: Mapping[str, Any], deployed: Deployed, planned: Sequence[Step]) -> dict[str, float]:
    if "vcpu" in row:
        return _vcpu(deployed.stack, planned, spot=row["vcpu"] == "spot")
    found: dict[str, float] = {}
    if "snapshots" in row:
        for one in deployed.of_type(_DATABASE):
            if not one.text("replicateSourceDb"):
                found[one.region] = found.get(one.region, 0) + 1
        return found
    for step in planned:
        region = step.inputs.get("region")
        if step.type == row["type"] and isinstance(region, str):
            found[region] = found.get(region, 0) + _added(step, row.get("amount"))
    return found


def _added(step: Step, amount: str | None) -> float:
    if amount is None:
        return 1.0 if step.op in _ADDING else 0.0
    new, old = (float(values.get(amount) or 0) for values in (step.inputs, step.old_inputs))
    if step.op in _ADDING:
        return new
    return max(new - old, 0.0) if step.op is Op.UPDATE and amount in step.old_inputs else 0.0


def _vcpu(stack: str, planned: Sequence[Step], *, spot: bool) -> dict[str, float]:
    """All tasks of the stack at their most, of which a part may be on spare capacity."""
    try:
        services = capacity_stack.read(Plan.of(stack, planned)).tasks
    except InputError:  # no plan of a stack of ours, which others refuse in better words
        return {}
    found: dict[str, float] = {}
    for one in services:
        share = one.spot_share if spot else 1 - one.spot_share
        found[one.region] = found.get(one.region, 0) + one.most * one.cpu * share
    return found


def exceeded(clients: Clients, needed: Sequence[Need]) -> list[Exceeded]:
    """The quotas that do not suffice.

    Raises:
        AwsError: AWS does not say.
    """
    found = []
    for need in needed:
        limit = _limit(clients, need)
        used = _used(clients, need)
        if used + need.adds > limit:
            row = need.row
            remedy = (
                f"aws service-quotas request-service-quota-increase --service-code {row['service']} "
                f"--quota-code {row['code']} --desired-value {used + need.adds:g} --region {need.region}"
            )
            found.append(Exceeded(row["name"], need.region, used, need.adds, limit, remedy))
    return found


def _limit(clients: Clients, need: Need) -> float:
    asked = {"ServiceCode": need.row["service"], "QuotaCode": need.row["code"]}
    try:
        answer = clients.call("service-quotas", need.region, "get_service_quota", **asked)
    except AwsError as error:
        if error.code != _NO_VALUE:
            raise
        answer = clients.call("service-quotas", need.region, "get_aws_default_service_quota", **asked)
    return float(answer["Quota"]["Value"])


def _used(clients: Clients, need: Need) -> float:
    how = need.row.get("used")
    if how is None:
        return 0.0
    arguments = how.get("arguments", {})
    client = clients.client(how["service"], need.region)
    if client.can_paginate(how["method"]):
        rows = list(clients.pages(how["service"], need.region, how["method"], how["key"], **arguments))
    else:
        rows = clients.call(how["service"], need.region, how["method"], **arguments)[how["key"]]
    counted = [row for row in rows if all(row.get(key) == value for key, value in how.get("only", {}).items())]
    return sum(float(row.get(how["amount"]) or 0) for row in counted) if "amount" in how else float(len(counted))
