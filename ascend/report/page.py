"""The report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ascend import __version__
from ascend.capacity.estimate import CEILING
from ascend.cost import prices
from ascend.engine.model import Op
from ascend.report import drawing, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.report.contents import Contents, Step

_FOLDER = Path(__file__).parent
#: The drawings and their widths in pixels; the style shows the one that the screen has room for.
_DRAWINGS = {"wide": 1088, "middle": 660, "narrow": 320}
#: Lines of a bill that are shown at once; the rest stands behind a click.
_SHOWN = 10
_OPS = {Op.CREATE: "created", Op.UPDATE: "updated", Op.REPLACE: "replaced", Op.DELETE: "deleted"}


def render(contents: Contents) -> str:
    """The page."""
    here = contents.ladder.here
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    title = f"The architecture of {contents.title} at phase {here.phase}"
    return (
        _environment()
        .get_template("page.html")
        .render(
            contents=contents,
            here=here,
            ceiling=CEILING,
            # The page's own style and nothing else: what a name in a plan might smuggle in is not run and not fetched.
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            style=style,
            drawings=[drawing.draw(contents.architecture, width, name, title) for name, width in _DRAWINGS.items()],
            receivers=sorted({one for entry in contents.alarms for one in entry.receivers}),
            silent=sum(len(entry.names) for entry in contents.alarms if not entry.receivers),
            alarms=sum(len(entry.names) for entry in contents.alarms),
            by_component=None if contents.step is None else _by_component(contents.step),
            ops=_OPS,
            shown=_SHOWN,
            prices_date=max(price.date for by_region in prices.load().prices.values() for price in by_region.values()),
            version=__version__,
        )
    )


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(text.FILTERS)
    return environment


def _by_component(step: Step) -> Mapping[str, Mapping[Op, int]]:
    """How many resources of each building block a promotion creates, updates, replaces and deletes."""
    resources = step.resources
    found: dict[str, dict[Op, int]] = {}
    for change in step.promotion.changes:
        counted = found.setdefault(resources[change.urn].component, dict.fromkeys(_OPS, 0))
        counted[change.op] += 1
    return dict(sorted(found.items()))
