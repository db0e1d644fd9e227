"""What a review of a project says: a review per stack, and the verdict over all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.review.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ascend.review.review import Review

#: Raised when a key of the JSON changes its meaning or goes.
VERSION = 1
_EXIT = {Verdict.PASS: 0, Verdict.BLOCKED: 1, Verdict.UNJUDGED: 2}


@dataclass(frozen=True, slots=True)
class Report:
    """The reviews of a project's stacks.

    Attributes:
        against: what the working tree was held against, for people.
        reviews: one a stack.
        prefix: where the project is in its repository, ``""`` or ``"deploy/"``.
        duration_s: how long it took, in seconds.
    """

    against: str
    reviews: Sequence[Review]
    prefix: str = ""
    duration_s: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The gravest: what could not be judged may hide anything, and what is blocked is so all the same."""
        found = {one.verdict for one in self.reviews}
        return next((one for one in (Verdict.BLOCKED, Verdict.UNJUDGED) if one in found), Verdict.PASS)

    @property
    def exit_code(self) -> int:
        """0 pass, 1 blocked, 2 could not judge."""
        return _EXIT[self.verdict]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "version": VERSION,
            "verdict": str(self.verdict),
            "against": self.against,
            "stacks": [one.document() for one in self.reviews],
            "duration_s": round(self.duration_s, 3),
        }
