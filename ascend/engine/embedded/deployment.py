"""A run: carries out the planner's steps, keeps the state, tells what happens.

Registrations arrive on the SDK's threads. Deciding is serial, under one lock; what a step does to the world runs on the
thread that asked for it, so independent resources are created side by side.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import grpc

from ascend.engine.embedded import graph, urns
from ascend.engine.embedded.executor import Executor
from ascend.engine.embedded.rpc import MonitorError, ProviderError
from ascend.engine.embedded.state import State
from ascend.engine.embedded.steps import Do, Goal, Plan, PlanError
from ascend.engine.embedded.values import Properties, has_unknown, mask, same
from ascend.engine.model import Event, EventKind, Op, RunResult, Step
from ascend.errors import InputError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ascend.engine.embedded.checkpoint import Operation, Snapshot
    from ascend.engine.embedded.journal import Journal
    from ascend.engine.embedded.masking import Masker
    from ascend.engine.embedded.planner import Planner
    from ascend.engine.embedded.registry import Registry

#: How to go on where an update would delete what is protected.
_UNPROTECT: Final = "remove protect from it in the program and deploy first"
#: How many resources are changed side by side: the official engine's default on four processors.
PARALLEL: Final = 16

#: How many resources providers are asked about side by side: enough to keep one busy while this process works on the
#: answers, few enough that its threads do not queue for one another.
_QUESTIONS: Final = 4

_COUNTED: Final = ("create", "update", "replace", "delete", "same")
_OPS: Final = {
    (Do.SAME, False): Op.SAME,
    (Do.CREATE, False): Op.CREATE,
    (Do.CREATE, True): Op.CREATE_REPLACEMENT,
    (Do.UPDATE, False): Op.UPDATE,
    (Do.DELETE, False): Op.DELETE,
    (Do.DELETE, True): Op.DELETE_REPLACED,
    (Do.READ, False): Op.READ,
    (Do.READ, True): Op.READ_REPLACEMENT,
    (Do.FORGET, False): Op.DELETE,
}


class StoppedError(MonitorError):
    """The run is being stopped: nothing new is started."""

    def __init__(self) -> None:
        super().__init__("the run is being stopped", grpc.StatusCode.UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration came to; `failed` where the resource could not be made but the program may go on."""

    state: State
    failed: bool = False


