"""``ascend cost`` and ``ascend prices refresh``: what a stack costs, or a system at its phases, and newer prices."""

from __future__ import annotations

import json as json_format
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ascend import plans
from ascend import target as targets
from ascend.cost import prices, report
from ascend.cost.estimate import estimate
from ascend.cost.refresh import API_REGION, Pricing, Refreshed, print_refreshed, refresh
from ascend.errors import InputError
from ascend.ui import console

if TYPE_CHECKING:
    from pathlib import Path

    from ascend.cost.model import Estimate
    from ascend.engine.model import Target


class By(StrEnum):
    """What the lines of a bill are added up by."""

    SERVICE = "service"
    COMPONENT = "component"
    REGION = "region"
    PHASE = "phase"


def cost(
    cwd: Path,
    stack: str | None,
    *,
    system: str | None,
    phase: str | None,
    by: By | None,
    users: int | None,
    json: bool,
) -> None:
    """Prints what a stack, or a system at one phase or at all of them, costs in a month.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack; None for a system that has none yet.
        system: the system, in place of the stack's.
        phase: the phase, in place of the stack's; without one and without a stack, all phases.
        by: what to add up by.
        users: users that it is for, in place of the plan's.
        json: print JSON.

    Raises:
        InputError: neither stack nor system, or what the program refuses.
    """
    if by is By.PHASE and phase is not None:
        raise InputError("--by phase shows every phase; leave out --phase")
    if by is By.PHASE or (stack is None and system is not None and phase is None):
        if by not in (None, By.PHASE):
            raise InputError(f"--by {by} shows one phase; give --phase too")
        _print_ladder(_ladder(targets.find_root(cwd), stack, system, users), json=json)
        return
    found = estimate(plans.plan(cwd, stack, system, phase).resources, users=users)
    heading = str(by or By.SERVICE)
    if json:
        document = found.document()
        if by is not None:
            document[f"by_{heading}"] = {name: one.document() for name, one in report.grouped(found, heading).items()}
        console.print_json(document)
    else:
        report.print_estimate(console.stdout(), found, heading)


def prices_refresh(*, json: bool, client: Pricing | None = None, file: Path = prices.FILE) -> None:
    """Renews the price table from the AWS Price List and prints what changed.

    Args:
        json: print JSON.
        client: boto3's client of ``pricing``; one with the environment's credentials by default.
        file: the table.

    Raises:
        InputError: AWS does not answer, or the table cannot be read or written. It is as it was.
    """
    found = _asked(client or _client(), file)
    if json:
        console.print_json(found.document())
        return
    out = console.stdout()
    for line in print_refreshed(found):
        out.print(line)
    for kept in found.kept:
        console.print_note(f"kept: {kept}")


def _asked(client: Pricing, file: Path) -> Refreshed:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 -- only this command pays for it

    try:
        return refresh(client, file)
    except (BotoCoreError, ClientError) as error:
        text = " ".join(str(error).split())
        raise InputError(f"the AWS Price List does not answer: {text}; the table is as it was") from error


def _client() -> Pricing:
    import boto3  # noqa: PLC0415 -- only this command pays for it

    client: Pricing = boto3.client("pricing", region_name=API_REGION)
    return client


def _ladder(root: Path, stack: str | None, system: str | None, users: int | None) -> list[Estimate]:
    """The estimates of all phases, in the order of growth.

    Raises:
        InputError: neither stack nor system is given.
    """
    found: list[Estimate] = []
    regions: list[str] = []
    for phase in plans.PHASES:
        if stack is not None:
            target = _grown(targets.resolve(root, stack, system, phase), phase, regions)
        elif system is not None:
            target = plans.target_of(root, system, phase)
        else:
            raise InputError("name a stack, or give --system")
        plan = plans.of_target(target)
        regions = [str(region) for region in plan.world.get("regions") or ()]
        found.append(estimate(plan.resources, users=users))
    return found


def _grown(target: Target, phase: str, regions: list[str]) -> Target:
    """A stack at a phase; at the last, one that is in one region gets a second."""
    if phase != plans.PHASES[-1] or len(regions) != 1:
        return target
    other = next(region for region in plans.REGIONS if region not in regions)
    return replace(target, config={**target.config, "ascend:regions": json_format.dumps([*regions, other])})


def _print_ladder(found: list[Estimate], *, json: bool) -> None:
    if json:
        console.print_json({"currency": "USD", "phases": [one.document() for one in found]})
    else:
        report.print_ladder(console.stdout(), found)
