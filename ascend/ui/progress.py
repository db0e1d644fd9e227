"""What a person sees while an engine works: a live tree on a terminal, one line per finished resource elsewhere."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from ascend.engine.model import Event, EventKind, Op, Step
from ascend.ui import tree
from ascend.ui.ops import LOOKS
from ascend.ui.report import seconds

if TYPE_CHECKING:
    from types import TracebackType

_DIAGNOSTIC_STYLES = {"warning": "yellow", "error": "red"}
#: The two halves of a replacement, in whichever order.
_HALVES = {Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED}
#: Lines of a terminal that are kept free of the tree: the heading, a line of air and the prompt's line.
_RESERVED_LINES = 4


@dataclass(slots=True)
class _Track:
    """One resource under work. `second_half`: the other half of its replacement was tracked before."""

    step: Step
    started: float
    finished: float = 0.0
    failed: bool = False
    second_half: bool = False

    @property
    def active(self) -> bool:
        return not self.finished

    def status(self, now: float) -> Text:
        look = LOOKS[self.step.op]
        took = (self.finished or now) - self.started
        if self.failed:
            return Text(f"  failed after {seconds(took)}", style="bold red")
        if self.active:
            return Text(f"  {look.doing} {seconds(took)}", style=look.style)
        return Text(f"  {look.done} ({seconds(took)})", style=look.style)


class Progress:
    """Shows the events of one run. A context manager; `on_event` is what the engine is given.

    Args:
        console: where to show; a terminal gets the live tree, anything else plain lines without control codes.
        doing: what runs, as a heading (``updating dev``).
        detailed: whether each resource is shown. A preview shows only how far it is: its plan comes at the end.
    """

    def __init__(self, console: Console, doing: str, *, detailed: bool = True) -> None:
        self._console = console
        self._doing = doing
        self._detailed = detailed
        self._lock = threading.Lock()
        self._known: dict[str, Step] = {}
        self._tracks: dict[str, _Track] = {}
        self._seen: set[str] = set()
        self._started = time.monotonic()
        self._spinner = Spinner("dots")
        self._live: Live | None = None
        if console.is_terminal and not console.is_dumb_terminal:
            self._live = Live(
                get_renderable=self._render,
                console=console,
                refresh_per_second=8,
                transient=True,
                redirect_stdout=False,
            )

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        if self._live:
            self._live.start()
        elif self._detailed:
            self._console.print(f"{self._doing} …")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._live:
            return
        self._live.stop()
        if self._detailed:
            now = time.monotonic()
            for row in self._rows(list(self._tracks)):
                self._console.print(self._line(row, now))

    def on_event(self, event: Event) -> None:
        """Takes one event of the engine; safe to call from any thread."""
        with self._lock:
            if event.kind is EventKind.DIAGNOSTIC:
                self._diagnostic(event)
            elif event.step is not None:
                self._step(event.kind, event.step)

    def _diagnostic(self, event: Event) -> None:
        # Errors are told once, by the command, when the engine raises them.
        if event.severity == "error" or not event.message.strip():
            return
        prefix = "" if event.severity == "info" else f"{event.severity}: "
        for line in event.message.rstrip().splitlines():
            self._console.print(Text(f"{prefix}{line}", style=_DIAGNOSTIC_STYLES.get(event.severity, "dim")))

    def _step(self, kind: EventKind, step: Step) -> None:
        self._seen.add(step.urn)
        if step.op is Op.REPLACE:  # told by its two halves
            return
        self._known[step.urn] = step
        if step.op is Op.SAME:
            return
        now = time.monotonic()
        track = self._tracks.get(step.urn)
        if track is None or kind is EventKind.STEP_STARTED:
            second = track is not None and {track.step.op, step.op} == _HALVES
            track = self._tracks[step.urn] = _Track(step, now, second_half=second)
        track.step = step
        if kind is EventKind.STEP_STARTED:
            return
        track.finished = now
        track.failed = kind is EventKind.STEP_FAILED
        if self._detailed and not self._live:
            self._console.print(self._line(tree.Row(step, 0, scaffold=False), now))
        if track.second_half and not track.failed:
            track.step = self._known[step.urn] = replace(step, op=Op.REPLACE)

    def _line(self, row: tree.Row, now: float, width: int = 0) -> Text:
        track = self._tracks.get(row.step.urn)
        return tree.line(row, track.status(now) if track else None, width)

    def _rows(self, wanted: list[str]) -> list[tree.Row]:
        return list(tree.rows(self._known.values(), wanted))

    def _render(self) -> Group:
        with self._lock:
            now = time.monotonic()
            done = sum(not track.active for track in self._tracks.values())
            heading = Text(f" {self._doing}  ", style="bold")
            heading.append(f"{len(self._seen)} resources", style="dim")
            if self._detailed and self._tracks:
                heading.append(f", {done} of {len(self._tracks)} changes done", style="dim")
            heading.append(f"  {seconds(now - self._started)}", style="dim")
            self._spinner.update(text=heading)
            if not self._detailed:
                return Group(self._spinner)
            width = self._console.size.width
            return Group(self._spinner, *(self._line(row, now, width) for row in self._window()))

    def _window(self) -> list[tree.Row]:
        """The part of the tree that fits the terminal: what runs or failed first, then what ended last."""
        room = max(self._console.size.height - _RESERVED_LINES, 1)
        ranked = sorted(
            self._tracks,
            key=lambda urn: (self._tracks[urn].active or self._tracks[urn].failed, self._tracks[urn].finished),
            reverse=True,
        )
        count = min(len(ranked), room)
        found = self._rows(ranked[:count])
        while len(found) > room and count > 1:
            count = max(1, count - (len(found) - room))
            found = self._rows(ranked[:count])
        return found[:room]
