"""A run as a picture: an SVG of its own, without scripts, for light and dark screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.capacity.comparison import Compared

_WIDTH, _LEFT, _RIGHT = 960, 70, 20
_PANEL, _GAP, _TITLE = 130, 46, 56
_TICKS_X, _POINTS = 8, 480
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" \
role="img" aria-label="{label}">
<style>
  svg {{ --ink: #1f2933; --quiet: #616e7c; --grid: #e4e7eb; --page: #ffffff;
    --a: #2563eb; --b: #d97706; --c: #dc2626; }}
  @media (prefers-color-scheme: dark) {{
    svg {{ --ink: #e4e7eb; --quiet: #9aa5b1; --grid: #323f4b; --page: #14181d;
      --a: #60a5fa; --b: #fbbf24; --c: #f87171; }}
  }}
  text {{ font: 12px system-ui, sans-serif; fill: var(--ink); }}
  .quiet {{ fill: var(--quiet); }}
  .title {{ font-size: 15px; font-weight: 600; }}
  .page {{ fill: var(--page); }}
  .grid {{ stroke: var(--grid); }}
  .a, .b, .c {{ fill: none; stroke-width: 1.6; stroke-linejoin: round; }}
  .a {{ stroke: var(--a); }} .b {{ stroke: var(--b); }} .c {{ stroke: var(--c); stroke-dasharray: 5 4; }}
  .key-a {{ fill: var(--a); }} .key-b {{ fill: var(--b); }} .key-c {{ fill: var(--c); }}
</style>
<rect class="page" width="{width}" height="{height}"/>
"""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a panel: ``a`` and ``b`` are drawn through, ``c`` is a limit."""

    style: str
    name: str
    values: Sequence[float]


def draw(title: str, services: Sequence[Compared]) -> str:
    """The SVG of the better policy's runs: load, tasks, and response time of each service.

    Args:
        title: what is shown.
        services: the services, one at least.
    """
    panels = [panel for one in services for panel in _panels(one)]
    length_s = max(one.best.minutes[-1].at_s + 60 for one in services)
    height = _TITLE + len(panels) * (_PANEL + _GAP) + 10
    parts = [
        _HEAD.format(width=_WIDTH, height=height, label=escape(title, {'"': "&quot;"})),
        f'<text class="title" x="{_LEFT}" y="28">{escape(title)}</text>\n',
    ]
    for number, (heading, lines) in enumerate(panels):
        parts += _panel(_TITLE + number * (_PANEL + _GAP), heading, lines, length_s)
    return "".join([*parts, "</svg>\n"])


def _panels(one: Compared) -> list[tuple[str, list[_Line]]]:
    """Heading and lines of each panel of a service."""
    fleet, run = one.fleet, one.best
    minutes = run.minutes
    unit = "jobs/s" if fleet.worker else "requests/s"
    limit = fleet.backlog_limit if fleet.worker else fleet.p95_limit_s
    last = (
        _Line("a", "jobs that wait", [minute.backlog for minute in minutes])
        if fleet.worker
        else _Line("a", "p95 of waiting, s" if fleet.slow else "p95, s", [minute.p95_s for minute in minutes])
    )
    return [
        (
            f"{fleet.service}: {unit} in a region",
            [
                _Line("a", "load", [minute.arrivals for minute in minutes]),
                _Line("b", "what the tasks carry", [minute.running * fleet.rate for minute in minutes]),
            ],
        ),
        (
            f"{fleet.service}: tasks in a region, {one.kept} policy",
            [
                _Line("a", "wanted", [float(minute.wanted) for minute in minutes]),
                _Line("b", "at work", [minute.running for minute in minutes]),
                _Line("c", "fixed fleet", [float(one.fixed.fleet.least)] * len(minutes)),
            ],
        ),
        (f"{fleet.service}: {last.name}", [last, _Line("c", "limit", [limit] * len(minutes))]),
    ]


def _panel(top: float, heading: str, lines: Sequence[_Line], length_s: float) -> list[str]:
    most = max((value for line in lines for value in line.values), default=0.0) * 1.05 or 1.0
    bottom, right = top + _PANEL, _WIDTH - _RIGHT
    parts = [f'<text x="{_LEFT}" y="{top - 8:g}">{escape(heading)}</text>\n']
    x = right
    for line in reversed(lines):
        x -= 7 * len(line.name) + 22
        parts.append(
            f'<rect class="key-{line.style}" x="{x}" y="{top - 17:g}" width="10" height="10" rx="2"/>'
            f'<text class="quiet" x="{x + 14}" y="{top - 8:g}">{escape(line.name)}</text>\n'
        )
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * _PANEL
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:g}" y2="{y:g}"/>'
            f'<text class="quiet" x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end">{_short(share * most)}</text>\n'
        )
    for tick in range(_TICKS_X + 1):
        x_tick = _LEFT + tick / _TICKS_X * (right - _LEFT)
        parts.append(
            f'<text class="quiet" x="{x_tick:.1f}" y="{bottom + 15:g}" text-anchor="middle">'
            f"{_time(tick / _TICKS_X * length_s)}</text>\n"
        )
    for line in lines:
        values = _thinned(line.values)
        step = (right - _LEFT) / max(1, len(values) - 1)
        points = " ".join(
            f"{_LEFT + index * step:.1f},{bottom - value / most * _PANEL:.1f}" for index, value in enumerate(values)
        )
        parts.append(f'<polyline class="{line.style}" points="{points}"/>\n')
    return parts


def _thinned(values: Sequence[float]) -> list[float]:
    """At most so many points, each the highest of those that it stands for: no peak is lost."""
    group = -(-len(values) // _POINTS)
    return [max(values[start : start + group]) for start in range(0, len(values), group)]


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- from three digits on whole ones


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d} h"
