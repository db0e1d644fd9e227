"""The command that judges a change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ascend.cli.options import HERE, CwdOption, JsonOption

commands = typer.Typer()


@commands.command()
def review(
    *,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REF", help="Hold the working tree against this revision. Default: HEAD."),
    ] = None,
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", metavar="STACK", help="Review this stack. Repeatable. Default: all that have a file."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="Hold it against what is deployed: what pulumi stack export wrote, or the folder of a backend.",
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="RULE", help="Agree to what a rule found, such as budget-raised. Repeatable."),
    ] = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only stacks that the change can reach.")] = False,
    json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write the report as Markdown.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Write the findings as SARIF 2.1.0.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where; a folder for several forms at once. Default: stdout."),
    ] = None,
    cwd: CwdOption = HERE,
) -> int:
    """Judge what a change would do to each stack, before it lands. Exit code 0 pass, 1 blocked, 2 could not judge."""
    from ascend.review import command  # noqa: PLC0415 -- only the commands that use it pay for it

    chosen = {command.Form.JSON: json, command.Form.MARKDOWN: markdown, command.Form.SARIF: sarif}
    forms = [form for form, is_on in chosen.items() if is_on]
    options = command.Options(
        base=base, stacks=stack or (), state=state, accept=accept or (), changed=changed, forms=forms, out=out
    )
    return command.run(cwd, options)
