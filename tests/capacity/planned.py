"""Plans of the project's own systems, as the program registers them, without an engine."""

from __future__ import annotations

import functools
import gc
import json
from typing import Any

from ascend.capacity import figures, stack
from ascend.engine.model import SECRET_MASK, UNKNOWN_MASK, Op, Step
from ascend.plans import PHASES, Plan
from infra import config, resolve, world
from infra.description import describe
from infra.errors import Problems
from tests.components.recorder import record
from tests.components.support import Secret
from tests.infra.support import ROOT, raw

SYSTEMS = ("build-os", "floyo", "atlas", "backend-ai-worker", "teacher-slots")


def _resolved(system: str, phase: str, **more: Any) -> Any:
    keys: dict[str, Any] = {"system": system, "phase": phase, **more}
    if phase == PHASES[-1]:
        keys.setdefault("regions", ["us-east-1", "eu-west-1"])
    problems = Problems()
    edge = {"domain": "app.a.example", "zone": "a.example", "cloudflare_apiToken": "token"}
    return resolve.resolve_named(ROOT, config.parse(raw(**{**edge, **keys}), "dev", problems), problems)


def figures_of(system: str, phase: str = "1") -> figures.Figures:
    """The figures of a system at a phase."""
    # Through JSON, as an engine hands them on.
    return figures.parse(json.loads(json.dumps(describe(_resolved(system, phase)))))


@functools.cache
def plan_of(system: str, phase: str, more: str = "{}") -> Plan:
    """The plan of a system at a phase, with an edge; `more` is further config as JSON."""
    deployment = _resolved(system, phase, **json.loads(more))
    # Nothing of a plan becomes garbage before it is whole, and looking for it takes as long as the plan itself.
    gc.disable()
    try:
        made = record(lambda: world.deploy(deployment))
    finally:
        gc.enable()
    steps = [
        Step(
            Op.CREATE,
            one.urn,
            one.type,
            one.name,
            parent=one.parent,
            custom=one.custom,
            protect=one.protect,
            inputs=_masked(one.inputs),
            ignore_changes=one.ignore_changes,
        )
        for one in made.resources
    ]
    return Plan.of(deployment.stack, steps)


def stack_of(system: str, phase: str, more: str = "{}") -> stack.Stack:
    """The stack of such a plan."""
    return stack.read(plan_of(system, phase, more))


def _masked(value: Any) -> Any:
    """A value as an engine shows it."""
    if isinstance(value, Secret):
        return SECRET_MASK
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return UNKNOWN_MASK if value is None else value
