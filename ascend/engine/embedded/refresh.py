"""A refresh: reads what exists in the cloud, compares, and brings the state to what was read.

Follows ``RefreshStep`` (``pkg/resource/deploy/step.go``) and ``rebuildBaseState`` (``deployment_executor.go``) of the
official engine. What a resource differs in is what its provider would change to make it again what the state held, so
that fields of which the program says nothing are no drift.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.embedded.graph import without
from ascend.engine.embedded.providers import Diff, Found, annotate
from ascend.engine.embedded.rpc import ProviderError
from ascend.engine.embedded.state import now
from ascend.engine.embedded.values import Archive, Asset, Secret, mask, same, secret
from ascend.engine.model import Event, EventKind, Op, RunResult, Step
from ascend.errors import InputError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ascend.engine.embedded.checkpoint import Snapshot
    from ascend.engine.embedded.journal import Journal
    from ascend.engine.embedded.masking import Masker
    from ascend.engine.embedded.registry import Registry
    from ascend.engine.embedded.state import State
    from ascend.engine.embedded.values import Properties

#: How many resources are read side by side.
_PARALLEL: Final = 16
_COUNTED: Final = ("create", "update", "replace", "delete", "same")


class Refresh:
    """One refresh.

    Args:
        base: the state.
        registry: the providers.
        journal: takes what was read.
        masker: keeps secrets out of messages.
        emit: tells the client.
        wanted: URNs of the resources to read; all where None.
        preview: whether the state stays as it is.
    """

    def __init__(
        self,
        base: Snapshot,
        registry: Registry,
        journal: Journal,
        masker: Masker,
        emit: Callable[[Event], None],
        *,
        wanted: Sequence[str] | None,
        preview: bool,
    ) -> None:
        self._base, self._registry, self._journal = base, registry, journal
        self._masker, self._emit, self._preview = masker, emit, preview
        self._chosen = self._choose(wanted)
        self._steps: dict[State, Step] = {}
        self._failures: list[str] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the user stopped it."""
        return self._stopping.is_set()

    @property
    def mutated(self) -> bool:
        """Whether anything outside may have been changed: reading changes nothing."""
        return False

    @property
    def counts(self) -> dict[str, int]:
        """How many resources came out how."""
        return dict(Counter(step.op.value for step in self._steps.values()))

    def cancel(self) -> None:
        """Stops it: nothing new is read, and nothing is taken over."""
        self._stopping.set()

    def run(self) -> None:
        """Reads, and unless this is a preview records what was read; all of it, or nothing.

        Raises:
            UpdateError: a resource could not be read.
        """
        found: dict[State, Found | None] = {}

        def read(state: State) -> None:
            if self._stopping.is_set():
                return
            try:
                found[state] = self._read(state)
            except (ProviderError, InputError) as error:
                text = getattr(error, "message", str(error))
                with self._lock:
                    self._failures.append(f"{state.type} {state.name}: {self._masker.text(' '.join(text.split()))}")

        with ThreadPoolExecutor(_PARALLEL) as pool:
            for _ in pool.map(read, self._chosen):
                pass
        if self._failures:
            lines = sorted(self._failures)
            raise UpdateError("\n".join([*lines[:-1], f"{lines[-1]}; the state was left as it was"]))
        if not self._preview and not self.cancelled:
            self._record(found)

    def result(self, outputs: Properties, duration: float) -> RunResult:
        """What was found.

        Args:
            outputs: those of the stack.
            duration: wall time in seconds.
        """
        counts = self.counts
        return RunResult(
            steps=[self._steps[state] for state in self._chosen if state in self._steps],
            outputs=mask(outputs),
            summary={name: counts.get(name, 0) for name in _COUNTED},
            pending=[str(operation) for operation in self._base.pending],
            duration_s=duration,
        )

    def _choose(self, wanted: Sequence[str] | None) -> list[State]:
        resources = [state for state in self._base.resources if not state.delete]
        if wanted is not None:
            if strange := sorted(set(wanted) - {state.urn for state in resources}):
                raise InputError(f"the state holds no resource {', '.join(strange)}")
            resources = [state for state in resources if state.urn in wanted]
        return [state for state in resources if state.custom and not (state.is_provider or state.pending_replacement)]

    def _read(self, state: State) -> Found | None:
        provider = self._registry.ensure(state.provider, self._base.resources)
        found: Found | None = provider.refresh(state)
        diff = Diff(changed=True)
        if found is not None:
            inputs = annotate(_restored(found.inputs, state.inputs), state.inputs)
            found = found._replace(inputs=inputs, outputs=_sealed(found.outputs, state))
            self._masker.learn(found.outputs)
            if found.reasons:
                self._warn(state, f"is in an unhealthy state: {'; '.join(found.reasons)}")
            diff = self._difference(provider, state, found)
        self._tell(state, found, diff)
        return found

    @staticmethod
    def _difference(provider: Any, state: State, found: Found) -> Diff:
        """What an update of a program that has not changed would do, seen from the other side."""
        if state.external:
            keys = found.outputs.keys() | state.outputs.keys()
            changed = sorted(key for key in keys if not same(found.outputs.get(key), state.outputs.get(key)))
            return Diff(changed=bool(changed), keys=tuple(changed))
        real = state.copy(id=found.id, inputs=found.inputs, outputs=found.outputs)
        diff: Diff | None = provider.diff(real, state.inputs, state.ignore_changes, unknowns=False)
        return diff or Diff(changed=True)

    def _tell(self, state: State, found: Found | None, diff: Diff) -> None:
        op = Op.DELETE if found is None else Op.UPDATE if diff.changed else Op.SAME
        step = Step(
            op=op,
            urn=state.urn,
            type=state.type,
            name=state.name,
            parent=state.parent,
            custom=True,
            protect=state.protect,
            diff_keys=(diff.keys or tuple(diff.detail)) if op is Op.UPDATE else (),
            inputs=mask(found.inputs if found else state.inputs),
            outputs=mask(found.outputs if found else state.outputs),
            old_inputs=mask(state.inputs) if op is Op.UPDATE else {},
            ignore_changes=tuple(state.ignore_changes),
        )
        with self._lock:
            self._steps[state] = step
        self._emit(Event(EventKind.STEP_DONE, step, urn=step.urn))

    def _warn(self, state: State, text: str) -> None:
        message = self._masker.text(f"{state.type} {state.name} {' '.join(text.split())}")
        self._emit(Event(EventKind.DIAGNOSTIC, None, message, "warning", state.urn))

    def _record(self, found: dict[State, Found | None]) -> None:
        for state, what in found.items():
            if what is not None and not _agrees(state, what):
                self._journal.mark(lambda state=state, what=what: _take(state, what))  # type: ignore[misc]
        gone = [state for state, what in found.items() if what is None]
        for state in gone:
            self._journal.end(None, done=state, durable=False)
        if gone:
            self._journal.mark(lambda: without(self._base.resources, set(gone)))
        self._journal.close()


