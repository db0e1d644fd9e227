"""The official CLI as an engine, driven through the Automation API.

Against a real account it works in the project's folder, on the backend that the user is logged in to, exactly as
``pulumi up`` would. Against the embedded cloud it works in a throw-away copy of the project's files with a home
and a backend of its own under ``.ascend/``, so that neither the user's ``~/.pulumi`` nor a tracked file changes.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from pulumi.automation import CommandError, ConcurrentUpdateError, Stack, StackNotFoundError

from ascend.cloud import process
from ascend.engine import pulumi_project
from ascend.engine.exported import state_of
from ascend.engine.locks import locks
from ascend.engine.model import RunResult
from ascend.engine.pulumi_events import PROVIDER_PREFIX, Recorder
from ascend.errors import AscendError, InputError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ascend.engine.model import OnEvent, State, Target
    from ascend.engine.pulumi_project import Workspace

_INSTALL = "https://www.pulumi.com/docs/iac/download-install/"
#: Lines of the CLI that say only that it failed, not why.
_NOISE = ("update failed", "preview failed", "destroy failed", "refresh failed", "resource plugin", "warning:")


class PulumiCliEngine:
    """Runs the official CLI.

    Args:
        embedded: whether to run it against the embedded cloud instead of the user's own account and backend.

    Raises:
        InputError: `pulumi` is not on PATH.
    """

    name = "pulumi"

    def __init__(self, *, embedded: bool = False) -> None:
        if shutil.which("pulumi") is None:
            hint = "leave out --engine pulumi" if embedded else "use --embedded, which needs no CLI and no account"
            raise InputError(f"pulumi is not on PATH; install it ({_INSTALL}), or {hint}")
        self._embedded = embedded

    def preview(self, target: Target, on_event: OnEvent) -> RunResult:
        """Plan an update; changes nothing."""

        def work(stack: Stack, recorder: Recorder, config_file: str | None) -> Mapping[str, Any]:
            stack.preview(on_event=recorder.on_engine_event, config_file=config_file)
            return recorder.stack_outputs()

        return self._run(target, Recorder(on_event, planning=True), work, create=self._embedded, planning=True)

    def up(self, target: Target, on_event: OnEvent) -> RunResult:
        """Bring the stack to what the program declares."""

        def work(stack: Stack, recorder: Recorder, config_file: str | None) -> Mapping[str, Any]:
            result = stack.up(on_event=recorder.on_engine_event, config_file=config_file, show_secrets=False)
            return {name: output.value for name, output in result.outputs.items()}

        return self._run(target, Recorder(on_event), work, create=self._embedded)

    def destroy(self, target: Target, on_event: OnEvent, unprotect: Sequence[str] = ()) -> RunResult:
        """Delete every resource; refuses protected ones before anything is deleted, unless `unprotect` names them."""

        def work(stack: Stack, recorder: Recorder, config_file: str | None) -> Mapping[str, Any]:
            deployment = _deployment(stack)
            protected = _unprotected(deployment, target.stack, unprotect)
            self._unlock(deployment, target)
            for urn in protected:
                _workspace(stack).cli("state", "unprotect", urn, "--yes", "--stack", target.stack)
            stack.destroy(on_event=recorder.on_engine_event, config_file=config_file, show_secrets=False)
            return {}

        return self._run(target, Recorder(on_event), work, create=False)

    def outputs(self, target: Target, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """The outputs of the stack's last update."""
        with self._opened(target, create=False) as (stack, _):
            return _workspace(stack).outputs_of(target.stack, show_secrets=show_secrets)

    def export(self, target: Target) -> State:
        """What the backend keeps of the stack."""
        with self._opened(target, create=False) as (stack, _):
            return state_of(_exported(stack).encode(), target.stack)

    def refresh(
        self, target: Target, on_event: OnEvent, urns: Sequence[str] | None = None, *, preview: bool
    ) -> RunResult:
        """Read what exists in the cloud, without running the program."""

        def work(stack: Stack, recorder: Recorder, config_file: str | None) -> Mapping[str, Any]:
            there = {found["urn"] for found in _deployment(stack).get("resources") or ()}
            if not there:
                raise InputError(f"stack {target.stack!r} is not deployed: run up first")
            if strange := sorted(set(urns or ()) - there):
                raise InputError(f"the state holds no resource {', '.join(strange)}")
            if urns is None or urns:  # the CLI takes an empty list for all
                (stack.preview_refresh if preview else stack.refresh)(
                    on_event=recorder.on_engine_event,
                    config_file=config_file,
                    target=None if urns is None else list(urns),
                    run_program=False,
                    show_secrets=False,
                )
            return _workspace(stack).outputs_of(target.stack, show_secrets=False)

        result = self._run(target, Recorder(on_event, planning=preview), work, create=False, planning=True)
        steps = [step for step in result.steps if step.custom and not step.type.startswith(PROVIDER_PREFIX)]
        counts = Counter(str(step.op) for step in steps)
        return replace(result, steps=steps, summary={key: counts.get(key, 0) for key in result.summary})

    def _unlock(self, deployment: Mapping[str, Any], target: Target) -> None:
        """Opens AWS's own locks on the embedded cloud; on a real account that is left to who owns the data."""
        closed = locks(deployment.get("resources") or ())
        if closed and not self._embedded:
            raise InputError(
                "\n".join(
                    f"{lock.name} has deletion protection at AWS; nothing was deleted; switch it off ({lock.key()}) "
                    f"and record that (pulumi refresh --stack {target.stack})"
                    for lock in closed
                )
            )
        for lock in closed:
            lock.open(process.start(target.root).aws_endpoint)

    def _run(
        self,
        target: Target,
        recorder: Recorder,
        work: Callable[[Stack, Recorder, str | None], Mapping[str, Any]],
        *,
        create: bool,
        planning: bool = False,
    ) -> RunResult:
        started = time.monotonic()
        try:
            with self._opened(target, create=create) as (stack, config_file):
                if self._embedded:
                    pulumi_project.clear_locks(target, recorder.warn)
                if pending := _pending(_deployment(stack)):
                    recorder.warn(f"an earlier run was interrupted while it was {', '.join(pending)}")
                    if self._embedded and not planning:
                        _refuse_creates(pending, target.stack)
                outputs = work(stack, recorder, config_file)
        except CommandError as error:
            raise _failure(error, recorder) from error
        return RunResult(
            steps=recorder.steps(),
            outputs=outputs,
            summary=recorder.summary(),
            pending=pending,
            duration_s=time.monotonic() - started,
        )

    @contextmanager
    def _opened(self, target: Target, *, create: bool) -> Iterator[tuple[Stack, str | None]]:
        """The stack, and the config file to use in place of the project's own where the run lays config over it."""
        opening = pulumi_project.embedded(target) if self._embedded else pulumi_project.in_place(target)
        with opening as (workspace, config_file):
            try:
                stack = (Stack.create_or_select if create else Stack.select)(target.stack, workspace)
            except StackNotFoundError as error:
                hint = "nothing was deployed" if self._embedded else f"create it: pulumi stack init {target.stack}"
                raise InputError(f"stack {target.stack} is not in the backend; {hint}") from error
            except CommandError as error:
                raise _failure(error, None) from error
            yield stack, config_file


