"""Who depends on whom in a state (``pkg/resource/graph`` of the official engine)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ascend.engine.embedded.state import State


def depending_on(resources: Sequence[State], root: State, ignore: Collection[str]) -> list[State]:
    """What depends on `root`, directly or not, in an order in which each comes after what it depends on.

    Children do not count as dependents. `resources` must be in such an order themselves.
    """
    dependents: list[State] = []
    found = {root.urn}
    for candidate in resources[next(i for i, state in enumerate(resources) if state is root) + 1 :]:
        if candidate.urn in ignore:
            continue
        edges = (urn for kind, urn in candidate.edges() if kind != "parent")
        if candidate.provider_urn() in found or any(urn in found for urn in edges):
            dependents.append(candidate)
            found.add(candidate.urn)
    return dependents


def deletion_blockers(resources: Sequence[State], condemned: Collection[State]) -> dict[State, set[State]]:
    """For each condemned resource, the condemned resources that must be deleted before it.

    A resource goes after its dependents and its children. A dependency on a component is one on everything in it that
    comes before the dependent.
    """
    targets = set(condemned)
    blockers: dict[State, set[State]] = {state: set() for state in targets}
    earlier: defaultdict[str, list[State]] = defaultdict(list)
    children: defaultdict[str, list[State]] = defaultdict(list)
    parents: dict[str, str] = {}
    for state in resources:
        if state in targets:
            wanted = {urn for kind, urn in state.edges() if kind != "parent"} | {state.provider_urn()}
            for urn in wanted:
                for dependency in earlier[urn]:
                    for blocked in (dependency, *(() if dependency.custom else children[urn])):
                        if blocked in targets and blocked is not state:
                            blockers[blocked].add(state)
            for parent in earlier[state.parent]:
                if parent in targets:
                    blockers[parent].add(state)
        earlier[state.urn].append(state)
        parents[state.urn] = state.parent
        ancestor = state.parent
        while ancestor:
            children[ancestor].append(state)
            ancestor = parents.get(ancestor, "")
    return blockers


def without(resources: Sequence[State], gone: Collection[State]) -> None:
    """Repairs what is left of `resources` once those in `gone` are no longer there: nothing names them any more.

    A child of something that is gone becomes one of the next ancestor that is left.
    """
    there: set[str] = set()
    parents: dict[str, str] = {}
    for state in resources:
        parent = state.parent if state.parent in there else parents.get(state.parent, "")
        if state in gone:
            parents[state.urn] = parent
            continue
        changed = {
            "parent": parent,
            "dependencies": [urn for urn in state.dependencies if urn in there],
            "property_dependencies": {
                key: [urn for urn in targets if urn in there] for key, targets in state.property_dependencies.items()
            },
            "deleted_with": state.deleted_with if state.deleted_with in there else "",
            "replace_with": [urn for urn in state.replace_with if urn in there],
        }
        if any(getattr(state, name) != value for name, value in changed.items()):
            for name, value in changed.items():
                setattr(state, name, value)
            state.touch()
        there.add(state.urn)
