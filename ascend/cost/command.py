"""``ascend cost`` and ``ascend prices refresh``: what a stack costs, or a system at its phases, and newer prices."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ascend import plans
from ascend import target as targets
from ascend.cost import prices, report
from ascend.cost.estimate import estimate
from ascend.cost.price_list import API_REGION, FILTERS_FILE, Pricing
from ascend.cost.refresh import Refreshed, print_refreshed, refresh
from ascend.errors import InputError
from ascend.ui import console

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ascend.cost.model import Estimate


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
        found, refused = _ladder(targets.find_root(cwd), stack, system, users)
        _print_ladder(found, refused, json=json)
        return
    bill = estimate(plans.plan(cwd, stack, system, phase).resources, users=users)
    heading = str(by or By.SERVICE)
    if json:
        document = bill.document()
        if by is not None:
            document[f"by_{heading}"] = {name: one.document() for name, one in report.grouped(bill, heading).items()}
        console.print_json(document)
    else:
        report.print_estimate(console.stdout(), bill, heading)


def prices_refresh(*, json: bool, client: Pricing | None = None, file: Path = prices.FILE) -> None:
    """Renews the price table from the AWS Price List and prints what changed.

    Args:
        json: print JSON.
        client: boto3's client of ``pricing``; one with the environment's credentials by default.
        file: the table.

    Raises:
        InputError: AWS does not answer, or the table cannot be read or written, which is then as it was; or some prices
            were not found, which are then as they were.
    """
    found = _asked(client or _client(), file)
    if json:
        console.print_json(found.document())
    else:
        out = console.stdout()
        for line in print_refreshed(found):
            out.print(line)
        for kept in found.kept:
            console.print_note(f"kept: {kept}")
        if found.unasked:
            console.print_note(f"not in the price list, to be renewed by hand: {', '.join(found.unasked)}")
    if found.kept:
        raise InputError(
            f"{len(found.kept)} prices are as they were, because their filters find no price or several; "
            f"correct {FILTERS_FILE.name} and try again"
        )


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


def _ladder(
    root: Path, stack: str | None, system: str | None, users: int | None
) -> tuple[list[Estimate], dict[str, str]]:
    """The estimates of all phases, in the order of growth, and why others have none.

    Raises:
        InputError: neither stack nor system is given, or what is given fits no phase.
    """
    found: list[Estimate] = []
    refused: dict[str, str] = {}
    regions: list[str] = []
    for phase in plans.PHASES:
        if stack is not None:
            target = plans.at_phase(targets.resolve(root, stack, system, phase), phase, regions)
        elif system is not None:
            target = plans.target_of(root, system, phase)
        else:
            raise InputError("name a stack, or give --system")
        try:
            plan = plans.of_target(target)
        except InputError as error:
            # A size that fits one phase need not fit another: `maxTasks` where nothing scales by itself.
            refused[phase] = "; ".join(str(error).splitlines())
            continue
        regions = [str(region) for region in plan.world.get("regions") or ()]
        found.append(estimate(plan.resources, users=users))
    if not found:
        raise InputError("\n".join(dict.fromkeys(refused.values())))
    return found, refused


def _print_ladder(found: list[Estimate], refused: Mapping[str, str], *, json: bool) -> None:
    if json:
        console.print_json({"currency": "USD", "phases": [one.document() for one in found], "refused": dict(refused)})
    else:
        report.print_ladder(console.stdout(), found)
    for phase, why in refused.items():
        console.print_note(f"without {phase}: {why}")
