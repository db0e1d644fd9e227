"""What the report holds, before anyone draws it: the page and the JSON are made of this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ascend.capacity.estimate import CEILING
from ascend.cost import delta
from ascend.cost.report import grouped
from ascend.report import alarms, architecture, changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.cost.model import Span
    from ascend.cost.plan import Resource
    from ascend.report.ladder import Ladder, Rung


@dataclass(frozen=True, slots=True)
class Step:
    """The next promotion.

    Attributes:
        before: the phase that it starts at.
        after: the phase that it leads to.
        promotion: what becomes of the resources.
        cost: the lines of the bill that change, the dearest change first.
    """

    before: Rung
    after: Rung
    promotion: changes.Promotion
    cost: Sequence[delta.Change]

    @property
    def monthly(self) -> Span:
        """What it adds to the bill, in US dollars a month."""
        return (self.after.cost.monthly - self.before.cost.monthly).rounded()

    @property
    def resources(self) -> Mapping[str, Resource]:
        """Every resource of before and after by URN, with its region and component."""
        return {one.urn: one for rung in (self.before, self.after) for one in rung.resources.resources}

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "phase": self.after.phase,
            **self.promotion.document(),
            "cost": {
                "before": self.before.cost.monthly.document(),
                "after": self.after.cost.monthly.document(),
                "monthly": self.monthly.document(),
                "lines": [one.document() for one in self.cost],
            },
        }


@dataclass(frozen=True, slots=True)
class Contents:
    """The report of a stack.

    Attributes:
        ladder: the stack at every phase.
        architecture: what is drawn.
        alarms: the alarm catalogue.
        step: the next promotion; None at the last phase, and where the config does not fit the next.
    """

    ladder: Ladder
    architecture: architecture.Architecture
    alarms: Sequence[alarms.Entry]
    step: Step | None

    @classmethod
    def of(cls, ladder: Ladder) -> Contents:
        """The report of a stack's plans."""
        here, after = ladder.here, ladder.next
        picture = architecture.read(here)
        return cls(
            ladder=ladder,
            architecture=picture,
            alarms=alarms.catalogue(here.resources, [place.region for place in picture.places]),
            step=None
            if after is None
            else Step(here, after, changes.compare(here.plan, after.plan), delta.difference(here.cost, after.cost)),
        )

    @property
    def title(self) -> str:
        """The system's name as its document writes it."""
        return str(self.ladder.here.plan.world["figures"].get("title") or self.ladder.here.resources.system)

    @property
    def by_service(self) -> Mapping[str, Span]:
        """The bill by the part of the provider that is paid, the dearest first."""
        return grouped(self.ladder.here.cost, "service")

    def document(self) -> dict[str, Any]:
        """As JSON."""
        here = self.ladder.here
        return {
            "stack": here.plan.stack,
            "system": here.resources.system,
            "title": self.title,
            "phase": here.phase,
            "environment": str(here.plan.world.get("environment") or ""),
            "users": here.cost.users,
            "currency": "USD",
            "architecture": self.architecture.document(),
            "ladder": [_rung(rung, here=rung is here) for rung in self.ladder.rungs],
            "refused": dict(self.ladder.refused),
            "load": {
                "ceiling": CEILING,
                "resources": [one.document() for one in here.capacity.resources],
                "unknown": list(here.capacity.unknown),
            },
            "cost": {
                "by_service": {name: span.document() for name, span in self.by_service.items()},
                "unpriced": [one.document() for one in here.cost.unpriced],
                "external": [one.document() for one in here.cost.external],
            },
            "alarms": [entry.document() for entry in self.alarms],
            "next": None if self.step is None else self.step.document(),
        }


def _rung(rung: Rung, *, here: bool) -> dict[str, Any]:
    bottleneck = rung.capacity.bottleneck
    return {
        "phase": rung.phase,
        "number": rung.number,
        "here": here,
        "users": rung.cost.users,
        "monthly": rung.cost.monthly.document(),
        "cap": rung.cost.cap,
        "margin": None if rung.cost.margin is None else round(rung.cost.margin, 6),
        "max_users": rung.capacity.max_users,
        "holds": rung.capacity.holds,
        "bottleneck": None if bottleneck is None else bottleneck.name,
        "regions": list(rung.capacity.stack.regions),
    }
