"""The plan of a stack, or of a system at a phase that no stack is yet, for commands that only read it.

It is made by the embedded engine, offline and without an account; nothing is created and no state is written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ascend import session, target
from ascend.engine.model import EventKind, Op, Target
from ascend.errors import InputError
from ascend.ui import console
from ascend.ui.progress import Progress
from ascend.ui.report import ROOT_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ascend.engine.model import Event, Step

#: The phases in order; also given by their number.
PHASES = ("single-region", "cached", "scaled", "global")
#: Where a system is planned that no stack's config puts anywhere: one region, two at the last phase.
REGIONS = (target.DEFAULT_REGION, "eu-west-1")
_GONE = (Op.DELETE, Op.DELETE_REPLACED, Op.DISCARD, Op.READ, Op.READ_REPLACEMENT)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a stack is to be.

    Attributes:
        stack: the stack's name.
        resources: the step of everything that is there after an update, components too.
        world: the inputs of the stack's root component, which describe it.
    """

    stack: str
    resources: Sequence[Step]
    world: Mapping[str, Any]

    @classmethod
    def of(cls, stack: str, steps: Sequence[Step]) -> Plan:
        """The plan that the steps of a preview make.

        Raises:
            InputError: they hold no root component that describes the stack.
        """
        resources = [step for step in steps if step.op not in _GONE]
        root = next((step for step in resources if step.type == ROOT_TYPE), None)
        if root is None:
            raise InputError(f"{stack}: its plan holds no {ROOT_TYPE}; only stacks of this project describe themselves")
        if not root.inputs.get("figures"):
            raise InputError(f"{stack}: its plan holds no figures of its system; bring infra/ up to this version")
        return cls(stack, resources, root.inputs)


def phase_name(given: str) -> str:
    """The name of a phase that is given by name or number (``scaled``, ``3``).

    Raises:
        InputError: there is no such phase.
    """
    for number, name in enumerate(PHASES, start=1):
        if given in (name, str(number)):
            return name
    choices = ", ".join(f"{name} ({number})" for number, name in enumerate(PHASES, start=1))
    raise InputError(f"'{given}' is not a phase; allowed: {choices}")


def target_of(root: Path, system: str, phase: str) -> Target:
    """A system at a phase as a stack that has all that the phase offers: a domain at the edge, two regions at the last.

    Args:
        root: the project's folder.
        system: the system's name.
        phase: the phase, by name or number.

    Raises:
        InputError: there is no such phase.
    """
    name = phase_name(phase)
    stack = f"{system}-p{PHASES.index(name) + 1}"
    config: dict[str, Any] = {
        "aws:region": REGIONS[0],
        "ascend:system": system,
        "ascend:phase": name,
        "ascend:environment": "dev",
        "ascend:domain": f"app.{stack}.example",
        "ascend:zone": f"{stack}.example",
    }
    if name == PHASES[-1]:
        config["ascend:regions"] = list(REGIONS)
    return Target(root, target.check_name(stack), config)


def at_phase(wanted: Target, phase: str, regions: Sequence[str]) -> Target:
    """A stack as it would be at a phase: at the last, one that is in one region gets a second.

    Args:
        wanted: the stack, its phase set.
        phase: that phase's name.
        regions: where the stack is now.
    """
    if phase != PHASES[-1] or len(regions) != 1:
        return wanted
    other = next(region for region in REGIONS if region not in regions)
    return replace(wanted, config={**wanted.config, "ascend:regions": [*regions, other]})


def plan(cwd: Path, stack: str | None, system: str | None, phase: str | None) -> Plan:
    """Plans a stack, or a system at a phase.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack's name; `system` and `phase` are laid over its file.
        system: what runs; without a stack, with `phase`.
        phase: how far it has grown.

    Raises:
        InputError: too little is given, or something that is not there.
    """
    root = target.find_root(cwd)
    if stack is not None:
        wanted = target.resolve(root, stack, system, phase)
    elif system is not None and phase is not None:
        wanted = target_of(root, system, phase)
    else:
        raise unnamed(root)
    return of_target(wanted)


def unnamed(root: Path) -> InputError:
    """What is wrong where neither a stack nor a system at a phase is given."""
    existing = ", ".join(target.stack_files(root)) or "none"
    return InputError(f"name a stack (with a file: {existing}), or give both --system and --phase")


def of_target(wanted: Target) -> Plan:
    """Plans one target.

    Raises:
        InputError: its config is wrong.
    """
    session.offer_passphrase(wanted.root)
    # As in the embedded cloud: the program wants credentials for an edge, and planning uses none.
    os.environ.setdefault("CLOUDFLARE_API_TOKEN", "embedded")
    from ascend.engine.embedded import EmbeddedEngine  # noqa: PLC0415 -- only the commands that plan pay for it

    with session.harmless(), Progress(console.stderr(), f"planning {wanted.stack}", detailed=False) as progress:

        def show(event: Event) -> None:
            """Advice on the config is of no use to who only reads the plan; warnings are."""
            if event.kind is not EventKind.DIAGNOSTIC or event.severity != "info":
                progress.on_event(event)

        result = EmbeddedEngine().preview(wanted, show)
    return Plan.of(wanted.stack, result.steps)
