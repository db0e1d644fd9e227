"""One plan: the program runs against a state and made-up providers; nothing is created.

What the engine would refuse in an update (a wrong input, a protected resource that would go) is noted beside the steps:
a review says all that it found.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend import incidents, packs
from ascend.engine.embedded import checkpoint, urns, wire
from ascend.engine.embedded.builtin import Builtin
from ascend.engine.embedded.checkpoint import CheckpointError, Document, Snapshot
from ascend.engine.embedded.deployment import PARALLEL, Deployment
from ascend.engine.embedded.journal import Journal
from ascend.engine.embedded.masking import Masker
from ascend.engine.embedded.monitor import EngineService, Monitor
from ascend.engine.embedded.planner import Planner
from ascend.engine.embedded.program import run_program
from ascend.engine.embedded.project import load_project, load_stack_file, resolve
from ascend.engine.embedded.registry import Registry
from ascend.engine.embedded.rpc import LocalCaller
from ascend.engine.embedded.secrets import Crypter, read_passphrase
from ascend.engine.embedded.values import mask
from ascend.engine.model import Op, Step
from ascend.errors import InputError, UpdateError
from ascend.plans import Plan
from ascend.review import foreseen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ascend.engine.embedded.project import Project
    from ascend.engine.model import Event

#: How a source position begins (`ascend.engine.embedded.monitor`).
_PROJECT = "project:///"


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of a plan.

    Attributes:
        steps: each resource's step, deletes too.
        document: the state that it would lead to, secrets in the clear: they are made up.
        sources: where the program asks for a resource, ``components/bucket.py#40``, by URN.
        refusals: what an update would be refused for, a line each.
    """

    steps: Sequence[Step]
    document: bytes
    sources: Mapping[str, str]
    refusals: Sequence[str]

    def line(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "steps": [wire.step_to_dict(step) for step in self.steps],
            "sources": dict(self.sources),
            "refusals": list(self.refusals),
        }


def make(root: Path, stack: str, overlay: Mapping[str, Any], state: Callable[[], bytes | None], salt: str) -> Planned:
    """Plans a stack.

    Args:
        root: the project's folder.
        stack: the stack's name.
        overlay: config laid over the stack file.
        state: the state to plan against, None for nothing; may wait for it, the program's imports go on meanwhile.
        salt: what sets this plan's objects apart from those in the state.

    Raises:
        InputError: the config is wrong, or the state cannot be used.
        UpdateError: the program broke.
    """
    root = root.resolve()
    project = load_project(root)
    config = resolve(project, load_stack_file(project, stack), overlay, _stand_in)
    os.environ.setdefault("CLOUDFLARE_API_TOKEN", "embedded")
    ready: Future[tuple[Deployment, Registry]] = Future()
    masker = Masker()
    masker.complete.set()
    monitor = Monitor(
        ready,
        config,
        project=project.name,
        stack=stack,
        root=root,
        folder=project.folder,
        preview=True,
        parallel=PARALLEL,
    )
    journals: list[Journal] = []

    def load() -> None:
        try:
            deployment, registry, journal = _assemble(project, stack, _snapshot(state(), stack), masker, salt)
            journals.append(journal)
            ready.set_result((deployment, registry))
        except BaseException as error:  # noqa: BLE001 -- handed to whoever waits
            ready.set_exception(error)

    threading.Thread(target=load, name="load").start()
    ending = run_program(
        project, stack, config, (monitor, EngineService(_silent, masker)), preview=True, stopped=ready.done
    )
    deployment = ready.result()[0]
    journal = journals[0]
    if monitor.refused:
        raise InputError(monitor.refused[0])
    problem = deployment.problem()
    if ending is not None and (ending.refused or problem is None):
        text = "\n".join(" ".join(line.split()) for line in ending.message.splitlines() if line.strip())
        raise (InputError if ending.refused else UpdateError)(text)
    if isinstance(problem, UpdateError):
        raise problem
    deployment.close(failed=False)
    resources = checkpoint.normalized(journal.resources())
    return Planned(
        steps=deployment.result(0.0).steps,
        document=checkpoint.compose(f"organization/{project.name}/{stack}", "", resources, (), lambda text, _: text),
        sources={one.urn: one.source_position.removeprefix(_PROJECT) for one in resources if one.source_position},
        refusals=str(problem).splitlines() if problem is not None else (),
    )


