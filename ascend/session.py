"""What a command does between its options and its output: choose the engine, ask, run, report."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend import protection
from ascend import target as targets
from ascend.errors import InputError, StoppedError
from ascend.ui import console, report
from ascend.ui.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ascend.cloud.process import CloudInfo
    from ascend.engine.model import Engine, Event, OnEvent, RunResult, Step, Target

#: What the set-up writes to protect the embedded state; only the embedded cloud's stacks are encrypted with it.
PASSPHRASE_FILE = Path(".ascend/passphrase")
_PASSPHRASE_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


class EngineName(StrEnum):
    """The engines by their names on the command line."""

    PULUMI = "pulumi"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Session:
    """One command on one stack.

    Attributes:
        engine: what runs it.
        target: the stack.
        embedded: whether it works on the embedded cloud.
        json: whether the result is printed as JSON.
    """

    engine: Engine
    target: Target
    embedded: bool
    json: bool

    def command(self, verb: str, *options: str) -> str:
        """Another command on the same stack, as it has to be typed.

        Args:
            verb: the command.
            options: its own, before those that say where the stack is.
        """
        words = [program_name(), verb, self.target.stack, *options]
        if self.embedded:
            words.append("--embedded")
            if self.engine.name == EngineName.PULUMI:
                words += ["--engine", str(EngineName.PULUMI)]
        return " ".join(words)

    def preview(self) -> None:
        """Plans and prints the plan."""
        result = self._plan()
        if self.json:
            self._print_document(result)
            return
        self._print_plan(result)
        if refusal := protection.locked(result.steps, self.target.stack):
            console.print_note(f"up would be refused: {refusal}")
        elif report.changes(result.summary):
            self._print_next("up")

    def up(self, *, ask: bool, preview: bool) -> None:
        """Updates the stack; with `ask` only after the plan was shown and agreed to.

        With `preview` the plan comes first also where nobody is asked: what it refuses (a wrong input, a protected
        resource that would go) is refused before anything has changed.
        """
        if ask:
            require_terminal("up changes the stack")
        if ask or preview:
            plan = self._plan()
            if refusal := protection.locked(plan.steps, self.target.stack):
                raise InputError(refusal)
            if ask:
                self._agree(plan, "Update")
        result = self._watch("updating", self.engine.up)
        if self.json:
            self._print_document(result)
            return
        self._print_summary(result)
        if result.outputs:
            out = console.stdout()
            out.print("Outputs:")
            report.print_outputs(out, result.outputs)
        self._print_next("outputs")

    def destroy(self, *, ask: bool, unprotect: Sequence[str]) -> None:
        """Deletes the stack's resources; with `ask` only after a question."""
        if ask:
            require_terminal("destroy deletes the stack's resources")
            confirm(f"Delete every resource of {self.target.stack}?")

        def delete(target: Target, on_event: OnEvent) -> RunResult:
            return self.engine.destroy(target, on_event, unprotect)

        result = self._watch("destroying", delete)
        if self.json:
            self._print_document(result)
        else:
            self._print_summary(result)

    def outputs(self, *, show_secrets: bool) -> None:
        """Prints the outputs of the last update."""
        values = self.engine.outputs(self.target, show_secrets=show_secrets)
        if self.json:
            console.print_json(values)
        elif values:
            report.print_outputs(console.stdout(), values)
        else:
            console.print_note(f"{self.target.stack} has no outputs")

    def _plan(self) -> RunResult:
        planned: dict[str, Step] = {}

        def preview(target: Target, on_event: OnEvent) -> RunResult:
            def keep(event: Event) -> None:
                if event.step is not None:
                    planned[event.step.urn] = event.step
                on_event(event)

            return self.engine.preview(target, keep)

        with harmless():
            try:
                return self._watch("previewing", preview, detailed=False)
            except InputError as error:
                raise protection.explained(error, list(planned.values()), self.target.stack) from error

    def _watch(self, doing: str, work: Callable[[Target, OnEvent], RunResult], *, detailed: bool = True) -> RunResult:
        with Progress(console.stderr(), f"{doing} {self.target.stack}", detailed=detailed) as progress:
            return work(self.target, progress.on_event)

    def _agree(self, plan: RunResult, verb: str) -> None:
        shown = console.stderr()
        report.print_plan(shown, plan)
        shown.print(report.counts(plan.summary, planned=True))
        confirm(f"{verb} {self.target.stack}?")

    def _print_document(self, result: RunResult) -> None:
        console.print_json(report.document(result, self.target, self.engine.name))

    def _print_plan(self, result: RunResult) -> None:
        out = console.stdout()
        report.print_plan(out, result)
        out.print(report.headline(result, self.target, planned=True))

    def _print_summary(self, result: RunResult) -> None:
        console.stdout().print(report.headline(result, self.target, planned=False))

    def _print_next(self, command: str) -> None:
        options: list[str] = []
        for option, key in (("--system", "ascend:system"), ("--phase", "ascend:phase")):
            if command != "outputs" and key in self.target.config:
                options += [option, self.target.config[key]]
        console.print_note(f"Next: {self.command(command, *options)}")


