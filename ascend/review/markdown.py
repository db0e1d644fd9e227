"""The report for a pull request: the verdict and a table first, details folded away, below GitHub's limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ascend.review.changes import KINDS
from ascend.review.findings import Level, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ascend.cost.model import Span
    from ascend.review.findings import Finding
    from ascend.review.report import Report
    from ascend.review.review import Review, Side

#: GitHub refuses a comment of more characters than this.
LIMIT: Final = 65_536
#: By this line the comment is found again, to be written anew in its place.
MARKER: Final = "<!-- ascend review -->"
_SIGNS: Final = {Verdict.PASS: "✅", Verdict.BLOCKED: "⛔", Verdict.UNJUDGED: "❔"}
_LEVELS: Final = {Level.BLOCKING: "⛔", Level.WARNING: "⚠️", Level.NOTE: "i"}
#: How many rows of a list are shown, in the order in which they are given up where the report is too long.
_ROWS: Final = (400, 100, 40, 15, 5, 0)


def markdown(report: Report) -> str:
    """The report, of at most `LIMIT` characters: lists are cut where it would be longer, and say so."""
    text = ""
    for rows in _ROWS:
        text = "\n".join(_lines(report, rows)) + "\n"
        if len(text) <= LIMIT:
            return text
    tail = "\n\n(cut; the whole report is in the artifact)\n"
    return text[: LIMIT - len(tail)] + tail


def _lines(report: Report, rows: int) -> Iterator[str]:
    yield MARKER
    yield f"## {_SIGNS[report.verdict]} Ascend review: {report.verdict}"
    yield ""
    yield f"Against {report.against}."
    yield ""
    yield "| stack | verdict | added | changed | replaced | deleted | $/month | capacity | incidents caught |"
    yield "|---|---|--:|--:|--:|--:|--:|---|---|"
    for one in report.reviews:
        yield _row(one)
    yield ""
    for one in report.reviews:
        yield from _stack(one, rows)


def _row(one: Review) -> str:
    # Most of what is destroyed unseen is destroyed in a plan's middle: these two come last and bold.
    counts = {word: one.count(op) for op, word in KINDS.items()}
    cells = [
        f"`{one.stack}`{_phase(one)}",
        f"{_SIGNS[one.verdict]} {one.verdict}",
        str(counts["added"]),
        str(counts["changed"]),
        _bold(counts["replaced"]),
        _bold(counts["deleted"]),
        _both(one, lambda side: _money(side.cost.monthly)),
        _both(one, _capacity),
        _both(one, lambda side: f"{side.caught} of {len(side.incidents)}" if side.incidents else "-"),
    ]
    return f"| {' | '.join(cells)} |"


def _phase(one: Review) -> str:
    if one.promotion is not None:
        return f"<br>promotion: {one.promotion.before} → {one.promotion.after}"
    return "<br>new" if one.before is None and one.after is not None else ""


def _bold(number: int) -> str:
    return f"**{number}**" if number else "0"


def _both(one: Review, shown: Callable[[Side], str]) -> str:
    if one.after is None:
        return "-"
    after = shown(one.after)
    before = after if one.before is None else shown(one.before)
    return after if before == after else f"{before} → {after}"


def _capacity(side: Side) -> str:
    if side.carries is None:
        return "-"
    most = "" if side.carries.most is None else f", at most {side.carries.most:,}"
    return f"{'holds' if side.carries.holds else '**does not hold**'} {side.carries.users:,}{most}"


def _money(span: Span) -> str:
    return f"{span.expected:,.2f}"


def _stack(one: Review, rows: int) -> Iterator[str]:
    new = [found for found in one.findings if found.level is not Level.NOTE]
    if new:
        yield f"### `{one.stack}`"
        yield ""
        yield from _cut([_finding(found) for found in new], max(rows, 5))
        yield ""
    notes = [_finding(found) for found in one.findings if found.level is Level.NOTE]
    yield from _folded(f"{one.stack}: {len(notes)} known before or agreed to", notes, rows)
    yield from _folded(f"{one.stack}: {len(one.changes)} resources change", list(_changes(one)), rows)
    yield from _folded(f"{one.stack}: cost by line", list(_cost(one)), rows + 2 if rows else 0)
    yield from _folded(f"{one.stack}: incidents and the alarms that catch them", list(_incidents(one)), rows)


def _finding(found: Finding) -> str:
    place = "" if found.place is None else f" (`{found.place}`)"
    return f"- {_LEVELS[found.level]} **{found.rule}**{place}: {_escaped(found.message)}"


def _changes(one: Review) -> Iterator[str]:
    for change in one.changes:
        forced = f", forced by `{', '.join(change.forced)}`" if change.forced else ""
        yield f"- {KINDS[change.op]} `{change.step.type}` **{change.step.name}**{forced}"
        for key, (old, new) in change.values.items():
            yield f"  - `{key}`: {_code(old)} → {_code(new)}"


def _cost(one: Review) -> Iterator[str]:
    if not one.lines:
        return
    yield "| resource | item | before | after | change |"
    yield "|---|---|--:|--:|--:|"
    for line in one.lines:
        yield (
            f"| {line.urn.rpartition('::')[2]} | {line.item}{' *' if line.line.usage_based else ''} "
            f"| {_money(line.before)} | {_money(line.after)} | {line.monthly.expected:+,.2f} |"
        )


def _incidents(one: Review) -> Iterator[str]:
    for outcome in one.after.incidents if one.after is not None else ():
        target = str(outcome.get("target") or outcome.get("urn") or "").rpartition("::")[2]
        minutes = outcome.get("minutes")
        first = f"{outcome.get('alarm')} after {minutes:g} min" if minutes is not None else str(outcome.get("alarm"))
        yield f"- {outcome.get('incident')} {target}: {first if outcome.get('caught') else '**no alarm**'}"


def _folded(title: str, lines: Sequence[str], rows: int) -> Iterator[str]:
    if not lines:
        return
    yield "<details>"
    yield f"<summary>{title}</summary>"
    yield ""
    yield from _cut(lines, rows)
    yield ""
    yield "</details>"
    yield ""


def _cut(lines: Sequence[str], rows: int) -> Iterator[str]:
    yield from lines[:rows]
    if len(lines) > rows:
        yield ""
        yield f"and {len(lines) - rows} more lines, in the whole report (the run's artifact)"


def _escaped(text: str) -> str:
    """Text of a pull request's author as it stands: no markup, no mention of anybody."""
    for sign in ("\\", "`", "*", "_", "[", "]", "<", ">", "|"):
        text = text.replace(sign, f"\\{sign}" if sign not in "<>" else {"<": "&lt;", ">": "&gt;"}[sign])
    return text.replace("@", "@\u200b")


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39)).replace('@', '@' + chr(0x200B))}`"