def read(text: bytes, stack: str) -> Planned:
    """What a state holds, as a plan that changes nothing.

    Args:
        text: the state, as the CLI exports it or a backend keeps it.
        stack: the stack's name.

    Raises:
        InputError: it cannot be used.
    """
    steps = [
        Step(
            op=Op.SAME,
            urn=one.urn,
            type=one.type,
            name=one.name,
            parent=one.parent,
            custom=one.custom,
            protect=one.protect,
            ignore_changes=tuple(one.ignore_changes),
            inputs=mask(one.inputs),
            outputs=mask(one.outputs),
        )
        for one in _snapshot(text, stack).resources
        if not one.delete and not urns.is_default_provider(one.urn)
    ]
    return Planned(steps, text, {}, ())


@functools.cache
def pack(folder: Path) -> packs.Pack:
    """A policy pack, read once.

    Raises:
        InputError: there is none, or it cannot be run.
    """
    return packs.load(folder)


def judged(folder: Path, stack: str, steps: Sequence[Step]) -> dict[str, Any]:
    """What a policy pack says of a plan, and which incidents its alarms catch, as JSON.

    Args:
        folder: the pack.
        stack: the stack's name.
        steps: the plan's steps.
    """
    there = Plan.of(stack, steps).resources
    verdict = packs.judge(pack(folder), there)
    return {
        "violations": [one.keyed() for one in verdict.violations],
        "incidents": [one.document() for one in incidents.replay(there)],
    }


def _assemble(
    project: Project, stack: str, base: Snapshot, masker: Masker, salt: str
) -> tuple[Deployment, Registry, Journal]:
    callers = {name: LocalCaller(servicer) for name, servicer in foreseen.servicers(salt).items()}

    def connect(package: str) -> LocalCaller:
        if package not in callers:
            raise InputError(f"package {package!r} has no embedded provider; there are: {', '.join(sorted(callers))}")
        return callers[package]

    registry = Registry(connect, preview=True)
    planner = Planner(project.name, stack, base.resources, registry, preview=True, info=lambda _urn, _text: None)
    registry.set_builtin(Builtin(project.root / ".pulumi", project.name, None, planner.news))
    journal = Journal(base, f"organization/{project.name}/{stack}", "", lambda text, _: text, None)
    deployment = Deployment(planner, registry, journal, base=base, masker=masker, emit=_silent, preview=True)
    return deployment, registry, journal


def _silent(event: Event) -> None:
    """What a program says while it is planned is not part of a review."""


def _stand_in(ciphertext: str) -> str:
    """What stands for a secret of the config: the same for the same ciphertext, as reading it takes the passphrase."""
    return f"secret-{hashlib.sha256(ciphertext.encode()).hexdigest()[:16]}"


def _snapshot(text: bytes | None, stack: str) -> Snapshot:
    """The resources of a state, exported by the CLI or made by a plan.

    Raises:
        InputError: it is no state, or one of another stack.
    """
    if text is None:
        return Snapshot()
    try:
        document = checkpoint.parse(_as_kept(text))
        snapshot = document.snapshot(_reader(document, stack))
    except CheckpointError as error:
        raise InputError(f"the state of {stack} cannot be used: {error}") from error
    own = f"urn:pulumi:{stack}::"
    if foreign := next((one.urn for one in snapshot.resources if not one.urn.startswith(own)), None):
        raise InputError(f"the state is not that of stack {stack}: it holds {foreign}")
    return snapshot


def _as_kept(text: bytes) -> bytes:
    """A state in the form in which a backend keeps it; the CLI exports one without its envelope.

    What encrypts it is left out where that is a service: its secrets are not read.
    """
    try:
        outer = json.loads(text)
    except ValueError:
        return text
    if not isinstance(outer, dict):
        return text
    latest = outer.get("deployment")
    if isinstance(latest, dict):
        outer = {"version": outer.get("version"), "checkpoint": {"latest": latest}}
    else:
        latest = (outer.get("checkpoint") or {}).get("latest") or {}
    if isinstance(latest, dict) and (latest.get("secrets_providers") or {}).get("type") not in (None, "", "passphrase"):
        del latest["secrets_providers"]
    return json.dumps(outer).encode()


def _reader(document: Document, stack: str) -> Callable[[str, str], str]:
    """What decrypts a state's secrets; where that takes a passphrase that is not here, they are opaque."""
    passphrase = read_passphrase(os.environ)
    if document.salt and passphrase is not None:
        return Crypter.open(passphrase, document.salt, f"the state of {stack}").decrypt
    if document.salt:
        return lambda _text, _owner: json.dumps(foreseen.OPAQUE)
    return _plain_or_opaque


def _plain_or_opaque(text: str, _owner: str) -> str:
    """Secrets of a plan are in the clear; any other text is one that only a key service can read."""
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(foreseen.OPAQUE)
    return text