class Deployment:
    """One preview, update or destroy.

    Args:
        planner: decides the steps.
        registry: the providers.
        journal: the state.
        base: the state at the start.
        masker: keeps secrets out of messages.
        emit: tells the client.
        preview: whether anything may be changed.
    """

    def __init__(
        self,
        planner: Planner,
        registry: Registry,
        journal: Journal,
        *,
        base: Snapshot,
        masker: Masker,
        emit: Callable[[Event], None],
        preview: bool,
    ) -> None:
        self._planner, self._registry, self._journal = planner, registry, journal
        self._masker, self._emit, self.preview = masker, emit, preview
        self._base = base
        self._lock = threading.RLock()
        self._questions = threading.BoundedSemaphore(_QUESTIONS)
        self._slots = threading.BoundedSemaphore(PARALLEL)
        self._steps: list[Step] = []
        self._counts: Counter[str] = Counter()
        self._registrations: dict[str, State] = {}
        self._stack_outputs: tuple[str, Properties] | None = None
        self._refusals: list[str] = []
        self._failures: list[str] = []
        self._stopping = threading.Event()
        self.cancelled = False
        self._executor = Executor(planner, registry, journal, base, masker, preview=preview)

    @property
    def mutated(self) -> bool:
        """Whether anything outside may have been changed."""
        return self._executor.mutated

    # -- what the monitor asks

    def register(self, goal: Goal) -> Registered:
        """Registers a resource: returns once it is as the program wants it.

        Raises:
            MonitorError: it cannot be, and the program should not go on.
        """
        self._gate()
        self._masker.learn(goal.inputs)
        if self._refusals and not self.preview and has_unknown(goal.inputs):
            # Nothing is created any more; what hangs on something that was not created cannot be judged.
            return self._unjudged(goal)
        try:
            with self._lock:
                registration = self._planner.begin(goal)
            with self._questions:
                self._planner.ask(registration)
            with self._lock:
                plans = self._planner.decide(registration)
                entries = self._accepted(goal, plans)
        except PlanError as error:
            return self._refused(goal, error)
        except InputError as error:
            return self._refused(goal, PlanError(str(error)))
        except ProviderError as error:
            raise self._failed(f"{goal.type} {goal.name}", error.message) from error
        if entries is None:
            return Registered(plans[-1].state, failed=True)
        for plan, entry in entries:
            self._apply(plan, entry)
        state = plans[-1].state
        with self._lock:
            self._registrations[state.urn] = state
        return Registered(state)

    def _accepted(self, goal: Goal, plans: list[Plan]) -> list[tuple[Plan, int | None]] | None:
        """Takes steps into the result; None where nothing is to be made any more, since something was refused."""
        if self._refusals and not self.preview and goal.custom and not urns.is_provider_type(goal.type):
            return None
        return [(plan, self._planned(plan)) for plan in plans]

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Records a component's outputs. Those of the stack wait for the end of the run, since they depend on it."""
        self._masker.learn(outputs)
        if urns.qualified_type(urn) == urns.STACK_TYPE:
            self._stack_outputs = (urn, outputs)
            return
        with self._lock:
            state = self._registrations.get(urn)
        if state is None:
            if self._refusals:
                return
            raise MonitorError(f"cannot complete {urn}: it has not been registered")
        if not same(state.outputs, outputs):
            self._journal.mark(lambda: _set_outputs(state, outputs))

    def read(self, state: State) -> State:
        """Reads a resource that the program does not manage."""
        self._gate()
        with self._lock:
            try:
                plans = self._planner.read(state)
            except PlanError as error:
                raise self._stop(MonitorError(str(error)), error.messages) from error
            entries = [(plan, self._planned(plan)) for plan in plans]
        for plan, entry in entries:
            self._apply(plan, entry)
        return plans[-1].state

    def invoke(self, provider: Any, token: str, args: Properties) -> tuple[Properties, list[Any]]:
        """Calls a provider's function."""
        self._gate()
        try:
            result: tuple[Properties, list[Any]] = provider.invoke(token, args, preview=self.preview)
        except ProviderError as error:
            raise MonitorError(f"invocation of {token} returned an error: {self._line(error.message)}") from error
        self._masker.learn(result[0])
        return result

    def _gate(self) -> None:
        if self._stopping.is_set():
            raise StoppedError

    # -- refusing and failing

    def _refused(self, goal: Goal, error: PlanError) -> Registered:
        """Notes what is wrong with a registration, and lets the program go on so that all that is wrong is found."""
        self._refusals.extend(map(self._line, error.messages))
        return self._unjudged(goal)

    def _unjudged(self, goal: Goal) -> Registered:
        urn = urns.child(self._planner.stack, self._planner.project, goal.parent, goal.type, goal.name)
        state = State(urn, goal.type, goal.custom)
        self._registrations.setdefault(urn, state)
        return Registered(state, failed=True)

    def _failed(self, title: str, message: str) -> MonitorError:
        line = f"{title}: {self._line(message)}"
        return self._stop(StoppedError(), [line], failure=True)

    def _stop(self, error: MonitorError, messages: Iterable[str], *, failure: bool = False) -> MonitorError:
        """Starts nothing new from now on; returns the error to raise."""
        with self._lock:
            (self._failures if failure else self._refusals).extend(map(self._line, messages))
        self._stopping.set()
        return error

    def cancel(self) -> None:
        """Stops the run: what is under way ends, nothing new begins."""
        self.cancelled = True
        self._stopping.set()

    def _line(self, text: str) -> str:
        return self._masker.text(" ".join(text.split()))

    def problem(self, program_error: str = "") -> Exception | None:
        """What the run failed for, as the error to report; None where it did not.

        Args:
            program_error: why the program ended early, where it refused its input.
        """
        refusals = [*self._refusals, *self._planner.refusals]
        lines = [*self._failures, *refusals]
        if program_error and not lines:
            lines, refusals = [program_error], [program_error]
        if not lines:
            return None
        if self.mutated or self._failures:
            hint = "; what was done is in the state, the next run continues" if self.mutated else ""
            lines[-1] += hint
            return UpdateError("\n".join(lines))
        return InputError("\n".join(dict.fromkeys(lines)))

    # -- steps

    def _planned(self, plan: Plan) -> int | None:
        """Notes a step that was decided; its place in the result, None where it is not part of that."""
        step = self._step(plan, _logical(plan))
        if step is None:
            return None
        self._steps.append(step)
        return len(self._steps) - 1

    def _step(self, plan: Plan, op: Op | None) -> Step | None:
        state = plan.state
        if op is None or urns.is_default_provider(state.urn):
            return None
        return Step(
            op=op,
            urn=state.urn,
            type=state.type,
            name=state.name,
            parent=state.parent,
            custom=state.custom,
            protect=state.protect,
            replace_keys=plan.replace_keys,
            diff_keys=plan.keys,
            inputs=mask(state.inputs),
            outputs=mask(state.outputs),
            old_inputs=mask(plan.old.inputs) if plan.do is Do.UPDATE and plan.old is not None else {},
            ignore_changes=tuple(state.ignore_changes),
        )

    def _tell(self, kind: EventKind, plan: Plan, op: Op, message: str = "") -> Step | None:
        step = self._step(plan, op)
        if step is not None:
            severity = "error" if kind is EventKind.STEP_FAILED else "info"
            self._emit(Event(kind, step, message, severity, step.urn))
        return step

    def _apply(self, plan: Plan, entry: int | None) -> None:
        """Carries out one step.

        Raises:
            MonitorError: it failed, or the run is being stopped.
        """
        op = _physical(plan)
        with self._slots if plan.do is not Do.SAME else contextlib.nullcontext():
            self._gate()
            if not self.preview and plan.do is not Do.SAME:
                self._tell(EventKind.STEP_STARTED, plan, op)
            try:
                self._executor.apply(plan)
            except ProviderError as error:
                self._tell(EventKind.STEP_FAILED, plan, op, self._line(error.message))
                raise self._failed(f"{plan.state.type} {plan.state.name}", error.message) from error
            except (InputError, UpdateError) as error:
                failure = isinstance(error, UpdateError)
                raise self._stop(MonitorError(str(error)), [str(error)], failure=failure) from error
        step = self._tell(EventKind.STEP_DONE, plan, op)
        logical = _logical(plan)
        if logical is not None and logical is not op:
            step = self._tell(EventKind.STEP_DONE, plan, logical)
        with self._lock:
            if plan.new is not None:
                self._planner.done(plan.new)
            if entry is not None and step is not None:
                self._steps[entry] = step
                self._counts[step.op.value] += 1

    # -- the end of the run

    def finish(self, unprotect: frozenset[str] | None = None) -> None:
        """Deletes what is no longer wanted, once the program has registered everything.

        Args:
            unprotect: in a destroy, URNs whose protection does not count.
        """
        if self._stopping.is_set() or self._failures or (self._refusals and not self.preview):
            return
        with self._lock:
            plans = self._planner.leftovers()
            protected = [plan.state for plan in plans if _is_protected(plan, unprotect or frozenset())]
            entries = {plan.state: (plan, self._planned(plan)) for plan in plans}
        if protected:
            self._refusals.extend(
                f"{state.type} {state.name}: would be deleted but is protected; "
                + (_UNPROTECT if unprotect is None else f"to delete it too: --unprotect {state.name}")
                for state in sorted(protected, key=lambda state: state.urn)
            )
            if not self.preview:
                self._stopping.set()
                return
        self._executor.destroying = unprotect is not None
        self._delete_all(entries)
        if not self.preview and not self._failures and not self._stopping.is_set():
            self._settle()

    def _delete_all(self, entries: dict[State, tuple[Plan, int | None]]) -> None:
        """Deletes in parallel, each resource after everything that depends on it."""
        blockers = graph.deletion_blockers(self._planner.base, entries.keys())
        waiting = {state: set(before) for state, before in blockers.items()}
        ready = [state for state in entries if not waiting[state]]
        with ThreadPoolExecutor(PARALLEL) as pool:
            running: dict[Future[None], State] = {}
            while ready or running:
                while ready and not self._stopping.is_set():
                    state = ready.pop(0)
                    running[pool.submit(self._apply, *entries[state])] = state
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    state = running.pop(future)
                    if isinstance(future.exception(), MonitorError):
                        continue
                    future.result()
                    for other, before in waiting.items():
                        if state in before:
                            before.discard(state)
                            if not before:
                                ready.append(other)

    def _settle(self) -> None:
        """Removes what an interrupted run may have created and the program no longer wants.

        A provider cannot be asked whether a create went through. So the create is continued (the embedded cloud hands
        over what is there instead of making a second one), and what comes out is deleted.
        """
        for operation in self._journal.unsettled:
            state = operation.resource
            if not state.custom or state.is_provider:
                self._journal.settle(operation)
                continue
            self._warn(f"removing {state.urn}, which an interrupted run was creating and the program no longer wants")
            try:
                self._remove_unsettled(operation)
            except (ProviderError, InputError) as error:
                message = self._line(str(error))
                self._failures.append(f"{state.type} {state.name}: left by an interrupted run, not removed: {message}")

    def _remove_unsettled(self, operation: Operation) -> None:
        state = operation.resource
        provider = self._registry.ensure(state.provider, [*self._base.resources, *self._journal.resources()])
        self._executor.mutated = True
        known = [other.id for other in self._base.resources if other.urn == state.urn and other.id]
        created = provider.create(state.urn, state.inputs, state.custom_timeouts.get("create", 0), known, preview=False)
        provider.delete(state.copy(id=created.id, outputs=created.outputs))
        self._journal.settle(operation)

    def _warn(self, message: str) -> None:
        self._emit(Event(EventKind.DIAGNOSTIC, None, self._masker.text(message), "warning"))

    def close(self, *, failed: bool) -> None:
        """Records the stack's outputs and writes what is not on disk yet."""
        if self._stack_outputs is not None:
            urn, outputs = self._stack_outputs
            state = self._registrations.get(urn)
            if state is not None:
                if failed or self._failures or self._refusals or self._stopping.is_set():
                    # An output that is missing may be one that the program did not get to.
                    outputs = {**state.outputs, **outputs}
                known = {key: value for key, value in outputs.items() if self.preview or not has_unknown(value)}
                if not same(known, state.outputs):
                    self._journal.mark(lambda: _set_outputs(state, known))
        if self.mutated or not (failed or self._refusals):
            self._journal.close()

    def outputs(self) -> Properties:
        """The stack's outputs, as the state has them."""
        root = next((state for state in self._journal.resources() if state.type == urns.STACK_TYPE), None)
        return root.outputs if root else {}

    def result(self, duration: float) -> RunResult:
        """What the run did; `duration` in seconds."""
        return RunResult(
            steps=list(self._steps),
            outputs=mask(self.outputs()),
            summary={name: self._counts.get(name, 0) for name in _COUNTED},
            pending=[str(operation) for operation in self._base.pending],
            duration_s=duration,
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many steps of each kind were done."""
        return dict(self._counts)


def _logical(plan: Plan) -> Op | None:
    """The operation as which a step counts; None for the half of a replacement that does not."""
    if plan.do is Do.DELETE and plan.replacing:
        return None
    if plan.do in {Do.CREATE, Do.READ} and plan.replacing:
        return Op.REPLACE
    return _physical(plan)


def _physical(plan: Plan) -> Op:
    if plan.do is Do.DELETE and plan.old is not None and plan.old.external:
        return Op.DISCARD
    return _OPS[plan.do, plan.replacing]


def _is_protected(plan: Plan, unprotect: frozenset[str]) -> bool:
    state = plan.state
    return plan.do is Do.DELETE and not plan.replacing and state.protect and state.urn not in unprotect


def _set_outputs(state: State, outputs: Properties) -> None:
    state.outputs = outputs
    state.touch()
