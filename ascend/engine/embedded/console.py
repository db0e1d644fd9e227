"""The host's way to its client: events as lines, and what the program prints as events."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from typing import TYPE_CHECKING

from ascend.engine.embedded import wire
from ascend.engine.model import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.engine.embedded.masking import Masker


class Output:
    """The client's end of the pipe; a client that is gone is no reason to stop half-way."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """Sends one line."""
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            self._file.write(text + "\n")

    def event(self, event: Event) -> None:
        """Sends an event."""
        self.line(wire.event_line(event))

    def say(self, message: str, severity: str = "info") -> None:
        """Sends a message."""
        self.event(Event(EventKind.DIAGNOSTIC, None, message, severity))


@contextlib.contextmanager
def captured(output: Output, masker: Masker) -> Iterator[None]:
    """Turns what is printed, by Python or anything under it, into messages."""
    threads: list[threading.Thread] = []
    saved: list[tuple[int, int]] = []
    for descriptor in (1, 2):
        reader, writer = os.pipe()
        saved.append((descriptor, os.dup(descriptor)))
        os.dup2(writer, descriptor)
        os.close(writer)
        thread = threading.Thread(target=_pump, args=(reader, output, masker), daemon=True)
        thread.start()
        threads.append(thread)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, original in saved:
            os.dup2(original, descriptor)
            os.close(original)
        for thread in threads:
            # A child process of the program may hold the pipe open for longer than anyone waits.
            thread.join(timeout=1)


def _pump(reader: int, output: Output, masker: Masker) -> None:
    with os.fdopen(reader, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.strip():
                output.say(masker.held_text(line.rstrip("\n")))
