"""The stack that is judged: its resources by their inputs, and what its root component says of it.

The engine shows policies each resource with its inputs first, and all of them with their outputs at the end. What a
stack says of itself is an input of its root component, which no output repeats, and outputs differ from one provider
to the next. So the inputs of the first pass are kept (`LEDGER`), and policies on the stack go by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pulumi_policy.proxy import UnknownValueError

from ascend.engine.model import UNKNOWN_MASK, Op, Step
from ascend.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi_policy

#: What stands where a value is known only once a resource exists.
UNKNOWN = UNKNOWN_MASK
ROOT = "ascend:index:World"
#: Environments in which customers are served.
PRODUCTION = ("prod", "production")


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A resource that there will be.

    Attributes:
        urn: its URN.
        type: its type.
        name: its logical name.
        inputs: its inputs; `UNKNOWN` where a value is not known yet.
        parent: URN of its parent; empty for none.
        protect: whether the engine refuses to delete it.
        ignored: the inputs whose changes are ignored.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    parent: str = ""
    protect: bool = False
    ignored: tuple[str, ...] = ()

    @property
    def custom(self) -> bool:
        """Whether a provider makes it, and not a component."""
        return not self.type.startswith(("ascend:", "pulumi:pulumi:"))

    def text(self, *path: str) -> str:
        """A text among the inputs; empty where it is not given or not known yet."""
        value = self.value(*path)
        return value if isinstance(value, str) and value != UNKNOWN else ""

    def number(self, *path: str) -> float | None:
        """A number among the inputs; None where it is not given or not known yet."""
        value = self.value(*path)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            return float(value)
        except ValueError:
            return None

    def rows(self, *path: str) -> list[Any]:
        """A list among the inputs; empty where it is not given or not known yet."""
        value = self.value(*path)
        return value if isinstance(value, list) else []

    def value(self, *path: str) -> Any:
        """A value among the inputs, whatever it is; None where it is not given."""
        found: Any = self.inputs
        for key in path:
            if not isinstance(found, dict):
                return None
            found = found.get(key)
        return found


@dataclass(frozen=True, eq=False)
class Stack:
    """All that there will be.

    Attributes:
        items: the resources.
        world: what the stack says of itself; empty where it says nothing.
    """

    items: Sequence[Item]
    world: Mapping[str, Any]
    _types: dict[str, list[Item]] = field(default_factory=dict)
    _children: dict[str, list[Item]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.items:
            self._types.setdefault(item.type, []).append(item)
            self._children.setdefault(item.parent, []).append(item)

    @property
    def phase(self) -> str:
        """How far it has grown."""
        return str(self.world.get("phase", ""))

    @property
    def production(self) -> bool:
        """Whether customers are served."""
        return str(self.world.get("environment")) in PRODUCTION

    def of(self, type_: str) -> list[Item]:
        """The resources of a type."""
        return self._types.get(type_, [])

    def beside(self, item: Item, type_: str) -> list[Item]:
        """The resources of a type that the same component made."""
        return [one for one in self._children.get(item.parent, []) if one.type == type_]

    def steps(self) -> list[Step]:
        """As the estimates read it."""
        return [
            Step(Op.SAME, one.urn, one.type, one.name, one.parent, one.custom, one.protect, inputs=one.inputs)
            for one in self.items
        ]

    def plan(self) -> Plan:
        """As the capacity model reads it.

        Raises:
            InputError: it does not describe itself.
        """
        return Plan.of(str(self.world.get("system", "")), self.steps())


#: The inputs that the engine has shown, by URN.
LEDGER: dict[str, Item] = {}


def seen(args: pulumi_policy.ResourceValidationArgs) -> Item:
    """The resource that a policy is asked about."""
    return Item(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        inputs=plain(args.props),
        parent=args.opts.parent or "",
        protect=args.opts.protect,
        ignored=tuple(args.opts.ignore_changes),
    )


def stack_of(resources: Sequence[pulumi_policy.PolicyResource]) -> Stack:
    """The stack of the resources that a policy is asked about: by the inputs shown before, else by their outputs."""
    return _indexed(tuple(LEDGER.get(one.urn) or _unseen(one) for one in resources))


@lru_cache(maxsize=2)
def _indexed(items: tuple[Item, ...]) -> Stack:
    """One stack for all the policies that judge it."""
    root = next((one for one in items if one.type == ROOT), None)
    return Stack(items, {} if root is None else root.inputs)


def _unseen(one: pulumi_policy.PolicyResource) -> Item:
    parent = one.parent.urn if one.parent else one.opts.parent or ""
    inputs = plain(one.props)
    return Item(one.urn, one.resource_type, one.name, inputs, parent, one.opts.protect, tuple(one.opts.ignore_changes))


def plain(value: Any) -> Any:
    """A value out of the SDK's guards, which raise at what is unknown, as JSON's types with `UNKNOWN` in its place.

    The protocol of the engine knows no integers: a number without a fraction is one again.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if hasattr(value, "keys"):
        return {key: _read(value, key) for key in value}
    if hasattr(value, "__len__"):
        return [_read(value, index) for index in range(len(value))]
    return str(value)


def _read(value: Any, key: Any) -> Any:
    try:
        return plain(value[key])
    except UnknownValueError:
        return UNKNOWN
