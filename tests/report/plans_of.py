"""Reports of the project's own systems, from plans that the program registers without an engine."""

from __future__ import annotations

import functools

from ascend.plans import PHASES
from ascend.report.contents import Contents
from ascend.report.ladder import Ladder, Rung
from tests.capacity.planned import plan_of


@functools.cache
def rung(system: str, phase: str) -> Rung:
    """A system at a phase."""
    return Rung.of(plan_of(system, phase))


@functools.cache
def contents(system: str, phase: str) -> Contents:
    """The report of a system at a phase."""
    return Contents.of(Ladder([rung(system, name) for name in PHASES], PHASES.index(phase)))
