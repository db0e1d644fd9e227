"""Commands that deploy a stack and look at it."""

from __future__ import annotations

from typing import Annotated

import typer

from ascend import session
from ascend.cli.options import (
    HERE,
    CwdOption,
    EmbeddedOption,
    EngineOption,
    JsonOption,
    PhaseOption,
    StackArgument,
    SystemOption,
    YesOption,
)

commands = typer.Typer()


@commands.command()
def up(
    stack: StackArgument,
    *,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    system: SystemOption = None,
    phase: PhaseOption = None,
    yes: YesOption = False,
    skip_preview: Annotated[bool, typer.Option("--skip-preview", help="With --yes: do not plan first.")] = False,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Bring a stack to what the program declares: plan, ask, do it."""
    run = session.open_session(cwd, stack, engine, embedded=embedded, json=json, system=system, phase=phase)
    run.up(ask=not yes, preview=not skip_preview)


@commands.command()
def preview(
    stack: StackArgument,
    *,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    system: SystemOption = None,
    phase: PhaseOption = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Show what `up` would change, and change nothing."""
    run = session.open_session(cwd, stack, engine, embedded=embedded, json=json, system=system, phase=phase)
    run.preview()


@commands.command()
def destroy(
    stack: StackArgument,
    *,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    unprotect: Annotated[
        list[str] | None,
        typer.Option(
            "--unprotect", metavar="NAME", help="Delete this protected resource too (name or URN). Repeatable."
        ),
    ] = None,
    yes: YesOption = False,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Delete every resource of a stack. Protected ones only when each is named with --unprotect."""
    run = session.open_session(cwd, stack, engine, embedded=embedded, json=json, runs_program=False)
    run.destroy(ask=not yes, unprotect=unprotect or [])


@commands.command()
def outputs(
    stack: StackArgument,
    *,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Print secret values in the clear.")] = False,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Print the outputs of a stack's last update."""
    run = session.open_session(cwd, stack, engine, embedded=embedded, json=json, runs_program=False)
    run.outputs(show_secrets=show_secrets)
