"""What runs of real programs do, against a provider that notes every call."""

import json

import pytest

from ascend.engine.model import EventKind, Op
from ascend.errors import InputError, UpdateError
from tests.engine.conftest import ops

PAIR = """
a = Thing("a", size=1)
b = Thing("b", of=a.arn)
pulumi.export("arn", b.arn)
"""


def test_a_program_is_deployed_changed_and_removed(stack, fake):
    first = stack.preview(PAIR)
    assert first.summary == {"create": 3, "update": 0, "replace": 0, "delete": 0, "same": 0}
    assert fake.objects == {}
    assert not stack.state_file.exists()

    up = stack.up()
    assert up.outputs == {"arn": "arn:b#2"}
    assert stack.resources()["b"]["inputs"]["of"] == "arn:a#1"
    assert stack.resources()["b"]["propertyDependencies"]["of"] == [stack.resources()["a"]["urn"]]

    again = stack.up()
    assert again.summary == {"create": 0, "update": 0, "replace": 0, "delete": 0, "same": 3}
    assert "Update" not in fake.methods("a")

    changed = stack.up(PAIR.replace("size=1", "size=2"))
    assert ops(changed) == {"proj-dev": "same", "a": "update", "b": "same"}
    assert changed.steps[1].diff_keys == ("size",)

    gone = stack.up('pulumi.export("x", 1)')
    assert ops(gone) == {"proj-dev": "same", "b": "delete", "a": "delete"}
    assert [call for call in fake.calls if call[0] == "Delete"] == [("Delete", "b"), ("Delete", "a")]
    assert stack.engine.outputs(stack.target) == {"x": 1}


def test_a_destroyed_stack_is_empty_and_can_be_deployed_again(stack, fake):
    stack.up(PAIR)
    assert stack.destroy().summary["delete"] == 3
    assert fake.objects == {}
    assert "resources" not in stack.latest()
    assert stack.up().summary["create"] == 3


def test_events_tell_start_and_end_of_each_step(stack):
    stack.up(PAIR)
    kinds = [(event.kind, event.step.op) for event in stack.events if event.step and event.step.name == "a"]
    assert kinds == [(EventKind.STEP_STARTED, Op.CREATE), (EventKind.STEP_DONE, Op.CREATE)]
    assert not any(event.step and event.step.name.startswith("default") for event in stack.events)


def test_what_is_unchanged_does_not_touch_the_state(stack):
    stack.up(PAIR + 'pulumi.export("s", pulumi.Output.secret("sesame"))')
    before = stack.state_file.read_bytes()
    stack.up()
    assert stack.state_file.read_bytes() == before


# -- replacement


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ("", ["Create", "Delete"]),
        ("dbr=True, ", ["Delete", "Create"]),
        ("opts=Opts(delete_before_replace=True), ", ["Delete", "Create"]),
        ("opts=Opts(delete_before_replace=False), dbr=True, ", ["Create", "Delete"]),
    ],
)
def test_a_replacement_goes_in_the_order_that_is_asked_for(stack, fake, options, calls):
    stack.up(f'a = Thing("a", {options}force=1)')
    fake.calls.clear()
    result = stack.up(f'a = Thing("a", {options}force=2)')
    assert [method for method in fake.methods("a") if method in {"Create", "Delete"}] == calls
    assert ops(result)["a"] == "replace"
    assert result.summary["replace"] == 1
    assert result.steps[1].replace_keys == ("force",)
    assert len(fake.objects) == 1
    assert len(stack.latest()["resources"]) == 3


def test_a_replacement_computes_its_defaults_anew(stack):
    stack.up('Thing("a", force=1)')
    name = stack.resources()["a"]["inputs"]["name"]
    stack.up('Thing("a", force=1, size=2)')
    assert stack.resources()["a"]["inputs"]["name"] == name
    stack.up('Thing("a", force=2)')
    assert stack.resources()["a"]["inputs"]["name"] != name


