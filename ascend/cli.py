"""The ``ascend`` command.

Data goes to stdout, progress and errors to stderr. Exit codes: 0 done, 1 an update stopped part of the way (what was
done is in the state, the same command continues), 2 bad input and nothing was changed, 130 interrupted.
Engines and the embedded cloud are imported by the commands that use them, so that ``--help`` and errors come at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ascend import __version__, session
from ascend.errors import AscendError, InputError
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

StackArgument = Annotated[str, typer.Argument(metavar="STACK", help="The stack's name: dev for Pulumi.dev.yaml.")]
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
    sys.exit(run())


def _show_traceback_if_debugging() -> None:
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exc()
