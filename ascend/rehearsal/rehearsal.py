"""A rehearsal: the update that is planned, run to its end on a stack that is built again from the real one's state.

Nothing of it touches the real stack: the project is a throw-away copy, the cloud is emulated. What the emulation cannot
show is whether the account allows it; what it does show is that the program's steps, in their order and against what is
really deployed, go through, keep the data, and can be continued where one of them fails.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from ascend.cloud import faults
from ascend.cloud.faults import ProviderFault
from ascend.cloud.process import CloudInfo
from ascend.engine.model import Event, EventKind, Op, Target
from ascend.errors import AscendError, InputError
from ascend.protection import PASSING
from ascend.rehearsal import copies
from ascend.rehearsal.twin import Request
from ascend.review.changes import holders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from ascend.engine.model import Kept, OnEvent, RunResult, State, Step

#: The fault that strikes halfway: what AWS answers where nobody is to blame.
FAULT: Final = "InternalFailure"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How a rehearsal went.

    Attributes:
        ok: whether it may be done in earnest.
        summary: in one line.
        duration_s: wall time in seconds.
        fault: the fault that was injected and where it struck, empty where none was.
        problems: what speaks against it, one line each.
        data_ids_kept: whether all that holds data was, at the end of each run, the same object as before.
        changes: counts by create, update, replace, delete, same.
    """

    ok: bool
    summary: str
    duration_s: float
    fault: str = ""
    problems: Sequence[str] = ()
    data_ids_kept: bool = True
    changes: Mapping[str, int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "ok": self.ok,
            "summary": self.summary,
            "duration_s": round(self.duration_s, 1),
            "fault": self.fault,
            "problems": list(self.problems),
            "data_ids_kept": self.data_ids_kept,
            "changes": dict(self.changes),
        }


def rehearse(
    target: Target,
    state: State,
    overlay: Mapping[str, Any],
    on_event: OnEvent,
    *,
    fault: bool,
    planned: Sequence[Step] = (),
) -> Rehearsal:
    """Rehearses an update.

    Args:
        target: the stack.
        state: what is deployed of it.
        overlay: the config of the update, laid over the stack's (``{"ascend:phase": "cached"}``).
        on_event: told of the progress.
        fault: whether to run it a second time, with a fault halfway after which it must be possible to go on.
        planned: the steps of the update's plan, where there is one: it says where halfway is, so that the second run
            need not wait for the first.

    Raises:
        InputError: the state is none that can be used.
    """
    started = time.monotonic()
    with copies.passphrase() as sealed, tempfile.TemporaryDirectory(prefix="ascend-rehearsal-") as folder:
        wanted = Target(target.root, target.stack, {**target.config, **overlay})
        stage = Stage(Path(folder), wanted, state, on_event, sealed=sealed)
        request = replace(stage.request, folder=folder)
        with ThreadPoolExecutor(1) as pool, Twin(request, Path(folder) / "log") as twin:
            stage.play(twin, pool, fault=fault, calls=_calls(planned))
    return stage.told(time.monotonic() - started)


def _calls(planned: Sequence[Step]) -> int:
    """How many calls of providers a plan comes to, about: what is replaced is made and deleted."""
    counted = {Op.CREATE: 1, Op.UPDATE: 1, Op.DELETE: 1, Op.REPLACE: 2}
    return sum(counted.get(step.op, 0) for step in planned if step.custom and not step.type.startswith("pulumi:"))


class Twin:
    """The process that builds the stack again and forks clouds, for a `with`.

    Args:
        request: what to build.
        log: where what it says on the way goes.
    """

    def __init__(self, request: Request, log: Path) -> None:
        self._request, self._log = request, log
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Starts to build."""
        self._output = self._stack.enter_context(self._log.open("wb"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ascend.rehearsal.twin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            text=True,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )
        self._send(self._request.line())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Ends it and its clouds; waits until it is gone. Where it is not wanted any more, it does not finish first."""
        with self._process as process:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            if kind is not None:
                process.terminate()
        self._stack.close()

    def built(self) -> tuple[int, list[str]]:
        """Waits until the stack is built: how many resources it has, and why some could not be built.

        Raises:
            InputError: the state is none that can be used.
        """
        fields = self._answer("built")
        return int(fields["resources"]), list(fields["problems"])

    def cloud(self) -> CloudInfo:
        """A cloud of its own in which the stack is as it was built."""
        self._send("serve")
        fields = self._answer("serving")
        return CloudInfo(fields["pid"], fields["endpoint"], fields["providers"], fields["started"])

    def _send(self, line: str) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()

    def _answer(self, wanted: str) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        fields: dict[str, Any] = json.loads(line) if line else {}
        if fields.get("line") == wanted:
            return fields
        said = " ".join(self._log.read_text(errors="replace").split())[-500:]
        raise InputError(
            fields.get("message") or f"the process of the rehearsal ended early: {said or 'it said nothing'}"
        )


