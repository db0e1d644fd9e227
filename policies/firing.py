"""Alarms that fire: incidents are replayed against the planned alarms, and each must be caught in time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ascend.incidents import Outcome, incidents, replay
from policies.kit import About, Finding, Option, Severity, on_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pulumi_policy

    from policies.stack import Stack

GROUP = "incidents"


@lru_cache(maxsize=2)
def _outcomes(stack: Stack) -> tuple[Outcome, ...]:
    """What becomes of every incident, once for all the policies."""
    return replay(stack.steps())


def _caught(name: str) -> Callable[[Stack, Mapping[str, Any]], Iterable[Finding]]:
    def check(stack: Stack, config: Mapping[str, Any]) -> Iterable[Finding]:
        for one in _outcomes(stack):
            if one.incident != name:
                continue
            if one.minutes is None:
                yield one.urn, f"{one.target}: {one.what.lower()}, and no alarm goes off"
            elif one.minutes > config["minutes"]:
                yield (
                    one.urn,
                    (
                        f"{one.target}: {one.what.lower()}, and the first alarm ('{one.alarm}') goes off after "
                        f"{one.minutes} min; at most {config['minutes']:g} are allowed"
                    ),
                )

    return check


def policies() -> list[pulumi_policy.Policy]:
    """The policies of the group, one for each incident."""
    return [
        on_stack(
            About(
                name=f"{name}-caught",
                group=GROUP,
                description=f"{row['what']}: an alarm goes off in time.",
                severity=Severity.HIGH,
                fix="add an alarm that sees it, or make one stricter or faster",
                options={"minutes": Option(row["within_min"], "by when an alarm must go off, in minutes")},
            ),
            _caught(name),
        )
        for name, row in incidents().items()
    ]
