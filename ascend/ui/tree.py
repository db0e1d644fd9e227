"""Resources drawn as a tree by parent: what a plan changes, and what a run is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from ascend.engine.model import Op, Step
from ascend.ui.ops import LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What is left of a name on the narrowest terminal, in cells.
_NAME_CELLS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tree: a step, how deep it hangs, and whether its line only holds up others."""

    step: Step
    depth: int
    scaffold: bool


def short_type(token: str) -> str:
    """``aws:ec2/vpc:Vpc`` as ``aws:ec2:Vpc``: the middle's lower-case repetition says nothing."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    return f"{package}:{module.split('/')[0]}:{name}" if name else token


def rows(steps: Iterable[Step], wanted: Iterable[str]) -> Iterator[Row]:
    """The tree of the resources named by URN in `wanted` with their ancestors, depth first, in the order of `steps`.

    Args:
        steps: every step known; a URN that occurs twice is drawn as its last step says.
        wanted: URNs that must be seen. Ancestors that are not wanted themselves become scaffold.

    Yields:
        The lines from top to bottom. A step whose parent is unknown is a root.
    """
    by_urn: dict[str, Step] = {step.urn: step for step in steps}
    visible = set(wanted) & by_urn.keys()
    shown: set[str] = set()
    for urn in visible:
        walk = urn
        while walk in by_urn and walk not in shown:
            shown.add(walk)
            walk = by_urn[walk].parent
    children: dict[str, list[str]] = {}
    for urn, step in by_urn.items():
        if urn in shown:
            children.setdefault(step.parent if step.parent in shown else "", []).append(urn)
    stack = [(urn, 0) for urn in reversed(children.get("", []))]
    while stack:
        urn, depth = stack.pop()
        yield Row(by_urn[urn], depth, urn not in visible)
        stack.extend((child, depth + 1) for child in reversed(children.get(urn, [])))


def changed_urns(steps: Iterable[Step]) -> list[str]:
    """URNs of the steps that change something."""
    return [step.urn for step in steps if step.op is not Op.SAME]


def line(row: Row, status: Text | None = None, width: int = 0) -> Text:
    """One line of the tree.

    Args:
        row: what to draw.
        status: put after the name; by default the keys that change.
        width: cells that there are: the name gives up its beginning, which it shares with its neighbours, so that the
            status is seen. 0 draws all.
    """
    step = row.step
    look = LOOKS[step.op]
    end = Text() if row.scaffold else status if status is not None else change_note(step)
    text = Text()
    text.append(f"{look.sign if not row.scaffold else '':>2} ", style=look.style)
    text.append("   " * row.depth)
    text.append(short_type(step.type), style="dim" if row.scaffold else "")
    room = max(width - text.cell_len - end.cell_len - 2, _NAME_CELLS)
    name = f"…{step.name[1 - room :]}" if width and len(step.name) > room else step.name
    text.append(f"  {name}", style="dim" if row.scaffold else "bold")
    return text.append_text(end)


def change_note(step: Step) -> Text:
    """``[~tags, +-engine]``: which inputs change, those that force a replacement marked."""
    replacing = set(step.replace_keys)
    keys = [*(f"+-{key}" for key in step.replace_keys), *(f"~{key}" for key in step.diff_keys if key not in replacing)]
    text = Text()
    if step.op in {Op.UPDATE, Op.REPLACE} and keys:
        text.append(f"  [{', '.join(keys)}]", style=LOOKS[step.op].style)
    if step.protect and step.op in {Op.DELETE, Op.REPLACE}:
        text.append("  protected", style="bold red")
    return text
