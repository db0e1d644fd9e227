"""What the process that plans is asked for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One plan to make, or one that is there already to be judged.

    Attributes:
        root: the project's folder at that revision.
        stack: the stack's name.
        result: the file that the result is written to.
        config: laid over the stack file.
        judge: the folder of the policy pack; empty for none.
        made: the file of the state that is to be judged as it is; empty for a plan.
        state: the file of the state that the plan is held against; empty for nothing.
        feeds: the file that the state which the plan leads to is written to; empty for none.
        awaits: whether `state` is being written by the job before this one.
        salt: what sets this plan's objects apart from another's.
    """

    root: str
    stack: str
    result: str
    config: dict[str, Any] = field(default_factory=dict)
    judge: str = ""
    made: str = ""
    state: str = ""
    feeds: str = ""
    awaits: bool = False
    salt: str = ""

    def line(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)
