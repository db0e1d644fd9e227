"""Commands on the embedded cloud."""

from __future__ import annotations

import typer

from ascend import session
from ascend.cli.options import HERE, CwdOption, JsonOption

commands = typer.Typer(help="The embedded cloud: an emulated AWS on this machine, with no account.")


@commands.command("start")
def cloud_start(*, json: JsonOption = False, cwd: CwdOption = HERE) -> None:
    """Start the embedded cloud, unless it runs already."""
    session.cloud_start(cwd, json=json)


@commands.command("status")
def cloud_status(*, json: JsonOption = False, cwd: CwdOption = HERE) -> None:
    """Say whether the embedded cloud runs, and where."""
    session.cloud_status(cwd, json=json)


@commands.command("stop")
def cloud_stop(*, json: JsonOption = False, cwd: CwdOption = HERE) -> None:
    """Stop the embedded cloud. What was deployed to it goes, and the state of it."""
    session.cloud_stop(cwd, json=json)