def test_dependents_go_first_where_a_resource_is_deleted_before_it_is_replaced(stack, fake):
    program = """
a = Thing("a", dbr=True, force={n})
b = Thing("b", force=a.arn)
c = Thing("c", of=b.arn)
"""
    stack.up(program.format(n=1))
    fake.calls.clear()
    result = stack.up(program.format(n=2))
    changes = [call for call in fake.calls if call[0] in {"Create", "Update", "Delete"}]
    assert changes == [("Delete", "b"), ("Delete", "a"), ("Create", "a"), ("Create", "b"), ("Update", "c")]
    assert ops(result) == {"proj-dev": "same", "a": "replace", "b": "replace", "c": "update"}


def test_a_dependent_that_was_deleted_and_is_no_longer_wanted_stays_deleted(stack, fake):
    stack.up('a = Thing("a", dbr=True, force=1)\nThing("b", force=a.arn)')
    result = stack.up('a = Thing("a", dbr=True, force=2)')
    assert ops(result)["b"] == "delete"
    assert fake.names() == ["a"]
    assert "b" not in stack.resources()


def test_replace_on_changes_and_a_trigger_replace(stack):
    stack.up('Thing("a", Opts(replace_on_changes=["tags.x"]), tags={"x": 1})')
    result = stack.preview('Thing("a", Opts(replace_on_changes=["tags"]), tags={"x": 2})')
    assert ops(result)["a"] == "replace"
    stack.up('Thing("a", Opts(replacement_trigger="one"), tags={"x": 1})')
    assert ops(stack.preview('Thing("a", Opts(replacement_trigger="two"), tags={"x": 1})'))["a"] == "replace"


def test_replace_with_follows_another_resource(stack):
    program = 'a = Thing("a", force={n})\nThing("b", Opts(replace_with=[a]))'
    stack.up(program.format(n=1))
    assert ops(stack.up(program.format(n=2))) == {"proj-dev": "same", "a": "replace", "b": "replace"}


# -- options


def test_ignored_changes_are_not_changes(stack, fake):
    stack.up('Thing("a", Opts(ignore_changes=["size", "tags.x"]), size=1, tags={"x": 1, "y": 1})')
    result = stack.up('Thing("a", Opts(ignore_changes=["size", "tags.x"]), size=2, tags={"x": 2, "y": 2})')
    assert ops(result)["a"] == "update"
    inputs = stack.resources()["a"]["inputs"]
    assert (inputs["size"], inputs["tags"]) == (1, {"x": 1, "y": 2})
    assert ops(stack.up('Thing("a", Opts(ignore_changes=["*"]), size=9, tags={})'))["a"] == "same"


def test_an_alias_keeps_the_resource_and_renames_what_refers_to_it(stack, fake):
    stack.up('a = Thing("a", size=1)\nThing("b", Opts(depends_on=[a]))')
    result = stack.up(
        'n = Thing("n", Opts(aliases=[pulumi.Alias(name="a")]), size=1)\nThing("b", Opts(depends_on=[n]))'
    )
    assert result.summary["same"] == 3
    resources = stack.resources()
    assert resources["b"]["dependencies"] == [resources["n"]["urn"]]
    assert fake.created == 2


def test_children_follow_a_renamed_parent(stack, fake):
    stack.up('box = Box("app")\nThing("app-disk", Opts(parent=box))')
    result = stack.up('box = Box("web", Opts(aliases=[pulumi.Alias(name="app")]))\nThing("web-disk", Opts(parent=box))')
    assert result.summary["same"] == 3
    assert fake.created == 1


def test_a_retyped_parent_is_an_alias_too(stack, fake):
    stack.up('box = Box("app")\nThing("disk", Opts(parent=box))')
    result = stack.up('Thing("disk", Opts(aliases=[pulumi.Alias(parent="urn:pulumi:dev::proj::test:index:Box::app")]))')
    assert ops(result)["disk"] == "same"
    assert ops(result)["app"] == "delete"


