"""The journal: whole after a kill at any byte, continued where it stopped, one promotion at a time, no secrets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ascend.errors import InputError, UpdateError
from ascend.promotion import journal
from ascend.promotion.journal import Event, Journal, Kind

if TYPE_CHECKING:
    from pathlib import Path


def begun(root: Path, stack: str = "dev") -> Journal:
    return journal.start(root, stack, Kind.PROMOTE, {"from": "single-region", "to": "cached"})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = begun(tmp_path)
    made.run("check", lambda: {"ok": True})
    made.note("plan", {"create": 3})
    with pytest.raises(UpdateError):
        made.run("plan", _failing)
    found = journal.load(made.file)
    assert found is not None
    assert found.records == made.records
    assert (found.kind, found.about, found.outcome) == (Kind.PROMOTE, {"from": "single-region", "to": "cached"}, None)
    assert (found.result("check"), found.result("plan")) == ({"ok": True}, None)
    assert (found.current, found.failure, found.attempts("plan")) == ("plan", "no more", 1)
    assert found.notes("plan") == [{"create": 3}]
    found.close("undone")
    assert journal.unfinished(tmp_path, "dev") is None
    assert [one.outcome for one in journal.every(tmp_path, "dev")] == ["undone"]


def _failing() -> dict[str, object]:
    raise UpdateError("no more")


def test_a_step_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    made = begun(tmp_path)
    assert made.run("snapshot", lambda: {"ids": ["one"]}) == {"ids": ["one"]}
    found = journal.unfinished(tmp_path, "dev")
    assert found is not None
    assert found.run("snapshot", _failing) == {"ids": ["one"]}
    assert found.attempts("snapshot") == 1


def test_an_interrupt_is_a_failure_of_its_step(tmp_path: Path) -> None:
    made = begun(tmp_path)

    def stopped() -> dict[str, object]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.run("apply", stopped)
    assert made.records[-1].event is Event.FAILED
    assert made.current == "apply"


def test_time_is_added_up_over_attempts(tmp_path: Path) -> None:
    made = begun(tmp_path)
    for _ in range(2):
        made.begin("apply")
        time.sleep(0.02)
        made.fail("apply", "again")
    assert 0.03 < made.seconds("apply") < 5


@settings(max_examples=25, deadline=None)
@given(at=st.floats(0, 1))
def test_a_journal_that_ends_anywhere_is_read_to_its_last_whole_line(
    tmp_path_factory: pytest.TempPathFactory, at: float
) -> None:
    root = tmp_path_factory.mktemp("cut")
    made = begun(root)
    made.run("check", lambda: {"text": "größer\nals zwei Zeilen"})
    made.run("plan", lambda: {"create": 1})
    whole = made.file.read_bytes()
    cut = round(at * len(whole))
    made.file.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    found = journal.load(made.file)
    if lines == 0:
        assert found is None
        assert journal.unfinished(root, "dev") is None
        return
    assert found is not None
    assert found.records == made.records[:lines]
    found.note("plan", {"went": "on"})
    again = journal.load(made.file)
    assert again is not None
    assert again.records == [*made.records[:lines], found.records[-1]]
    assert all(json.loads(line) for line in made.file.read_text(encoding="utf-8").splitlines())


def test_killed_while_it_writes_it_is_whole(tmp_path: Path) -> None:
    writing = (
        "import sys, pathlib; from ascend.promotion import journal\n"
        "made = journal.start(pathlib.Path(sys.argv[1]), 'dev', journal.Kind.PROMOTE, {})\n"
        "print('ready', flush=True)\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1; made.note('apply', {'n': n, 'long': 'x' * 5000})\n"
    )
    with subprocess.Popen([sys.executable, "-c", writing, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
    found = journal.unfinished(tmp_path, "dev")
    assert found is not None
    assert [note["n"] for note in found.notes("apply")] == list(range(1, len(found.notes("apply")) + 1))


def test_a_damaged_journal_is_refused_by_file_and_line(tmp_path: Path) -> None:
    made = begun(tmp_path)
    made.note("plan", {})
    first, second = made.file.read_bytes().splitlines(keepends=True)
    made.file.write_bytes(first + b"{not json}\n" + second)
    with pytest.raises(InputError, match=rf"{made.file.name}:2: not a record"):
        journal.unfinished(tmp_path, "dev")
    made.file.write_bytes(second)
    with pytest.raises(InputError, match=":1: not the beginning"):
        journal.load(made.file)


def test_one_promotion_of_a_stack_at_a_time(tmp_path: Path) -> None:
    with journal.lock(tmp_path, "dev"):
        with pytest.raises(InputError, match=rf"dev: another promotion .*process {os.getpid()} since"):
            journal.lock(tmp_path, "dev").__enter__()
        with journal.lock(tmp_path, "prod"):
            pass
    with journal.lock(tmp_path, "dev"):
        pass


def test_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    holding = (
        "import sys, pathlib, time; from ascend.promotion import journal\n"
        "with journal.lock(pathlib.Path(sys.argv[1]), 'dev'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", holding, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(InputError, match=f"process {child.pid}"):
            journal.lock(tmp_path, "dev").__enter__()
        child.kill()
    with journal.lock(tmp_path, "dev"):
        pass


def test_credentials_do_not_get_in(tmp_path: Path) -> None:
    made = begun(tmp_path)
    made.end(
        "apply",
        {
            "url": "postgres://owner:hunter2@db.example:5432/app",
            "masterPassword": "hunter2",
            "nested": [{"auth_token": "hunter2", "host": "db.example"}],
        },
    )
    text = made.file.read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert "postgres://owner:[secret]@db.example:5432/app" in text


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / ".ascend").write_text("a file where a folder should be")
    with pytest.raises(InputError, match="cannot be written"):
        begun(tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        journal.lock(tmp_path, "dev").__enter__()
