"""A service under a load over time: its tasks follow target tracking, its requests wait in a queue."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ascend.capacity import queueing
from ascend.capacity.facts import load
from ascend.capacity.target_tracking import Autoscaler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.capacity.stack import Policy
    from ascend.capacity.traces import Trace

#: Seconds of one step; periods, delays and start-up times are rounded up to it.
STEP_S = 10
MINUTE_S = 60
_P95 = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The tasks of one service in one region, and what they are to hold.

    Attributes:
        service: the service's name.
        regions: where there is one such fleet each, users being spread evenly.
        rate: requests or jobs a second of one task at full load.
        slots: requests or jobs that a task works on side by side.
        worker: whether it takes jobs from a queue instead of requests.
        least: least tasks.
        most: most tasks.
        policies: how their number follows the load; none where it does not.
        start_s: seconds from the decision for a task until it works.
        timeout_s: seconds until a request that waits has failed.
        p95_limit_s: response time that 95 % of the requests are to stay below, seconds.
        error_limit: failed requests, as part of all, 0 to 1.
        backlog_limit: jobs that may wait in the queue.
        usd_per_task_hour: what a task in each of the regions costs together; None where a price is not known.
    """

    service: str
    regions: tuple[str, ...]
    rate: float
    slots: float
    worker: bool
    least: int
    most: int
    policies: tuple[Policy, ...]
    start_s: float
    timeout_s: float
    p95_limit_s: float
    error_limit: float
    backlog_limit: float
    usd_per_task_hour: float | None

    @property
    def slow(self) -> bool:
        """Whether a request takes longer than the limit by itself: then its waiting says how loaded tasks are."""
        return not self.worker and queueing.response_percentile(1, self.rate, 0.0, _P95) > self.p95_limit_s

    def tasks_for(self, arrivals: float) -> int:
        """The tasks at which the tracked CPU is at its target: what the arithmetic gives, within the bounds."""
        target = next((policy.target for policy in self.policies if policy.metric == "cpu"), 100.0) / 100
        return min(max(math.ceil(arrivals / (self.rate * target) - 1e-9), self.least), self.most)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of a run.

    Attributes:
        at_s: its start, seconds.
        arrivals: requests or jobs a second.
        wanted: tasks that are wanted at its end.
        running: tasks that work, on average.
        utilization: CPU of these, 0 to 1.
        p95_s: response time that 95 % of the requests stay below (for a worker, of the jobs' waiting), seconds.
        failed: failed requests as part of all, 0 to 1.
        backlog: requests or jobs that wait at its end.
        breach: whether it is above a limit.
    """

    at_s: float
    arrivals: float
    wanted: int
    running: float
    utilization: float
    p95_s: float
    failed: float
    backlog: float
    breach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A fleet under a trace.

    Attributes:
        fleet: the fleet.
        period_s: seconds between two datapoints of its metrics.
        minutes: what happened, minute by minute.
        requests: requests or jobs that came.
        failed: of these, requests that failed.
        task_hours: hours of tasks that are billed.
        changes: how often the number of wanted tasks changed.
    """

    fleet: Fleet
    period_s: int
    minutes: Sequence[Minute]
    requests: float
    failed: float
    task_hours: float
    changes: int

    @property
    def breach_s(self) -> float:
        """Seconds in minutes above a limit."""
        return float(MINUTE_S * sum(minute.breach for minute in self.minutes))

    @property
    def holds(self) -> bool:
        """Whether no minute is above a limit."""
        return self.breach_s == 0

    @property
    def failed_share(self) -> float:
        """Failed requests as part of all, 0 to 1."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def worst_p95_s(self) -> float:
        """The highest minute's, seconds."""
        return max(minute.p95_s for minute in self.minutes)

    @property
    def cost_usd(self) -> float | None:
        """What the tasks cost over the trace; None where their price is not known."""
        price = self.fleet.usd_per_task_hour
        return None if price is None else self.task_hours * price


@dataclass(slots=True)
class _Starting:
    """Tasks that were asked for and do not work yet."""

    ready_s: float
    count: int


@dataclass(slots=True)
class _Sum:
    """What happened since the last minute or the last datapoint."""

    seconds: float = 0.0
    arrived: float = 0.0
    served: float = 0.0
    failed: float = 0.0
    capacity: float = 0.0
    running: float = 0.0
    p95_s: float = 0.0

    def add(self, *, arrived: float, served: float, failed: float, capacity: float, running: int, p95_s: float) -> None:
        self.seconds += STEP_S
        self.arrived += arrived
        self.served += served
        self.failed += failed
        self.capacity += capacity
        self.running += running * STEP_S
        self.p95_s = max(self.p95_s, p95_s)

    @property
    def utilization(self) -> float:
        return self.served / self.capacity if self.capacity else 0.0


@dataclass(slots=True)
class _State:
    """A fleet at work."""

    fleet: Fleet
    period_s: int
    running: int
    wanted: int
    starting: list[_Starting] = field(default_factory=list)
    backlog: float = 0.0
    late_s: float = 0.0
    task_seconds: float = 0.0
    #: Datapoints on their way to the alarms: when they are there, the metrics, the tasks wanted then.
    points: deque[tuple[float, dict[str, float], int]] = field(default_factory=deque)

    def follow(self, wanted: int, now_s: float) -> bool:
        """Starts or stops tasks so that there are `wanted`; returns whether that changed anything."""
        if wanted == self.wanted:
            return False
        more = wanted - self.wanted
        self.wanted = wanted
        if more > 0:
            self.starting.append(_Starting(now_s + self.fleet.start_s, more))
            return True
        # Those that do not work yet are the first to go.
        for group in reversed(self.starting):
            gone = min(group.count, -more)
            group.count -= gone
            more += gone
        self.running += more
        return True

    def start(self, now_s: float) -> None:
        """Lets the tasks work whose time has come."""
        self.running += sum(group.count for group in self.starting if group.ready_s <= now_s)
        self.starting = [group for group in self.starting if group.ready_s > now_s and group.count]

    def serve(self, arrivals: float) -> tuple[float, float, float, float]:
        """One step of work: what was served, what failed, what could have been served, and the p95, seconds."""
        fleet = self.fleet
        capacity = self.running * fleet.rate * STEP_S
        waiting = self.backlog + arrivals * STEP_S
        served = min(waiting, capacity)
        self.backlog = waiting - served
        failed = 0.0
        if not fleet.worker:
            # Whoever would wait longer than the time-out has given up.
            patience = self.running * fleet.rate * fleet.timeout_s
            failed = max(0.0, self.backlog - patience)
            self.backlog -= failed
        self.task_seconds += (self.running + sum(group.count for group in self.starting)) * STEP_S
        return served, failed, capacity, self.p95(arrivals)

    def p95(self, arrivals: float) -> float:
        """Seconds that 95 % of what comes now stays below: what the backlog takes, or the long run's queue if longer.

        That queue takes its time to come about: nobody's wait becomes longer by more than the time that has passed.
        """
        fleet = self.fleet
        if self.running == 0:
            return fleet.timeout_s if arrivals else 0.0
        queued = self.backlog / (self.running * fleet.rate)
        if fleet.worker or fleet.slow:
            servers = max(1, round(self.running * fleet.slots))
            each = self.running * fleet.rate / servers
            at_once, usual = 0.0, queueing.wait_percentile(servers, each, _rounded(arrivals), _P95)
        else:
            base = float(load("scaling")["base_response_s"])
            at_once = base + queueing.response_percentile(1, fleet.rate, 0.0, _P95)
            usual = base + queueing.response_percentile(self.running, fleet.rate, _rounded(arrivals), _P95)
        if not fleet.worker:
            usual = min(usual, at_once + fleet.timeout_s)
        self.late_s = max(queued + at_once, min(usual, max(self.late_s, at_once) + STEP_S))
        return self.late_s


def simulate(fleet: Fleet, trace: Trace, peak: float, *, period_s: int | None = None) -> Run:
    """A fleet under a trace. It starts with the tasks that the first load takes.

    Args:
        fleet: the fleet.
        trace: the load over time.
        peak: requests or jobs a second of the load 1.
        period_s: seconds between two datapoints, 60 or 20; 60 by default.
    """
    rules = load("scaling")
    period = int(rules["default_period_s"] if period_s is None else period_s)
    delay = float(rules["delay_s"][period])
    first = fleet.tasks_for(trace.at(0) * peak)
    state = _State(fleet, period, running=first, wanted=first)
    scaler = Autoscaler(fleet.policies, fleet.least, fleet.most, first)
    minutes: list[Minute] = []
    minute, point, whole = _Sum(), _Sum(), _Sum()
    changes = 0
    for step in range(math.ceil(trace.length_s / STEP_S)):
        now = step * STEP_S
        state.start(now)
        while state.points and state.points[0][0] <= now:
            _, metrics, then = state.points.popleft()
            changes += state.follow(scaler.observe(now, metrics, then), now)
        arrivals = trace.at(now + STEP_S / 2) * peak
        served, failed, capacity, p95 = state.serve(arrivals)
        for one in (minute, point, whole):
            one.add(
                arrived=arrivals * STEP_S,
                served=served,
                failed=failed,
                capacity=capacity,
                running=state.running,
                p95_s=p95,
            )
        end = now + STEP_S
        if fleet.policies and end % period == 0:
            state.points.append((end + delay, _metrics(point, state), state.wanted))
            point = _Sum()
        if end % MINUTE_S == 0:
            minutes.append(_minute(minute, state, end - MINUTE_S))
            minute = _Sum()
    return Run(
        fleet=fleet,
        period_s=period,
        minutes=minutes,
        requests=whole.arrived,
        failed=whole.failed,
        task_hours=state.task_seconds / 3600,
        changes=changes,
    )


def fixed(fleet: Fleet, trace: Trace, peak: float) -> Run:
    """The same with as many tasks all the time as the trace's highest load takes."""
    tasks = fleet.tasks_for(trace.peak * peak)
    return simulate(replace(fleet, least=tasks, most=tasks, policies=()), trace, peak)


def _metrics(point: _Sum, state: _State) -> dict[str, float]:
    """A datapoint of each metric that policies follow."""
    return {
        "cpu": 100 * point.utilization,
        "memory": float(load("scaling")["memory_pct"]),
        "backlog": state.backlog / max(1, state.running),
    }


def _minute(minute: _Sum, state: _State, at_s: float) -> Minute:
    fleet = state.fleet
    failed = minute.failed / minute.arrived if minute.arrived else 0.0
    late = minute.p95_s > fleet.p95_limit_s or failed > fleet.error_limit
    return Minute(
        at_s=at_s,
        arrivals=minute.arrived / minute.seconds,
        wanted=state.wanted,
        running=minute.running / minute.seconds,
        utilization=minute.utilization,
        p95_s=minute.p95_s,
        failed=failed,
        backlog=state.backlog,
        breach=state.backlog > fleet.backlog_limit if fleet.worker else late,
    )


def _rounded(arrivals: float) -> float:
    """To three digits, so that what was reckoned once serves again."""
    return float(f"{arrivals:.3g}")
