"""What CloudWatch refuses in a dashboard's body.

Source: CloudWatch API reference, "Dashboard body structure and syntax". Read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ascend.cloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

_BODY = frozenset({"end", "periodOverride", "start", "variables", "widgets"})
#: A kind of widget and what its properties must have.
_KINDS: dict[str, tuple[str, ...]] = {
    "alarm": ("alarms",),
    "custom": ("endpoint",),
    "explorer": ("metrics",),
    "log": ("query", "region"),
    "metric": ("region",),
    "text": ("markdown",),
}
_VIEWS = ("bar", "gauge", "pie", "singleValue", "table", "timeSeries")
_PERIODS = (1, 5, 10, 30)
_COLUMNS, _ROWS = 24, 1000
_MOST_WIDGETS, _MOST_METRICS, _MOST_ALARMS = 500, 500, 100
#: A namespace and a metric's name, before pairs of dimensions.
_NAMED = 2
_MINUTE = 60


def judge(document: Any) -> list[Failure]:
    """The failures of a body, each with the place in it."""
    return [Failure("dashboardBody", f"{place}: {reason}") for place, reason in _body(document)]


def _body(document: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(document, dict) or not isinstance(document.get("widgets"), list):
        yield "/", "must be a JSON object with a list of widgets"
        return
    for name in sorted(document.keys() - _BODY):
        yield f"/{name}", f"is no property of a dashboard; there are {', '.join(sorted(_BODY))}"
    if document.get("periodOverride", "auto") not in {"auto", "inherit"}:
        yield "/periodOverride", "must be auto or inherit"
    widgets = document["widgets"]
    if len(widgets) > _MOST_WIDGETS:
        yield "/widgets", f"{len(widgets)} widgets; at most {_MOST_WIDGETS} are allowed"
    for index, widget in enumerate(widgets):
        yield from _widget(f"/widgets/{index}", widget)


def _widget(place: str, widget: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(widget, dict):
        yield place, "must be an object"
        return
    kind, properties = widget.get("type"), widget.get("properties")
    if kind not in _KINDS:
        yield f"{place}/type", f"{kind!r} is no kind of widget; there are {', '.join(sorted(_KINDS))}"
        return
    yield from _position(place, widget)
    if not isinstance(properties, dict):
        yield f"{place}/properties", "must be an object"
        return
    for name in _KINDS[kind]:
        if not properties.get(name):
            yield f"{place}/properties/{name}", f"must be set for a widget of type {kind}"
    if kind == "metric":
        yield from _graph(f"{place}/properties", properties)
    if kind == "alarm":
        alarms = properties.get("alarms") or []
        if len(alarms) > _MOST_ALARMS:
            yield f"{place}/properties/alarms", f"{len(alarms)} alarms; at most {_MOST_ALARMS} are allowed"
        for number, arn in enumerate(alarms):
            if ":alarm:" not in str(arn):
                yield f"{place}/properties/alarms/{number}", f"{arn} is not the ARN of an alarm"


def _position(place: str, widget: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The grid has 24 columns."""
    limits = {"x": (0, _COLUMNS - 1), "y": (0, None), "width": (1, _COLUMNS), "height": (1, _ROWS)}
    for name, (low, high) in limits.items():
        value = widget.get(name)
        if value is None:
            continue
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < low or (high is not None and value > high):
            yield (
                f"{place}/{name}",
                f"{value} must be a whole number of at least {low}" + (f", at most {high}" if high else ""),
            )
            return
    if ("x" in widget) != ("y" in widget):
        yield place, "x and y go together"
    if widget.get("x", 0) + widget.get("width", 6) > _COLUMNS:
        yield f"{place}/width", f"ends past the {_COLUMNS} columns of the grid"


def _graph(place: str, properties: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rows, view = properties.get("metrics"), properties.get("view", "timeSeries")
    annotations = properties.get("annotations") or {}
    if rows is None and not annotations.get("alarms"):
        yield f"{place}/metrics", "must be set unless annotations name alarms"
    if view not in _VIEWS:
        yield f"{place}/view", f"{view!r} is no view; there are {', '.join(_VIEWS)}"
    left = (properties.get("yAxis") or {}).get("left") or {}
    if view == "gauge" and not {"min", "max"} <= left.keys():
        yield f"{place}/yAxis/left", "must have min and max for a gauge"
    period = properties.get("period")
    if period is not None and not (
        period in _PERIODS or (isinstance(period, int) and period > 0 and period % _MINUTE == 0)
    ):
        yield f"{place}/period", f"{period} s is neither 1, 5, 10 or 30 nor a multiple of 60"
    if not isinstance(rows, list):
        return
    if len(rows) > _MOST_METRICS:
        yield f"{place}/metrics", f"{len(rows)} metrics; at most {_MOST_METRICS} are allowed"
    ids: list[str] = []
    for index, row in enumerate(rows):
        yield from _row(f"{place}/metrics/{index}", row, first=index == 0, ids=ids)


def _row(place: str, row: Any, *, first: bool, ids: list[str]) -> Iterator[tuple[str, str]]:
    """``[namespace, name, dimension, value, …, {options}]`` or ``[{expression}]``; ``.`` repeats what was above."""
    if not isinstance(row, list) or not row:
        yield place, "must be a list that begins with a namespace, or holds an expression"
        return
    options = row[-1] if isinstance(row[-1], dict) else {}
    named = row[:-1] if options else row
    if not all(isinstance(part, str) for part in named):
        yield place, "names and values must be texts"
        return
    if not named and not options.get("expression"):
        yield place, "has neither a metric nor an expression"
    if named and first and {".", "..."} & set(named):
        yield place, "repeats a row above it, and there is none"
    if named and "..." not in named and (len(named) < _NAMED or len(named) % 2):
        yield place, "must be a namespace, a name, and pairs of dimension and value"
    name = options.get("id")
    if name is None:
        return
    if not re.fullmatch(r"[a-z][0-9A-Za-z_]*", str(name)):
        yield (
            f"{place}/id",
            f"{name} does not begin with a lower-case letter, or has other characters than letters and digits",
        )
    if name in ids:
        yield f"{place}/id", f"the id {name} is used twice"
    ids.append(str(name))
