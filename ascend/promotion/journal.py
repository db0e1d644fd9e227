"""What a promotion has done so far: append-only lines of JSON, on disk before the next thing is done.

A journal lies in ``.ascend/promotions/<stack>/<id>.jsonl``. Each record is one line, written with one write and synced
before the step that it announces is begun, so that a process that is killed at any moment leaves whole lines and at
most one torn one at the end. A torn line was never acted on: it is left out when read, and cut off when the journal is
continued.

Records by ``event``: ``opened`` (kind, what it is about), ``begun``, ``noted``, ``done`` and ``failed`` of a step, and
``closed`` with how it ended. A step that is done is not done again. Nothing secret gets in: callers hand over what
engines report, which is masked, and what looks like a credential is masked once more here.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import AscendError, InputError
from ascend.promotion.records import Event, Kind, Record, now, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ascend.session import Session

__all__ = ["Event", "Journal", "Kind", "Record", "every", "load", "lock", "start", "unfinished"]

FOLDER: Final = ".ascend/promotions"
_ENDING: Final = ".jsonl"
_LOCK: Final = "lock"


class Journal:
    """One promotion's journal. Made by `start` or `load`; whoever writes holds `lock`.

    Attributes:
        file: where it lies.
        records: what it holds.
    """

    def __init__(self, file: Path, records: list[Record]) -> None:
        self.file, self.records = file, records
        self._begun: dict[str, float] = {}

    @property
    def id(self) -> str:
        """Its name: when it was started, and what for."""
        return self.file.name.removesuffix(_ENDING)

    @property
    def kind(self) -> Kind:
        """What is journalled."""
        return Kind(self.records[0].data["kind"])

    @property
    def about(self) -> Mapping[str, Any]:
        """What it was started with."""
        about: Mapping[str, Any] = self.records[0].data["about"]
        return about

    @property
    def outcome(self) -> str | None:
        """How it ended; None while it has not."""
        last = self.records[-1]
        return str(last.data["outcome"]) if last.event is Event.CLOSED else None

    @property
    def current(self) -> str | None:
        """The step that was begun last and is not done; None where there is none."""
        begun = [one.step for one in self.records if one.event is Event.BEGUN]
        return begun[-1] if begun and self.result(begun[-1]) is None else None

    @property
    def failure(self) -> str:
        """What the last step failed with; empty where it did not, or went on since."""
        last = next((one for one in reversed(self.records) if one.event is not Event.NOTED), None)
        return str(last.data.get("error", "")) if last is not None and last.event is Event.FAILED else ""

    def result(self, step: str) -> Mapping[str, Any] | None:
        """What a step came to; None where it is not done."""
        return next((one.data for one in reversed(self.records) if (one.event, one.step) == (Event.DONE, step)), None)

    def notes(self, step: str) -> list[Mapping[str, Any]]:
        """What was noted during a step, over all attempts, in order."""
        return [one.data for one in self.records if (one.event, one.step) == (Event.NOTED, step)]

    def attempts(self, step: str) -> int:
        """How often a step was begun."""
        return sum((one.event, one.step) == (Event.BEGUN, step) for one in self.records)

    def seconds(self, step: str) -> float:
        """How long a step took, over all attempts that ended, in seconds."""
        ends = (Event.DONE, Event.FAILED)
        return sum(one.duration_s for one in self.records if one.event in ends and one.step == step)

    def in_the_way(self, session: Session) -> InputError:
        """The error of another command of the stack that finds this one unfinished: which it is, and what ends it."""
        to = str(self.about.get("to", ""))
        what = f"{self.kind} to {to}" if to else str(self.kind)
        ending = session.command(str(self.kind), *(("--to", to) if self.kind is Kind.FAILOVER else ()))
        return InputError(f"{session.target.stack}: a {what} is unfinished ({self.id}); end it first: {ending}")

    def begin(self, step: str) -> None:
        """Writes that a step begins; before anything of it is done."""
        self._begun[step] = time.monotonic()
        self._write(Event.BEGUN, step)

    def note(self, step: str, data: Mapping[str, Any]) -> None:
        """Writes what happened within a step, or what is about to."""
        self._write(Event.NOTED, step, data)

    def end(self, step: str, result: Mapping[str, Any]) -> None:
        """Writes that a step is done, and with what result."""
        self._write(Event.DONE, step, result)

    def fail(self, step: str, error: str) -> None:
        """Writes that a step failed."""
        self._write(Event.FAILED, step, {"error": error})

    def close(self, outcome: str) -> None:
        """Writes that it is over: ``done``, ``undone``, ``abandoned``."""
        self._write(Event.CLOSED, "", {"outcome": outcome})

    def run(self, step: str, work: Callable[[], Mapping[str, Any]], *, again: bool = False) -> Mapping[str, Any]:
        """The result of a step: what is written of it where it is done, else what `work` returns now.

        Args:
            step: the step's name.
            work: does it.
            again: do it although it is done: what it found may have become old.

        Raises:
            AscendError: what `work` failed with, once that is written.
        """
        known = None if again else self.result(step)
        if known is not None:
            return known
        self.begin(step)
        try:
            result = work()
        except AscendError as error:
            self.fail(step, str(error))
            raise
        except (KeyboardInterrupt, Exception) as error:
            self.fail(step, f"{type(error).__name__}: {' '.join(str(error).split())}")
            raise
        self.end(step, result)
        found = self.result(step)
        return result if found is None else found

    def _write(self, event: Event, step: str, data: Mapping[str, Any] | None = None) -> None:
        since = self._begun.pop(step, None) if event in (Event.DONE, Event.FAILED) else None
        took = 0.0 if since is None else round(time.monotonic() - since, 3)
        record = Record(event, now(), step, plain(data or {}), took)
        _append(self.file, record.line())
        self.records.append(record)


@contextlib.contextmanager
def lock(root: Path, stack: str) -> Iterator[None]:
    """Keeps every other promotion of a stack out; ends with the process that holds it.

    Raises:
        InputError: one is under way, or nothing can be written there.
    """
    folder = root / FOLDER / stack
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = (folder / _LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror}); the journal of promotions lies there"
        ) from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            who = file.read().strip()
            raise InputError(
                f"{stack}: another promotion of it is under way{f' ({who})' if who else ''}; wait until it has ended"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} since {now()}\n")
        file.flush()
        yield


def start(root: Path, stack: str, kind: Kind, about: Mapping[str, Any]) -> Journal:
    """A new journal.

    Args:
        root: the project's folder.
        stack: the stack's name.
        kind: what is journalled.
        about: what it is started with, to be continued by.

    Raises:
        InputError: it cannot be written.
    """
    folder = root / FOLDER / stack
    first = Record(Event.OPENED, now(), data=plain({"version": 1, "kind": str(kind), "stack": stack, "about": about}))
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    file = folder / f"{stamp}-{kind}{_ENDING}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _append(file, first.line())
        _sync_folder(folder)
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror}); nothing was changed") from error
    return Journal(file, [first])


def load(file: Path) -> Journal | None:
    """The journal of a file, a torn line at its end left out; None where not even its first line was written.

    Raises:
        InputError: it is damaged.
    """
    whole, _, _ = file.read_bytes().rpartition(b"\n")
    records = []
    for number, line in enumerate(whole.split(b"\n") if whole else (), start=1):
        try:
            fields = json.loads(line)
            record = Record(
                Event(fields["event"]),
                fields["at"],
                fields.get("step", ""),
                fields.get("data", {}),
                fields.get("duration_s", 0.0),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{file}:{number}: not a record of a journal; put the file away to begin the promotion anew"
            ) from error
        records.append(record)
    if not records:
        return None
    if records[0].event is not Event.OPENED:
        raise InputError(f"{file}:1: not the beginning of a journal; put the file away to begin the promotion anew")
    return Journal(file, records)


def every(root: Path, stack: str) -> list[Journal]:
    """The journals of a stack, the oldest first.

    Raises:
        InputError: one is damaged.
    """
    files = sorted((root / FOLDER / stack).glob(f"*{_ENDING}"))
    return [found for file in files if (found := load(file)) is not None]


def unfinished(root: Path, stack: str) -> Journal | None:
    """The journal that is to be continued: the newest that is not closed. None where there is none.

    Raises:
        InputError: one is damaged.
    """
    return next((one for one in reversed(every(root, stack)) if one.outcome is None), None)


def _append(file: Path, line: bytes) -> None:
    """Writes one line to the end, in place of what a killed process left of one, and has it on disk."""
    with file.open("ab+") as opened:
        opened.seek(0)
        torn = opened.read().rpartition(b"\n")[2]
        if torn:
            opened.truncate(opened.tell() - len(torn))
        opened.write(line)
        opened.flush()
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    """Has the name of a new file on disk, not only its content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
