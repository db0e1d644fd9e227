"""What a change does to a stack's resources, and which data that puts at risk."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend.engine.model import Op
from ascend.review.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Step

DATA_FILE: Final = Path(__file__).with_name("data") / "data.yaml"
#: The operations that count, in the report's order.
KINDS: Final = {Op.DELETE: "deleted", Op.REPLACE: "replaced", Op.UPDATE: "changed", Op.CREATE: "added"}
_LONGEST: Final = 80
#: Inputs that say nothing to a reader: what the provider keeps for itself.
_OWN: Final = ("__defaults", "tagsAll")


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that is not as it was.

    Attributes:
        op: what happens to it.
        step: the step.
        keys: the inputs that change.
        values: of each what it was and becomes, as short text.
        forced: the inputs that force the replacement.
    """

    op: Op
    step: Step
    keys: tuple[str, ...]
    values: Mapping[str, tuple[str, str]]
    forced: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "op": KINDS[self.op],
            "urn": self.step.urn,
            "type": self.step.type,
            "name": self.step.name,
            "keys": {key: {"before": old, "after": new} for key, (old, new) in self.values.items()},
            "forced_by": list(self.forced),
        }


@functools.cache
def holders() -> Mapping[str, Mapping[str, str]]:
    """The types that hold data (``data.yaml``)."""
    loaded: Mapping[str, Mapping[str, str]] = yaml.safe_load(DATA_FILE.read_text(encoding="utf-8"))
    return loaded


def changes(steps: Sequence[Step], before: Mapping[str, Step]) -> list[Change]:
    """The resources that change, the gravest first.

    Args:
        steps: the plan's steps, against what was before.
        before: what was, by URN.
    """
    order = list(KINDS)
    found = [_change(step, before.get(step.urn)) for step in steps if step.op in KINDS]
    real = [one for one in found if one.step.custom or one.op in {Op.DELETE, Op.CREATE} or one.values]
    return sorted(real, key=lambda one: (order.index(one.op), one.step.type, one.step.name))


def at_risk(found: Sequence[Change], before: Mapping[str, Step]) -> list[Finding]:
    """The data that a change would lose.

    Args:
        found: the changes.
        before: what was, by URN.
    """
    return [
        Finding(
            rule="data-at-risk",
            level=Level.BLOCKING,
            message=_risk(one),
            urn=one.step.urn,
            about="No change replaces or deletes what holds data.",
        )
        for one in found
        if one.op in {Op.DELETE, Op.REPLACE} and _holds_data(one, before.get(one.step.urn))
    ]


def _holds_data(change: Change, before: Step | None) -> bool:
    row = holders().get(change.step.type)
    protected = change.step.protect or (before is not None and before.protect)
    return protected if row is None or row["when"] == "protected" else True


def _risk(change: Change) -> str:
    what = holders().get(change.step.type, {"what": "what is protected"})["what"]
    if change.op is Op.DELETE:
        return (
            f"{change.step.name} would be deleted, and with it {what}; put it back under the name that it had, or give "
            "what it is called now an alias to it"
        )
    return (
        f"{change.step.name} would be replaced, and {what} lost: {', '.join(change.forced) or 'what it depends on'} "
        "cannot be changed in place; leave that as it is"
    )


def _change(step: Step, before: Step | None) -> Change:
    old: Mapping[str, Any] = before.inputs if before is not None else step.old_inputs
    if step.op is Op.DELETE:
        return Change(step.op, step, (), {}, ())
    new = step.inputs
    keys = tuple(key for key in dict.fromkeys((*step.diff_keys, *step.replace_keys)) if key not in _OWN)
    keys = keys or tuple(key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key))
    values = {key: (_text(old.get(key)), _text(new.get(key))) for key in keys} if step.op is not Op.CREATE else {}
    return Change(step.op, step, () if step.op is Op.CREATE else keys, values, step.replace_keys)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