def open_session(
    cwd: Path,
    stack: str,
    engine: EngineName | None,
    *,
    embedded: bool,
    json: bool,
    runs_program: bool = True,
    system: str | None = None,
    phase: str | None = None,
) -> Session:
    """What a command on a stack works with.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack's name.
        engine: the engine asked for, if any.
        embedded: work on the embedded cloud.
        json: print JSON.
        runs_program: whether the command runs the program, and so needs the stack's config.
        system: laid over the stack's system.
        phase: laid over the stack's phase.

    Raises:
        InputError: no project here, a stack that is not there, or options that contradict each other.
    """
    root = targets.find_root(cwd)
    target = targets.resolve(root, stack, system, phase) if runs_program else targets.existing(root, stack)
    chosen = engine or (EngineName.EMBEDDED if embedded else EngineName.PULUMI)
    if chosen is EngineName.EMBEDDED and not embedded:
        raise InputError("--engine embedded works on the embedded cloud only; add --embedded")
    if embedded:
        offer_passphrase(root)
        # As with AWS: the program wants credentials, and the embedded cloud takes any.
        os.environ.setdefault("CLOUDFLARE_API_TOKEN", "embedded")
    return Session(_engine(chosen, embedded=embedded), target, embedded, json)


def _engine(name: EngineName, *, embedded: bool) -> Engine:
    if name is EngineName.EMBEDDED:
        from ascend.engine.embedded import EmbeddedEngine  # noqa: PLC0415 -- only the commands that use it pay for it

        return EmbeddedEngine()
    from ascend.engine.pulumi_cli import PulumiCliEngine  # noqa: PLC0415 -- as above

    return PulumiCliEngine(embedded=embedded)


def offer_passphrase(root: Path) -> None:
    """Lets the engines use the passphrase that the set-up made, where the environment names none."""
    file = root / PASSPHRASE_FILE
    if file.is_file() and not any(os.environ.get(name) for name in _PASSPHRASE_VARIABLES):
        os.environ["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(file)


def require_terminal(why: str) -> None:
    """Refuses to ask where nobody can answer.

    Raises:
        InputError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(f"{why}, and there is no terminal to ask on; give --yes")


def confirm(question: str) -> None:
    """Asks on stderr; anything but yes ends the command.

    Raises:
        InputError: the answer was no.
        StoppedError: there was none.
    """
    answer = ""
    try:
        with harmless():
            sys.stderr.write(f"{question} [y/N] ")
            sys.stderr.flush()
            answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):  # Ctrl-C or Ctrl-D: the cursor still stands behind the question
            sys.stderr.write("\n")
    if answer.strip().lower() not in {"y", "yes"}:
        raise InputError("not agreed to; nothing was changed")


@contextlib.contextmanager
def harmless() -> Iterator[None]:
    """For what changes nothing: says so where it is interrupted.

    Raises:
        StoppedError: by Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise StoppedError("interrupted; nothing was changed") from error


def program_name() -> str:
    """How this command was called, for the commands that it recommends: ``ascend`` where that is on PATH."""
    if shutil.which("ascend"):
        return "ascend"
    called = Path(sys.argv[0])
    if called.name != "ascend":
        return "python -m ascend"
    return os.path.relpath(called) if called.is_absolute() else str(called)


def cloud_start(cwd: Path, *, json: bool) -> None:
    """Starts the embedded cloud of the project and says where it is."""
    from ascend.cloud import process  # noqa: PLC0415 -- only the commands that use it pay for it

    _print_cloud(process.start(targets.find_root(cwd)), json=json)


def cloud_status(cwd: Path, *, json: bool) -> None:
    """Says whether the embedded cloud of the project runs, and where."""
    from ascend.cloud import process  # noqa: PLC0415 -- as above

    _print_cloud(process.status(targets.find_root(cwd)), json=json)


def cloud_stop(cwd: Path, *, json: bool) -> None:
    """Stops the embedded cloud of the project and removes its state."""
    from ascend.cloud import process  # noqa: PLC0415 -- as above

    stopped = process.stop(targets.find_root(cwd))
    if json:
        console.print_json({"stopped": stopped})
    else:
        console.stdout().print("stopped; its resources and their state are gone" if stopped else "not running")


def _print_cloud(info: CloudInfo | None, *, json: bool) -> None:
    document: Mapping[str, Any] = {"running": False}
    if info is not None:
        document = {
            "running": True,
            "endpoint": info.aws_endpoint,
            "account_id": info.account_id,
            "pid": info.pid,
            "started": info.started,
            "providers": dict(info.providers),
        }
    if json:
        console.print_json(document)
    elif info is None:
        console.stdout().print("not running")
    else:
        out = console.stdout()
        out.print(f"running since {info.started}, pid {info.pid}, account {info.account_id}")
        out.print(f"endpoint {info.aws_endpoint}")
        console.print_note(
            f"Look: AWS_ENDPOINT_URL={info.aws_endpoint} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test "
            "AWS_DEFAULT_REGION=us-east-1 aws ecs list-clusters"
        )
