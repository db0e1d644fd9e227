"""Runs that fail or are killed half-way: nothing is lost, nothing is made twice, the next run finishes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest

from ascend.engine.embedded import EmbeddedEngine
from ascend.engine.embedded.checkpoint import parse, verify
from ascend.errors import InputError, UpdateError
from tests.engine.conftest import ops
from tests.thorough import thorough, usual

CHAIN = """
a = Thing("a", size={n})
b = Thing("b", of=a.arn, size={n})
c = Thing("c", Opts(protect=False), of=b.arn)
d = Thing("d", force={n})
pulumi.export("arn", c.arn)
"""


def state_is_sound(stack):
    document = parse(stack.state_file.read_bytes())
    snapshot = document.snapshot(lambda text, owner: "null")
    verify(snapshot.resources)
    return snapshot


def recorded(stack):
    return sorted(item["id"] for item in stack.latest().get("resources", ()) if "Thing" in item["type"])


# -- providers that fail


@pytest.mark.parametrize(("method", "name"), usual([("Create", name) for name in "abcd"], [("Create", "b")]))
def test_a_create_that_fails_keeps_what_was_made_and_the_next_run_finishes(stack, fake, method, name):
    def fault(called, resource, when):
        if (called, resource, when) == (method, name, "before"):
            raise RuntimeError("out of luck")

    fake.fault = fault
    with pytest.raises(UpdateError, match=f"fake:index:Thing {name}: out of luck.*the next run continues"):
        stack.up(CHAIN.format(n=1))
    state_is_sound(stack)
    assert recorded(stack) == sorted(fake.objects)
    assert any(event.kind.value == "step-failed" and event.step.name == name for event in stack.events)
    fake.fault = lambda *_: None
    result = stack.up()
    assert fake.names() == ["a", "b", "c", "d"]
    assert result.pending == ()
    assert stack.up().summary["same"] == 5


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_without_an_answer_stays_pending_and_is_not_made_twice(stack, fake, when):
    def fault(called, resource, moment):
        if (called, resource, moment) == ("Create", "b", when):
            raise ConnectionError("the line is dead")

    fake.fault = fault
    with pytest.raises(UpdateError, match=r"b: the provider on port [0-9]+ does not answer.*the line is dead"):
        stack.up(CHAIN.format(n=1))
    state_is_sound(stack)
    fake.fault = lambda *_: None
    result = stack.up()
    assert [text.split("::")[-1] for text in result.pending] == ["b"]
    assert fake.names() == ["a", "b", "c", "d"]
    assert recorded(stack) == sorted(fake.objects)
    assert stack.up().pending == ()


@pytest.mark.parametrize("size", usual([0, 300, 1200, 2500], [300]))
def test_a_full_disk_is_one_line_and_the_next_run_finishes(stack, fake, size):
    stack.program(CHAIN.format(n=1))
    _, most = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, most))  # inherited by the engine's process
    try:
        with pytest.raises((InputError, UpdateError), match="File too large") as told:
            stack.up()
    finally:
        setrlimit(RLIMIT_FSIZE, (most, most))
    assert "Traceback" not in str(told.value)
    assert "\n" not in str(told.value)
    stack.up()
    assert fake.names() == ["a", "b", "c", "d"]
    assert recorded(stack) == sorted(fake.objects)
    assert stack.up().summary["same"] == 5


def test_the_users_proxy_is_not_asked_for_this_machine(stack, fake, monkeypatch):
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    stack.up(CHAIN.format(n=1))
    assert fake.names() == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("method", "name"),
    usual(
        [("Update", "a"), ("Update", "b"), ("Create", "d"), ("Delete", "d"), ("Check", "b"), ("Diff", "b")],
        [("Update", "b"), ("Delete", "d")],
    ),
)
def test_a_change_that_fails_is_finished_by_the_next_run(stack, fake, method, name):
    stack.up(CHAIN.format(n=1))

    def fault(called, resource, when):
        if (called, resource, when) == (method, name, "before"):
            raise RuntimeError("out of luck")

    fake.fault = fault
    with pytest.raises(UpdateError, match=f"{name}: out of luck"):
        stack.up(CHAIN.format(n=2))
    state_is_sound(stack)
    assert recorded(stack) == sorted(fake.objects)
    fake.fault = lambda *_: None
    stack.up()
    assert fake.names() == ["a", "b", "c", "d"]
    assert all(inputs.get("size", 2) == 2 for _, inputs in fake.objects.values())
    assert stack.up().summary["same"] == 5


def test_several_failures_are_all_told(stack, fake):
    barrier = threading.Barrier(2, timeout=10)

    def fault(called, resource, when):
        if called == "Create" and when == "before":
            barrier.wait()
            raise RuntimeError(f"no {resource}")

    fake.fault = fault
    with pytest.raises(UpdateError) as caught:
        stack.up('Thing("a")\nThing("b")')
    assert "Thing a: no a" in str(caught.value)
    assert "Thing b: no b" in str(caught.value)


def test_a_resource_that_is_incomplete_is_recorded_and_updated_by_the_next_run(stack, fake):
    with pytest.raises(UpdateError, match="Thing a: it does not start"):
        stack.up('Thing("a", half=True)')
    assert stack.resources()["a"]["initErrors"] == ["it does not start"]
    assert ops(stack.preview())["a"] == "update"
    assert ops(stack.up('Thing("a", half=False)'))["a"] == "update"
    assert "initErrors" not in stack.resources()["a"]
    with pytest.raises(UpdateError, match="it does not start"):
        stack.up('Thing("a", half=True, size=9)')
    assert "size" not in stack.resources()["a"]["inputs"]
    assert fake.created == 1


def test_a_failed_run_deletes_nothing(stack, fake):
    stack.up('Thing("a")\nThing("b")')
    fake.fault = lambda method, name, when: _raise() if (method, name) == ("Create", "c") else None
    with pytest.raises(UpdateError):
        stack.up('Thing("c")')
    assert fake.names() == ["a", "b"]


def _raise():
    raise RuntimeError("no")


def test_a_destroy_that_fails_keeps_the_rest_and_can_be_run_again(stack, fake):
    stack.up(CHAIN.format(n=1))
    fake.fault = lambda method, name, when: _raise() if (method, name) == ("Delete", "b") else None
    with pytest.raises(UpdateError, match="Thing b: no"):
        stack.destroy()
    assert {"a", "b"} <= set(fake.names())
    assert "c" not in fake.names()
    state_is_sound(stack)
    fake.fault = lambda *_: None
    stack.destroy()
    assert fake.objects == {}


# -- processes that are killed


def host_pid(stack):
    locks = stack.root / ".ascend/state/.pulumi/locks/organization/proj" / stack.name
    return json.loads(next(locks.glob("*.json")).read_text())["pid"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "target",
    [
        pytest.param((None, "Create", "a"), marks=thorough),
        (None, "Create", "b"),
        pytest.param((None, "Create", "c"), marks=thorough),
        pytest.param((1, "Update", "a"), marks=thorough),
        (1, "Update", "b"),
        pytest.param((1, "Create", "d"), marks=thorough),
        (1, "Delete", "d"),
    ],
)
def test_a_killed_run_is_finished_by_the_next_one(stack, fake, target, when):
    start, method, name = target
    if start:
        stack.up(CHAIN.format(n=start))

    def kill(called, resource, moment):
        if (called, resource, moment) == (method, name, when):
            fake.fault = lambda *_: None
            os.kill(host_pid(stack), signal.SIGKILL)
            time.sleep(0.05)
            if when == "before":
                raise RuntimeError("never came to it")

    fake.fault = kill
    with pytest.raises(UpdateError, match=r"was killed by signal 9.*the next run continues"):
        stack.up(CHAIN.format(n=2))
    state_is_sound(stack)
    kind = {"Create": "creating", "Update": "updating", "Delete": "deleting"}[method]
    result = stack.up()
    assert any(entry.startswith(kind) and entry.endswith(f"::{name}") for entry in result.pending)
    assert "an earlier run was interrupted while it was" in stack.messages("warning")
    assert "took over the lock" in stack.messages("warning")
    assert fake.names() == ["a", "b", "c", "d"]
    assert recorded(stack) == sorted(fake.objects)
    final = stack.up()
    assert (final.pending, final.summary["same"]) == ((), 5)
    assert "pending_operations" not in stack.latest()


@pytest.mark.parametrize("finish", ["up", "destroy"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_killed_run_created_and_nobody_wants_any_more_is_removed(stack, fake, when, finish):
    def kill(called, resource, moment):
        if (called, resource, moment) == ("Create", "b", when):
            fake.fault = lambda *_: None
            os.kill(host_pid(stack), signal.SIGKILL)
            time.sleep(0.05)
            if when == "before":
                raise RuntimeError("never came to it")

    fake.fault = kill
    with pytest.raises(UpdateError):
        stack.up('a = Thing("a")\nThing("b", of=a.arn)')
    result = stack.up('Thing("a")') if finish == "up" else stack.destroy()
    assert result.pending[0].startswith("creating")
    assert fake.names() == (["a"] if finish == "up" else [])
    assert "pending_operations" not in stack.latest()


KILLER = """
import os, signal
real, count = os.{call}, [0]
def counted(*args, **kwargs):
    if "dev.json" in str(args):
        count[0] += 1
        if count[0] == {number} and not {after}:
            os.kill(os.getpid(), signal.SIGKILL)
    result = real(*args, **kwargs)
    if count[0] == {number} and {after}:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
