"""What each step does: to the world through a provider, and to the state through the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc

from ascend.engine.embedded.checkpoint import CREATING, DELETING, READING, UPDATING
from ascend.engine.embedded.providers import INTERNAL, Created, annotate
from ascend.engine.embedded.rpc import ProviderError
from ascend.engine.embedded.state import State, differs, now
from ascend.engine.embedded.steps import Do
from ascend.engine.embedded.values import UNKNOWN_STRING, Secret, secret
from ascend.engine.model import LOCKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.engine.embedded.checkpoint import Snapshot
    from ascend.engine.embedded.journal import Journal
    from ascend.engine.embedded.masking import Masker
    from ascend.engine.embedded.planner import Planner
    from ascend.engine.embedded.providers import Provider
    from ascend.engine.embedded.registry import Registry
    from ascend.engine.embedded.steps import Plan


class Executor:
    """Carries out steps. Every method may raise `ProviderError`; several may run side by side.

    Args:
        planner: knows which resources are condemned.
        registry: the providers.
        journal: the state.
        base: the state at the start.
        masker: learns the secrets of outputs.
        preview: whether anything may be changed.
    """

    def __init__(
        self,
        planner: Planner,
        registry: Registry,
        journal: Journal,
        base: Snapshot,
        masker: Masker,
        *,
        preview: bool,
    ) -> None:
        self._planner, self._registry, self._journal = planner, registry, journal
        self._base, self._masker, self.preview = base, masker, preview
        self._unsettled = {operation.resource.urn for operation in base.pending if operation.kind == CREATING}
        #: Whether anything outside may have been changed.
        self.mutated = False
        #: Whether this is a destroy, for which the user has named what is protected.
        self.destroying = False

    def apply(self, plan: Plan) -> None:
        """Carries out one step."""
        _ACTIONS[plan.do](self, plan)

    def _mutating(self, state: State, kind: str) -> None:
        if not self.preview:
            self.mutated = True
            self._journal.begin(state, kind)

    def same(self, plan: Plan) -> None:
        """The resource stays as it is."""
        old, new = plan.both()
        new.id, new.outputs = old.id, old.outputs
        if new.is_provider:
            # The old inputs: a provider that saw no difference is configured as it was.
            self._registry.register(new.urn, new.id, old.inputs)
        self._mark_secrets(new)
        self._journal.same(old, new, changed=differs(old, new))

    def create(self, plan: Plan) -> None:
        """Creates the resource, which may replace another."""
        old, new = plan.old, plan.new
        if new is None:
            raise ValueError("a create without a resource")
        external = new.custom and not new.is_provider
        if external:
            self._mutating(new, CREATING)
        created = Created("", {})
        try:
            if new.is_provider:
                created = self._registry.create(new.urn, new.inputs)
            elif new.custom:
                created = self._registry.get(new.provider).create(
                    new.urn,
                    new.inputs,
                    new.custom_timeouts.get("create", 0),
                    self._known_ids(new),
                    preview=self.preview,
                )
        except ProviderError as error:
            # Whatever exists was reported with an id. Only where no answer came the create stays pending.
            if not error.unanswered:
                self._journal.end(new)
            raise
        new.id, new.outputs = created.id, created.outputs
        new.init_errors = list(created.reasons)
        new.created = new.modified = now()
        self._mark_secrets(new)
        if plan.keep_old and old is not None:
            self._journal.mark(lambda: _set_delete(old))
        replaced = old if old is not None and old.pending_replacement else None
        self._journal.end(new, new=new, done=replaced, durable=external)
        if created.reasons:
            _incomplete(created)

    def _known_ids(self, state: State) -> list[str] | None:
        """Where an earlier run was interrupted while it created this resource: the ids that are not its."""
        names = {state.urn, *state.aliases}
        if not names & self._unsettled:
            return None
        return [known.id for known in self._base.resources if known.urn in names and known.id]

    def update(self, plan: Plan) -> None:
        """Updates the resource in place."""
        old, new = plan.both()
        new.id, new.created, new.modified = old.id, old.created, old.modified
        if new.is_provider:
            self._registry.register(new.urn, new.id, new.inputs)
            new.outputs = {key: value for key, value in new.inputs.items() if key != INTERNAL}
            self._journal.end(None, new=new, done=old, durable=False)
            return
        if not new.custom:
            self._journal.end(None, new=new, done=old, durable=False)
            return
        self._mutating(new, UPDATING)
        try:
            updated = self._registry.get(new.provider).update(
                old, new.inputs, new.custom_timeouts.get("update", 0), plan.ignore, preview=self.preview
            )
        except ProviderError:
            self._journal.end(new)
            raise
        new.outputs, new.modified = updated.outputs, now()
        if updated.reasons:
            # It was not made what the new inputs say: the next run must see the difference again.
            new.inputs, new.init_errors = old.inputs, list(updated.reasons)
        self._mark_secrets(new)
        self._journal.end(new, new=new, done=old)
        if updated.reasons:
            _incomplete(updated)

    def delete(self, plan: Plan) -> None:
        """Deletes the resource, or only its record where nothing is to be called."""
        old = plan.old
        if old is None:
            raise ValueError("a delete without a resource")
        with_other = old.deleted_with in self._planner.deletes
        calls = old.custom and not (old.external or old.retain_on_delete or with_other or old.is_provider)
        if calls and not self.preview:
            provider = self._registry.ensure(old.provider, self._planner.base)
            self._mutating(old, DELETING)
            try:
                # In an update a protected resource gets here only by name, so its other lock goes with `protect`.
                if not plan.replacing and (old.protect or self.destroying):
                    _unlock(provider, old)
                provider.delete(old)
            except ProviderError:
                self._journal.end(old)
                raise
        if plan.will_recreate:
            self._journal.mark(lambda: _set_pending_replacement(old))
            self._journal.end(old)
        else:
            self._journal.end(old, done=old, durable=calls)

    def read(self, plan: Plan) -> None:
        """Reads a resource that the program does not manage."""
        old, new = plan.old, plan.new
        if new is None:
            raise ValueError("a read without a resource")
        if new.id != UNKNOWN_STRING:
            self._journal.begin(new, READING)
            try:
                found = self._found(new)
            except ProviderError:
                self._journal.end(new)
                raise
            new.id, new.outputs = found.id or new.id, found.outputs
            new.init_errors = list(found.reasons)
        self._mark_secrets(new)
        if old is not None:
            new.created, new.modified = old.created, old.modified
        if plan.replacing and old is not None:
            self._journal.mark(lambda: _set_delete(old))
        self._journal.end(new, new=new, done=None if plan.replacing else old, durable=False)

    def _found(self, state: State) -> Created:
        found: Created | None = self._registry.get(state.provider).read(state.urn, state.id, state.inputs)
        if found is None:
            raise ProviderError(grpc.StatusCode.NOT_FOUND, f"resource {state.id!r} does not exist")
        return found

    def forget(self, plan: Plan) -> None:
        """Drops the record of a resource that was deleted to be replaced, and no longer is wanted."""
        self._journal.end(None, done=plan.old, durable=False)

    def _mark_secrets(self, state: State) -> None:
        """Marks outputs secret that were asked to be, or that come from a secret input of the same name."""
        outputs = annotate(state.outputs, state.inputs)
        for key in state.additional_secret_outputs:
            if key in outputs and not isinstance(outputs[key], Secret):
                outputs[key] = secret(outputs[key])
        state.outputs = outputs
        self._masker.learn(outputs)


def _unlock(provider: Provider, old: State) -> None:
    """Switches off what would make the service itself refuse the delete."""
    locked = [key for key in LOCKS if old.inputs.get(key) is True]
    if locked:
        inputs = {**old.inputs, **dict.fromkeys(locked, False)}
        old.outputs = provider.update(old, inputs, 0, [], preview=False).outputs
        old.inputs = inputs
        old.touch()


def _incomplete(created: Created) -> None:
    raise ProviderError(grpc.StatusCode.UNKNOWN, "; ".join(created.reasons))


def _set_delete(state: State) -> None:
    state.delete = True
    state.touch()


def _set_pending_replacement(state: State) -> None:
    state.pending_replacement = True
    state.touch()


_ACTIONS: Final[dict[Do, Callable[[Executor, Plan], None]]] = {
    Do.SAME: Executor.same,
    Do.CREATE: Executor.create,
    Do.UPDATE: Executor.update,
    Do.DELETE: Executor.delete,
    Do.READ: Executor.read,
    Do.FORGET: Executor.forget,
}
