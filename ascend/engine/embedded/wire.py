"""Events and results between the host process and the client, as JSON lines."""

from __future__ import annotations

import json
from typing import Any

from ascend.engine.model import Event, EventKind, Op, RunResult, Step


def step_to_dict(step: Step) -> dict[str, Any]:
    """A step as JSON."""
    return {
        "op": step.op.value,
        "urn": step.urn,
        "type": step.type,
        "name": step.name,
        "parent": step.parent,
        "custom": step.custom,
        "protect": step.protect,
        "replace_keys": list(step.replace_keys),
        "diff_keys": list(step.diff_keys),
        "inputs": dict(step.inputs),
        "outputs": dict(step.outputs),
        "old_inputs": dict(step.old_inputs),
        "ignore_changes": list(step.ignore_changes or ()),
    }


def step_from_dict(fields: dict[str, Any]) -> Step:
    """A step from JSON."""
    return Step(
        **{
            **fields,
            "op": Op(fields["op"]),
            "replace_keys": tuple(fields["replace_keys"]),
            "diff_keys": tuple(fields["diff_keys"]),
            "ignore_changes": tuple(fields["ignore_changes"]),
        }
    )


def event_line(event: Event) -> str:
    """An event as one line."""
    fields: dict[str, Any] = {"line": "event", "kind": event.kind.value}
    if event.step is not None:
        fields["step"] = step_to_dict(event.step)
    fields.update(message=event.message, severity=event.severity, urn=event.urn)
    return json.dumps(fields)


def event_from_dict(fields: dict[str, Any]) -> Event:
    """An event from the content of its line."""
    step = step_from_dict(fields["step"]) if "step" in fields else None
    return Event(EventKind(fields["kind"]), step, fields["message"], fields["severity"], fields["urn"])


def result_line(result: RunResult) -> str:
    """A result as one line."""
    return json.dumps(
        {
            "line": "result",
            "steps": [step_to_dict(step) for step in result.steps],
            "outputs": dict(result.outputs),
            "summary": dict(result.summary),
            "pending": list(result.pending),
            "duration_s": result.duration_s,
        }
    )


def result_from_dict(fields: dict[str, Any]) -> RunResult:
    """A result from the content of its line."""
    return RunResult(
        steps=[step_from_dict(step) for step in fields["steps"]],
        outputs=fields["outputs"],
        summary=fields["summary"],
        pending=tuple(fields["pending"]),
        duration_s=fields["duration_s"],
    )


def error_line(kind: str, message: str) -> str:
    """The end of a run without a result; `kind` is input, update or cancelled."""
    return json.dumps({"line": "error", "kind": kind, "message": message})
