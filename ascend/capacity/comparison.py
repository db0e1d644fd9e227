"""A stack under a trace: the policy that it has, a faster one, a fixed fleet, and which of the policies is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.capacity.facts import load
from ascend.capacity.ranges import tidy
from ascend.capacity.simulate import Run, fixed, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.capacity.simulate import Fleet
    from ascend.capacity.traces import Trace

DEFAULT, FAST = "default", "fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One service under a trace.

    Attributes:
        fleet: its tasks.
        peak: requests or jobs a second in one region at the load 1.
        runs: the runs by policy: ``default`` as the plan has it, with a datapoint a minute, and ``fast`` with one
            every 20 seconds; ``default`` alone where the number of tasks does not follow the load.
        fixed: the run with as many tasks all the time as the highest load takes.
        kept: the better policy, the one that is above a limit for less time. Of equal ones the one that is there:
            metrics every 20 seconds cost extra, and what they save of tasks is little.
    """

    fleet: Fleet
    peak: float
    runs: dict[str, Run]
    fixed: Run
    kept: str

    @property
    def best(self) -> Run:
        """The run of the better policy."""
        return self.runs[self.kept]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "service": self.fleet.service,
            "regions": list(self.fleet.regions),
            "peak_per_second": tidy(self.peak),
            "judged_by": _judged_by(self.fleet),
            "tasks": {"min": self.fleet.least, "max": self.fleet.most},
            "settles_at": self.fleet.tasks_for(self.peak),
            "policies": {name: summary(run) for name, run in self.runs.items()},
            "kept": self.kept,
            "fixed": summary(self.fixed),
            "series": [
                {
                    "t_s": minute.at_s,
                    "per_second": tidy(minute.arrivals),
                    "tasks": minute.wanted,
                    "running": tidy(minute.running),
                    "utilization": tidy(minute.utilization),
                    "p95_s": tidy(minute.p95_s),
                    "error_share": tidy(minute.failed),
                    "backlog": tidy(minute.backlog),
                    "usd_per_hour": _hourly(self.fleet, minute.running),
                }
                for minute in self.best.minutes
            ],
        }


def compare(fleet: Fleet, trace: Trace, peak: float) -> Compared:
    """A fleet under a trace, by each policy.

    Args:
        fleet: the fleet.
        trace: the load over time.
        peak: requests or jobs a second of the load 1.
    """
    runs = {DEFAULT: simulate(fleet, trace, peak)}
    if fleet.policies:
        runs[FAST] = simulate(fleet, trace, peak, period_s=int(load("scaling")["fast_period_s"]))
    kept = min(runs, key=lambda name: (runs[name].breach_s, name != DEFAULT))
    return Compared(fleet=fleet, peak=peak, runs=runs, fixed=fixed(fleet, trace, peak), kept=kept)


def summary(run: Run) -> dict[str, Any]:
    """A run in figures, as JSON."""
    return {
        "holds": run.holds,
        "breach_s": run.breach_s,
        "worst_p95_s": tidy(run.worst_p95_s),
        "error_share": tidy(run.failed_share),
        "tasks": {"min": min(one.wanted for one in run.minutes), "max": max(one.wanted for one in run.minutes)},
        "changes": run.changes,
        "task_hours": tidy(run.task_hours * len(run.fleet.regions)),
        "cost_usd": None if run.cost_usd is None else round(run.cost_usd, 4),
    }


def holds(services: Sequence[Compared]) -> bool:
    """Whether every service holds with its better policy."""
    return all(one.best.holds for one in services)


def _judged_by(fleet: Fleet) -> str:
    """What its limit is held against."""
    if fleet.worker:
        return "backlog"
    return "waiting" if fleet.slow else "response"


def _hourly(fleet: Fleet, running: float) -> float | None:
    return None if fleet.usd_per_task_hour is None else round(running * fleet.usd_per_task_hour, 6)