def _workspace(stack: Stack) -> Workspace:
    return cast("Workspace", stack.workspace)


def _deployment(stack: Stack) -> Mapping[str, Any]:
    """The stack's state, secrets still encrypted."""
    exported = json.loads(_exported(stack))
    return exported.get("deployment") or {}


def _exported(stack: Stack) -> str:
    return _workspace(stack).cli("stack", "export", "--stack", stack.name).stdout


def _pending(deployment: Mapping[str, Any]) -> list[str]:
    return [f"{found['type']} {found['resource']['urn']}" for found in deployment.get("pending_operations") or ()]


def _refuse_creates(pending: Sequence[str], stack: str) -> None:
    """Refuses to go on where creates were interrupted: the CLI cannot ask what became of them, and repeats them.

    Raises:
        InputError: there are such creates.
    """
    if creates := [found.rpartition("::")[2] for found in pending if found.startswith("creating ")]:
        raise InputError(
            f"{stack}: an earlier run was interrupted while it created {', '.join(creates)}; the official CLI would "
            f"create them again; run `ascend up {stack} --embedded` first, whose engine finds what is there"
        )


def _unprotected(deployment: Mapping[str, Any], stack: str, named: Sequence[str]) -> list[str]:
    """URNs of the protected resources, all of which `named` must name.

    Raises:
        InputError: a protected resource is not named, or a name is none of a protected resource.
    """
    protected = [found["urn"] for found in deployment.get("resources") or () if found.get("protect")]
    names = {urn: urn.rpartition("::")[2] for urn in protected}
    if strange := sorted(set(named) - set(names) - set(names.values())):
        raise InputError(f"{stack} has no protected resource named {', '.join(strange)}")
    if left := [name for urn, name in names.items() if urn not in named and name not in named]:
        flags = " ".join(f"--unprotect {name}" for name in sorted(left))
        raise InputError(f"{stack} holds protected resources; nothing was deleted; to delete them too: {flags}")
    return protected


def _failure(error: CommandError, recorder: Recorder | None) -> AscendError:
    """What a failed command means: bad input where nothing was changed, else an update that stopped."""
    told = recorder.errors() if recorder else []
    if isinstance(error, ConcurrentUpdateError):
        told = [line.strip() for line in str(error).splitlines() if "locked by" in line]
    if not told:
        told = _error_lines(str(error))
    message = "\n".join(dict.fromkeys(told)) or "pulumi failed and said nothing"
    if recorder is None or not recorder.changed():
        return InputError(message)
    return UpdateError(f"{message}; what was done is in the state, the next run continues")


def _error_lines(text: str) -> list[str]:
    """The lines of the CLI's own output that say what was wrong."""
    lines = [line.strip().removeprefix("error: ") for line in text.splitlines() if line.strip().startswith("error:")]
    return [line for line in lines if not line.startswith(_NOISE)] or lines
