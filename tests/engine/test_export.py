"""What the backend keeps of a stack, in the form of the official CLI's export."""

import json

import pytest

from ascend.errors import InputError

PROGRAM = """
box = Box("box", kind="x")
p = Provider("p", region="r1")
a = Thing("a", Opts(parent=box, protect=True, provider=p), size=2.0, password=pulumi.Output.secret("hunter2"),
    asset=pulumi.StringAsset("abc"))
b = Thing("b", of=a.arn)
pulumi.export("arn", b.arn)
pulumi.export("password", pulumi.Output.secret("hunter2"))
"""


def test_the_state_is_exported_with_secrets_encrypted_and_masked(stack):
    stack.up(PROGRAM)
    state = stack.engine.export(stack.target)
    document = json.loads(state.text)
    assert set(document) == {"version", "deployment"}
    assert document["deployment"] == stack.latest()
    assert b"hunter2" not in state.text
    kept = {found.name: found for found in state.resources}
    assert [found.name for found in state.resources] == [
        urn.rpartition("::")[2] for urn in (item["urn"] for item in stack.latest()["resources"])
    ]
    a = kept["a"]
    assert (a.type, a.id, a.custom, a.protect) == ("fake:index:Thing", "a#1", True, True)
    assert a.parent == kept["box"].urn
    assert a.inputs["password"] == a.outputs["password"] == a.outputs["sealed"] == "[secret]"
    assert a.inputs["size"] == 2
    assert a.inputs["asset"].startswith("asset(sha256:")
    assert (kept["box"].custom, kept["box"].id, kept["box"].inputs) == (False, "", {"kind": "x"})
    assert kept["proj-dev"].outputs == {"arn": "arn:b#2", "password": "[secret]"}


def test_what_waits_to_be_deleted_is_no_resource_and_what_was_interrupted_is_told(stack, fake):
    stack.up('Thing("a", force=1)')

    def fault(method, name, when):
        if method == "Delete":
            raise ConnectionError("gone")

    fake.fault = fault
    with pytest.raises(Exception, match="gone"):
        stack.up('Thing("a", force=2)')
    state = stack.engine.export(stack.target)
    assert [found.id for found in state.resources if found.name == "a"] == ["a#2"]
    assert state.text.count(b'"a#1"') == 1
    latest = stack.latest()
    operation = {"resource": latest["resources"][-1], "type": "creating"}
    document = json.loads(stack.state_file.read_text())
    document["checkpoint"]["latest"]["pending_operations"] = [operation]
    stack.state_file.write_text(json.dumps(document))
    pending = stack.engine.export(stack.target).pending
    assert pending == [f"creating {latest['resources'][-1]['urn']}"]


def test_a_stack_that_is_not_deployed_or_was_destroyed_has_nothing_to_export(stack):
    with pytest.raises(InputError, match="stack 'dev' is not deployed: run up first"):
        stack.engine.export(stack.target)
    stack.up('Thing("a")')
    stack.destroy()
    with pytest.raises(InputError, match="stack 'dev' is not deployed: run up first"):
        stack.engine.export(stack.target)


def test_a_damaged_state_is_refused_by_name(stack):
    stack.up('Thing("a")')
    document = json.loads(stack.state_file.read_text())
    document["checkpoint"]["latest"]["resources"].reverse()
    stack.state_file.write_text(json.dumps(document))
    with pytest.raises(
        InputError, match=r"dev\.json: the state cannot be used: resource .*::a refers to unknown provider"
    ):
        stack.engine.export(stack.target)
