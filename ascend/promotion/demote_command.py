"""``ascend demote``: the way back, with all data; what stays behind is listed, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend import session as sessions
from ascend.plans import phase_name
from ascend.promotion import course_command, moves
from ascend.promotion.journal import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from ascend.live.deployed import Deployed
    from ascend.session import EngineName


def demote(
    cwd: Path,
    stack: str,
    *,
    to: str | None = None,
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
    markdown: bool = False,
    embedded: bool = False,
    engine: EngineName | None = None,
) -> None:
    """Takes a stack one phase down, or a promotion back that stopped in its middle.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack.
        to: the phase, by name or number; the one before by default.
        dry_run: check, plan and rehearse only.
        yes: do not ask.
        json: print the report as JSON.
        markdown: print the report as Markdown.
        embedded: work on the embedded cloud.
        engine: the engine asked for, if any.

    Raises:
        InputError: something stands in the way; nothing was changed.
        UpdateError: it stopped in its middle; the same command goes on.
    """
    wanted = None if to is None else phase_name(to)
    session = sessions.open_session(cwd, stack, engine, embedded=embedded, json=json)
    asked = course_command.Asked(
        kind=Kind.DEMOTE, to=wanted, dry_run=dry_run, yes=yes, force=None, json=json, markdown=markdown
    )

    def move(deployed: Deployed) -> moves.Move:
        return moves.downward(deployed, wanted)

    course_command.run(session, asked, move)
