"""What a change loosens by the way: alarms, backups, standbys, limits (``guards.yaml``)."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from ascend.engine.model import Op
from ascend.review.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ascend.engine.model import Step
    from ascend.review.changes import Change

GUARDS_FILE: Final = Path(__file__).with_name("data") / "guards.yaml"
_ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
_ABOUT: Final = {
    "weakened": "What guards a stack is not loosened by the way.",
    "budget-raised": "A stack's budget is raised by a promotion, or by agreement.",
    "renamed": "A component that is called otherwise has an alias to what it was.",
    "removed": "What guards a stack does not go away by the way.",
    "alarm-loosened": "An alarm's threshold is not loosened by the way.",
}


@functools.cache
def tables() -> Mapping[str, Sequence[Mapping[str, str]]]:
    """The rules and their rows."""
    loaded: Mapping[str, Sequence[Mapping[str, str]]] = yaml.safe_load(GUARDS_FILE.read_text(encoding="utf-8"))
    return loaded


def rules() -> list[str]:
    """The names of what is looked for here."""
    return list(_ABOUT)


def loosened(steps: Sequence[Step], found: Sequence[Change], before: Mapping[str, Step]) -> list[Finding]:
    """What changes loosen; for a stack that stays at its phase.

    Args:
        steps: the plan's steps; an input may say less where the provider sees nothing to do.
        found: the changes.
        before: what was, by URN.
    """
    gone = {change.step.urn for change in found if change.op is Op.DELETE}
    resized = {step.parent for step in steps if _resized(step, before.get(step.urn))}
    return [
        *_renamed(found),
        *(finding for step in steps if step.op is Op.DELETE for finding in _removed(step, gone)),
        *(
            finding
            for step in steps
            if step.op is not Op.DELETE and step.urn in before
            for finding in _worsened(step, before[step.urn], resized)
        ),
    ]


def _renamed(found: Sequence[Change]) -> Iterator[Finding]:
    """Components that are made anew under another name."""
    components = [change for change in found if not change.step.custom]
    for change in components:
        step = change.step
        twin = next(
            (
                other.step
                for other in components
                if other.op is Op.CREATE and (other.step.type, other.step.parent) == (step.type, step.parent)
            ),
            None,
        )
        if change.op is Op.DELETE and twin is not None:
            text = f"{step.name} goes and {twin.name} comes: all that is in it is made anew; give {twin.name} an alias"
            yield _finding("renamed", twin, f"{text} to {step.name}")


def _resized(step: Step, before: Step | None) -> bool:
    names = [row["property"] for row in tables()["sizes"]]
    return before is not None and any(before.inputs.get(name) != step.inputs.get(name) for name in names)


def _removed(step: Step, gone: set[str]) -> Iterator[Finding]:
    for row in tables()["removed"]:
        if row["type"] == step.type and (step.parent not in gone or "alone" in row):
            yield _finding("removed", step, f"{step.name} is removed: {row['what']}; put it back")


def _worsened(step: Step, before: Step, resized: set[str]) -> Iterator[Finding]:
    for rule in ("weakened", "budget-raised"):
        for row in tables()[rule]:
            if row["type"] == step.type and _worse(row, before.inputs, step.inputs):
                old, new = before.inputs.get(row["property"]), step.inputs.get(row["property"])
                text = f"{step.name}: {row['what']}: {row['property']} from {_shown(old)} to {_shown(new)}; put it back"
                yield _finding(rule, step, text)
    looser = _alarm(before.inputs, step.inputs) if step.type == _ALARM and step.parent not in resized else ""
    if looser:
        yield _finding("alarm-loosened", step, f"{step.name}: {looser}; put it back")


def _finding(rule: str, step: Step, message: str) -> Finding:
    return Finding(rule=rule, level=Level.BLOCKING, message=message, urn=step.urn, about=_ABOUT[rule])


def _worse(row: Mapping[str, str], old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    before, after = old.get(row["property"]), new.get(row["property"])
    if row["worse"] == "lost":
        return before is True and after is not True
    if row["worse"] == "older":
        return () < _version(after) < _version(before)
    was, becomes = _number(before), _number(after)
    if math.isnan(was) or math.isnan(becomes):
        return False
    return becomes < was if row["worse"] == "lower" else becomes > was


def _alarm(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """How an alarm goes off later or less often than it did; empty where it does not."""
    was, becomes = _number(old.get("threshold")), _number(new.get("threshold"))
    if old.get("comparisonOperator") == new.get("comparisonOperator") and was != becomes:
        above = str(old.get("comparisonOperator", "")).startswith("GreaterThan")
        if becomes > was if above else becomes < was:
            return f"its threshold goes from {_shown(was)} to {_shown(becomes)}"
    before, after = _patience(old), _patience(new)
    if after > before:
        return f"it goes off after {_shown(after)} s in place of {_shown(before)} s"
    return ""


def _patience(inputs: Mapping[str, Any]) -> float:
    """For how long something must be wrong before the alarm goes off, in seconds; 0 where that is not known."""
    datapoints = _number(inputs.get("datapointsToAlarm") or inputs.get("evaluationPeriods"))
    period = _number(inputs.get("period"))
    if math.isnan(period):
        periods = [_number((query.get("metric") or {}).get("period")) for query in inputs.get("metricQueries") or ()]
        period = max((one for one in periods if not math.isnan(one)), default=0.0)
    return 0.0 if math.isnan(datapoints) else datapoints * period


def _version(value: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(value or "").split(".") if part.isdigit())


def _number(value: Any) -> float:
    try:
        return math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return math.nan


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else "nothing" if value is None else str(value)
