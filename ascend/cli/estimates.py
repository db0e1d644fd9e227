"""Commands that say what a stack costs and carries, from its plan alone."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ascend.cli.options import (
    HERE,
    CwdOption,
    JsonOption,
    MaybeStackArgument,
    PhaseOption,
    SystemOption,
    UsersOption,
)

commands = typer.Typer()
prices = typer.Typer(help="The prices that estimates are made with.")


class Heading(StrEnum):
    """What `cost` adds up by."""

    SERVICE = "service"
    COMPONENT = "component"
    REGION = "region"
    PHASE = "phase"


@commands.command()
def capacity(
    stack: MaybeStackArgument = None,
    *,
    system: SystemOption = None,
    phase: PhaseOption = None,
    users: UsersOption = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Say whether a stack holds its users, what gives way first, and how many users it holds at most."""
    from ascend.capacity import command  # noqa: PLC0415 -- only the commands that use it pay for it

    command.capacity(cwd, stack, system=system, phase=phase, users=users, json=json)


@commands.command()
def simulate(
    stack: MaybeStackArgument = None,
    *,
    trace: Annotated[
        str,
        typer.Option(
            "--trace",
            metavar="TRACE",
            help="daily, spike, launch, or a CSV file with the columns seconds and load (1 is the busiest time) or "
            "requests_per_second.",
        ),
    ],
    system: SystemOption = None,
    phase: PhaseOption = None,
    users: UsersOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the chart goes (SVG). Default: in .ascend/charts.")
    ] = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Run a stack's tasks under a load over time: autoscaling, response times, errors, cost."""
    from ascend.capacity import command  # noqa: PLC0415 -- as above

    command.simulate(cwd, stack, system=system, phase=phase, users=users, trace=trace, out=out, json=json)


@commands.command()
def cost(
    stack: MaybeStackArgument = None,
    *,
    system: SystemOption = None,
    phase: PhaseOption = None,
    by: Annotated[
        Heading | None, typer.Option("--by", help="What to add up by; phase shows the ladder of all four.")
    ] = None,
    users: UsersOption = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Say what a stack costs in a month, at the least, expected and the most load; without a phase, at each of them."""
    from ascend.cost import command  # noqa: PLC0415 -- only the commands that use it pay for it

    heading = None if by is None else command.By(by)
    command.cost(cwd, stack, system=system, phase=phase, by=heading, users=users, json=json)


@commands.command()
def report(
    stack: MaybeStackArgument = None,
    *,
    system: SystemOption = None,
    phase: PhaseOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file that it goes to. Default: stdout.")] = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Write a page that says what a stack is, costs and carries, and what its next promotion changes."""
    from ascend.report import command  # noqa: PLC0415 -- only the commands that use it pay for it

    command.report(cwd, stack, system=system, phase=phase, out=out, json=json)


@prices.command("refresh")
def prices_refresh(*, json: JsonOption = False) -> None:
    """Renew the price table from the AWS Price List, with the AWS credentials of the environment."""
    from ascend.cost import command  # noqa: PLC0415 -- only the commands that use it pay for it

    command.prices_refresh(json=json)
