"""Stack files of every system at every phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tests.e2e.project import Project

SYSTEMS = ("build-os", "floyo", "atlas", "backend-ai-worker", "teacher-slots")
#: The systems whose stacks every run of the tests deploys, moves and removes; `make test-all` takes all five.
OFTEN = ("floyo",)
PHASES = ("single-region", "cached", "scaled", "global")
REGIONS = ("us-east-1", "eu-west-1")


def zone_of(stack: str) -> str:
    """The zone of a stack: one of its own, because its rules are the stack's."""
    return f"{stack}.example"


def write(project: Project, stack: str, system: str, phase: str, **more: Any) -> None:
    """Writes a stack's file: with a domain, and with two regions where the phase runs in many.

    Args:
        project: the project.
        stack: the stack's name.
        system: what runs.
        phase: how far it has grown.
        more: further keys of the namespace ``ascend``; None takes one out.
    """
    zone = zone_of(stack)
    given = {
        "system": system,
        "phase": phase,
        "domain": f"app.{zone}",
        "zone": zone,
        "regions": list(REGIONS) if phase == PHASES[-1] else None,
        **more,
    }
    keys = {f"ascend:{key}": value for key, value in given.items() if value is not None}
    document = {"config": {"aws:region": REGIONS[0], **keys}}
    (project.root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
