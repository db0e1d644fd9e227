"""The ``ascend`` command.

Data goes to stdout, progress and errors to stderr. Exit codes: 0 done, 1 an update stopped part of the way (what was
done is in the state, the same command continues), 2 bad input and nothing was changed, 130 interrupted.
Engines and the embedded cloud are imported by the commands that use them, so that ``--help`` and errors come at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ascend import __version__, session
from ascend.errors import AscendError, InputError
from ascend.garbage import collect_rarely
from ascend.ui import console

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG_VARIABLE = "ASCEND_DEBUG"
_INTERRUPTED = 130

app = typer.Typer(
    help="Takes one SaaS product from its first user to many regions on one Pulumi stack.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
cloud_app = typer.Typer(help="The embedded cloud: an emulated AWS on this machine, with no account.")
app.add_typer(cloud_app, name="cloud")
prices_app = typer.Typer(help="The prices that estimates are made with.")
app.add_typer(prices_app, name="prices")


class Heading(StrEnum):
    """What `cost` adds up by."""

    SERVICE = "service"
    COMPONENT = "component"
    REGION = "region"
    PHASE = "phase"


StackArgument = Annotated[str, typer.Argument(metavar="STACK", help="The stack's name: dev for Pulumi.dev.yaml.")]
MaybeStackArgument = Annotated[
    str | None, typer.Argument(metavar="[STACK]", help="The stack's name; without it give --system and --phase.")
]
UsersOption = Annotated[
    int | None, typer.Option("--users", min=1, help="How many users. Default: those that the phase is meant for.")
]
EmbeddedOption = Annotated[
    bool, typer.Option("--embedded", help="Work on the embedded cloud: no account, no CLI, no network.")
]
EngineOption = Annotated[
    session.EngineName | None,
    typer.Option("--engine", help="What runs the program. Default: embedded with --embedded, else pulumi."),
]
SystemOption = Annotated[
    str | None, typer.Option("--system", help="The system to deploy, in place of the stack file's.")
]
PhaseOption = Annotated[
    str | None, typer.Option("--phase", help="The phase to deploy, name or 1 to 4, in place of the stack file's.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
CwdOption = Annotated[Path, typer.Option("--cwd", help="The project's folder, or one inside it.")]
HERE = Path()


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def version(*, json: JsonOption = False) -> None:
    """Print the version."""
    if json:
        console.print_json({"version": __version__})
    else:
        typer.echo(__version__)


@cloud_app.command("start")
def cloud_start(*, json: JsonOption = False, cwd: CwdOption = HERE) -> None:
    """Start the embedded cloud, unless it runs already."""
    session.cloud_start(cwd, json=json)


@cloud_app.command("status")
def cloud_status(*, json: JsonOption = False, cwd: CwdOption = HERE) -> None:
    """Say whether the embedded cloud runs, and where."""
    session.cloud_status(cwd, json=json)


@cloud_app.command("stop")
def cloud_stop(*, json: JsonOption = False, cwd: CwdOption = HERE) -> None:
    """Stop the embedded cloud. What was deployed to it goes, and the state of it."""
    session.cloud_stop(cwd, json=json)


@prices_app.command("refresh")
def prices_refresh(*, json: JsonOption = False) -> None:
    """Renew the price table from the AWS Price List, with the AWS credentials of the environment."""
    from ascend.cost import command  # noqa: PLC0415 -- only the commands that use it pay for it

    command.prices_refresh(json=json)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; every failure becomes a line on stderr.

    Args:
        arguments: the command line after the program's name; that of the process by default.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = app(args=given or ["--help"], prog_name=session.program_name(), standalone_mode=False)
    except AscendError as error:
        _show_traceback_if_debugging()
        console.print_error(str(error))
        return error.exit_code
    except typer.TyperException as error:
        console.print_error(" ".join(error.format_message().split()))
        return InputError.exit_code
    except typer.Abort:
        result = _INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- the last resort: no user sees a traceback that was not asked for
        _show_traceback_if_debugging()
        text = " ".join(str(error).split())
        console.print_error(f"unexpected {type(error).__name__}: {text} (set {DEBUG_VARIABLE}=1 for the traceback)")
        return AscendError.exit_code
    if result == _INTERRUPTED:  # what Typer makes of Ctrl-C
        console.print_error("interrupted; what was done is in the state, and the same command continues")
    return result if isinstance(result, int) else 0


def main() -> NoReturn:
    """Entry point of the ``ascend`` command."""
    collect_rarely()
    sys.exit(run())


def _show_traceback_if_debugging() -> None:
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exc()
