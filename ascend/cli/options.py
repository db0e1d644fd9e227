"""What several commands are given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ascend import session

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
