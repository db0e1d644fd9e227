"""Bringing a stack to what its file says after a move, unless that takes away what holds data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ascend.engine.model import Op
from ascend.errors import InputError
from ascend.failover.moving import SECRET
from ascend.live.deployed import Deployed
from ascend.promotion.apply import counted
from ascend.ui import console
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.engine.model import RunResult
    from ascend.session import Session

_TAKING: Final = (Op.DELETE, Op.REPLACE, Op.DELETE_REPLACED, Op.CREATE_REPLACEMENT)


def update(session: Session, say: Callable[[str], None]) -> dict[str, Any]:
    """Brings the stack to what its file says, unless that takes away what holds data.

    Args:
        session: the command.
        say: told what happens.

    Raises:
        InputError: refused; nothing was changed.
        UpdateError: it stopped in its middle.
    """
    engine, stack = session.engine, session.target
    deployed = Deployed.read(engine, stack)
    with Progress(console.stderr(), f"planning {stack.stack}", detailed=False) as progress:
        plan = engine.preview(stack, progress.on_event)
    guard(deployed, plan)
    say("bringing the stack to what its file says now")
    with Progress(console.stderr(), f"updating {stack.stack}") as progress:
        return counted(engine.up(stack, progress.on_event))


def guard(deployed: Deployed, plan: RunResult) -> None:
    """Refuses a plan that replaces or deletes what holds data.

    Raises:
        InputError: it does.
    """
    # A secret that nothing protects only repeats another: how a pool logs in, which goes with the pool.
    data = {one.urn for one in deployed.data() if one.protect or one.type != SECRET}
    lost = [step.name for step in plan.steps if step.op in _TAKING and (step.urn in data or step.protect)]
    if lost:
        raise InputError(f"the update would take away what holds data: {', '.join(sorted(lost))}; nothing was changed")
