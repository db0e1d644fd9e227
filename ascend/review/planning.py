"""Plans of base and head, made side by side by a process of their own; a base plan is kept for the next review."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ascend
from ascend.engine.embedded import wire
from ascend.errors import AscendError
from ascend.review.job import Job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from ascend.engine.model import Step
    from ascend.review.revision import Base

#: Where base plans are kept, below the project's folder.
KEPT: Final = ".ascend/reviews"
_MOST_KEPT: Final = 60
#: What a base plan is made by, besides the program itself: with another of these it has to be made anew.
_MAKERS: Final = ("cloud", "engine", "review")


class UnjudgedError(AscendError):
    """A change that could not be judged. Exit code 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what the policy pack says of it.

    Attributes:
        steps: each resource's step; those of a head say what the change does, deletes too.
        sources: where the program asks for a resource, by URN.
        refusals: what an update would be refused for.
        violations: of the policy pack, as it says them.
        incidents: which of them the alarms catch, as the pack says it.
        refused: why the program refused its config, in lines; empty where it did not.
    """

    steps: Sequence[Step] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    refusals: Sequence[str] = ()
    violations: Sequence[Mapping[str, Any]] = ()
    incidents: Sequence[Mapping[str, Any]] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stack to be planned twice.

    Attributes:
        stack: its name.
        base: the project's folder at the base; None where there is no such stack, or a state is given.
        state: what is deployed; None for the base's own plan.
    """

    stack: str
    base: Path | None = None
    state: Path | None = None


class Planners:
    """The process that plans, for a `with`.

    Args:
        root: the project's folder.
        pack: the policy pack's folder; None for none.
    """

    def __init__(self, root: Path, pack: Path | None) -> None:
        self._root, self._pack = root, "" if pack is None else str(pack)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Starts the process, which loads what it needs in the meantime."""
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="ascend-review-")))
        self._log = self._stack.enter_context((self._folder / "log").open("wb"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ascend.review.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process."""
        with self._process as process:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            if kind is not None:
                process.terminate()
        self._stack.close()

    def plan(self, wanted: Wanted, base: Base | None = None) -> tuple[Planned | None, Planned]:
        """The plans of a stack before and after.

        Args:
            wanted: the stack.
            base: the revision, for what is kept of it.

        Raises:
            UnjudgedError: one of them could not be made.
        """
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        before, state = folder / "before", folder / "state"
        jobs = []
        kept = None
        if wanted.state is not None:
            state = wanted.state
            jobs.append(self._job(wanted, before, made=str(wanted.state)))
        elif wanted.base is not None:
            kept = self._kept(base, wanted.stack)
            if kept is not None and kept.exists():
                state = folder / "kept"
                shutil.copyfile(kept, state)
                jobs.append(self._job(wanted, before, made=str(state)))
            else:
                jobs.append(self._job(wanted, before, root=str(wanted.base), feeds=str(state), salt="base"))
        has_base = bool(jobs)
        after = self._job(
            wanted,
            folder / "after",
            state=str(state) if has_base else "",
            awaits=bool(jobs and jobs[0].feeds),
            salt="head",
        )
        self.send([*jobs, after])
        old = read(before, wanted.stack, "the base" if wanted.state is None else "the state") if has_base else None
        if old is not None and old.refused:
            raise UnjudgedError(f"{wanted.stack}: its base does not plan: {_first(old.refused)}")
        if kept is not None and not kept.exists() and state.exists():
            _keep(state, kept)
        return old, read(folder / "after", wanted.stack, "the change")

    def _job(self, wanted: Wanted, result: Path, root: str = "", **more: Any) -> Job:
        return Job(root=root or str(self._root), stack=wanted.stack, result=str(result), judge=self._pack, **more)

    def _kept(self, base: Base | None, stack: str) -> Path | None:
        return None if base is None else self._root / KEPT / f"{base.key}-{_makers()}-{stack}.json"

    def send(self, jobs: Sequence[Job]) -> None:
        """Has jobs done side by side.

        Raises:
            UnjudgedError: the process is gone.
        """
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise UnjudgedError("the process that plans has no streams")
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps([job.line() for job in jobs]) + "\n")
            process.stdin.flush()
        if process.stdout.readline() != "done\n":
            self._log.flush()
            said = " ".join((self._folder / "log").read_text(errors="replace").split())[-500:]
            raise UnjudgedError(f"the process that plans ended early: {said or 'it said nothing'}")


def read(file: Path, stack: str, which: str) -> Planned:
    """The result of one job.

    Raises:
        UnjudgedError: there is none.
    """
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnjudgedError(f"{stack}: the process that planned {which} ended without a result") from error
    if fields["kind"] == "refused":
        return Planned(refused=fields["message"])
    if fields["kind"] == "failed":
        raise UnjudgedError(f"{stack}: {which} could not be planned: {_first(fields['message'])}")
    return Planned(
        steps=[wire.step_from_dict(step) for step in fields["steps"]],
        sources=fields["sources"],
        refusals=fields["refusals"],
        violations=fields.get("violations", ()),
        incidents=fields.get("incidents", ()),
    )


def _first(message: str) -> str:
    lines = message.splitlines() or [message]
    return lines[0] + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")


def _keep(state: Path, kept: Path) -> None:
    """Keeps a plan for the next review, and only the latest of them. What cannot be written is made again."""
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(state, new)
        new.replace(kept)
        found = sorted(kept.parent.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in found[_MOST_KEPT:]:
            old.unlink(missing_ok=True)


def _makers() -> str:
    """What stands for this version of what makes plans."""
    package = Path(ascend.__file__).parent
    found = hashlib.sha256(ascend.__version__.encode())
    for part in _MAKERS:
        for file in sorted((package / part).rglob("*")):
            if file.suffix in {".py", ".yaml", ".json"}:
                about = file.stat()
                found.update(f"{file.name} {about.st_size} {about.st_mtime_ns}\n".encode())
    return found.hexdigest()[:10]
