"""One system's stacks, side by side in one account, and what they become."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.account import Account
from tests.e2e.point import Point
from tests.e2e.stack_files import PHASES, REGIONS, write

if TYPE_CHECKING:
    from tests.e2e.project import Project

#: The ways that the stacks take, by the phase at which each was made: up one by one, by leaps, and down.
WAYS = {1: (2, 3, 4), 2: (4,), 3: (2, 1, 3), 4: (3,)}
#: Every step of those ways: the stack's first phase, and the place of the step in its way.
STEPS = [(first, number) for first, way in WAYS.items() for number in range(len(way))]


@dataclass
class Stacks:
    """One system's stacks.

    Attributes:
        system: what runs.
        project: the project.
        documents: the JSON of each first deployment, by the phase's number.
        points: where each stack has been, by the number of its first phase.
    """

    system: str
    project: Project
    documents: dict[int, dict[str, Any]] = field(default_factory=dict)
    points: dict[int, list[Point]] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        """The account that all are in."""
        if self._account is None:
            self._account = Account(self.project.endpoint(), REGIONS)
        return self._account

    _account: Account | None = None

    def deploy(self) -> None:
        """Makes a stack at each phase."""
        for number, phase in enumerate(PHASES, start=1):
            write(self.project, name_of(number), self.system, phase)
            self.documents[number] = self.project.up(name_of(number), "--skip-preview")

    def move(self) -> None:
        """Takes each stack its way through the phases."""
        for first, way in WAYS.items():
            stack = name_of(first)
            points = [Point.taken(self.project, stack, self.account, self.documents[first])]
            more: dict[str, Any] = {}
            for number in way:
                if number < first and not more:
                    # A load balancer goes on the way down. What holds data is still named: regions, further shards.
                    root = points[0].root
                    more = {"deletionProtection": False, "regions": root["regions"], "shards": int(root["shards"])}
                    write(self.project, stack, self.system, PHASES[first - 1], **more)
                    self.project.up(stack, "--skip-preview")
                write(self.project, stack, self.system, PHASES[number - 1], **more)
                document = self.project.up(stack, "--skip-preview")
                points.append(Point.taken(self.project, stack, self.account, document))
            self.points[first] = points

    def leg(self, first: int, number: int) -> tuple[Point, Point]:
        """The points before and after a step of a stack's way."""
        if not self.points:
            self.move()
        return self.points[first][number], self.points[first][number + 1]


def name_of(number: int) -> str:
    """The name of the stack that is made at a phase."""
    return f"p{number}"
