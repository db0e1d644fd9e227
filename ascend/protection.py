"""What is said where a plan would delete what is protected, by the engine or at AWS: what led there, how to go on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.model import LOCKS, Op
from ascend.errors import InputError
from ascend.ui.report import ROOT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ascend.engine.model import Step

#: What leads to something else, and where the program does not protect it goes with that: a cache of copies, a pool.
PASSING: Final = ("random:index/randomPassword:RandomPassword", "aws:secretsmanager/secret:Secret")
#: How many names a message has room for.
_NAMED: Final = 3


def explained(error: InputError, steps: Sequence[Step], stack: str) -> InputError:
    """The error of a plan that was refused, with one line in place of one for each protected resource.

    Args:
        error: what the engine said, a line per problem.
        steps: what the plan held.
        stack: the stack's name.
    """
    lost = [step for step in steps if step.op is Op.DELETE and step.protect]
    if not lost:
        return error
    about_lost = re.compile("|".join(rf"(?<![\w-]){re.escape(step.name)}(?![\w-])" for step in lost))
    others = [line for line in str(error).splitlines() if not about_lost.search(line)]
    return InputError("\n".join([_line(steps, lost, stack), *others]))


def locked(steps: Sequence[Step], stack: str) -> str | None:
    """What a plan would delete although a service refuses that, in one line; None where there is nothing of it.

    The update would stop in its middle, and what is out of the program by then can no longer be unlocked by it.

    Args:
        steps: what the plan holds.
        stack: the stack's name.
    """
    lost = [step for step in steps if step.op is Op.DELETE and any(step.inputs.get(key) is True for key in LOCKS)]
    if not lost:
        return None
    root = next((step for step in steps if step.type == ROOT_TYPE and step.op is Op.UPDATE), None)
    if root is None:
        return (
            f"{stack}: {_names(lost)} would be deleted under deletion protection; nothing was changed; switch that off "
            "in the program and deploy first"
        )
    return (
        f"Pulumi.{stack}.yaml: ascend:deletionProtection: {_names(lost)} would be deleted under deletion protection; "
        "nothing was changed; deploy ascend:deletionProtection: false first, while ascend:phase is still "
        f"'{root.old_inputs.get('phase')}'"
    )


def _names(lost: Sequence[Step]) -> str:
    shown = ", ".join(step.name for step in sorted(lost, key=_weight)[:_NAMED])
    return shown + (f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else "")


def _line(steps: Sequence[Step], lost: Sequence[Step], stack: str) -> str:
    cause = _cause([step for step in steps if step.type == ROOT_TYPE])
    if cause is None:
        return (
            f"{stack}: would delete what is protected: {_names(lost)}; nothing was changed; put it back, or remove "
            "protect from it in the program and deploy first"
        )
    return f"Pulumi.{stack}.yaml: {cause}; nothing was changed (it would delete {_names(lost)}, which are protected)"


def _weight(step: Step) -> tuple[bool, str]:
    """Databases first: of all that goes with one, it is what its owner knows by name."""
    return not step.type.startswith("aws:rds/"), step.name


def _cause(roots: Iterable[Step]) -> str | None:
    """Which setting of the stack changed so that something goes, and what to do; None where that is not known."""
    by_op = {step.op: step for step in roots}
    if Op.DELETE in by_op and Op.CREATE in by_op:
        old, new = by_op[Op.DELETE].inputs, by_op[Op.CREATE].inputs
    elif Op.UPDATE in by_op:
        old, new = by_op[Op.UPDATE].old_inputs, by_op[Op.UPDATE].inputs
    else:
        return None
    return _system(old, new) or _regions(old, new) or _shards(old, new)


def _system(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    was, is_now = old.get("system"), new.get("system")
    if was == is_now:
        return None
    return (
        f"ascend:system: the stack holds the data of '{was}', which '{is_now}' would take the place of; "
        f"set ascend:system: {was}, and give '{is_now}' a stack of its own"
    )


def _regions(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    was, is_now = old.get("regions") or [], new.get("regions") or []
    gone = [region for region in was if region not in is_now]
    if not gone:
        return None
    there = f"{', '.join(gone)} {'is deployed and holds' if len(gone) == 1 else 'are deployed and hold'} data"
    if len(was) == 1:
        return f"aws:region: {there}; a stack keeps its home, set aws:region: {was[0]}"
    return f"ascend:regions: {there}; set ascend:regions: [{', '.join(was)}]"


def _shards(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    # Numbers of a checkpoint are floats where they came over the wire.
    was, is_now = int(old.get("shards") or 1), int(new.get("shards") or 1)
    if is_now >= was:
        return None
    return (
        f"ascend:shards: {is_now} is below the {was} databases that are deployed, each of which holds data; "
        f"set ascend:shards: {was}"
    )