class Stage:
    """One rehearsal on its way.

    Args:
        folder: where its copies of the project go.
        target: the stack, as it is to be.
        state: what is deployed of it.
        on_event: told of the progress.
        sealed: whether there is no passphrase to read secrets with.
    """

    def __init__(self, folder: Path, target: Target, state: State, on_event: OnEvent, *, sealed: bool = False) -> None:
        self._folder, self._target, self._on_event = folder, target, on_event
        exported = folder / "exported.json"
        exported.write_bytes(state.text)
        zone = copies.config_of(target).get("ascend:zone")
        self.request = Request(
            project=copies.project_name(target.root),
            stack=target.stack,
            exported=str(exported),
            state=str(folder / "built.json"),
            zone=zone if isinstance(zone, str) else "",
            sealed=sealed,
        )
        self._resources = 0
        self._fault = ""
        self._kept = True
        self._problems: list[str] = []
        self._changes: Mapping[str, int] = {}

    def play(self, twin: Twin, pool: ThreadPoolExecutor, *, fault: bool, calls: int = 0) -> None:
        """Builds the stack, updates it, and does so again with a fault.

        Args:
            twin: builds it.
            pool: for the run with a fault, where it need not wait.
            fault: whether there is to be one.
            calls: how many calls the update is expected to make, 0 where nobody knows.
        """
        self._tell(f"rehearsing: building {self._target.stack} again from its state")
        self._resources, unbuilt = twin.built()
        if unbuilt:
            self._problems = unbuilt
            return
        self._tell("rehearsing: the update")
        early = pool.submit(self._faulty, self._run(twin, "early"), calls // 2 + 1) if fault and calls else None
        clean = self._clean(self._run(twin, "clean"))
        failed = early.result() if early is not None else None
        if clean.problem:
            self._problems.append(clean.problem)
        elif fault and clean.calls:
            if failed is None or not failed.fault:
                # Nobody knew where halfway is.
                number = len(clean.calls) // 2 + 1
                self._tell(f"rehearsing: the update again, failed at call {number} of {len(clean.calls)}")
                failed = self._faulty(self._run(twin, "late"), number)
            self._held_against(clean, failed)

    def told(self, duration_s: float) -> Rehearsal:
        """How it went.

        Args:
            duration_s: how long it took, in seconds.
        """
        if self._problems:
            more = f" (and {len(self._problems) - 1} more)" if len(self._problems) > 1 else ""
            summary = f"{self._problems[0]}{more}"
        else:
            counted = [f"{count} to {op}" for op, count in self._changes.items() if count and op != "same"]
            again = f"; failed by {self._fault}, continued and finished" if self._fault else ""
            summary = (
                f"{self._resources} resources rebuilt from the state and updated "
                f"({', '.join(counted) or 'no change'}){again}"
            )
        return Rehearsal(
            ok=not self._problems,
            summary=summary,
            duration_s=duration_s,
            fault=self._fault,
            problems=tuple(self._problems),
            data_ids_kept=self._kept,
            changes=self._changes,
        )

    def _run(self, twin: Twin, name: str) -> Run:
        return Run(self._folder / name, self._target, self.request, twin.cloud())

    def _clean(self, run: Run) -> Outcome:
        """The update from its beginning to its end."""
        faults.inject(run.cloud)
        try:
            self._changes = run.up(self._on_event).summary
        except AscendError as error:
            return Outcome(problem=f"the update does not go through: {_line(error)}")
        there, calls = run.resources(), faults.report(run.cloud).calls
        self._compare(run.start, there, calls, "the update")
        return Outcome(calls, there)

    def _faulty(self, run: Run, number: int) -> Outcome:
        """The update with a fault at a call, and once more; no `fault` in the outcome where none struck."""
        faults.inject(run.cloud, ProviderFault(FAULT, call=number))
        stopped = ""
        try:
            run.up(_silent)
        except AscendError as error:
            stopped = _line(error)
        struck = next((call for call in faults.report(run.cloud).calls if call.error), None)
        if struck is None:
            return Outcome()
        fault = f"{FAULT} at call {number}, {struck.method} {struck.urn.rpartition('::')[2]}"
        if FAULT not in stopped:
            return Outcome(fault=fault, problem=f"after {fault} the update does not stop as it should: {stopped}")
        if pending := run.pending():
            return Outcome(fault=fault, problem=f"after {fault} the state is left with {', '.join(pending)}")
        try:
            run.up(_silent)
        except AscendError as error:
            return Outcome(fault=fault, problem=f"after {fault} the update cannot be continued: {_line(error)}")
        there, calls = run.resources(), faults.report(run.cloud).calls
        self._compare(run.start, there, calls, f"the update continued after {fault}")
        return Outcome(calls, there, fault)

    def _held_against(self, clean: Outcome, failed: Outcome) -> None:
        """What was continued must have come to the same."""
        self._fault = failed.fault.replace(",", f" of {len(clean.calls)},", 1)
        if failed.problem:
            self._problems.append(failed.problem)
            return
        once, again = _created(clean.calls), _created(failed.calls)
        where = f"where the update is continued after {failed.fault}"
        self._problems += [
            f"{urn.rpartition('::')[2]} is created {count} times {where}"
            for urn, count in again.items()
            if count > max(once[urn], 1)
        ]
        self._problems += [
            f"{urn.rpartition('::')[2]} is {'missing' if urn in clean.there else 'left over'} {where}"
            for urn in sorted(clean.there.keys() ^ failed.there.keys())
        ]

    def _compare(
        self, before: Mapping[str, Kept], after: Mapping[str, Kept], calls: Sequence[faults.Call], what: str
    ) -> None:
        """Data must be where it was."""
        deleted = {call.urn for call in calls if call.method == "delete" and not call.error}
        for urn, kept in before.items():
            now = after.get(urn)
            if holds_data(kept) and (now is None or urn in deleted or now.id != kept.id):
                self._kept = False
                how = "deletes" if now is None else "replaces"
                held = holders().get(kept.type, {"what": "what is protected"})["what"]
                self._problems.append(f"{what} {how} {kept.name}, which holds {held}")

    def _tell(self, message: str) -> None:
        self._on_event(Event(EventKind.DIAGNOSTIC, message=message))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to.

    Attributes:
        calls: the calls that it made of providers.
        there: what there is at its end, by URN.
        fault: the fault that struck, empty where none did.
        problem: why it did not get to its end, empty where it did.
    """

    calls: Sequence[faults.Call] = ()
    there: Mapping[str, Kept] = field(default_factory=dict)
    fault: str = ""
    problem: str = ""


class Run:
    """A copy of the project, with the state as it was built, in front of a cloud of its own.

    Args:
        root: where the copy goes.
        target: the stack.
        built: what was built.
        cloud: the cloud.
    """

    def __init__(self, root: Path, target: Target, built: Request, cloud: CloudInfo) -> None:
        from ascend.engine.embedded import EmbeddedEngine  # noqa: PLC0415 -- slow to load

        providers = ",".join(f"{name}:{port}" for name, port in cloud.providers.items())
        self.cloud, self.engine = cloud, EmbeddedEngine(providers)
        self.target = copies.make(root, target, sealed=built.sealed)
        file = root / ".ascend" / "state" / ".pulumi" / "stacks" / built.project / f"{target.stack}.json"
        file.parent.mkdir(parents=True)
        shutil.copyfile(built.state, file)
        #: What there is before anything was updated, by URN.
        self.start = self.resources()

    def up(self, on_event: OnEvent) -> RunResult:
        """Updates the stack."""
        return self.engine.up(self.target, on_event)

    def resources(self) -> dict[str, Kept]:
        """What the state holds of what providers made, by URN."""
        kept = self.engine.export(self.target).resources
        return {one.urn: one for one in kept if one.custom and not one.type.startswith("pulumi:")}

    def pending(self) -> Sequence[str]:
        """What an interrupted run has left under way."""
        return self.engine.export(self.target).pending


def holds_data(kept: Kept) -> bool:
    """Whether a resource holds data: what a review calls data at risk, without what passes with something else."""
    row = holders().get(kept.type)
    if row is None or row["when"] == "protected" or kept.type in PASSING:
        return kept.protect
    return True


def _created(calls: Sequence[faults.Call]) -> Counter[str]:
    return Counter(call.urn for call in calls if call.method == "create" and not call.error)


def _silent(event: Event) -> None:
    """What is told of a run that is meant to fail would only frighten."""


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
