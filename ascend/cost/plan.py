"""A plan as an estimate reads it: the resources that there will be, and the stack's own description of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ascend.engine.model import Op, Step
from ascend.errors import InputError

#: The stack's root component, whose inputs say what the stack is.
ROOT_TYPE = "ascend:index:World"
_REGION_TYPE = "ascend:index:Region"
_GONE = frozenset({Op.DELETE, Op.DELETE_REPLACED, Op.DISCARD})
GLOBAL = "global"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that there will be.

    Attributes:
        urn: its URN.
        type: its type.
        inputs: its inputs; unknown and secret values are masked.
        region: where it is; `GLOBAL` for what is in none.
        owner: URN of the component that made it.
        owner_type: that component's type.
        component: that component's name within its region (``database-replica-1``).
    """

    urn: str
    type: str
    inputs: Mapping[str, Any]
    region: str
    owner: str
    owner_type: str
    component: str

    @property
    def service(self) -> str:
        """Part of the provider that bills it: ``aws:rds``, ``cloudflare``."""
        package, _, rest = self.type.partition(":")
        return f"{package}:{rest.partition('/')[0]}" if package == "aws" else package

    def number(self, key: str, default: float = 0.0) -> float:
        """A number among the inputs; `default` where it is not given or not known yet."""
        value = self.inputs.get(key)
        if isinstance(value, bool):
            return default
        try:
            return default if value is None else float(value)
        except (TypeError, ValueError):
            return default

    def text(self, key: str) -> str:
        """A text among the inputs; empty where it is not given."""
        value = self.inputs.get(key)
        return value if isinstance(value, str) else ""

    def rows(self, key: str) -> list[Any]:
        """A list among the inputs; empty where it is not given or not known yet."""
        value = self.inputs.get(key)
        return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stack will be.

    Attributes:
        system: what runs.
        phase: how far it has grown.
        users: the most users that it is meant for; None is "no ceiling".
        cap: the most it may cost, in US dollars a month; None where it does not say.
        figures: what the system's document says of users and load (``infra/description.py``).
        resources: what there will be.
    """

    system: str
    phase: str
    users: int | None
    cap: float | None
    figures: Mapping[str, Any]
    resources: tuple[Resource, ...]
    _by_type: Mapping[str, list[Resource]] = field(default_factory=dict, repr=False, compare=False)
    _by_owner: Mapping[str, list[Resource]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, type_: str, region: str | None = None) -> list[Resource]:
        """The resources of a type, of one region where it is given."""
        found = self._by_type.get(type_, [])
        return found if region is None else [one for one in found if one.region == region]

    def beside(self, resource: Resource, type_: str) -> list[Resource]:
        """The resources of a type that the same component made."""
        return [one for one in self._by_owner.get(resource.owner, []) if one.type == type_]


def read(steps: Sequence[Step]) -> Plan:
    """The plan of a preview's steps.

    Raises:
        InputError: it has no root component, or one that says nothing of the system's figures.
    """
    kept = {step.urn: step for step in steps if step.op not in _GONE}
    root = next((step for step in kept.values() if step.type == ROOT_TYPE), None)
    if root is None:
        raise InputError(f"the plan holds no {ROOT_TYPE}; only stacks of this project can be estimated")
    figures = root.inputs.get("figures")
    if not isinstance(figures, Mapping) or "traffic" not in figures:
        raise InputError("the plan does not say what users do: its root component lacks `figures`")
    prefixes = _prefixes(kept, root)
    resources = tuple(_resource(step, kept, prefixes) for step in kept.values() if step.custom)
    users, cap = root.inputs.get("users"), root.inputs.get("budget")
    return of(
        resources,
        system=str(root.inputs.get("system", "")),
        phase=str(root.inputs.get("phase", "")),
        users=None if users is None else int(users),
        cap=None if cap is None else float(cap),
        figures=figures,
    )


def of(
    resources: tuple[Resource, ...],
    *,
    system: str,
    phase: str,
    users: int | None,
    cap: float | None,
    figures: Mapping[str, Any],
) -> Plan:
    """A plan of these resources, indexed."""
    by_type: dict[str, list[Resource]] = {}
    by_owner: dict[str, list[Resource]] = {}
    for resource in resources:
        by_type.setdefault(resource.type, []).append(resource)
        by_owner.setdefault(resource.owner, []).append(resource)
    return Plan(system, phase, users, cap, figures, resources, by_type, by_owner)


def _prefixes(kept: Mapping[str, Step], root: Step) -> tuple[str, ...]:
    """What the names of components begin with, the longest first: each region's name, then the root's."""
    names = [step.name for step in kept.values() if step.type == _REGION_TYPE]
    return tuple(f"{name}-" for name in [*sorted(names, key=len, reverse=True), root.name])


def _resource(step: Step, kept: Mapping[str, Step], prefixes: tuple[str, ...]) -> Resource:
    owner = kept.get(step.parent)
    while owner is not None and owner.custom:
        owner = kept.get(owner.parent)
    name = owner.name if owner else ""
    within = next((name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix)), name)
    region = step.inputs.get("region")
    return Resource(
        urn=step.urn,
        type=step.type,
        inputs=step.inputs,
        region=region if isinstance(region, str) else GLOBAL,
        owner=owner.urn if owner else "",
        owner_type=owner.type if owner else "",
        component=within,
    )
