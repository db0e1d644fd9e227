"""What a move is: from which phase to which, and the keys of the stack's file that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import InputError
from ascend.plans import PHASES
from ascend.promotion.journal import Kind
from ascend.promotion.snapshots import DATABASE, primaries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ascend.engine.model import Step
    from ascend.live.deployed import Deployed

PHASE: Final = "ascend:phase"
PROTECTION: Final = "ascend:deletionProtection"
_SIZES: Final = {"allocatedStorage": "ascend:databaseStorageGib", "maxAllocatedStorage": "ascend:databaseMaxStorageGib"}


@dataclass(frozen=True, slots=True)
class Move:
    """One promotion or demotion.

    Attributes:
        kind: which of them.
        before: the phase that it starts from.
        after: the phase that it gets to.
        keys: what the stack's file is to say.
        force: why it may skip phases or go without a trigger; None where it may not.
    """

    kind: Kind
    before: str
    after: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    force: str | None = None

    def document(self) -> dict[str, Any]:
        """As a journal keeps it."""
        return {"from": self.before, "to": self.after, "keys": dict(self.keys), "force": self.force}

    @classmethod
    def of(cls, kind: Kind, about: Mapping[str, Any]) -> Move:
        """That which a journal is about."""
        return cls(kind, about["from"], about["to"], about["keys"], about.get("force"))

    def text(self, stack: str) -> str:
        """In words."""
        verb = "promotion" if self.kind is Kind.PROMOTE else "demotion"
        return f"{verb} of {stack} from {self.before} to {self.after}"


def upward(deployed: Deployed, to: str | None, force: str | None) -> Move:
    """The promotion of a stack.

    Args:
        deployed: the stack.
        to: the phase that it is to get to; the next by default.
        force: why it may skip phases or go without a trigger.

    Raises:
        InputError: it is at the last phase, or not below the one that is named.
    """
    wanted = to or deployed.next_phase
    if wanted is None:
        raise InputError(f"{deployed.stack} is at {deployed.phase}, the last phase; nothing to promote")
    if PHASES.index(wanted) <= PHASES.index(deployed.phase):
        way = "is there already" if wanted == deployed.phase else "goes down; use ascend demote"
        raise InputError(f"{deployed.stack} is at {deployed.phase}: to {wanted} it {way}")
    return Move(Kind.PROMOTE, deployed.phase, wanted, {PHASE: wanted}, force)


def downward(deployed: Deployed, to: str | None) -> Move:
    """The demotion of a stack; what holds data stays named: regions, further shards.

    Args:
        deployed: the stack.
        to: the phase that it is to get to; the one before by default.

    Raises:
        InputError: it is at the first phase, or not above the one that is named.
    """
    place = PHASES.index(deployed.phase)
    if to is None and place == 0:
        raise InputError(f"{deployed.stack} is at {deployed.phase}, the first phase; nothing to demote")
    wanted = to or PHASES[place - 1]
    if PHASES.index(wanted) >= place:
        way = "is there already" if wanted == deployed.phase else "goes up; use ascend promote"
        raise InputError(f"{deployed.stack} is at {deployed.phase}: to {wanted} it {way}")
    return Move(Kind.DEMOTE, deployed.phase, wanted, {PHASE: wanted, **kept(deployed)})


def kept(deployed: Deployed) -> dict[str, Any]:
    """The keys that name what holds data, so that a smaller phase leaves it where it is."""
    keys: dict[str, Any] = {}
    if len(deployed.regions) > 1:
        keys["ascend:regions"] = list(deployed.regions)
    if deployed.primary and deployed.regions and deployed.primary != deployed.regions[0]:
        keys["ascend:primary"] = deployed.primary
    shards = len([one for one in primaries(deployed) if one.region == deployed.primary])
    if shards > 1:
        keys["ascend:shards"] = shards
    return keys


def sizes(deployed: Deployed, planned: Sequence[Step]) -> dict[str, int]:
    """The keys that keep a database's volume where a plan would make it smaller, which cannot be done.

    Args:
        deployed: what there is.
        planned: the steps of the plan.
    """
    wanted = {step.urn: step.inputs for step in planned if step.type == DATABASE}
    there = [(one, wanted[one.urn]) for one in primaries(deployed) if one.urn in wanted]
    found: dict[str, int] = {}
    for one, inputs in there:
        volume = one.number("allocatedStorage") or 0
        smaller = any(volume > float(inputs.get(name) or 0) for name in _SIZES if inputs.get(name))
        full = volume >= float(inputs.get("maxAllocatedStorage") or float("inf"))
        if smaller or full:
            for name, key in _SIZES.items():
                size = int(one.number(name) or 0)
                if size:
                    found[key] = max(found.get(key, 0), size)
    return found


def left_at(move: Move, stack: str, step: str) -> str:
    """In which state a stack is when a step of a move has failed."""
    states = {
        "snapshot": f"is at {move.before} as before; only snapshots were made",
        "unlock": f"is at {move.before}, its deletion protection partly off",
        "apply": f"is between {move.before} and {move.after}",
        "lock": f"is at {move.after}, its deletion protection not all back",
        "verify": f"is updated to {move.after} and does not work as it should",
    }
    return f"{stack} {states[step]}"
