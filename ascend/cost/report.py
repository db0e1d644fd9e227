"""What a person reads of an estimate: the bill by one heading, the ladder of phases, cap and margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ascend.cost.model import Estimate, Line, Span, total

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

#: What lines can be added up by.
HEADINGS: Mapping[str, Callable[[Line], str]] = {
    "service": lambda line: line.service,
    "component": lambda line: line.component,
    "region": lambda line: line.region,
}
_COLUMNS = ("low", "expected", "high")
_WIDTH = 12


def grouped(estimate: Estimate, by: str) -> dict[str, Span]:
    """Sums of the lines by a heading, the dearest first.

    Args:
        estimate: the bill.
        by: a key of `HEADINGS`.
    """
    found: dict[str, list[Span]] = {}
    for line in estimate.lines:
        found.setdefault(HEADINGS[by](line), []).append(line.monthly)
    sums = {name: total(spans) for name, spans in found.items()}
    return dict(sorted(sums.items(), key=lambda one: (-one[1].expected, one[0])))


def usage_based(estimate: Estimate, by: str) -> frozenset[str]:
    """Groups of which part rests on what users do."""
    return frozenset(HEADINGS[by](line) for line in estimate.lines if line.usage_based)


def print_estimate(console: Console, estimate: Estimate, by: str) -> None:
    """The bill of one stack."""
    console.print(Text(f"{estimate.system} at {estimate.phase}, {estimate.users:,} users: US dollars a month"))
    marked = usage_based(estimate, by)
    rows = [(f"{name} *" if name in marked else name, span) for name, span in grouped(estimate, by).items()]
    _table(console, [*rows, ("Total", estimate.monthly)], heading=by.capitalize())
    console.print(Text("* in part by use: requests, data, jobs, tasks that follow the load", style="dim"))
    if estimate.cap is not None and estimate.margin is not None:
        console.print(_cap(estimate.cap, estimate.margin))
    _print_rest(console, estimate)


def print_ladder(console: Console, estimates: Sequence[Estimate]) -> None:
    """The phases of one system, one a row."""
    first = estimates[0]
    console.print(Text(f"{first.system}: US dollars a month"))
    width = max(len(_step(one)) for one in estimates)
    console.print(
        Text(f"    {'Phase':<{width}}" + "".join(f"{name:>{_WIDTH}}" for name in (*_COLUMNS, "cap", "margin")))
    )
    for one in estimates:
        figures = (one.monthly.low, one.monthly.expected, one.monthly.high, one.cap, one.margin)
        style = "red" if one.margin is not None and one.margin < 0 else ""
        cells = "".join(f"{'-' if figure is None else f'{figure:,.2f}':>{_WIDTH}}" for figure in figures)
        console.print(Text(f"    {_step(one):<{width}}{cells}", style=style))
    for one in estimates:
        if one.unpriced or one.external:
            console.print(Text(f"{one.phase}:"))
            _print_rest(console, one)


def _step(estimate: Estimate) -> str:
    return f"{estimate.phase}, {estimate.users:,} users"


def _table(console: Console, rows: Sequence[tuple[str, Span]], heading: str) -> None:
    width = max(len(name) for name, _ in [*rows, (heading, None)])
    console.print(Text(f"    {heading:<{width}}" + "".join(f"{name:>{_WIDTH}}" for name in _COLUMNS), style="bold"))
    for name, span in rows:
        figures = "".join(f"{value:>{_WIDTH},.2f}" for value in (span.low, span.expected, span.high))
        console.print(Text(f"    {name:<{width}}{figures}", style="bold" if name == "Total" else ""))


def _cap(cap: float, margin: float) -> Text:
    """``Cap 50.00, 0.43 left``."""
    if margin < 0:
        return Text(f"Cap {cap:,.2f}, exceeded by {-margin:,.2f}", style="bold red")
    return Text(f"Cap {cap:,.2f}, {margin:,.2f} left", style="green")


def _print_rest(console: Console, estimate: Estimate) -> None:
    """What is not in the total, and what of it is not sure."""
    if estimate.external:
        bills = ", ".join(f"{one.name} {_range(one.monthly)}" for one in estimate.external)
        console.print(Text(f"Bills of others, not in the total: {bills}"))
    for one in estimate.unpriced:
        console.print(Text(f"Unpriced: {one.type}: {one.why} ({one.urn.rpartition('::')[2]})", style="yellow"))
    unsure = [line.monthly for line in estimate.lines if not line.verified and line.monthly.high]
    if unsure:
        amount = f"{total(unsure).expected:,.2f}"
        text = f"{amount} of it at prices that no public document confirms; `prices refresh` renews them"
        console.print(Text(text, style="dim"))


def _range(span: Span) -> str:
    return f"{span.low:,.2f}" if span.low == span.high else f"{span.low:,.2f}-{span.high:,.2f}"
