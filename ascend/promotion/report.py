"""The report of a promotion or demotion: what was checked, what changes, costs and carries, how long each step took."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from ascend.promotion.sequence import STEPS
from ascend.ui.report import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from ascend.promotion.sequence import Course

#: Raised when a key of the JSON changes its meaning or goes.
VERSION: Final = 1
#: Lines of a list that a terminal shows, and that a summary does.
_SHOWN: Final = 12
_SUMMARIZED: Final = 400
_BEHIND: Final = "stays behind"
_MARKER: Final = "<!-- ascend promotion -->"


def document(course: Course, *, outcome: str, problems: str = "") -> dict[str, Any]:
    """A move as JSON.

    Args:
        course: the move.
        outcome: ``done``, ``dry-run`` or ``blocked``.
        problems: what stands in the way, a line each.
    """
    move, results = course.move, course.results
    return {
        "version": VERSION,
        "kind": str(move.kind),
        "stack": course.stack,
        "system": course.deployed.system,
        "from": move.before,
        "to": move.after,
        "engine": course.session.engine.name,
        "forced": move.force,
        "outcome": outcome,
        "problems": problems.splitlines(),
        "steps": [
            {"name": step, "seconds": round(course.took.get(step, 0.0), 1), "done": step in course.took}
            for step in STEPS[move.kind]
        ],
        "checks": (results.get("check") or {}).get("checks", []),
        "plan": results.get("plan"),
        "rehearsal": results.get("rehearse"),
        "snapshots": (results.get("snapshot") or {}).get("snapshots", []),
        "applied": results.get("apply"),
        "verified": results.get("verify"),
        "journal": None if course.book is None else os.path.relpath(course.book.file, course.session.target.root),
    }


def show(out: Console, found: Mapping[str, Any]) -> None:
    """Prints a report."""
    total = sum(step["seconds"] for step in found["steps"])
    head = {"done": "done", "dry-run": "could be done", "blocked": "blocked"}[found["outcome"]]
    out.print(
        Text.assemble(
            (found["stack"], "bold"),
            f": {found['system']} from {found['from']} to {found['to']}: ",
            (head, "bold green" if found["outcome"] != "blocked" else "bold red"),
            f" in {seconds(total)}",
        )
    )
    for step, line in _lines(found):
        out.print(f"  {step:<9}{line}")
    for name, lines in _details(found).items():
        if found["outcome"] == "done" and not name.startswith(_BEHIND):
            continue
        out.print(f"  {name}:")
        for line in lines[:_SHOWN]:
            out.print(f"    {line}")
        if len(lines) > _SHOWN:
            out.print(f"    and {len(lines) - _SHOWN} more; --json lists them")
    if found["journal"]:
        out.print(f"  journal  {found['journal']}")


def markdown(found: Mapping[str, Any]) -> str:
    """The report for the summary of a workflow: the verdict and a table first, details folded away."""
    sign = {"done": "✅", "dry-run": "✅", "blocked": "⛔"}[found["outcome"]]
    verb = {"promote": "Promotion", "demote": "Demotion"}[found["kind"]]
    rows = [
        _MARKER,
        f"## {sign} {verb} of `{found['stack']}` from {found['from']} to {found['to']}: {found['outcome']}",
        "",
        *(f"- ⛔ {_escaped(line)}" for line in found["problems"]),
        *([""] if found["problems"] else []),
        *([f"Forced: {_escaped(found['forced'])}", ""] if found["forced"] else []),
        "| step | | seconds |",
        "|---|---|--:|",
    ]
    taken = {step["name"]: step["seconds"] for step in found["steps"]}
    rows += [f"| {step} | {_escaped(line)} | {taken.get(step, 0):.1f} |" for step, line in _lines(found)]
    for name, lines in _details(found).items():
        rows += ["", "<details>", f"<summary>{name} ({len(lines)})</summary>", ""]
        rows += [f"- {_escaped(line)}" for line in lines[:_SUMMARIZED]]
        rows += ["", "</details>"]
    return "\n".join(rows) + "\n"


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What each step that was taken came to."""
    if found["checks"]:
        bad = [one["name"] for one in found["checks"] if not one["ok"] and not one["forced"]]
        forced = [one["name"] for one in found["checks"] if one["forced"]]
        text = f"{len(found['checks'])} checks, " + (f"not passed: {', '.join(bad)}" if bad else "all passed")
        yield "check", text + (f" ({', '.join(forced)} by force: {found['forced']})" if forced else "")
    if found["plan"]:
        yield "plan", _plan(found["plan"])
    if found["rehearsal"]:
        yield "rehearse", f"{found['rehearsal']['summary']} in {found['rehearsal']['duration_s']:.1f} s"
    if found["snapshots"]:
        names = ", ".join(f"{one['snapshot']} ({one['gib']} GiB)" for one in found["snapshots"])
        yield "snapshot", f"{names}; kept until you delete them"
    if found["applied"]:
        yield "apply", f"{_counts(found['applied']['summary'])} in {found['applied']['duration_s']:.1f} s"
    if found["verified"]:
        yield "verify", f"{len(found['verified']['findings'])} things looked at, all well"


def _plan(found: Mapping[str, Any]) -> str:
    text = _counts(found["summary"])
    before, after = found["before"], found["after"]
    if after:
        was = f"${before['cost']['expected']:,.2f} → " if before else ""
        cap = f" (cap ${after['cap']:,.0f})" if after["cap"] is not None else ""
        text += f"; {was}${after['cost']['expected']:,.2f} a month{cap}"
        carries = after["capacity"]
        if carries:
            holds = "holds" if carries["holds"] else "does not hold"
            most = f", at most {carries['max_users']:,}" if carries["max_users"] is not None else ""
            text += f"; {holds} {carries['users']:,} users{most}"
    return text


def _counts(summary: Mapping[str, Any]) -> str:
    """``12 create, 3 update``; what is unchanged is left out."""
    shown = [f"{int(count)} {name}" for name, count in summary.items() if count and name not in ("same", "unchanged")]
    return ", ".join(shown) or "nothing changes"


def _details(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Lists of a line each, by heading; only those that hold any."""
    planned = found["plan"] or {}
    behind = planned.get("stays_behind") or {}
    lists = {
        "checks": [
            f"{'ok' if one['ok'] else 'forced' if one['forced'] else 'no'}: {one['name']}: {one['detail']}"
            for one in found["checks"]
        ],
        "findings": [f"{one['level']} {one['rule']}: {one['message']}" for one in planned.get("findings", ())],
        "the program says": list(planned.get("said", ())),
        f"{_BEHIND}, ${behind.get('monthly_usd', 0):,.2f} a month": [
            f"{one['name']} ({one['type']}{', ' + one['region'] if one['region'] else ''})"
            f"{', holds data' if one['holds_data'] else ''}"
            for one in behind.get("resources", ())
        ],
        "replaced or deleted": [
            f"{one['op']} {one['name']} ({one['type']})"
            for one in planned.get("changes", ())
            if one["op"] in ("replaced", "deleted")
        ],
        "costs": [
            f"{one['urn'].rpartition('::')[2]}: {one['item']}: {one['monthly']['expected']:+,.2f}"
            for one in planned.get("cost_changes", ())
        ],
    }
    return {name: lines for name, lines in lists.items() if lines}


def _escaped(text: str) -> str:
    """Text as it stands: no markup, no mention of anybody."""
    for sign in ("\\", "`", "*", "_", "[", "]", "|"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")