os.{call} = counted
"""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", usual([1, 2, 4, 8], [4]))
def test_a_run_killed_at_any_write_of_the_state_is_finished(stack, fake, monkeypatch, number, after):
    hook = stack.root / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(KILLER.format(call="replace", number=number, after=after))
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(hook))
        with pytest.raises(UpdateError, match="killed by signal 9"):
            stack.up(CHAIN.format(n=1))
    if stack.state_file.exists():
        state_is_sound(stack)
    stack.up()
    assert fake.names() == ["a", "b", "c", "d"]
    assert recorded(stack) == sorted(fake.objects)
    assert stack.up().summary["same"] == 5


CLIENT = """
import sys
from pathlib import Path
from ascend.engine.embedded import EmbeddedEngine
from ascend.engine.model import Target
EmbeddedEngine(sys.argv[1]).up(Target(Path(sys.argv[2]), "dev"), lambda event: None)
"""


def start_client(stack, port):
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, f"fake:{port}", str(stack.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_when_only_the_client_is_killed_the_run_stops_in_order_and_the_next_one_waits(stack, fake, port):
    stack.program(CHAIN.format(n=1))
    reached, go_on = threading.Event(), threading.Event()

    def fault(called, resource, when):
        if (called, resource, when) == ("Create", "a", "before"):
            reached.set()
            go_on.wait(10)

    fake.fault = fault
    client = start_client(stack, port)
    assert reached.wait(20)
    client.kill()
    client.wait()
    ended = threading.Event()

    def go_on_once_it_waits():
        while not ended.wait(0.02) and "waiting for" not in stack.messages("warning"):
            pass
        go_on.set()

    threading.Thread(target=go_on_once_it_waits).start()
    try:
        result = stack.up()
    finally:
        ended.set()
    assert "waiting for an interrupted run" in stack.messages("warning")
    assert result.pending == ()
    assert fake.names() == ["a", "b", "c", "d"]
    assert recorded(stack) == sorted(fake.objects)


def test_an_interrupt_stops_the_run_in_order(stack, fake, port):
    stack.program(CHAIN.format(n=1))
    reached, go_on = threading.Event(), threading.Event()

    def fault(called, resource, when):
        if (called, resource, when) == ("Create", "a", "before"):
            reached.set()
            go_on.wait(10)

    fake.fault = fault
    client = start_client(stack, port)
    assert reached.wait(20)
    client.send_signal(signal.SIGINT)
    time.sleep(0.2)
    go_on.set()
    _, error = client.communicate(timeout=20)
    assert b"KeyboardInterrupt: interrupted; what was done is in the state" in error
    assert "a" in fake.names()
    assert "c" not in fake.names()
    assert recorded(stack) == sorted(fake.objects)
    fake.fault = lambda *_: None
    stack.up()
    assert fake.names() == ["a", "b", "c", "d"]


def test_of_two_runs_at_once_the_second_is_refused_and_told_who_runs(stack, fake, port):
    stack.program(CHAIN.format(n=1))
    reached, go_on = threading.Event(), threading.Event()

    def fault(called, resource, when):
        if (called, resource, when) == ("Create", "a", "before"):
            reached.set()
            go_on.wait(10)

    fake.fault = fault
    client = start_client(stack, port)
    assert reached.wait(20)
    try:
        with pytest.raises(InputError, match=rf"stack 'dev' is locked by .*\(pid {host_pid(stack)}\) since 20"):
            stack.up()
        # A preview changes nothing and needs no lock.
        stack.preview()
    finally:
        go_on.set()
        assert client.wait(20) == 0


# -- states that are broken


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"version":3', '"version":7', 1),
        lambda text: text.replace("::a::", "::gone::"),
        lambda text: text.replace('"type":"fake:index:Thing",', ""),
        lambda text: text.replace("urn:pulumi:dev::", "urn:pulumi:prod::"),
        lambda text: text.replace("::proj::", "::other::"),
    ],
)
def test_a_broken_state_is_refused_untouched_and_names_the_backup(stack, fake, damage):
    stack.up(CHAIN.format(n=1))
    text = stack.state_file.read_text()
    broken = damage(text)
    broken = broken if broken != text else text.replace("proj::fake:index:Thing::a", "proj::fake:index:Thing::z", 1)
    stack.state_file.write_text(broken)
    for attempt in (stack.preview, stack.up, stack.destroy):
        with pytest.raises(InputError, match=r"dev\.json: the state cannot be used: .*dev\.json\.bak"):
            attempt()
    assert stack.state_file.read_text() == broken
    assert fake.names() == ["a", "b", "c", "d"]


def test_a_host_that_dies_at_once_says_why(stack, monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('no such interpreter today')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UpdateError, match=r"the engine's process ended with exit code 1.*no such interpreter today"):
        stack.preview("pass")


def test_an_event_handler_that_fails_ends_the_run_in_order(stack, fake):
    stack.program(CHAIN.format(n=1))

    def handler(event):
        raise LookupError("handler")

    with pytest.raises(LookupError, match="handler"):
        EmbeddedEngine(stack.engine._providers).up(stack.target, handler)
    stack.up()
    assert recorded(stack) == sorted(fake.objects)
    assert Path(stack.state_file).exists()
