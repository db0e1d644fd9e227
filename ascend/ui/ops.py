"""How each operation of a step is drawn: its sign, its colour, its words. One row per operation."""

from __future__ import annotations

from dataclasses import dataclass

from ascend.engine.model import Op


@dataclass(frozen=True, slots=True)
class Look:
    """The drawing of one operation, in the signs and words of the official CLI."""

    sign: str
    style: str
    doing: str
    done: str


LOOKS: dict[Op, Look] = {
    Op.SAME: Look(" ", "dim", "checking", "unchanged"),
    Op.CREATE: Look("+", "green", "creating", "created"),
    Op.UPDATE: Look("~", "yellow", "updating", "updated"),
    Op.DELETE: Look("-", "red", "deleting", "deleted"),
    Op.REPLACE: Look("+-", "magenta", "replacing", "replaced"),
    Op.CREATE_REPLACEMENT: Look("++", "green", "creating replacement", "created replacement"),
    Op.DELETE_REPLACED: Look("--", "red", "deleting replaced", "deleted replaced"),
    Op.READ: Look(">", "cyan", "reading", "read"),
    Op.READ_REPLACEMENT: Look(">>", "cyan", "reading replacement", "read replacement"),
    Op.DISCARD: Look("<", "red", "discarding", "discarded"),
}

#: The counts of a summary, in the order in which they are told: key of `RunResult.summary`, operation.
COUNTED: tuple[tuple[str, Op], ...] = (
    ("create", Op.CREATE),
    ("update", Op.UPDATE),
    ("replace", Op.REPLACE),
    ("delete", Op.DELETE),
    ("same", Op.SAME),
)