def test_two_resources_cannot_have_one_name_or_one_alias(stack):
    with pytest.raises(InputError, match="duplicate resource URN"):
        stack.preview('Thing("a")\nThing("a")')
    stack.up('Thing("a")')
    alias = "Opts(aliases=[pulumi.Alias(name='a')])"
    with pytest.raises(InputError, match="duplicate resource alias"):
        stack.preview(f'Thing("b", {alias})\nThing("c", {alias})')


def test_what_is_retained_or_deleted_with_another_is_not_deleted(stack, fake):
    stack.up('a = Thing("a")\nThing("b", Opts(deleted_with=a))\nThing("c", Opts(retain_on_delete=True))')
    result = stack.up("pass")
    assert result.summary["delete"] == 3
    assert [call for call in fake.calls if call[0] == "Delete"] == [("Delete", "a")]


def test_children_inherit_protection_and_components_hand_on_providers(stack, fake):
    stack.up(
        """
p = Provider("p", region="r1")
box = Box("box", Opts(protect=True, providers=[p]))
Thing("inside", Opts(parent=box))
Thing("outside")
"""
    )
    resources = stack.resources()
    assert resources["inside"]["protect"] is True
    assert resources["inside"]["provider"].startswith(resources["p"]["urn"])
    assert "::default::" in resources["outside"]["provider"]


def test_default_providers_take_the_stacks_config(stack, fake):
    stack.write("Pulumi.dev.yaml", "config: {fake:region: r7, proj:x: 1}\n")
    stack.up('Thing("a")')
    assert list(fake.configs.values()) == [{"region": "r7"}]


def test_a_changed_provider_replaces_its_resources_only_where_it_says_so(stack):
    program = 'p = Provider("p", {key}=1)\nThing("a", Opts(provider=p))'
    stack.up(program.format(key="region"))
    assert ops(stack.preview('p = Provider("p", region=2)\nThing("a", Opts(provider=p))'))["a"] == "same"
    stack.up('p = Provider("p", forceRegion=1)\nThing("a", Opts(provider=p))')
    result = stack.up('p = Provider("p", forceRegion=2)\nThing("a", Opts(provider=p))')
    assert ops(result) == {"proj-dev": "same", "p": "replace", "a": "replace"}


def test_timeouts_reach_the_provider(stack, fake):
    stack.up('Thing("a", Opts(custom_timeouts=pulumi.CustomTimeouts(create="1h30m")))')
    assert next(request for method, request in fake.requests if method == "Create").timeout == 5400
    assert stack.resources()["a"]["customTimeouts"] == {"create": 5400.0}


# -- protection


def test_protected_resources_are_neither_deleted_nor_replaced(stack, fake):
    stack.up('Thing("a", Opts(protect=True), force=1)\nThing("b", Opts(protect=True))\nThing("c")')
    for attempt in (stack.preview, stack.up):
        with pytest.raises(InputError, match=r"a: must be replaced .force. but is protected"):
            attempt('Thing("a", Opts(protect=True), force=2)\nThing("b", Opts(protect=True))\nThing("c")')
        with pytest.raises(InputError, match=r"a: would be deleted but is protected.*\n.*b: would be deleted"):
            attempt('Thing("c")')
    assert fake.names() == ["a", "b", "c"]


def test_destroy_spares_everything_unless_all_that_is_protected_is_named(stack, fake):
    stack.up('Thing("a", Opts(protect=True))\nThing("b", Opts(protect=True))\nThing("c")')
    with pytest.raises(InputError, match=r"Thing b: would be deleted but is protected; .*--unprotect b$") as caught:
        stack.destroy("a")
    assert "Thing a:" not in str(caught.value)
    with pytest.raises(InputError, match="no resource is called 'nonsense'; protected are: a, b"):
        stack.destroy("nonsense")
    assert fake.names() == ["a", "b", "c"]
    urn = stack.resources()["b"]["urn"]
    stack.destroy("a", urn)
    assert fake.objects == {}


