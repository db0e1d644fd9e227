"""What a refresh finds, what it takes into the state, and what it leaves alone."""

import pytest

from ascend.engine.model import EventKind
from ascend.errors import InputError, UpdateError
from tests.engine.conftest import ops

CHAIN = """
a = Thing("a", size=1, tags={"x": 1})
box = Box("box")
b = Thing("b", Opts(parent=a), of=a.arn)
c = Thing("c", Opts(parent=b, depends_on=[a, b], deleted_with=b), of=b.arn, also=a.arn)
pulumi.export("arn", c.arn)
"""


def test_where_nothing_drifted_all_is_the_same_and_nothing_is_written(stack, fake):
    stack.up(CHAIN)
    before = stack.state_file.read_bytes()
    fake.calls.clear()
    result = stack.refresh()
    assert ops(result) == {"a": "same", "b": "same", "c": "same"}
    assert result.summary == {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 3}
    assert result.outputs == {"arn": "arn:c#3"}
    assert stack.state_file.read_bytes() == before
    assert {method for method, _ in fake.calls} == {"Configure", "Read", "Diff"}


def test_drift_is_told_by_a_preview_that_changes_nothing(stack, fake):
    stack.up(CHAIN)
    before = stack.state_file.read_bytes()
    fake.drift("a", size=2)
    result = stack.refresh(preview=True)
    assert ops(result) == {"a": "update", "b": "same", "c": "same"}
    step = result.steps[0]
    assert step.diff_keys == ("size",)
    assert (step.old_inputs["size"], step.inputs["size"], step.outputs["size"]) == (1, 2, 2)
    told = {event.step.name: event.step.op.value for event in stack.events if event.kind is EventKind.STEP_DONE}
    assert told == {"a": "update", "b": "same", "c": "same"}
    assert stack.state_file.read_bytes() == before


def test_a_refresh_takes_what_is_there_so_that_a_program_that_wants_it_changes_nothing(stack, fake):
    stack.up(CHAIN)
    fake.drift("a", size=2)
    stack.refresh()
    assert stack.resources()["a"]["inputs"]["size"] == stack.resources()["a"]["outputs"]["size"] == 2
    fake.calls.clear()
    assert stack.up(CHAIN.replace("size=1", "size=2")).summary["same"] == 5
    assert not {"Update", "Create", "Delete"} & {method for method, _ in fake.calls}
    assert ops(stack.up(CHAIN))["a"] == "update"


def test_what_is_gone_leaves_the_state_and_nothing_names_it_any_more(stack, fake):
    stack.up(CHAIN)
    fake.lose("b")
    assert ops(stack.refresh(preview=True))["b"] == "delete"
    result = stack.refresh()
    assert ops(result) == {"a": "same", "b": "delete", "c": "same"}
    left = stack.resources()
    assert "b" not in left
    assert left["c"]["parent"] == left["a"]["urn"]
    assert left["c"]["dependencies"] == [left["a"]["urn"]]
    assert "deletedWith" not in left["c"]
    # The next update makes it again, and nothing else twice.
    assert ops(stack.up(CHAIN))["b"] == "create"
    assert fake.names() == ["a", "b", "c"]


def test_only_the_named_resources_are_read(stack, fake):
    stack.up(CHAIN)
    fake.drift("a", size=2)
    fake.drift("c", size=9)
    fake.calls.clear()
    assert ops(stack.refresh("c")) == {"c": "update"}
    assert [name for method, name in fake.calls if method == "Read"] == ["c"]
    assert stack.resources()["a"]["inputs"]["size"] == 1
    assert stack.engine.refresh(stack.target, stack.events.append, [], preview=False).steps == []


def test_ignored_changes_are_no_drift_but_are_recorded(stack, fake):
    stack.up('Thing("a", Opts(ignore_changes=["size"]), size=1)')
    fake.drift("a", size=2)
    assert ops(stack.refresh()) == {"a": "same"}
    assert stack.resources()["a"]["inputs"]["size"] == 2


def test_secrets_stay_secret(stack, fake):
    stack.up('Thing("a", Opts(additional_secret_outputs=["arn"]), password=pulumi.Output.secret("hunter2"), size=1)')
    fake.drift("a", size=2, password="hunter3")
    result = stack.refresh()
    step = result.steps[0]
    assert step.diff_keys == ("password", "size")
    shown = [step.inputs["password"], step.old_inputs["password"], step.outputs["password"], step.outputs["arn"]]
    assert shown == ["[secret]"] * 4
    text = stack.state_file.read_text()
    assert "hunter" not in text
    assert "arn:a#1" not in text
    assert stack.resources()["a"]["outputs"]["size"] == 2


def test_assets_stay_what_the_program_gave(stack, fake):
    stack.up('Thing("a", size=1, asset=pulumi.StringAsset("abc"))')
    asset = stack.resources()["a"]["inputs"]["asset"]
    found = next(iter(fake.objects.values()))[1]["asset"]
    fake.drift("a", size=2, asset=type(found)(found.hash))
    assert stack.refresh().steps[0].diff_keys == ("size",)
    assert stack.resources()["a"]["inputs"]["asset"] == asset
    assert asset["text"] == "abc"


def test_an_unhealthy_resource_is_recorded_as_such(stack, fake):
    stack.up('Thing("a", size=1)')
    fake.drift("a", half=True)
    stack.refresh()
    assert "it does not start" in stack.messages("warning")
    assert stack.resources()["a"]["initErrors"] == ["it does not start"]


def test_a_read_that_fails_leaves_the_state_as_it_was(stack, fake):
    stack.up(CHAIN)
    before = stack.state_file.read_bytes()
    fake.drift("a", size=2)
    fake.lose("c")

    def fault(method, name, when):
        if (method, name, when) == ("Read", "b", "before"):
            raise RuntimeError("Throttling: rate exceeded")

    fake.fault = fault
    with pytest.raises(UpdateError) as told:
        stack.refresh()
    assert str(told.value) == "fake:index:Thing b: Throttling: rate exceeded; the state was left as it was"
    assert stack.state_file.read_bytes() == before


def test_a_refresh_needs_something_deployed_and_names_that_are_there(stack):
    stack.program(CHAIN)
    with pytest.raises(InputError, match="not deployed, so there is nothing to refresh"):
        stack.engine.refresh(stack.target, stack.events.append, preview=True)
    stack.up()
    with pytest.raises(InputError, match="the state holds no resource urn:pulumi:dev::proj::fake:index:Thing::z"):
        stack.engine.refresh(
            stack.target, stack.events.append, ["urn:pulumi:dev::proj::fake:index:Thing::z"], preview=True
        )


def test_it_works_without_the_programs_config(stack, fake):
    """What drifted can be taken over also where the program does not run."""
    stack.up(CHAIN)
    fake.drift("a", size=2)
    stack.program("raise SystemExit('broken')")
    assert ops(stack.refresh())["a"] == "update"