def _agrees(state: State, found: Found) -> bool:
    return (
        (state.id, state.init_errors) == (found.id, list(found.reasons))
        and same(state.inputs, found.inputs)
        and same(state.outputs, found.outputs)
    )


def _take(state: State, found: Found) -> None:
    state.id, state.inputs, state.outputs = found.id, found.inputs, found.outputs
    state.init_errors, state.modified = list(found.reasons), now()
    state.touch()


def _restored(read: Any, kept: Any) -> Any:
    """What was read, with the assets that went to the provider as a hash as they were."""
    if isinstance(read, Asset | Archive):
        return kept if same(read, kept) else read
    if isinstance(read, dict) and isinstance(kept, dict):
        return {key: _restored(item, kept.get(key)) for key, item in read.items()}
    if isinstance(read, list) and isinstance(kept, list) and len(read) == len(kept):
        return [_restored(one, other) for one, other in zip(read, kept, strict=True)]
    return read


def _sealed(outputs: Properties, state: State) -> Properties:
    """Outputs in which what the state holds secret is secret still."""
    marked = annotate(annotate(outputs, state.outputs), state.inputs)
    for key in state.additional_secret_outputs:
        if key in marked and not isinstance(marked[key], Secret):
            marked[key] = secret(marked[key])
    return marked