def test_a_stack_that_was_never_deployed_cannot_be_destroyed(stack):
    with pytest.raises(InputError, match="stack 'dev' is not deployed, so there is nothing to destroy"):
        stack.destroy()
    assert not stack.state_file.exists()


def test_destroy_needs_no_value_of_what_only_the_program_reads(stack, fake):
    stack.up('Thing("a")')
    project = stack.root / "Pulumi.yaml"
    project.write_text(project.read_text() + "\nconfig: {needed: {type: string}}\n")
    with pytest.raises(InputError, match=r"no value for .*:needed"):
        stack.up('Thing("a")')
    stack.destroy()
    assert fake.objects == {}


def test_the_services_own_lock_goes_only_with_what_is_named_to_destroy(stack, fake):
    program = 'Thing("a", Opts(protect={protect}), deletionProtection=True, force={force})'
    stack.up(program.format(protect=True, force=1))
    stack.up(program.format(protect=False, force=2))
    assert "Update" not in fake.methods("a")
    stack.up(program.format(protect=True, force=2))
    fake.calls.clear()
    stack.destroy("a")
    assert fake.methods("a") == ["Update", "Delete"]


def test_protection_can_be_taken_off_and_the_resource_deleted(stack, fake):
    stack.up('Thing("a", Opts(protect=True))')
    stack.up('Thing("a")')
    assert stack.resources()["a"].get("protect") is None
    stack.up("pass")
    assert fake.objects == {}


# -- reading, functions, other stacks


def test_resources_that_others_manage_are_read_and_let_go(stack, fake):
    stack.up('Thing("a", size=3)')
    (id_,) = fake.objects
    reads = f"""
class Read(pulumi.CustomResource):
    def __init__(self, name, id):
        super().__init__("fake:index:Thing", name, {{"arn": None, "size": None}}, Opts(id=id))
Thing("a", size=3)
pulumi.export("size", Read("r", "{id_}").size)
"""
    assert stack.up(reads).outputs == {"size": 3}
    assert stack.resources()["r"]["external"] is True
    fake.calls.clear()
    assert ops(stack.up('Thing("a", size=3)'))["r"] == "discard"
    assert ("Delete", "r") not in fake.calls
    with pytest.raises(UpdateError, match="resource 'nowhere' does not exist"):
        stack.up(reads.replace(id_, "nowhere"))


def test_functions_are_called_and_their_failure_ends_the_run(stack, fake):
    program = """
result = pulumi.runtime.invoke("fake:index:{name}", {{"value": "v"}}).value
pulumi.export("echo", result["echo"])
"""
    assert stack.up(program.format(name="get")).outputs == {"echo": "v"}
    with pytest.raises(UpdateError, match="invocation of fake:index:fail returned an error: no such luck"):
        stack.up(program.format(name="fail"))


def test_a_stack_reference_reads_another_stack_and_keeps_its_secrets(stack, tmp_path):
    stack.up('pulumi.export("url", "u")\npulumi.export("key", pulumi.Output.secret("sesame"))')
    stack.name = "prod"
    result = stack.up(
        """
ref = pulumi.StackReference("organization/proj/dev")
pulumi.export("url", ref.get_output("url"))
pulumi.export("key", ref.get_output("key"))
"""
    )
    assert result.outputs == {"url": "u", "key": "[secret]"}
    assert "sesame" not in stack.state_file.read_text()
    assert stack.engine.outputs(stack.target, show_secrets=True) == {"url": "u", "key": "sesame"}
    with pytest.raises((InputError, UpdateError), match="unknown stack organization/proj/none"):
        stack.up('pulumi.StackReference("none")')


# -- secrets


