"""Target tracking of Application Auto Scaling, as its alarms have it.

A policy's upper alarm goes off after 3 datapoints of a minute above the target, its lower one after 15 below nine
tenths of it. Tasks are added as soon as one policy asks for it, and taken away only where every policy is low; the new
number is in proportion to the metric, rounded up, so that it is never taken below the target's need
(https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html, read
2026-11-21; the alarms are those that PutScalingPolicy makes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIGH_POINTS, _LOW_POINTS, _LOW_SHARE = 3, 15, 0.9


@dataclass(frozen=True)
class Tracked:
    """A policy's target, and the figures of its metric in the last minutes, the newest last."""

    target: float
    minutes: Sequence[float]

    @property
    def high(self) -> bool:
        """Whether its upper alarm is on."""
        return len(self.minutes) >= _HIGH_POINTS and min(self.minutes[-_HIGH_POINTS:]) > self.target

    @property
    def low(self) -> bool:
        """Whether its lower alarm is on."""
        return len(self.minutes) >= _LOW_POINTS and max(self.minutes[-_LOW_POINTS:]) < self.target * _LOW_SHARE

    def wanted(self, tasks: int) -> int:
        """How many tasks bring the metric to its target."""
        return math.ceil(tasks * self.minutes[-1] / self.target)


def desired(policies: Sequence[Tracked], *, tasks: int, least: int, most: int) -> int:
    """The number of tasks after one evaluation of all policies.

    Args:
        policies: the policies of one service.
        tasks: how many run.
        least: the least there may be.
        most: the most there may be.
    """
    up = [policy.wanted(tasks) for policy in policies if policy.high]
    if up:
        return min(most, max(up))
    if all(policy.low for policy in policies):
        return max(least, *(policy.wanted(tasks) for policy in policies))
    return tasks
