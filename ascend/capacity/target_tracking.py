"""Target tracking of Application Auto Scaling, as AWS documents it; its figures are in ``data/scaling.yaml``.

Each policy has two alarms of its own: one goes off after 3 datapoints above the target, the other after 15 below nine
tenths of it. Tasks are added as soon as one policy asks for it and taken away only where every policy is low; the new
number is in proportion to the metric, rounded up, so that it is never taken below the target's need.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ascend.capacity.facts import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.capacity.stack import Policy

#: Room for what arithmetic with fractions leaves behind, so that 10 tasks at exactly the target stay 10.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Tracked:
    """A policy's target, and the last datapoints of its metric, the newest last."""

    target: float
    points: Sequence[float]

    @property
    def high(self) -> bool:
        """Whether its upper alarm is on."""
        needed = int(load("scaling")["points_out"])
        return len(self.points) >= needed and min(self.points[-needed:]) > self.target + _ROUNDING

    @property
    def low(self) -> bool:
        """Whether its lower alarm is on."""
        rules = load("scaling")
        needed, bound = int(rules["points_in"]), self.target * float(rules["in_share"])
        return len(self.points) >= needed and max(self.points[-needed:]) < bound - _ROUNDING

    def wanted(self, tasks: int) -> int:
        """How many tasks bring the metric to its target."""
        return math.ceil(tasks * self.points[-1] / self.target - _ROUNDING)


def desired(policies: Sequence[Tracked], *, tasks: int, least: int, most: int) -> int:
    """The number of tasks after one evaluation of all policies, without cooldowns.

    Args:
        policies: the policies of one service.
        tasks: how many run.
        least: the least there may be.
        most: the most there may be.
    """
    up = [policy.wanted(tasks) for policy in policies if policy.high]
    if up:
        return min(most, max(tasks, *up))
    if policies and all(policy.low for policy in policies):
        return max(least, min(tasks, max(policy.wanted(tasks) for policy in policies)))
    return tasks


@dataclass(slots=True)
class Autoscaler:
    """Target tracking over time: the policies of one service, with their cooldowns.

    While the cooldown after a step up lasts, what that step added counts as part of the next, so that only a larger one
    adds more. A step down waits for the cooldown of the one before; a step up ends that wait.

    Attributes:
        policies: the policies.
        least: the least tasks.
        most: the most tasks.
        tasks: the tasks that are wanted now.
    """

    policies: Sequence[Policy]
    least: int
    most: int
    tasks: int
    _points: dict[str, deque[float]] = field(default_factory=dict)
    _up_until_s: float = -math.inf
    _up_from: int = 0
    _down_until_s: float = -math.inf

    def observe(self, at_s: float, metrics: Mapping[str, float], tasks_then: int) -> int:
        """Takes a datapoint of each metric and returns how many tasks are wanted.

        Args:
            at_s: now, in seconds.
            metrics: the datapoints, by the policies' `metric`.
            tasks_then: the tasks that were wanted when they were measured.
        """
        rows = []
        for policy in self.policies:
            points = self._points.setdefault(policy.metric, deque(maxlen=int(load("scaling")["points_in"])))
            points.append(metrics[policy.metric])
            rows.append(Tracked(policy.target, list(points)))
        # What was measured before the step up still shows the old load; so does what is measured while it lasts.
        base = self._up_from if at_s < self._up_until_s else tasks_then
        wanted = desired(rows, tasks=base, least=self.least, most=self.most)
        if any(row.high for row in rows):
            if wanted > self.tasks:
                cooldown = max(p.out_cooldown_s for p, row in zip(self.policies, rows, strict=True) if row.high)
                self._up_from, self._up_until_s = base, at_s + cooldown
                self._down_until_s = -math.inf
                self.tasks = wanted
        elif wanted < self.tasks and wanted < base and at_s >= self._down_until_s:
            self._down_until_s = at_s + max(policy.in_cooldown_s for policy in self.policies)
            self.tasks = wanted
        return self.tasks