def test_no_secret_is_in_the_clear_anywhere(stack, fake):
    stack.config = {"proj:plain": "p"}
    stack.up(
        """
deep = {"x": [pulumi.Output.secret("s3same")]}
a = Thing("a", Opts(additional_secret_outputs=["arn"]), password=pulumi.Output.secret("hunter2"), deep=deep)
pulumi.export("password", a.sealed)
pulumi.log.info("it is hunter2")
"""
    )
    program = (stack.root / "program" / "__main__.py").read_text()
    stack.program(program.replace("import pulumi", 'import pulumi\nprint("printed: hunter2")', 1))
    second = stack.up()
    told = "\n".join(f"{event.message} {event.step}" for event in stack.events)
    state = stack.state_file.read_text()
    history = "".join(path.read_text() for path in (stack.root / ".ascend").rglob("*.json"))
    for text in (told, state, history, json.dumps(dict(second.outputs))):
        assert "hunter2" not in text
        assert "s3same" not in text
        assert "sealed-a#1" not in text
    assert "printed: [secret]" in told
    outputs = stack.resources()["a"]["outputs"]
    assert all("ciphertext" in outputs[key] for key in ("arn", "password", "sealed"))
    # The provider sees the secret: it is told what is one.
    assert next(iter(fake.objects.values()))[1]["password"].value == "hunter2"


def test_providers_that_know_no_secrets_do_not_lose_them(stack, fake):
    fake.accept_secrets = False
    stack.up('Thing("a", password=pulumi.Output.secret("hunter2"))')
    assert "ciphertext" in stack.resources()["a"]["inputs"]["password"]
    assert "ciphertext" in stack.resources()["a"]["outputs"]["password"]


def test_the_passphrase_must_be_there_and_right(stack, monkeypatch):
    stack.up('pulumi.export("s", pulumi.Output.secret("x"))')
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    for attempt in (stack.preview, stack.up, stack.destroy):
        with pytest.raises(InputError, match="the state of stack 'dev': incorrect passphrase"):
            attempt()
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    for attempt in (stack.preview, stack.up, stack.destroy):
        with pytest.raises(InputError, match="needs a passphrase"):
            attempt()


def test_a_preview_without_secrets_needs_no_passphrase(stack, monkeypatch):
    stack.up("pass")
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert stack.preview("pass").summary["same"] == 1


# -- programs and config


def test_the_program_runs_as_under_the_language_host(stack):
    stack.write(
        "Pulumi.yaml", "name: proj\nruntime: python\nmain: program\nconfig: {count: {type: integer, default: 3}}\n"
    )
    stack.write("Pulumi.dev.yaml", "config: {proj:name: from-file}\n")
    stack.write("program/helper.py", "value = 42\n")
    stack.config = {"proj:name": "from overlay"}
    result = stack.preview(
        """
import helper, os, sys
config = pulumi.Config()
pulumi.export("seen", [os.path.basename(os.getcwd()), sys.argv, __name__, helper.value, pulumi.get_stack(),
    pulumi.get_project(), pulumi.get_organization(), pulumi.runtime.is_dry_run(), config.require_int("count"),
    config.require("name"), sorted(os.environ["PULUMI_CONFIG"])[0]])
print("to stdout")
sys.stderr.write("to stderr\\n")
os.system("echo from a child")
pulumi.log.warn("careful")
"""
    )
    seen = result.outputs["seen"]
    assert seen[:10] == ["program", ["."], "__main__", 42, "dev", "proj", "organization", True, 3, "from overlay"]
    for text in ("to stdout", "to stderr", "from a child"):
        assert text in stack.messages("info")
    assert stack.messages("warning") == "careful"


def test_a_program_that_refuses_its_input_is_bad_input(stack):
    with pytest.raises(InputError) as caught:
        stack.up('raise pulumi.RunError("Pulumi.dev.yaml: phase: nonsense is no phase")')
    assert str(caught.value) == "Pulumi.dev.yaml: phase: nonsense is no phase"
    assert not stack.state_file.exists()


