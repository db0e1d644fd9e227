"""What a review says: findings with a level, a rule, a resource and a place; and the verdict that they come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Level(StrEnum):
    """How much a finding weighs."""

    BLOCKING = "blocking"
    WARNING = "warning"
    #: There already was before the change, or was agreed to.
    NOTE = "note"


class Verdict(StrEnum):
    """What a review comes to."""

    PASS = "pass"  # noqa: S105 -- not a password
    BLOCKED = "blocked"
    UNJUDGED = "could not judge"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the project.

    Attributes:
        file: relative to the project's folder.
        line: from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a review found.

    Attributes:
        rule: what was looked for: ``data-at-risk``, or the name of a policy.
        level: how much it weighs.
        message: what is wrong and how to put it right, one line.
        urn: the resource; empty for the stack.
        policy: whether a policy of the pack found it.
        old: whether it was there before the change.
        place: the line that caused it; None where nobody knows.
        about: what the rule asks for.
    """

    rule: str
    level: Level
    message: str
    urn: str = ""
    policy: bool = False
    old: bool = False
    place: Place | None = None
    about: str = ""

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.rpartition("::")[2]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rule": self.rule,
            "level": str(self.level),
            "message": self.message,
            "urn": self.urn,
            "policy": self.policy,
            "old": self.old,
            "file": None if self.place is None else self.place.file,
            "line": None if self.place is None else self.place.line,
        }


def verdict(findings: Iterable[Finding]) -> Verdict:
    """What findings come to."""
    return Verdict.BLOCKED if any(one.level is Level.BLOCKING for one in findings) else Verdict.PASS


def accepted(findings: Iterable[Finding], rules: Iterable[str]) -> list[Finding]:
    """The findings, with those of rules that somebody agreed to as notes."""
    agreed = set(rules)
    return [
        replace(one, level=Level.NOTE, message=f"{one.message} (agreed to)")
        if one.level is Level.BLOCKING and one.rule in agreed
        else one
        for one in findings
    ]
