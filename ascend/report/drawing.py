"""The architecture as an SVG: users, edge, regions with their lanes, what goes between. Colours are the page's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ascend.report.architecture import Architecture, Lane, Part, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

# Lengths in units of the view box, which are pixels at full size.
_PAD, _GAP, _ROW = 12, 10, 30
_HEAD, _LABEL, _ARROW, _LANES = 44, 22, 24, 4
_LINE, _TITLE = 16, 18
_BOX_TOP, _BOX_BOTTOM, _BOX_SIDE = 10, 10, 14
_LEAST_BOX, _MOST_BOX, _LEAST_PANEL = 138, 250, 440
#: From this width on a lane's name stands beside its boxes, not above them.
_BROAD, _MARGIN = 700, 170
#: Space for every box that is drawn behind one to say that there are several.
_STACK = 4
# Widths of a character in the system's fonts, on the safe side; nothing may be wider than its box.
_CHARACTER, _BOLD_CHARACTER = 6.7, 7.9


@dataclass(frozen=True, slots=True)
class _Box:
    """A part with its text broken into lines."""

    part: Part
    title: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def height(self) -> int:
        return _BOX_TOP + _TITLE * len(self.title) + _LINE * len(self.lines) + _BOX_BOTTOM


def draw(architecture: Architecture, width: int, name: str, title: str) -> str:
    """The SVG.

    Args:
        architecture: what is drawn.
        width: of the view box, in pixels at full size; what does not fit beside each other stands below.
        name: prefix of the ids in it, which are unique in a page.
        title: what is shown, for those who do not see it.
    """
    parts: list[str] = []
    y = _users(parts, width)
    if architecture.edge:
        y = _arrow(parts, width / 2, y)
        y = _front(parts, architecture.edge, width, y)
    y = _regions(parts, architecture.places, width, y)
    if architecture.between:
        y = _strip(parts, architecture.between, width, y + _GAP)
    label = escape(title)
    return (
        f'<svg class="drawing {name}" viewBox="0 0 {width} {y + 2:g}" width="{width}" height="{y + 2:g}" role="img" '
        f'aria-labelledby="{name}-title"><title id="{name}-title">{label}</title>'
        f'<defs><marker id="{name}-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>'
        f"{''.join(parts).replace('#TIP', f'#{name}-tip')}</svg>"
    )


def _users(parts: list[str], width: int) -> float:
    middle, wide, high = width / 2, 104, 32
    parts.append(
        f'<rect class="users" x="{middle - wide / 2:g}" y="1" width="{wide}" height="{high}" rx="16"/>'
        f'<text class="name" x="{middle:g}" y="22" text-anchor="middle">Users</text>'
    )
    return 1 + high


def _arrow(parts: list[str], x: float, y: float) -> float:
    """A short arrow down from `y`."""
    parts.append(f'<path class="flow" d="M{x:g} {y + 2:g}V{y + _ARROW - 2:g}" marker-end="url(#TIP)"/>')
    return y + _ARROW


def _front(parts: list[str], edge: Sequence[Part], width: int, y: float) -> float:
    """The edge, as wide as all regions."""
    lane = _Space.of(width - 2)
    rows = _rows(edge, lane.width)
    high = lane.above + _PAD + _rows_height(rows)
    parts.append(_frame(1, y, width - 2, high))
    _lane(parts, "At the edge", rows, lane, left=1, y=y + _PAD - 2)
    return y + high


@dataclass(frozen=True, slots=True)
class _Space:
    """Where the boxes of a lane stand in a frame.

    Attributes:
        left: from the frame's left edge.
        width: for all of them.
        above: height that the lane's name takes.
    """

    left: float
    width: float
    above: float

    @classmethod
    def of(cls, frame: float) -> _Space:
        """In a frame of this width."""
        if frame >= _BROAD:
            return cls(_MARGIN, frame - _MARGIN - _PAD, 0)
        return cls(_PAD, frame - 2 * _PAD, _LABEL)


def _regions(parts: list[str], places: Sequence[Place], width: int, y: float) -> float:
    """The regions, as many in a row as fit; the lanes of a row stand at one height."""
    beside = max(1, min(len(places), int((width + _ROW) // (_LEAST_PANEL + _ROW))))
    wide = (width - 2 - (beside - 1) * _ROW) / beside
    lefts = [1 + number * (wide + _ROW) for number in range(beside)]
    space = _Space.of(wide)
    for first in range(0, len(places), beside):
        row = places[first : first + beside]
        for left in lefts if first == 0 else ():
            _arrow(parts, left + wide / 2, y)
        laid = [{lane: _rows(place.lanes.get(lane, ()), space.width) for lane in Lane} for place in row]
        heights = {lane: max(_rows_height(one[lane]) for one in laid) for lane in Lane}
        at, tops = y + _ARROW + _HEAD, {}
        for lane in Lane:
            tops[lane] = at
            at += space.above + heights[lane] + _LANES if heights[lane] else 0
        for place, rows, left in zip(row, laid, lefts, strict=False):
            parts.append(_frame(left, y + _ARROW, wide, at - y - _ARROW))
            parts.append(_heading(place, left + _PAD, y + _ARROW))
            for lane in Lane:
                if rows[lane]:
                    _lane(parts, lane, rows[lane], space, left=left, y=tops[lane])
        _copies(parts, row, lefts, tops[Lane.DATABASE] + space.above + 30)
        y = at
    return y


def _copies(parts: list[str], row: Sequence[Place], lefts: Sequence[float], y: float) -> None:
    """An arrow from the region that is written to, to each neighbour that holds a copy of its database."""
    writes = [any(part.kind == "database" for part in place.lanes.get(Lane.DATABASE, ())) for place in row]
    for number, left in enumerate(lefts[1 : len(row)], start=1):
        ends = (left - _ROW + 2, left - 2)
        if writes[number - 1] and not writes[number]:
            parts.append(f'<path class="flow" d="M{ends[0]:g} {y:g}H{ends[1]:g}" marker-end="url(#TIP)"/>')
        elif writes[number] and not writes[number - 1]:
            parts.append(f'<path class="flow" d="M{ends[1]:g} {y:g}H{ends[0]:g}" marker-end="url(#TIP)"/>')


def _lane(parts: list[str], name: str, rows: Sequence[Sequence[_Box]], space: _Space, *, left: float, y: float) -> None:
    """A lane's name and its boxes; `left` and `y` are those of its frame and its top."""
    base = y + 12 if space.above else y + 22
    parts.append(f'<text class="lane" x="{left + _PAD:g}" y="{base:g}">{name}</text>')
    _lay(parts, rows, left + space.left, y + max(0, space.above - 2), space.width)


