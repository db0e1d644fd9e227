"""The official engine's events in our words. The documents are those of `pulumi up --event-log`."""

from __future__ import annotations

from typing import Any

from pulumi.automation import EngineEvent

from ascend.engine.model import SECRET_MASK, UNKNOWN_MASK, Event, EventKind, Op
from ascend.engine.pulumi_events import Recorder

URN = "urn:pulumi:dev::p::aws:rds/instance:Instance::db"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def _step(kind: str, op: str, urn: str = URN, **more: Any) -> dict[str, Any]:
    token = urn.split("::")[2]
    state = {"type": token, "urn": urn, "id": "", "parent": "", "inputs": {}, "outputs": {}, "provider": "", **more}
    metadata = {"op": op, "urn": urn, "type": token, "old": None, "new": state, "provider": ""}
    metadata |= {"keys": more.get("keys"), "diffs": more.get("diffs")}
    return {kind: {"metadata": metadata}}


def _diagnostic(severity: str, message: str, urn: str = "") -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": message, "color": "raw", "urn": urn}}


def _play(*documents: dict[str, Any], planning: bool = False) -> tuple[Recorder, list[Event]]:
    events: list[Event] = []
    recorder = Recorder(events.append, planning=planning)
    for number, document in enumerate(documents):
        recorder.on_engine_event(EngineEvent.from_json({"sequence": number, "timestamp": 0, **document}))
    return recorder, events


def test_a_create_is_started_done_and_a_change() -> None:
    recorder, events = _play(_step("resourcePreEvent", "create"), _step("resOutputsEvent", "create"))
    assert [event.kind for event in events] == [EventKind.STEP_STARTED, EventKind.STEP_DONE]
    assert [(step.op, step.name) for step in recorder.steps()] == [(Op.CREATE, "db")]
    assert recorder.changed()


def test_a_plan_changes_nothing() -> None:
    recorder, _ = _play(_step("resOutputsEvent", "create"), planning=True)
    assert not recorder.changed()


def test_the_halves_of_a_replacement_are_one_step() -> None:
    recorder, _ = _play(
        _step("resourcePreEvent", "create-replacement", keys=["engine"], diffs=["engine", "tags"]),
        _step("resOutputsEvent", "create-replacement"),
        _step("resourcePreEvent", "replace"),
        _step("resourcePreEvent", "delete-replaced"),
        _step("resOutputsEvent", "delete-replaced"),
    )
    (step,) = recorder.steps()
    assert (step.op, step.replace_keys, step.diff_keys) == (Op.REPLACE, ("engine",), ("engine", "tags"))


def test_default_providers_are_not_told() -> None:
    recorder, events = _play(_step("resOutputsEvent", "create", "urn:pulumi:dev::p::pulumi:providers:aws::default_7"))
    assert recorder.steps() == []
    assert events == []


def test_unknown_and_secret_values_are_masked() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hush"'}
    stack = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
    recorder, _ = _play(_step("resOutputsEvent", "create", stack, outputs={"a": UNKNOWN, "b": [secret], "c": {"d": 1}}))
    assert recorder.stack_outputs() == {"a": UNKNOWN_MASK, "b": [SECRET_MASK], "c": {"d": 1}}
    assert not recorder.changed(), "the stack's own record is no change"


def test_the_summary_has_all_counts() -> None:
    summary = {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {"create": 2}, "policyPacks": {}}
    recorder, _ = _play({"summaryEvent": summary})
    assert recorder.summary() == {"create": 2, "update": 0, "replace": 0, "delete": 0, "same": 0}


def test_errors_are_single_lines_that_name_their_resource() -> None:
    recorder, _ = _play(
        _diagnostic("error", "<{%reset%}>creating:\n no capacity<{%reset%}>\n", URN),
        _diagnostic("error", "update failed"),
    )
    assert recorder.errors() == ["db: creating: no capacity"]


def test_each_problem_of_the_config_is_an_error_of_its_own() -> None:
    recorder, _ = _play(_diagnostic("error", "Pulumi.dev.yaml: a: wrong\nPulumi.dev.yaml: b: wrong\n"))
    assert recorder.errors() == ["Pulumi.dev.yaml: a: wrong", "Pulumi.dev.yaml: b: wrong"]


def test_a_crash_of_the_program_is_told_by_its_last_line() -> None:
    trace = "Program failed with an unhandled exception:\nTraceback (most recent call last):\n  File x\nKeyError: 'a'\n"
    recorder, _ = _play(_diagnostic("error", trace))
    assert recorder.errors() == ["the program failed: KeyError: 'a'"]


def test_what_follows_from_an_error_is_left_out_unless_it_is_all_there_is() -> None:
    follows = "an unhandled error occurred: program exited with non-zero exit code: 1"
    recorder, _ = _play(_diagnostic("error", "Pulumi.dev.yaml: a: wrong"), _diagnostic("error", follows))
    assert recorder.errors() == ["Pulumi.dev.yaml: a: wrong"]
    alone, _ = _play(_diagnostic("error", follows))
    assert alone.errors() == [follows]


def test_the_language_hosts_traceback_is_not_shown_but_the_programs_words_are() -> None:
    _, events = _play(
        _diagnostic("info#err", "reading the plan"),
        _diagnostic("info#err", "Traceback (most recent call last):"),
        _diagnostic("info#err", "KeyboardInterrupt"),
        _diagnostic("debug", "detail"),
        _diagnostic("warning", "old version"),
    )
    assert [(event.severity, event.message) for event in events] == [
        ("info", "reading the plan"),
        ("warning", "old version"),
    ]
