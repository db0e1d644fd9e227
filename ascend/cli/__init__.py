"""The ``ascend`` command.

Data goes to stdout, progress and errors to stderr. Exit codes: 0 done, 1 an update stopped part of the way (what was
done is in the state, the same command continues), 2 bad input and nothing was changed, 130 interrupted.
Engines and the embedded cloud are imported by the commands that use them, so that ``--help`` and errors come at once.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

import typer

from ascend import __version__, session
from ascend.cli import clouds, estimates, moves, reviews, stacks
from ascend.cli.options import JsonOption
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
for group in (stacks, moves, estimates, reviews):
    app.add_typer(group.commands)
app.add_typer(clouds.commands, name="cloud")
app.add_typer(estimates.prices, name="prices")


@app.command()
def version(*, json: JsonOption = False) -> None:
    """Print the version."""
    if json:
        console.print_json({"version": __version__})
    else:
        typer.echo(__version__)


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
