"""A command that is killed at one moment of its journal: ``python -m tests.failover.dying <root> <what, as JSON>``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.live.aws import Clients
from ascend.promotion.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping

#: In place of a step's name: the journal is about to be closed.
CLOSE = "close"


@dataclass(frozen=True)
class Moment:
    """When a command is killed, and what with it.

    Attributes:
        step: the step; `CLOSE` for the end of the journal.
        done: whether once the step's work is done and not yet written, rather than when the step was begun.
        call: or, if that comes first, once AWS has answered a call of this name.
        wait_s: so much later, in seconds.
        engine: kill what it has started as well, as where the whole machine goes.
    """

    step: str
    done: bool = False
    call: str = ""
    wait_s: float = 0.0
    engine: bool = False


@dataclass(frozen=True)
class Command:
    """A command, and when it is killed.

    Attributes:
        verb: its name.
        stack: the stack.
        moment: when it is killed.
        options: its options.
        away: the region that does not answer it; empty where each does.
    """

    verb: str
    stack: str
    moment: Moment
    options: Mapping[str, Any] = field(default_factory=dict)
    away: str = ""

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Command:
        """What `text` gave."""
        fields = json.loads(text)
        return cls(**{**fields, "moment": Moment(**fields["moment"])})


def arm(moment: Moment) -> None:
    """From here on this process is killed at the moment."""
    begin, end, close, call = Journal.begin, Journal.end, Journal.close, Clients.call

    def begun(self: Journal, step: str) -> None:
        begin(self, step)
        if step == moment.step and not moment.done:
            die(moment)

    def ended(self: Journal, step: str, result: Mapping[str, Any]) -> None:
        if step == moment.step and moment.done:
            die(moment)
        end(self, step, result)

    def closed(self: Journal, outcome: str) -> None:
        if moment.step == CLOSE:
            die(moment)
        close(self, outcome)

    def called(self: Clients, service: str, region: str, method: str, /, **arguments: Any) -> dict[str, Any]:
        answer = call(self, service, region, method, **arguments)
        if method == moment.call:
            die(moment)
        return answer

    Journal.begin, Journal.end, Journal.close = begun, ended, closed  # type: ignore[method-assign]
    Clients.call = called  # type: ignore[method-assign]


def die(moment: Moment) -> None:
    """Kills this process, now or in a while."""
    if moment.wait_s:
        timer = threading.Timer(moment.wait_s, _kill, (moment,))
        timer.daemon = True
        timer.start()
    else:
        _kill(moment)


def _kill(moment: Moment) -> None:
    own = os.getpid()
    for child in _children(own) if moment.engine else ():
        os.kill(child, signal.SIGKILL)
    os.kill(own, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """What a process has started, and what that has, the last first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text(encoding="utf-8").split():
            found += [*_children(int(child)), int(child)]
    return found


def main(root: Path, command: Command) -> None:
    """Runs the command until it is killed."""
    from tests.failover import day  # noqa: PLC0415 -- which imports this module

    arm(command.moment)
    with day.away(command.away) if command.away else nullcontext():
        day.COMMANDS[command.verb](root, command.stack, yes=True, json=True, embedded=True, **command.options)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Command.of(sys.argv[2]))
