"""The process of one run: engine and program together (``python -m ascend.engine.embedded.host``).

A process per run, so that nothing of an earlier one is left: modules, config, clients. It reads one line of JSON (the
request) from standard input, streams events and the result as JSON lines to the descriptor that the request names, and
treats the end of its input, or the line ``cancel``, as the wish to stop. What the program prints becomes events.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ascend.engine.embedded import wire
from ascend.engine.embedded.console import Output, captured
from ascend.engine.model import Event, EventKind
from ascend.errors import AscendError, InputError, UpdateError
from ascend.garbage import collect_rarely

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.engine.embedded import program
    from ascend.engine.embedded.backend import Backend
    from ascend.engine.embedded.checkpoint import Document, Snapshot
    from ascend.engine.embedded.deployment import Deployment
    from ascend.engine.embedded.journal import Journal
    from ascend.engine.embedded.masking import Masker
    from ascend.engine.embedded.planner import Planner
    from ascend.engine.embedded.project import Config, Project, StackFile
    from ascend.engine.embedded.refresh import Refresh
    from ascend.engine.embedded.registry import Registry
    from ascend.engine.embedded.rpc import Caller
    from ascend.engine.embedded.secrets import Crypter

    #: What encrypts the state, and what decrypts the config: often the same.
    Keys = tuple[Crypter | None, Crypter | None]

#: What can only be done to a stack that is deployed; it needs no config of the program.
_DEPLOYED: Final = frozenset({"destroy", "refresh"})
DEBUG_PROVIDERS: Final = "PULUMI_DEBUG_PROVIDERS"
#: How often threads may be switched, in seconds. Registrations wait for one another on many threads; the default of
#: 5 ms costs seconds over 500 resources.
_SWITCH_INTERVAL: Final = 0.0005


class State(NamedTuple):
    """What a run works on; the document is still encrypted, and the keys may still be being derived."""

    backend: Backend
    project: Project
    document: Document | None
    keys: Future[Keys]
    passphrase: str | None


class Cancelled(Exception):  # noqa: N818 -- not an error
    """The user stopped the run."""


class Run:
    """One request.

    Args:
        request: the content of the request's line.
        output: where events go.
        masker: keeps secrets out of them.
    """

    def __init__(self, request: dict[str, Any], output: Output, masker: Masker) -> None:
        self.operation: str = request["operation"]
        self.root = Path(request["root"])
        self.stack: str = request["stack"]
        self.overlay: dict[str, str] = request["config"]
        self.unprotect: list[str] = request["unprotect"]
        self.urns: list[str] | None = request.get("urns")
        self.client: int = request["client"]
        self.providers: str = request["providers"] or os.environ.get(DEBUG_PROVIDERS, "")
        self.output, self.masker = output, masker
        self.preview = self.operation == "preview" or bool(request.get("preview"))
        self.deployment: Deployment | Refresh | None = None
        self.cancelled = threading.Event()
        self._started = time.time()
        self._clock = time.perf_counter()
        self._cloud: Any = None
        self._salt = ""

    def cancel(self) -> None:
        """Stops the run: what is under way ends, nothing new begins."""
        self.cancelled.set()
        if self.deployment is not None:
            self.deployment.cancel()

    def perform(self) -> str:
        """Carries out the request; returns the line of its result.

        Raises:
            InputError, UpdateError, Cancelled: it failed.
        """
        from ascend.engine.embedded.project import load_project, load_stack_file  # noqa: PLC0415 -- see `main`
        from ascend.engine.embedded.secrets import read_passphrase, required  # noqa: PLC0415

        project = load_project(self.root)
        stack_file = load_stack_file(project, self.stack)
        passphrase = read_passphrase(os.environ)
        if not self.preview:
            required(passphrase, f"{self.operation} of stack {self.stack!r}")
        with contextlib.ExitStack() as stack, ThreadPoolExecutor(2, "load") as pool:
            # The SDK's import takes as long as the key's derivation, and both as long as finding the cloud.
            sdk = pool.submit(importlib.import_module, "pulumi")
            if not self._attach():
                return self._nothing()
            backend = self._backend(project)
            if not self.preview:
                stack.enter_context(backend.lock(self.client, lambda text: self.output.say(text, "warning")))
            document = backend.load() if self._has_state() else None
            if document is None and self.operation in _DEPLOYED:
                raise InputError(f"stack {self.stack!r} is not deployed, so there is nothing to {self.operation}")
            keys = pool.submit(self._keys, document, stack_file, passphrase)
            config = self._config(project, stack_file, keys)
            sdk.result()
            state = State(backend, project, document, keys, passphrase)
            work = {"destroy": self._destroy, "refresh": self._refresh}.get(self.operation, self._update)
            return work(state, config)

    # -- preparation

    def _attach(self) -> bool:
        """Finds the cloud, starts it where a run needs one; False where there is nothing to destroy."""
        if self.providers:
            return True
        process = importlib.import_module("ascend.cloud.process")
        info = process.status(self.root)
        if info is None and self.operation == "destroy":
            return False
        if info is None and self.operation == "refresh":
            raise InputError(
                f"stack {self.stack!r} is not deployed, the embedded cloud is not running: there is nothing to refresh"
            )
        if info is None and self.preview:
            return True
        # A cloud that has to start removes the state of the one that is gone, so the state is read afterwards.
        self._cloud = info or process.start(self.root)
        return True

    def _has_state(self) -> bool:
        return bool(self.providers) or self._cloud is not None

    def _nothing(self) -> str:
        from ascend.engine.model import RunResult  # noqa: PLC0415 -- see `main`

        self.output.say("the embedded cloud is not running, so there is nothing to destroy")
        summary = dict.fromkeys(("create", "update", "replace", "delete", "same"), 0)
        return wire.result_line(RunResult([], {}, summary, (), time.perf_counter() - self._clock))

    def _backend(self, project: Project) -> Backend:
        from ascend.engine.embedded.backend import STATE_FOLDER, Backend  # noqa: PLC0415 -- see `main`

        return Backend(self.root / STATE_FOLDER, project.name, self.stack)

    def _keys(self, document: Document | None, stack_file: StackFile, passphrase: str | None) -> Keys:
        """What encrypts the state and what decrypts the config: often the same."""
        from ascend.engine.embedded.secrets import Crypter, required  # noqa: PLC0415 -- see `main`

        where = f"the state of stack {self.stack!r}"
        state = config = None
        if stack_file.has_secrets() or (stack_file.salt and passphrase is not None and not self.preview):
            phrase = required(passphrase, f"{stack_file.file}: its config holds secrets, and reading them")
            config = Crypter.open(phrase, stack_file.salt, str(stack_file.file))
        salt = document.salt if document else ""
        if salt and config and config.state == salt:
            state = config
        elif salt and (not self.preview or (document and document.has_secrets())):
            state = Crypter.open(required(passphrase, f"reading {where}"), salt, where)
        elif not salt and not self.preview:
            state = config or Crypter.new(required(passphrase, where))
        return state, config

    def _config(self, project: Project, stack_file: StackFile, keys: Future[Keys]) -> Config:
        from ascend.engine.embedded.project import resolve  # noqa: PLC0415 -- see `main`

        def decrypt(text: str) -> str:
            crypter = keys.result()[1]
            return crypter.decrypt(text) if crypter else text

        config = resolve(project, stack_file, self.overlay, decrypt, complete=self.operation not in _DEPLOYED)
        for text in config.secrets:
            self.masker.learn_text(text)
        return config

    def _snapshot(self, backend: Backend, document: Document | None, crypter: Crypter | None) -> Snapshot:
        from ascend.engine.embedded.checkpoint import CheckpointError, Snapshot  # noqa: PLC0415 -- see `main`
        from ascend.engine.embedded.values import Secret  # noqa: PLC0415

        if document is None:
            return Snapshot()

        def decrypt(text: str, owner: str) -> str:
            plaintext = crypter.decrypt(text, owner) if crypter else text
            with contextlib.suppress(ValueError):
                self.masker.learn(Secret(json.loads(plaintext)))
            return plaintext

        try:
            snapshot = document.snapshot(decrypt)
        except CheckpointError as error:
            raise backend.unusable(error) from error
        own = f"urn:pulumi:{self.stack}::{backend.project}::"
        if foreign := next((found.urn for found in snapshot.resources if not found.urn.startswith(own)), None):
            raise backend.unusable(CheckpointError(f"it is that of another stack: it holds {foreign}"))
        if snapshot.pending:
            found = ", ".join(str(operation) for operation in snapshot.pending)
            self.output.say(f"an earlier run was interrupted while it was {found}", "warning")
        return snapshot

    def _connector(self) -> Callable[[str], Caller]:
        """How to reach the provider of a package."""
        from ascend.engine.embedded.rpc import LocalCaller, RemoteCaller  # noqa: PLC0415 -- see `main`

        known: dict[str, Caller] = {}
        if self.providers:
            known = {name: RemoteCaller(port) for name, port in _ports(self.providers).items()}
        elif self._cloud is not None:
            known = {name: RemoteCaller(port) for name, port in self._cloud.providers.items()}
        else:
            planning = importlib.import_module("ascend.cloud.planning")
            known = {name: LocalCaller(servicer) for name, servicer in planning.providers().items()}

        def connect(package: str) -> Caller:
            if package not in known:
                there = ", ".join(sorted(known)) or "none"
                raise InputError(f"package {package!r} has no embedded provider; there are: {there}")
            return known[package]

        return connect

    def _base(self, state: State) -> tuple[Snapshot, Registry, Journal]:
        """The state, the providers, and what keeps the one up to date with what happens to the other."""
        from ascend.engine.embedded.journal import Journal  # noqa: PLC0415 -- see `main`
        from ascend.engine.embedded.registry import Registry  # noqa: PLC0415

        backend = state.backend
        crypter = state.keys.result()[0]
        base = self._snapshot(backend, state.document, crypter)
        journal = Journal(
            base,
            backend.qualified,
            crypter.state if crypter else "",
            crypter.encrypt if crypter else lambda text, _: text,
            None if self.preview else backend.save,
        )
        return base, Registry(self._connector(), preview=self.preview), journal

    def _assemble(self, state: State) -> tuple[Deployment, Registry, Planner]:
        from ascend.engine.embedded.backend import STATE_FOLDER  # noqa: PLC0415 -- see `main`
        from ascend.engine.embedded.builtin import Builtin  # noqa: PLC0415
        from ascend.engine.embedded.deployment import Deployment  # noqa: PLC0415
        from ascend.engine.embedded.planner import Planner  # noqa: PLC0415

        project = state.project
        base, registry, journal = self._base(state)
        planner = Planner(
            project.name,
            self.stack,
            base.resources,
            registry,
            preview=self.preview,
            info=lambda urn, text: self.output.event(
                Event(EventKind.DIAGNOSTIC, None, self.masker.text(text), "info", urn)
            ),
        )
        registry.set_builtin(Builtin(self.root / STATE_FOLDER, project.name, state.passphrase, planner.news))
        deployment = Deployment(
            planner,
            registry,
            journal,
            base=base,
            masker=self.masker,
            emit=self.output.event,
            preview=self.preview,
        )
        self.deployment = deployment
        if self.cancelled.is_set():
            deployment.cancel()
        return deployment, registry, planner

    # -- operations

    def _destroy(self, state: State, config: Config) -> str:
        deployment, _, planner = self._assemble(state)
        unprotect = self._unprotected(planner)
        deployment.finish(unprotect)
        return self._ended(state.backend, deployment, config)

    def _unprotected(self, planner: Planner) -> frozenset[str]:
        """The URNs that the user named, by name or by URN.

        Raises:
            InputError: a name that no resource has.
        """
        urns: set[str] = set()
        for name in self.unprotect:
            found = {state.urn for state in planner.base if name in {state.urn, state.name}}
            if not found:
                protected = ", ".join(sorted(state.name for state in planner.base if state.protect)) or "none"
                raise InputError(f"no resource is called {name!r}; protected are: {protected}")
            urns |= found
        return frozenset(urns)

    def _refresh(self, state: State, config: Config) -> str:
        from ascend.engine.embedded.backend import STATE_FOLDER  # noqa: PLC0415 -- see `main`
        from ascend.engine.embedded.builtin import Builtin  # noqa: PLC0415
        from ascend.engine.embedded.refresh import Refresh  # noqa: PLC0415
        from ascend.engine.embedded.urns import STACK_TYPE  # noqa: PLC0415

        base, registry, journal = self._base(state)
        registry.set_builtin(Builtin(self.root / STATE_FOLDER, state.project.name, state.passphrase, {}))
        refresh = Refresh(
            base, registry, journal, self.masker, self.output.event, wanted=self.urns, preview=self.preview
        )
        self.deployment = refresh
        if self.cancelled.is_set():
            refresh.cancel()
        refresh.run()
        if refresh.cancelled:
            raise Cancelled
        if not self.preview:
            state.backend.record("refresh", self._started, "succeeded", refresh.counts, dict(config.raw))
        outputs = next((found.outputs for found in base.resources if found.type == STACK_TYPE), {})
        return wire.result_line(refresh.result(outputs, time.perf_counter() - self._clock))

    def _update(self, state: State, config: Config) -> str:
        from ascend.engine.embedded.deployment import PARALLEL  # noqa: PLC0415 -- see `main`
        from ascend.engine.embedded.monitor import EngineService, Monitor  # noqa: PLC0415
        from ascend.engine.embedded.program import Ending, run_program  # noqa: PLC0415

        project = state.project
        ready: Future[tuple[Deployment, Registry]] = Future()
        monitor = Monitor(
            ready,
            config,
            project=project.name,
            stack=self.stack,
            root=self.root,
            folder=project.folder,
            preview=self.preview,
            parallel=PARALLEL,
        )
        engine = EngineService(self.output.event, self.masker)

        def load() -> None:
            try:
                deployment, registry, _ = self._assemble(state)
                ready.set_result((deployment, registry))
            except BaseException as error:  # noqa: BLE001 -- handed to whoever waits
                ready.set_exception(error)
            finally:
                self.masker.complete.set()

        loader = threading.Thread(target=load, name="load")
        loader.start()
        ending = run_program(
            project, self.stack, config, (monitor, engine), preview=self.preview, stopped=lambda: self._stopped(ready)
        )
        loader.join()
        deployment = ready.result()[0]
        if ending is not None and ending.trace:
            text = f"the program failed with an unhandled exception:\n{ending.trace}"
            self.output.say(self.masker.text(text), "error")
        if monitor.refused:
            ending = Ending(monitor.refused[0], refused=True)
        return self._ended(state.backend, deployment, config, ending)

    def _stopped(self, ready: Future[tuple[Deployment, Registry]]) -> bool:
        return not ready.done() or ready.exception() is not None or ready.result()[0].problem() is not None

    def _ended(
        self, backend: Backend, deployment: Deployment, config: Config, ending: program.Ending | None = None
    ) -> str:
        """Records the end of a run; returns its result.

        Raises:
            InputError, UpdateError, Cancelled: why it failed.
        """
        message = self.masker.text(_told(ending.message)) if ending else ""
        problem = deployment.problem(message)
        if ending and not ending.refused and isinstance(problem, InputError) and str(problem) == message:
            # A program that broke says nothing about the input.
            problem = UpdateError(message)
        failed = problem is not None or deployment.cancelled
        deployment.close(failed=failed)
        if not self.preview and (deployment.mutated or not failed):
            kind = "destroy" if self.operation == "destroy" else "update"
            result = "failed" if failed else "succeeded"
            backend.record(kind, self._started, result, deployment.counts, dict(config.raw))
        if deployment.cancelled:
            raise Cancelled
        if problem is not None:
            raise problem
        return wire.result_line(deployment.result(time.perf_counter() - self._clock))


def _ports(text: str) -> dict[str, int]:
    """Reads ``aws:1234,random:1235``.

    Raises:
        InputError: it has another form.
    """
    ports: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, _, port = part.partition(":")
        if not name or not port.isdecimal():
            raise InputError(f"{DEBUG_PROVIDERS}: {part!r} must have the form <package>:<port>")
        ports[name] = int(port)
    return ports


def _watch(run: Run) -> None:
    """Stops the run when the client says so or is gone."""
    sys.stdin.readline()
    run.cancel()


def main() -> int:
    """Performs the request on standard input.

    What this module needs is imported where it is needed, so that the slow parts (the SDK, the key) overlap.
    """
    from ascend.engine.embedded.masking import Masker  # noqa: PLC0415 -- pulls in protobuf

    # The terminal's interrupt goes to the client, which asks for a stop in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_INTERVAL)
    collect_rarely()
    request = json.loads(sys.stdin.readline())
    output, masker = Output(request["descriptor"]), Masker()
    run = Run(request, output, masker)
    threading.Thread(target=_watch, args=(run,), daemon=True).start()
    code = 0
    with captured(output, masker):
        try:
            line = run.perform()
        except InputError as error:
            line, code = wire.error_line("input", masker.text(str(error))), InputError.exit_code
        except AscendError as error:
            line, code = wire.error_line("update", masker.text(str(error))), error.exit_code
        except OSError as error:
            line, code = _unwritable(error, run)
        except Cancelled:
            line, code = wire.error_line("cancelled", "interrupted; what was done is in the state"), 1
        finally:
            masker.complete.set()
    output.line(line)
    return code


def _unwritable(error: OSError, run: Run) -> tuple[str, int]:
    """The last line and the exit code of a run that met a full disk, a folder of somebody else, and the like."""
    text = f"{error.filename or run.root}: {error.strerror or error}"
    if run.deployment is not None and run.deployment.mutated:
        return wire.error_line("update", f"{text}; what was done is in the state"), UpdateError.exit_code
    return wire.error_line("input", f"{text}; nothing was changed"), InputError.exit_code


def _told(message: str) -> str:
    """A program's message, one line per problem: so it lists all that is wrong with its config."""
    return "\n".join(" ".join(line.split()) for line in message.splitlines() if line.strip())


if __name__ == "__main__":
    # ``python -m`` put the client's folder on the path; the program's own folder is what it may import from.
    sys.path.pop(0)
    status = main()
    sys.stdout.flush()
    # Threads of gRPC and of the program are not waited for: everything is written.
    os._exit(status)
