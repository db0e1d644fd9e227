"""What to do about each resource that the program registers: the official engine's step generator.

Follows ``pkg/resource/deploy/step_generator.go``; nothing here changes the world. A `Planner` is not thread-safe, save
for `Planner.ask`: steps are decided one registration at a time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.embedded import graph, paths, urns
from ascend.engine.embedded.providers import NOTHING, Diff, Failure, without_internal
from ascend.engine.embedded.state import State
from ascend.engine.embedded.steps import Alias, Do, Goal, Plan, PlanError, Registration
from ascend.engine.embedded.values import UNKNOWN, Properties, Secret, has_unknown, reveal, same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ascend.engine.embedded.registry import Registry

_INIT_ERROR: Final = "#initerror"


class Planner:
    """Decides steps against a base state.

    Args:
        project: the project's name.
        stack: the stack's name.
        base: the resources of the state, in its order.
        registry: the providers.
        preview: whether unknowns may reach providers, and whether to go on after a refusal.
        info: told of what the user should know but need not act on.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        base: Sequence[State],
        registry: Registry,
        *,
        preview: bool,
        info: Callable[[str, str], None],
    ) -> None:
        self.project, self.stack = project, stack
        self.base = list(base)
        self.registry = registry
        self.preview = preview
        self._info = info
        self.olds = {state.urn: state for state in base if not state.delete}
        self.news: dict[str, State] = {}
        self.goals: dict[str, Goal] = {}
        #: Refusals that do not stop a preview.
        self.refusals: list[str] = []
        self._seen: set[str] = set()
        self._sames: set[str] = set()
        self._updates: set[str] = set()
        self._creates: set[str] = set()
        self._replaces: set[str] = set()
        self._reads: set[str] = set()
        self.deletes: set[str] = set()
        self._condemned: set[State] = set()
        self._dependent_keys: dict[str, tuple[str, ...]] = {}
        self._aliased: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    # -- registrations

    def begin(self, goal: Goal) -> Registration:
        """Takes up a registration: which resource of the state it continues, if any.

        Raises:
            PlanError: the registration is wrong, or not supported.
        """
        urn = self._claim(goal.parent, goal.type, goal.name)
        old, alias = self._old(urn, goal.name, goal.type, goal.parent, goal.aliases)
        self.goals[urn] = goal
        new = self._wanted(goal, urn, old, alias)
        if goal.import_id and (old is None or old.external or (old.import_id or old.id) != goal.import_id):
            raise PlanError(f"{_title(new)}: import is not supported by the embedded engine")
        self._provider(new)
        return Registration(goal, old, new)

    def ask(self, registration: Registration) -> None:
        """Asks the provider about a registration: what the inputs come to, and what of them changed.

        Unlike the rest, several registrations may be at this point at once: the answers take most of a plan's time.

        Raises:
            PlanError: the provider refuses the inputs.
            ProviderError: the provider failed.
        """
        goal, old, new = registration.goal, registration.old, registration.new
        if old is None or old.external or old.taint or new.urn in self.deletes:
            new.inputs = self._checked(new, {}, goal.inputs)
            registration.fresh = True
        else:
            inputs = self._ignored(new.urn, goal.inputs, old.inputs, goal.ignore_changes)
            new.inputs = self._checked(new, old.inputs, inputs)
        if old is not None and not old.external and new.urn not in self.deletes:
            registration.diff = self._diff(goal, old, new)

    def decide(self, registration: Registration) -> list[Plan]:
        """The steps that a registration takes; the last one yields the resource.

        Raises:
            PlanError: what would have to be done is not allowed.
            ProviderError: a provider failed.
        """
        goal, old, new = registration.goal, registration.old, registration.new
        urn = new.urn
        if old is None:
            self._creates.add(urn)
            return [Plan(Do.CREATE, None, new)]
        if urn in self.deletes:
            # It had to go before something that it depends on could be replaced.
            if not registration.fresh:
                new.inputs = self._checked(new, {}, goal.inputs)
            self.deletes.discard(urn)
            self._replaces.add(urn)
            return [Plan(Do.CREATE, old, new, replacing=True, replace_keys=self._dependent_keys.get(urn, ()))]
        if old.external:
            self._creates.add(urn)
            return [Plan(Do.CREATE, old, new, replacing=True, keep_old=True)]
        return self._changed(goal, old, new, registration.diff)

    def read(self, state: State) -> list[Plan]:
        """The steps that a read of an existing resource takes; `state` is what the program asked for."""
        state.urn = self._claim(state.parent, state.type, urns.name_of(state.urn))
        old, alias = self._old(state.urn, state.name, state.type, state.parent, [])
        if alias:
            state.aliases = [alias]
        if old is not None and not old.external and old.id != state.id:
            self._replaces.add(state.urn)
            return [Plan(Do.READ, old, state, replacing=True, keep_old=True)]
        self._reads.add(state.urn)
        return [Plan(Do.READ, old, state)]

    def done(self, new: State) -> None:
        """Tells that a resource of the run exists."""
        self.news[new.urn] = new

    def _claim(self, parent: str, type_: str, name: str) -> str:
        if parent and parent not in self._seen:
            raise PlanError(f"{type_} {name}: could not find its parent {parent}")
        urn = urns.child(self.stack, self.project, parent, type_, name)
        if urn in self._seen:
            raise PlanError(f"duplicate resource URN {urn}; try giving it a unique name")
        self._seen.add(urn)
        return urn

    def _wanted(self, goal: Goal, urn: str, old: State | None, alias: str) -> State:
        return State(
            urn=urn,
            type=goal.type,
            custom=goal.custom,
            inputs=goal.inputs,
            parent=goal.parent,
            protect=bool(goal.protect),
            dependencies=goal.dependencies,
            provider=goal.provider,
            property_dependencies=goal.property_dependencies,
            additional_secret_outputs=goal.additional_secret_outputs,
            aliases=[alias] if alias else [],
            custom_timeouts=goal.timeouts,
            import_id=goal.import_id,
            retain_on_delete=bool(goal.retain_on_delete),
            deleted_with=goal.deleted_with,
            replace_with=goal.replace_with,
            created=old.created if old else "",
            modified=old.modified if old else "",
            source_position=goal.source_position,
            ignore_changes=goal.ignore_changes,
            hide_diff=goal.hide_diff,
            replace_on_changes=goal.replace_on_changes,
            replacement_trigger=goal.replacement_trigger,
        )

    # -- identity

    def _old(self, urn: str, name: str, type_: str, parent: str, aliases: Sequence[Alias]) -> tuple[State | None, str]:
        """The resource in the base state that this one continues, and the former URN where it had another."""
        if urn in self._aliased:
            raise PlanError(f"duplicate resource {urn}: {self._aliased[urn]} is already aliased to it")
        for candidate in (urn, *self._alias_urns(name, type_, parent, aliases)):
            old = self.olds.get(candidate)
            if old is None:
                continue
            if candidate == urn:
                return old, ""
            if candidate in self._seen or candidate in self._aliased:
                raise PlanError(f"duplicate resource alias {candidate} applied to {urn}: another resource has it")
            self._aliased[candidate] = urn
            self._aliases[urn] = candidate
            return old, candidate
        return None, ""

    def _alias_urns(self, name: str, type_: str, parent: str, aliases: Sequence[Alias]) -> list[str]:
        found = [self._collapse(name, type_, parent, alias) for alias in aliases]
        former = self._aliases.get(parent)
        if former:
            # What the parent was called before is part of what its children were called.
            found.append(self._inherited(type_, name, urns.name_of(parent), former))
            found.extend(
                self._inherited(urns.type_of(own), urns.name_of(own), urns.name_of(parent), former)
                for own in found[: len(aliases)]
            )
        return list(dict.fromkeys(found))

    def _collapse(self, name: str, type_: str, parent: str, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        above = self._aliases.get(alias.parent, alias.parent) if alias.parent else parent
        return urns.child(
            alias.stack or self.stack,
            alias.project or self.project,
            "" if alias.no_parent else above,
            alias.type or type_,
            alias.name or name,
        )

    def _inherited(self, type_: str, name: str, parent_name: str, former: str) -> str:
        if name.startswith(parent_name):
            name = urns.name_of(former) + name.removeprefix(parent_name)
        return urns.make(self.stack, self.project, urns.qualified_type(former), type_, name)

    # -- inputs

    def _ignored(self, urn: str, inputs: Properties, old: Properties, ignore: Sequence[str]) -> Properties:
        if not ignore:
            return inputs
        kept: Properties = _mutable(inputs)
        for text in ignore:
            try:
                path = paths.parse(text)
            except paths.PathError as error:
                raise PlanError(f"{urns.name_of(urn)}: ignoreChanges: {error}") from error
            if not paths.reset(path, old, kept):
                self._info(urn, f"cannot ignore changes in added or removed elements of the path {text!r}")
        return kept

    def _provider(self, state: State) -> Any:
        """The provider that manages a resource, None for components and for providers themselves."""
        if not state.custom or state.is_provider:
            return None
        provider = self.registry.get(state.provider)
        if provider is None:
            provider = self.registry.ensure(state.provider, self.base)
        return provider

    def _checked(self, state: State, olds: Properties, news: Properties) -> Properties:
        if not state.custom:
            return news
        if state.is_provider:
            checked, failures = self.registry.check(state.urn, olds, news)
        else:
            checked, failures = self._provider(state).check(state.urn, olds, news, unknowns=self.preview)
        if failures:
            raise PlanError(*(_refusal(state, failure) for failure in failures))
        return dict(checked)

    # -- change

    def _changed(self, goal: Goal, old: State, new: State, found: Diff) -> list[Plan]:
        """The steps for a resource that exists: same, update or replace."""
        diff = self._replace_on_changes(found, goal.replace_on_changes, bool(old.init_errors))
        if old.pending_replacement or (diff.changed and diff.replaces):
            return self._replacement(goal, old, new, diff)
        if diff.changed or old.init_errors:
            self._updates.add(new.urn)
            keys = diff.keys or _tops(diff.detail) or _changed_keys(old.inputs, new.inputs)
            return [Plan(Do.UPDATE, old, new, keys=keys, ignore=goal.ignore_changes)]
        self._sames.add(new.urn)
        return [Plan(Do.SAME, old, new)]

    def _diff(self, goal: Goal, old: State, new: State) -> Diff:  # noqa: PLR0911 -- one return per reason
        if has_unknown(new.replacement_trigger) and not self.preview:
            raise PlanError(f"{_title(new)}: its replacement trigger is not known")
        if _triggered(old.replacement_trigger, new.replacement_trigger):
            return Diff(changed=True, replace_keys=("replacementTrigger",))
        if old.taint:
            return Diff(changed=True, replace_keys=("id",))
        if any(urn in self._replaces for urn in new.replace_with):
            return Diff(changed=True, replace_keys=("replaceWith",))
        if new.deleted_with in self._replaces:
            return Diff(changed=True, replace_keys=("deletedWith",))
        if self._provider_replaced(old, new):
            return Diff(changed=True, replace_keys=("provider",))
        if not new.custom:
            return NOTHING if same(old.inputs, new.inputs) else Diff(changed=True)
        if new.is_provider:
            return self.registry.diff(old, new.inputs)
        diff: Diff | None = self._provider(new).diff(old, new.inputs, goal.ignore_changes, unknowns=self.preview)
        if diff is None:
            self._info(new.urn, "its provider has inputs that are not known yet: the update may differ")
            return Diff(changed=True)
        return diff

    def _provider_replaced(self, old: State, new: State) -> bool:
        """Whether the resource moved to a provider that cannot manage what the old one made."""
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        before, after = urns.parse_reference(old.provider), urns.parse_reference(new.provider)
        if self._aliased.get(before.urn) == after.urn:
            return False
        old_state, new_state = self.olds.get(before.urn), self.news.get(after.urn)
        if old_state is None or new_state is None:
            raise PlanError(f"{_title(new)}: its provider changed from {before.urn}, which the state does not have")
        provider = self.registry.get(new.provider)
        diff: Diff = provider.diff_config(
            after.urn,
            without_internal(old_state.inputs),
            old_state.outputs,
            without_internal(new_state.inputs),
        )
        return diff.replaces

    def _replace_on_changes(self, diff: Diff, texts: Sequence[str], init_errors: bool) -> Diff:
        if not texts or not (diff.changed or init_errors):
            return diff
        try:
            wanted = [paths.parse(text) for text in texts]
            detail = {
                key: replaces or any(paths.contains(path, paths.parse(key)) for path in wanted)
                for key, replaces in diff.detail.items()
            }
            keys = [
                key
                for key in diff.keys
                if key in diff.replace_keys or any(paths.contains(path, paths.parse(key)) for path in wanted)
            ]
        except paths.PathError as error:
            raise PlanError(f"replaceOnChanges: {error}") from error
        replace_keys = tuple(dict.fromkeys((*diff.replace_keys, *keys)))
        changed = diff.changed
        if init_errors and any(paths.contains(path, (_INIT_ERROR,)) for path in wanted):
            replace_keys, changed = (*replace_keys, _INIT_ERROR), True
        return replace(diff, changed=changed, detail=detail, replace_keys=replace_keys)

    # -- replacement

    def _replacement(self, goal: Goal, old: State, new: State, diff: Diff) -> list[Plan]:
        if new.protect and old.protect:
            self._refuse(
                f"{_title(new)}: must be replaced ({', '.join(diff.replace_keys) or 'it is incomplete'}) but is "
                "protected; remove protect from it in the program, deploy, then make the change"
            )
        if goal.import_id:
            raise PlanError(f"{_title(new)}: it was imported and must be replaced; remove the import from the program")
        self._replaces.add(new.urn)
        if not old.taint:
            # Defaults were carried over from the old resource; its successor gets its own.
            new.inputs = self._checked(new, {}, goal.inputs)
        plan = Plan(
            Do.CREATE,
            old,
            new,
            replacing=True,
            keys=diff.keys or _tops(diff.detail),
            replace_keys=diff.replace_keys
            or tuple(dict.fromkeys(_top(key) for key, is_ in diff.detail.items() if is_)),
        )
        first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if not first:
            plan.keep_old = True
            return [plan]
        steps: list[Plan] = []
        for dependent, keys in reversed(self._dependents(old)):
            if dependent in self._condemned:
                continue
            self._dependent_keys[dependent.urn] = keys
            if dependent.protect and not dependent.delete:
                self._refuse(
                    f"{_title(dependent)}: must be replaced because {_title(old)} is, but is protected;"
                    " remove protect from it in the program, deploy, then make the change"
                )
            steps.append(
                Plan(
                    Do.DELETE,
                    dependent,
                    None,
                    replacing=not dependent.delete,
                    will_recreate=not dependent.delete,
                )
            )
            self.deletes.add(dependent.urn)
            self._condemned.add(dependent)
        if not old.pending_replacement:
            self.deletes.add(old.urn)
            steps.append(Plan(Do.DELETE, old, None, replacing=True, will_recreate=True))
        return [*steps, plan]

    def _refuse(self, message: str) -> None:
        if not self.preview:
            raise PlanError(message)
        self.refusals.append(message)

    def _dependents(self, root: State) -> list[tuple[State, tuple[str, ...]]]:
        """What must be deleted before `root` can be, each with the keys whose change replaces it."""
        gone = {root.urn}
        # Who was registered before cannot depend on root any more, whatever the old state says.
        registered = self._reads | self._creates | self._sames | self._updates | self.deletes | self._replaces
        result: list[tuple[State, tuple[str, ...]]] = []
        for candidate in graph.depending_on(self.base, root, registered - {root.urn}):
            replaces, keys = self._replaced_by(candidate, gone)
            if replaces:
                result.append((candidate, keys))
                gone.add(candidate.urn)
        known = {state.urn for state, _ in result} | {root.urn}
        for state in (*self.news.values(), *self.olds.values()):
            if state.urn not in known and (root.urn in state.replace_with or state.deleted_with == root.urn):
                result.append((state, ()))
                known.add(state.urn)
        return result

    def _replaced_by(self, state: State, gone: set[str]) -> tuple[bool, tuple[str, ...]]:
        """Whether a resource must be replaced when those with the URNs `gone` are, and the keys that say so."""
        if not state.custom or state.external:
            return False, ()
        if state.provider_urn() in gone or state.deleted_with in gone:
            return True, ()
        affected = [
            key for key, targets in state.property_dependencies.items() if key in state.inputs and gone & set(targets)
        ]
        if not affected:
            return False, ()
        inputs = {**state.inputs, **dict.fromkeys(affected, UNKNOWN)}
        if state.is_provider:
            diff = self.registry.diff(state, inputs)
        else:
            provider = self.registry.ensure(state.provider, self.base)
            diff = provider.diff(state, inputs, state.ignore_changes, unknowns=True) or Diff(changed=True)
        diff = self._replace_on_changes(diff, state.replace_on_changes, init_errors=False)
        return diff.replaces, diff.replace_keys

    # -- the end of the run

    def leftovers(self) -> list[Plan]:
        """The deletes for what the state has and the run did not come to, and for what was replaced."""
        steps: list[Plan] = []
        for state in self.base:
            urn = self._aliased.get(state.urn, state.urn)
            if state.delete:
                if state not in self._condemned:
                    self.deletes.add(state.urn)
                    steps.append(Plan(Do.DELETE, state, None, replacing=True))
            elif not any(
                urn in operated for operated in (self._sames, self._updates, self._replaces, self._reads, self._creates)
            ):
                self.deletes.add(state.urn)
                steps.append(Plan(Do.FORGET if state.pending_replacement else Do.DELETE, state, None))
        return steps


def _title(state: State) -> str:
    return f"{state.type} {state.name}"


def _refusal(state: State, failure: Failure) -> str:
    reason = " ".join(failure.reason.split())
    return f"{_title(state)}: {failure.property}: {reason}" if failure.property else f"{_title(state)}: {reason}"


def _mutable(value: Any) -> Any:
    """A copy whose lists and dicts may be changed."""
    if isinstance(value, dict):
        return {key: _mutable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mutable(item) for item in value]
    return Secret(_mutable(value.value)) if isinstance(value, Secret) else value


def _top(path: str) -> str:
    try:
        return str(paths.parse(path)[0])
    except (paths.PathError, IndexError):
        return path


def _tops(detail: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_top(path) for path in detail))


def _changed_keys(old: Properties, new: Properties) -> tuple[str, ...]:
    return tuple(sorted(key for key in old.keys() | new.keys() if not same(old.get(key), new.get(key))))


def _triggered(old: Any, new: Any) -> bool:
    if has_unknown(old) or has_unknown(new):
        return True
    return old is not None and new is not None and not same(reveal(old), reveal(new))
