"""Whether a change moves a stack to another phase, and whether it leaves one out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.plans import PHASES
from ascend.review.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Promotion:
    """A move from one phase to another.

    Attributes:
        before: the phase that the stack was at.
        after: the phase that it gets to.
    """

    before: str
    after: str

    @property
    def steps(self) -> int:
        """How many phases it goes up; below 0 down."""
        return PHASES.index(self.after) - PHASES.index(self.before)

    @property
    def skipped(self) -> tuple[str, ...]:
        """The phases on the way up at which the stack never was."""
        return PHASES[PHASES.index(self.before) + 1 : PHASES.index(self.after)]

    def finding(self) -> Finding | None:
        """What is to be said of it."""
        if self.skipped:
            return Finding(
                rule="phase-skipped",
                level=Level.BLOCKING,
                message=(
                    f"ascend:phase goes from {self.before} to {self.after} and leaves out {', '.join(self.skipped)}; "
                    f"go to {self.skipped[0]} first, so that each step can be watched"
                ),
                about="A stack grows by one phase at a time.",
            )
        if self.steps < 0:
            return Finding(
                rule="step-down",
                level=Level.WARNING,
                message=f"ascend:phase goes down from {self.before} to {self.after}: what is a copy goes",
                about="A step down takes copies away.",
            )
        return None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"before": self.before, "after": self.after, "skipped": list(self.skipped)}


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Promotion | None:
    """The move between two plans, from the inputs of their roots; None where the phase stays."""
    old, new = str(before.get("phase", "")), str(after.get("phase", ""))
    if old == new or old not in PHASES or new not in PHASES:
        return None
    return Promotion(old, new)