def test_a_program_that_breaks_shows_its_own_frames(stack):
    with pytest.raises(UpdateError, match="the program failed: ValueError: boom"):
        stack.up('def f():\n    raise ValueError("boom")\nf()')
    shown = stack.messages("error")
    assert "in f" in shown
    assert "runpy" not in shown
    with pytest.raises(UpdateError, match=r"sys.exit\(3\)"):
        stack.up("import sys\nsys.exit(3)")
    with pytest.raises(UpdateError, match="SyntaxError"):
        stack.up("def")


def test_outputs_that_a_failed_program_did_not_reach_are_kept(stack):
    stack.up('Thing("a")\npulumi.export("x", 1)\npulumi.export("y", 1)')
    with pytest.raises(UpdateError):
        stack.up('Thing("a", size=1)\nThing("b")\npulumi.export("x", 2)\nraise ValueError("boom")')
    assert set(stack.engine.outputs(stack.target)) == {"x", "y"}


def test_all_that_a_check_refuses_is_listed_and_nothing_is_made(stack, fake):
    with pytest.raises(InputError) as caught:
        stack.preview('a = Thing("a", bad="too small")\nThing("b", bad="too big")\nThing("c", of=a.arn)')
    lines = str(caught.value).splitlines()
    assert sorted(lines) == ["fake:index:Thing a: bad: too small", "fake:index:Thing b: bad: too big"]
    with pytest.raises(InputError, match="too small"):
        stack.up()
    assert fake.objects == {}
    assert not stack.state_file.exists()


def test_a_check_that_refuses_after_something_was_made_is_a_failed_update(stack, fake):
    with pytest.raises(UpdateError, match=r"b: bad: no.*the next run continues"):
        stack.up('a = Thing("a")\nThing("b", bad="no", of=a.arn)')
    assert "a" in stack.resources()
    stack.up('a = Thing("a")\nThing("b", of=a.arn)')
    assert fake.names() == ["a", "b"]


def test_an_unknown_package_names_those_that_there_are(stack):
    with pytest.raises(InputError, match="package 'other' has no embedded provider; there are: fake"):
        stack.up('pulumi.CustomResource("other:index:T", "t", {})')


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ('Thing("a", Opts(import_="x"))', "a: import is not supported"),
        ('Thing("a", Opts(transforms=[lambda args: None]))', "transforms are not supported"),
        ("pulumi.runtime.register_resource_transform(lambda args: None)", "stack transforms are not supported"),
        ('pulumi.ComponentResource("fake:index:R", "r", {}, remote=True)', "remote components are not supported"),
        (
            """
h = pulumi.ResourceHook("h", lambda args: None)
Thing("a", Opts(hooks=pulumi.ResourceHookBinding(before_create=[h])))
""",
            "hooks are not supported",
        ),
        ('Thing("a", Opts(ignore_changes=["a["]))', None),
        ('Thing("a", f=pulumi.RemoteAsset("https://example.org"))', "remote assets are not supported"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(stack, program, message):
    if message is None:
        stack.up(program)
        with pytest.raises(InputError, match="ignoreChanges: property path 'a\\['"):
            stack.up()
        return
    with pytest.raises(InputError, match=message):
        stack.up(program)
    assert not stack.state_file.exists()


def test_assets_are_compared_by_content(stack):
    (stack.root / "program" / "data").mkdir()
    stack.write("program/data/f.txt", "one")
    program = 'Thing("a", f=pulumi.FileAsset("data/f.txt"), d=pulumi.FileArchive("data"))'
    stack.up(program)
    assert ops(stack.preview())["a"] == "same"
    stack.write("program/data/f.txt", "two")
    assert ops(stack.preview())["a"] == "update"


def test_a_stack_without_state_has_no_outputs(stack):
    stack.program("pass")
    with pytest.raises(InputError, match="stack 'dev' is not deployed: run up first"):
        stack.engine.outputs(stack.target)
