"""What a promotion changes: two plans of one stack, resource by resource.

Values that are known only after a deployment are in no plan, so that they are not compared: `ascend preview` of the
deployed stack says what no two plans can.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.cloud import planning
from ascend.cloud.provider import Resource as ProviderResource
from ascend.engine.model import UNKNOWN_MASK, Op, Step
from ascend.ui.ops import COUNTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ascend.cloud.provider import Provider
    from ascend.plans import Plan

#: What the provider adds to a name that the program leaves to it; another at each plan.
_MADE_UP = re.compile(r"-[0-9a-f]{7}(?=$|\.fifo$)|(?<=-)[0-9a-f]{26}$")
#: Marks what the provider filled in (`ascend.cloud`).
_DEFAULTS = "__defaults"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that is not the same after a promotion.

    Attributes:
        op: create, update, replace or delete.
        urn: the resource.
        type: its type.
        name: its name.
        keys: the inputs that change.
        data: whether it holds data: the stack protects it.
    """

    op: Op
    urn: str
    type: str
    name: str
    keys: tuple[str, ...] = ()
    data: bool = False

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "op": str(self.op),
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "keys": list(self.keys),
            "data": self.data,
        }


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion does.

    Attributes:
        changes: what is not the same, in the order of the plans.
        same: how many resources stay as they are.
        data: names of the resources that hold data before.
    """

    changes: Sequence[Change]
    same: int
    data: Sequence[str]

    @property
    def lost(self) -> list[Change]:
        """What holds data and would be deleted or replaced."""
        return [change for change in self.changes if change.data and change.op in (Op.DELETE, Op.REPLACE)]

    @property
    def summary(self) -> dict[str, int]:
        """How many resources each operation concerns."""
        counted = {key: sum(1 for change in self.changes if change.op is op) for key, op in COUNTED}
        return {**counted, "same": self.same}

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "summary": self.summary,
            "data": {"resources": len(self.data), "lost": [change.name for change in self.lost]},
            "changes": [change.document() for change in self.changes],
        }


def compare(before: Plan, after: Plan) -> Promotion:
    """What changes from one plan to the other of a stack."""
    old = {step.urn: step for step in before.resources if step.custom}
    new = {step.urn: step for step in after.resources if step.custom}
    providers = {name: servicer.provider for name, servicer in planning.providers().items()}
    names = _Names((*old.values(), *new.values()))
    found, same = [], 0
    for urn, step in {**old, **new}.items():
        if urn not in old:
            found.append(_change(Op.CREATE, step))
        elif urn not in new:
            found.append(_change(Op.DELETE, old[urn]))
        else:
            change = _updated(old[urn], new[urn], names, providers)
            found += [] if change is None else [change]
            same += change is None
    return Promotion(found, same, [step.name for step in old.values() if step.protect])


def _change(op: Op, step: Step, keys: Sequence[str] = ()) -> Change:
    return Change(op, step.urn, step.type, step.name, tuple(keys), step.protect)


def _updated(old: Step, new: Step, names: _Names, providers: Mapping[str, Provider]) -> Change | None:
    """How one resource changes, as its provider sees it; None where it does not."""
    news = names.plain(new.inputs)
    olds = _settled(names.plain(old.inputs), news)
    provider = providers.get(old.type.partition(":")[0])
    if olds == news or provider is None:
        return None if olds == news else _change(Op.UPDATE, old, _differing(olds, news))
    resource = ProviderResource(old.urn, old.type, old.name, {"region": str(old.inputs.get("region", ""))})
    changes = provider.diff(resource, old.name, olds, _settled(news, olds), olds).changes
    if not changes:
        return None
    replaces = any(change.replace for change in changes.values())
    keys = sorted({re.split(r"[.\[]", path)[0] for path in changes})
    return _change(Op.REPLACE if replaces else Op.UPDATE, old, keys)


def _differing(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in {**olds, **news} if olds.get(key) != news.get(key))


def _settled(value: Any, other: Any) -> Any:
    """A value with what is not known of either side taken from the other, so that it is no difference."""
    if UNKNOWN_MASK in (value, other):
        return UNKNOWN_MASK if value is not None else None
    if isinstance(value, dict) and isinstance(other, dict):
        return {key: _settled(one, other.get(key)) for key, one in value.items()}
    if isinstance(value, list) and isinstance(other, list):
        return [_settled(one, other[at] if at < len(other) else None) for at, one in enumerate(value)]
    return value


class _Names:
    """Names that providers made up, which differ from plan to plan and not in what is deployed.

    Args:
        steps: the resources of both plans.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._kept = {made: _MADE_UP.sub("", made) for step in steps for made in _made_up(step)}
        either = "|".join(re.escape(made) for made in sorted(self._kept, key=len, reverse=True))
        self._pattern = re.compile(either) if either else None

    def plain(self, value: Any) -> Any:
        """A value with every made-up name as what it begins with."""
        if isinstance(value, str):
            return value if self._pattern is None else self._pattern.sub(lambda found: self._kept[found[0]], value)
        if isinstance(value, dict):
            return {key: self.plain(one) for key, one in value.items()}
        return [self.plain(one) for one in value] if isinstance(value, list) else value


def _made_up(step: Step) -> Iterator[str]:
    for key in step.inputs.get(_DEFAULTS) or ():
        value = step.inputs.get(key)
        if isinstance(value, str) and _MADE_UP.search(value):
            yield value