def _heading(place: Place, x: float, y: float) -> str:
    role = f'<tspan class="quiet" dx="8">{escape(place.role)}</tspan>' if place.role else ""
    return f'<text class="region" x="{x:g}" y="{y + 25:g}">{escape(place.region)}{role}</text>'


def _strip(parts: list[str], lines: Sequence[str], width: int, y: float) -> float:
    """What goes from region to region, below them."""
    space = _Space.of(width - 2)
    broken = [line for text in lines for line in _broken(text, space.width, _CHARACTER)]
    high = space.above + _LINE * len(broken) + 2 * _PAD
    parts.append(_frame(1, y, width - 2, high))
    parts.append(f'<text class="lane" x="{1 + _PAD}" y="{y + 22:g}">Between regions</text>')
    for number, line in enumerate(broken):
        parts.append(
            f'<text x="{1 + space.left:g}" y="{y + space.above + 22 + number * _LINE:g}">{escape(line)}</text>'
        )
    return y + high


def _frame(x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="frame" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="10"/>'


def _rows(found: Sequence[Part], width: float) -> list[list[_Box]]:
    """Boxes in rows, as many in one as fit; all of one lane are equally wide."""
    if not found:
        return []
    beside = max(1, min(len(found), int((width + _GAP) // (_LEAST_BOX + _GAP))))
    # Rows of about the same length: four boxes where three fit are two and two.
    beside = -(-len(found) // -(-len(found) // beside))
    room = _box_width(beside, width) - 2 * _BOX_SIDE
    boxes = [
        _Box(
            part,
            tuple(_broken(_name(part), room, _BOLD_CHARACTER)),
            tuple(line for text in part.details for line in _broken(text, room, _CHARACTER)),
        )
        for part in found
    ]
    return [boxes[first : first + beside] for first in range(0, len(boxes), beside)]


def _name(part: Part) -> str:
    return part.name if part.number == 1 else f"{part.number} \u00d7 {part.name}"


def _box_width(beside: int, width: float) -> float:
    return min(_MOST_BOX, (width - (beside - 1) * _GAP) / beside)


def _rows_height(rows: Sequence[Sequence[_Box]]) -> float:
    """Height of a lane's rows with the gap below each; 0 for none."""
    return sum(max(box.height for box in row) + _STACK + _GAP for row in rows)


def _lay(parts: list[str], rows: Sequence[Sequence[_Box]], x: float, y: float, width: float) -> None:
    wide = _box_width(len(rows[0]), width) if rows else 0
    for row in rows:
        high = max(box.height for box in row)
        for number, box in enumerate(row):
            _draw_box(parts, box, x=x + number * (wide + _GAP), y=y, width=wide, height=high)
        y += high + _STACK + _GAP


def _draw_box(parts: list[str], box: _Box, *, x: float, y: float, width: float, height: float) -> None:
    narrow = width - _STACK if box.part.number > 1 else width
    if box.part.number > 1:
        parts.append(_rect("box behind", x + _STACK, y + _STACK, narrow, height))
    parts.append(
        f'<g class="part {box.part.kind}">{_rect("box", x, y, narrow, height)}'
        f'<path class="mark" d="M{x + 4:g} {y + 9:g}v{height - 18:g}"/>'
    )
    at = y + _BOX_TOP + 12
    for line in box.title:
        parts.append(f'<text class="name" x="{x + _BOX_SIDE:g}" y="{at:g}">{escape(line)}</text>')
        at += _TITLE
    for line in box.lines:
        parts.append(f'<text class="quiet" x="{x + _BOX_SIDE:g}" y="{at - 1:g}">{escape(line)}</text>')
        at += _LINE
    parts.append("</g>")


def _rect(style: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="7"/>'


def _broken(text: str, width: float, character: float) -> list[str]:
    """A text in lines that fit; a word that does not is cut, as a last resort."""
    most = max(1, int(width / character))
    lines = [""]
    for word in text.split():
        pieces = [word[at : at + most] for at in range(0, len(word), most)]
        for piece in pieces:
            if lines[-1] and len(lines[-1]) + 1 + len(piece) > most:
                lines.append(piece)
            else:
                lines[-1] = f"{lines[-1]} {piece}".strip()
    return lines
