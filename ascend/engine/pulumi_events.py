"""The official engine's event stream, in this project's own words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ascend.engine.model import SECRET_MASK, UNKNOWN_MASK, Event, EventKind, Op, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.automation import EngineEvent
    from pulumi.automation.events import DiagnosticEvent, StepEventMetadata

    from ascend.engine.model import OnEvent

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
#: How the names of the providers begin that the engine makes by itself. It does not count them; nor are they told.
_DEFAULT_PROVIDER = "default"
_COUNTED = ("create", "update", "replace", "delete", "same")
_OPS = {str(op): op for op in Op}
_REPLACEMENT = frozenset({Op.REPLACE, Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED})
#: The official engine's markup for colours, which the event stream carries as text.
_COLOUR = re.compile(r"<\{%[^%]*%\}>")
#: What stands for a value that is not known yet (sdk/go/common/resource/plugin/rpc.go: UnknownStringValue and its
#: siblings for bool, number, array, asset, archive and object).
_UNKNOWN = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
#: Marks an object that stands for a special value, and the mark of a secret (sdk/go/common/resource/sig).
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- a public constant of the protocol
_SUMMARY_ERROR = re.compile(r"(update|preview|destroy|refresh) failed")
#: What the program writes to its stderr. The language host, stopped while it waits, dies with a traceback there that
#: says nothing of the cause, which the engine reports on its own.
_PROGRAM_STDERR = "info#err"
_TRACEBACK = "Traceback (most recent call last)"
#: Follows every error of a program that told what is wrong itself.
_CONSEQUENCE = "an unhandled error occurred: program exited with non-zero exit code"
_RAN_BADLY = "an unhandled exception"


class Recorder:
    """Takes the official engine's events, passes them on in our words, and keeps what a result needs.

    Args:
        on_event: where to pass them on to.
        planning: whether the run only plans, so that its steps change nothing.
    """

    def __init__(self, on_event: OnEvent, *, planning: bool = False) -> None:
        self._on_event = on_event
        self._planning = planning
        self._steps: dict[str, Step] = {}
        self._summary: dict[str, int] = {}
        self._errors: list[str] = []
        self._changed = False
        self._in_traceback = False

    def on_engine_event(self, event: EngineEvent) -> None:
        """Takes one event of the Automation API."""
        if event.resource_pre_event:
            self._step(EventKind.STEP_STARTED, event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._step(EventKind.STEP_DONE, event.res_outputs_event.metadata)
        elif event.res_op_failed_event:
            self._step(EventKind.STEP_FAILED, event.res_op_failed_event.metadata)
        elif event.diagnostic_event:
            self._diagnostic(event.diagnostic_event)
        elif event.summary_event:
            self._summary = {str(getattr(op, "value", op)): n for op, n in event.summary_event.resource_changes.items()}

    def warn(self, message: str) -> None:
        """Tells something that the official engine does not say itself."""
        self._on_event(Event(kind=EventKind.DIAGNOSTIC, message=message, severity="warning"))

    def steps(self) -> list[Step]:
        """One step per resource in the order decided; the halves of a replacement are one `REPLACE`."""
        return list(self._steps.values())

    def summary(self) -> dict[str, int]:
        """The official engine's counts."""
        return {key: self._summary.get(key, 0) for key in _COUNTED}

    def stack_outputs(self) -> Mapping[str, Any]:
        """The outputs of the stack as far as the events told them."""
        return next((step.outputs for step in self._steps.values() if step.type == STACK_TYPE), {})

    def errors(self) -> list[str]:
        """What the engine and the program said was wrong, one entry each."""
        return [error for error in self._errors if not error.startswith(_CONSEQUENCE)] or list(self._errors)

    def changed(self) -> bool:
        """Whether anything but the stack's own record was, or may have been, changed."""
        return self._changed

    def _step(self, kind: EventKind, metadata: StepEventMetadata) -> None:
        step = _translated(metadata)
        if step.type.startswith(PROVIDER_PREFIX) and step.name.startswith(_DEFAULT_PROVIDER):
            return
        known = self._steps.get(step.urn)
        self._steps[step.urn] = _merged(known, step)
        idle = self._planning or kind is EventKind.STEP_STARTED or step.op is Op.SAME or step.type == STACK_TYPE
        self._changed = self._changed or not idle
        self._on_event(Event(kind=kind, step=step, urn=step.urn))

    def _diagnostic(self, event: DiagnosticEvent) -> None:
        if event.ephemeral or not event.message:
            return
        message = _COLOUR.sub("", event.message).strip()
        if event.severity == _PROGRAM_STDERR and _TRACEBACK in message:
            self._in_traceback = True
        if not message or event.severity == "debug" or (event.severity == _PROGRAM_STDERR and self._in_traceback):
            return
        severity = event.severity if event.severity in {"warning", "error"} else "info"
        if severity == "error" and not _SUMMARY_ERROR.fullmatch(message):
            self._errors += _told(message, event.urn or "")
        self._on_event(Event(kind=EventKind.DIAGNOSTIC, message=message, severity=severity, urn=event.urn or ""))


def _told(message: str, urn: str) -> list[str]:
    """An error as one line per problem.

    A program that crashed is told by the last line of its traceback, a provider's error as one line with its resource.
    What the program or the engine says of the whole run is one problem per line.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if _RAN_BADLY in lines[0]:
        return [f"the program failed: {lines[-1]}"]
    if urn and STACK_TYPE not in urn:
        return [f"{urn.rpartition('::')[2]}: {' '.join(lines)}"]
    return lines


def _translated(metadata: StepEventMetadata) -> Step:
    state = metadata.new or metadata.old
    urn = metadata.urn
    inputs = dict(state.inputs or {}) if state else {}
    outputs = dict(state.outputs or {}) if state else {}
    op = _op(metadata)
    old = metadata.old.inputs if op is Op.UPDATE and metadata.old else None
    return Step(
        op=op,
        urn=urn,
        type=metadata.type,
        name=urn.rpartition("::")[2],
        parent=state.parent if state else "",
        custom=bool(state and state.custom),
        protect=bool(state and state.protect),
        replace_keys=tuple(metadata.keys or ()),
        diff_keys=tuple(metadata.diffs or ()),
        inputs=_masked(inputs),
        outputs=_masked(outputs),
        old_inputs=_masked(dict(old or {})),
        ignore_changes=None,  # no event has it (sdk/go/common/apitype/events.go: StepEventStateMetadata)
    )


def _op(metadata: StepEventMetadata) -> Op:
    return _OPS.get(str(getattr(metadata.op, "value", metadata.op)), Op.SAME)


def _merged(known: Step | None, step: Step) -> Step:
    """What is known of a resource after one more event of it."""
    if step.op in _REPLACEMENT:
        step = replace(step, op=Op.REPLACE)
    if known is None or known.op is Op.SAME:
        return step
    if known.op is Op.REPLACE:
        return replace(
            known,
            replace_keys=known.replace_keys or step.replace_keys,
            diff_keys=known.diff_keys or step.diff_keys,
        )
    return replace(step, op=known.op)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET_SIGNATURE:
            return SECRET_MASK
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return UNKNOWN_MASK if isinstance(value, str) and value in _UNKNOWN else value
