"""Commands that take a stack through its life: how it does, the next phase and the way back, another region."""

from __future__ import annotations

from typing import Annotated

import typer

from ascend.cli.options import (
    HERE,
    CwdOption,
    EmbeddedOption,
    EngineOption,
    JsonOption,
    StackArgument,
    YesOption,
)

commands = typer.Typer()
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Check, plan and rehearse only; change nothing.")]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="PHASE", help="The phase, name or 1 to 4. Default: the neighbour.")
]
MarkdownOption = Annotated[bool, typer.Option("--markdown", help="Print the report as Markdown.")]


@commands.command()
def status(
    stack: StackArgument,
    *,
    drift: Annotated[bool, typer.Option("--drift", help="Also hold each resource against what the cloud has.")] = False,
    users: Annotated[
        int | None,
        typer.Option("--users", min=0, help="How many users there are. Default: judged by the requests."),
    ] = None,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Say what is deployed, how it does, and whether it should be promoted, stay, or be resized."""
    from ascend.status import command as status_command  # noqa: PLC0415 -- only the commands that use it pay for it

    status_command.status(cwd, stack, drift=drift, users=users, json=json, embedded=embedded, engine=engine)


@commands.command()
def promote(
    stack: StackArgument,
    *,
    to: ToOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    force: Annotated[
        str | None,
        typer.Option("--force", metavar="REASON", help="Why it may skip phases, or go up without a trigger."),
    ] = None,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    json: JsonOption = False,
    markdown: MarkdownOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Take a stack to its next phase: check, plan, rehearse, snapshot, apply, verify. Run again, it goes on."""
    from ascend.promotion import promote_command  # noqa: PLC0415 -- as above

    promote_command.promote(
        cwd,
        stack,
        to=to,
        dry_run=dry_run,
        yes=yes,
        force=force,
        json=json,
        markdown=markdown,
        embedded=embedded,
        engine=engine,
    )


@commands.command()
def demote(
    stack: StackArgument,
    *,
    to: ToOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    json: JsonOption = False,
    markdown: MarkdownOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Take a stack one phase down with all its data; what stays behind is listed, and what it costs."""
    from ascend.promotion import demote_command  # noqa: PLC0415 -- as above

    demote_command.demote(
        cwd, stack, to=to, dry_run=dry_run, yes=yes, json=json, markdown=markdown, embedded=embedded, engine=engine
    )


@commands.command()
def rehearse(
    stack: StackArgument,
    *,
    to: ToOption = None,
    fault: Annotated[bool, typer.Option("--fault/--no-fault", help="Also fail it halfway, and go on.")] = True,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> int:
    """Try a promotion on an emulated copy of what is deployed. Exit code 0 it goes, 1 it does not."""
    from ascend.promotion import rehearse_command  # noqa: PLC0415 -- as above

    return rehearse_command.rehearse(cwd, stack, to=to, fault=fault, json=json, embedded=embedded, engine=engine)


@commands.command()
def failover(
    stack: StackArgument,
    *,
    to: Annotated[str, typer.Option("--to", metavar="REGION", help="The region that takes the writes over.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    yes: YesOption = False,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """Move a stack's writes to another region: promote its replica, fence the old primary, redirect the services."""
    from ascend.failover import failover_command  # noqa: PLC0415 -- as above

    failover_command.failover(cwd, stack, to=to, dry_run=dry_run, yes=yes, json=json, embedded=embedded, engine=engine)


@commands.command()
def failback(
    stack: StackArgument,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    yes: YesOption = False,
    embedded: EmbeddedOption = False,
    engine: EngineOption = None,
    json: JsonOption = False,
    cwd: CwdOption = HERE,
) -> None:
    """After a failover: rebuild the other side as a replica, wait until it has caught up, move the writes home."""
    from ascend.failover import failback_command  # noqa: PLC0415 -- as above

    failback_command.failback(cwd, stack, dry_run=dry_run, yes=yes, json=json, embedded=embedded, engine=engine)
