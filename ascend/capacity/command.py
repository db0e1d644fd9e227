"""The commands `capacity` and `simulate`: plan, reckon, say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ascend import plans, target
from ascend.capacity import chart, comparison, fleets, stack, traces
from ascend.capacity.estimate import CEILING, Estimate, estimate
from ascend.cost import plan as cost_plans
from ascend.cost import usage
from ascend.errors import InputError
from ascend.ui import console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from ascend.capacity.comparison import Compared
    from ascend.capacity.simulate import Run
    from ascend.capacity.traces import Trace

#: Where charts go, below the project's folder.
CHARTS = ".ascend/charts"
_BAR = 20
_PERCENT = 100


def capacity(
    cwd: Path, name: str | None, *, system: str | None, phase: str | None, users: int | None, json: bool
) -> None:
    """Prints whether a stack holds so many users, and how many it holds."""
    found = _estimate(cwd, name, system, phase, users)
    if json:
        console.print_json(found.document())
    else:
        _print_estimate(console.stdout(), found)


def simulate(
    cwd: Path,
    name: str | None,
    *,
    system: str | None,
    phase: str | None,
    users: int | None,
    trace: str,
    out: Path | None,
    json: bool,
) -> None:
    """Runs a stack's services under a trace, draws it and prints what came of it.

    Raises:
        InputError: nothing is known of what its services do, or the chart cannot be written.
    """
    found = _estimate(cwd, name, system, phase, users)
    peak = found.demand.requests_per_second.expected
    load = traces.trace(trace, found.stack.figures.traffic.average_load, peak)
    services = [comparison.compare(fleet, load, each) for fleet, each in fleets.fleets(found.stack, found.demand)]
    if not services:
        raise InputError(f"{found.stack.name}: nobody knows what a task of its services carries; see `ascend capacity`")
    title = f"{found.stack.name}: {load.name}, {found.demand.users:,} users"
    file = out or target.find_root(cwd) / CHARTS / f"{found.stack.name}-{load.name}.svg"
    _write(file, chart.draw(title, services))
    if json:
        console.print_json(_document(found, load, services, file))
    else:
        _print_runs(console.stdout(), found, load, services)
        console.print_note(f"Chart: {file}")


def _estimate(cwd: Path, name: str | None, system: str | None, phase: str | None, users: int | None) -> Estimate:
    planned = plans.plan(cwd, name, system, phase)
    # As many as the bill is for, so that both speak of the same load.
    number = usage.users_of(cost_plans.read(planned.resources), users)
    return estimate(stack.read(planned), number)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from error


def _document(found: Estimate, load: Trace, services: Sequence[Compared], file: Path) -> dict[str, Any]:
    kept, all_day = [one.best.cost_usd for one in services], [one.fixed.cost_usd for one in services]
    return {
        "stack": found.stack.name,
        "system": found.stack.system,
        "phase": found.stack.phase,
        "users": found.demand.users,
        "trace": load.name,
        "length_s": load.length_s,
        "limits": {
            "p95_s": found.stack.figures.p95_s,
            "error_share": found.stack.figures.error_rate_pct / _PERCENT,
            "backlog": found.stack.figures.queue_depth,
        },
        "holds": comparison.holds(services),
        "cost_usd": {"autoscaled": _sum(kept), "fixed": _sum(all_day)},
        "chart": str(file),
        "unknown": list(found.unknown),
        "services": [one.document() for one in services],
    }


def _sum(costs: Sequence[float | None]) -> float | None:
    """The sum; None where one is not known."""
    known = [cost for cost in costs if cost is not None]
    return round(sum(known), 4) if len(known) == len(costs) else None


def _print_estimate(out: Console, found: Estimate) -> None:
    demand, bottleneck = found.demand, found.bottleneck
    out.print(f"{found.stack.name}: {found.stack.figures.title} at phase {found.stack.phase}, {demand.users:,} users")
    out.print()
    for label, unit, one in (
        ("active at once", "users", demand.ranges()["concurrent_users"]),
        ("requests", "/s", demand.requests_per_second),
        ("of these to services", "/s", demand.origin_requests_per_second),
        ("queries", "/s", demand.queries_per_second),
        ("connections of clients", "", demand.connections),
        ("connections of pools", "", demand.db_connections),
    ):
        both = _number(one.high) if one.low == one.high else f"{_number(one.low)}-{_number(one.high)}"
        out.print(f"  {label:<24}{both:>18} {unit}".rstrip())
    out.print()
    width = max(len(one.name) for one in found.resources)
    for resource in found.resources:
        share = resource.utilization
        bar = "#" * min(_BAR, round(share * _BAR))
        percent = "none there" if share == float("inf") else f"{share:.1%}"
        figures = f"{_number(resource.demand.expected)} of {_number(resource.supply.expected)} {resource.unit}"
        out.print(f"  {resource.name:<{width}}  {percent:>10}  {bar:<{_BAR}}  {figures}")
    out.print()
    verdict = "holds" if found.holds else "does not hold"
    out.print(
        f"It {verdict} {demand.users:,} users with every resource below {CEILING:.0%}"
        + ("" if bottleneck is None else f"; first to give way: {bottleneck.name}")
        + ("." if found.max_users is None else f". At most: {found.max_users:,} users.")
    )
    for line in found.unknown:
        console.print_note(f"Not known: {line}")


def _print_runs(out: Console, found: Estimate, load: Trace, services: Sequence[Compared]) -> None:
    figures = found.stack.figures
    out.print(
        f"{found.stack.name}: {load.name}, {load.length_s / 3600:g} h, {found.demand.users:,} users at the busiest time"
    )
    for one in services:
        fleet = one.fleet
        goal = (
            f"at most {fleet.backlog_limit:g} jobs waiting"
            if fleet.worker
            else f"p95 {'of waiting ' if fleet.slow else ''}< {figures.p95_s:g} s, "
            f"errors < {figures.error_rate_pct:g} %"
        )
        unit = "jobs/s" if fleet.worker else "requests/s"
        out.print()
        out.print(f"{fleet.service} in {', '.join(fleet.regions)}: up to {_number(one.peak)} {unit} each; {goal}")
        for name, run in {**one.runs, "fixed": one.fixed}.items():
            out.print(f"  {name + (' *' if name == one.kept and len(one.runs) > 1 else ''):<10} {_line(run)}")
    out.print()
    if any(len(one.runs) > 1 for one in services):
        out.print(
            "* the better one; fast: metrics every 20 s (ECSServiceAverageCPUUtilizationHighResolution), extra cost"
        )
    verdict = "It holds." if comparison.holds(services) else "It does not hold all the time."
    out.print(verdict)


def _line(run: Run) -> str:
    """One run in a line."""
    least, most = min(one.wanted for one in run.minutes), max(one.wanted for one in run.minutes)
    tasks = str(least) if least == most else f"{least}-{most}"
    cost = "no price" if run.cost_usd is None else f"${run.cost_usd:.2f}"
    state = "holds" if run.holds else f"in breach {run.breach_s / 60:g} min"
    return (
        f"{state:<22} worst p95 {run.worst_p95_s:>6.2f} s  errors {run.failed_share:>6.2%}  "
        f"tasks {tasks:>6}  {run.task_hours * len(run.fleet.regions):>8.1f} task-h  {cost:>9}"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 -- from three digits on whole ones
