"""What a finished command says: the plan, the summary, the outputs; and the same as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ascend.ui import tree
from ascend.ui.ops import COUNTED, LOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from ascend.engine.model import RunResult, Step, Target

#: Type of the stack's root component, whose inputs say what the stack is.
ROOT_TYPE = "ascend:index:World"
#: How long an object is printed as it is, in characters: names by service are, a whole region is not.
_LONGEST_OUTPUT = 400


def described(steps: Sequence[Step], target: Target) -> dict[str, str]:
    """The stack's system and phase as its own root component states them.

    A plan that holds no root component (the stack of another project, or one already destroyed) falls back on what
    the command itself was given, and to empty strings.
    """
    root = next((step for step in steps if step.type == ROOT_TYPE), None)
    inputs = root.inputs if root else {}
    return {key: str(inputs.get(key) or target.config.get(f"ascend:{key}") or "") for key in ("system", "phase")}


def document(result: RunResult, target: Target, engine: str) -> dict[str, Any]:
    """The JSON of preview, up and destroy."""
    return {
        "stack": target.stack,
        **described(result.steps, target),
        "engine": engine,
        "steps": [
            {
                "op": str(step.op),
                "urn": step.urn,
                "type": step.type,
                "name": step.name,
                "replace_keys": list(step.replace_keys),
            }
            for step in result.steps
        ],
        "summary": {key: int(result.summary.get(key, 0)) for key, _ in COUNTED},
        "outputs": dict(result.outputs),
        "duration_s": round(result.duration_s, 3),
    }


def print_plan(console: Console, result: RunResult) -> None:
    """The tree of what would change, with the keys that change. Prints nothing for a plan without changes."""
    for row in tree.rows(result.steps, tree.changed_urns(result.steps)):
        console.print(tree.line(row))


def counts(summary: Mapping[str, int], *, planned: bool) -> Text:
    """``+ 12 created, 98 unchanged``, or ``+ 12 to create``; ``nothing`` where the summary is empty."""
    text = Text()
    for key, op in COUNTED:
        number = summary.get(key, 0)
        if not number:
            continue
        if text:
            text.append(", ")
        word = f"to {key}" if planned and key != "same" else LOOKS[op].done
        text.append(f"{LOOKS[op].sign.strip()} {number} {word}".strip(), style=LOOKS[op].style)
    return text or Text("nothing")


def changes(summary: Mapping[str, int]) -> int:
    """How many resources a run changed or would change."""
    return sum(summary.get(key, 0) for key, _ in COUNTED if key != "same")


def headline(result: RunResult, target: Target, *, planned: bool) -> Text:
    """``dev, floyo at single-region: + 98 created in 12.3 s``; a run without changes says so in words."""
    about = described(result.steps, target)
    text = Text().append(target.stack, style="bold")
    if about["system"]:
        text.append(f", {about['system']} at {about['phase'] or 'no phase'}")
    text.append(": ")
    if not changes(result.summary):
        text.append("nothing to change, " if planned else "nothing changed, ")
    text.append_text(counts(result.summary, planned=planned))
    text.append(f" in {seconds(result.duration_s)}")
    return text


def print_outputs(console: Console, outputs: Mapping[str, Any]) -> None:
    """One output per line, names aligned; lists and objects as compact JSON. What takes many lines is not repeated."""
    width = max((len(name) for name in outputs), default=0)
    for name, value in sorted(outputs.items()):
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if isinstance(value, str) and "\n" in value:
            shown = f"({value.count(chr(10))} lines; --json prints them)"
        elif isinstance(value, dict) and len(shown) > _LONGEST_OUTPUT:
            shown = "(long; --json prints it)"
        console.print(Text.assemble(("    ", ""), (f"{name:<{width}}", "bold"), ("  ", ""), (shown, "")))


def seconds(duration: float) -> str:
    """``2.3 s`` or ``3 min 05 s``."""
    if duration < 60:  # noqa: PLR2004 -- seconds in a minute
        return f"{duration:.1f} s"
    return f"{int(duration // 60)} min {int(duration % 60):02d} s"
