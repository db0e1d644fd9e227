"""Good stacks, and changes of one property that make them bad."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ascend.engine.model import Op, Step
from ascend.packs import Pack, Verdict, judge, load
from tests.capacity import planned

ROOT = Path(__file__).parents[2]
Steps = Sequence[Step]
Change = Callable[[Steps], Steps]
ROOT_TYPE = "ascend:index:World"
_PATH = re.compile(r"[^.\[\]]+")


@functools.cache
def pack() -> Pack:
    return load(ROOT / "policies")


@functools.cache
def steps_of(system: str, phase: str) -> tuple[Step, ...]:
    """The stack's resources, as they are planned."""
    return tuple(planned.plan_of(system, phase).resources)


def only(*names: str) -> Pack:
    """The pack with the first policy, which keeps what others read, and those named."""
    whole = pack()
    known = {policy.name: policy for policy in whole.policies}
    first = whole.policies[0]
    return replace(whole, policies=(first, *(known[name] for name in names if name in known and name != first.name)))


def judged(name: str, steps: Steps, config: Mapping[str, Any] | None = None) -> list[str]:
    """What one policy says, and what it puts right."""
    verdict: Verdict = judge(only(name), steps, config)
    put_right = [f"{one.urn}; put right" for one in verdict.remediations]
    return [one.message for one in verdict.violations if one.policy == name] + put_right


def chosen(steps: Steps, type_: str, name: str = "") -> list[Step]:
    """The resources of a type whose names match."""
    return [step for step in steps if step.type == type_ and re.search(name, step.name)]


def sets(type_: str, path: str, value: Any, name: str = "") -> Change:
    """Sets one input of the first resource of a type whose name matches; None takes it away.

    Args:
        type_: the type.
        path: the input, ``a.b`` or ``a[0].b``.
        value: its new value.
        name: pattern of the resource's name.
    """

    def change(steps: Steps) -> Steps:
        step = chosen(steps, type_, name)[0]
        inputs: Any = copy.deepcopy(dict(step.inputs))
        *way, last = [int(part) if part.isdigit() else part for part in _PATH.findall(path)]
        place = inputs
        for part in way:
            place = place[part]
        if value is None:
            del place[last]
        else:
            assert place.get(last) != value if isinstance(place, dict) else True
            place[last] = value
        return [replace(one, inputs=inputs) if one is step else one for one in steps]

    return change


def options(type_: str, name: str = "", **values: Any) -> Change:
    """Changes an option of the first resource of a type whose name matches."""

    def change(steps: Steps) -> Steps:
        step = chosen(steps, type_, name)[0]
        return [replace(one, **values) if one is step else one for one in steps]

    return change


def drops(type_: str, name: str = "") -> Change:
    """Takes every resource of a type whose name matches away."""

    def change(steps: Steps) -> Steps:
        gone = chosen(steps, type_, name)
        assert gone
        return [one for one in steps if one not in gone]

    return change


def adds(type_: str, beside: str, name: str = "one-more", **inputs: Any) -> Change:
    """Adds a resource beside the first one of another type."""

    def change(steps: Steps) -> Steps:
        sibling = chosen(steps, beside)[0]
        urn = f"{sibling.urn.rpartition('::')[0].removesuffix(sibling.type)}{type_}::{name}"
        return [*steps, Step(Op.CREATE, urn, type_, name, parent=sibling.parent, inputs=inputs)]

    return change


def tells(**inputs: Any) -> Change:
    """Changes what the root says of the stack."""

    def change(steps: Steps) -> Steps:
        (root,) = chosen(steps, ROOT_TYPE)
        told = replace(root, inputs={**root.inputs, **inputs})
        return [told if one is root else one for one in steps]

    return change


def both(*changes: Change) -> Change:
    """One change after the other, where a property has to be of a certain stack to be wrong."""

    def change(steps: Steps) -> Steps:
        for one in changes:
            steps = one(steps)
        return steps

    return change
