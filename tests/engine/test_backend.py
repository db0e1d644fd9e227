import json
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from ascend.engine.embedded.backend import Backend
from ascend.errors import InputError, UpdateError


@pytest.fixture
def backend(tmp_path):
    return Backend(tmp_path, "proj", "dev")


def put_lock(backend, **content):
    folder = backend.folder / "locks" / "organization" / "proj" / "dev"
    folder.mkdir(parents=True)
    file = folder / "other.json"
    fields = {"pid": os.getpid(), "username": "ann", "hostname": socket.gethostname(), **content}
    fields.setdefault("timestamp", datetime.now(UTC).isoformat())
    file.write_text(json.dumps(fields))
    return file


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_layout_is_that_of_the_official_file_backend(backend):
    backend.save(b"one")
    backend.save(b"two")
    assert backend.file.read_bytes() == b"two"
    assert backend.file.with_suffix(".json.bak").read_bytes() == b"one"
    assert (backend.folder / "meta.yaml").read_text() == "version: 1\n"
    backend.record("update", 1.0, "succeeded", {"create": 1, "same": 0}, {"proj:a": "b"})
    history = next((backend.folder / "history/proj/dev").glob("dev-*.history.json"))
    entry = json.loads(history.read_text())
    assert (entry["kind"], entry["result"], entry["resourceChanges"]) == ("update", "succeeded", {"create": 1})
    assert next((backend.folder / "history/proj/dev").glob("dev-*.checkpoint.json")).read_bytes() == b"two"
    backup = next((backend.folder / "backups/proj/dev").glob("dev.*.json"))
    assert backup.read_bytes() == b"two"
    assert backup.stat().st_mode == backend.file.stat().st_mode, "as private as the state itself"


def test_no_temporary_file_stays(backend):
    backend.save(b"one")
    backend.save(b"two")
    assert sorted(path.name for path in backend.file.parent.iterdir()) == ["dev.json", "dev.json.bak"]


def test_what_a_killed_run_was_writing_is_overwritten(backend):
    backend.save(b"one")
    (backend.file.parent / ".dev.json.tmp").write_bytes(b"longer than what comes")
    backend.save(b"two")
    assert backend.file.read_bytes() == b"two"
    assert sorted(path.name for path in backend.file.parent.iterdir()) == ["dev.json", "dev.json.bak"]


def test_a_state_that_cannot_be_written_stays_as_it_was(backend):
    backend.save(b"one")
    (backend.file.parent / ".dev.json.tmp").mkdir()
    with pytest.raises(UpdateError, match=r"dev\.json: cannot write the state \(Is a directory\)"):
        backend.save(b"two")
    assert backend.file.read_bytes() == b"one"


def test_who_lost_the_lock_writes_no_more(backend):
    with backend.lock(os.getpid(), print):
        backend.save(b"one")
        next((backend.folder / "locks/organization/proj/dev").iterdir()).unlink()
        with pytest.raises(UpdateError, match="the lock was removed meanwhile"):
            backend.save(b"two")
    assert backend.file.read_bytes() == b"one"


def test_a_lock_that_cannot_be_written_leaves_nothing_behind(backend):
    (backend.folder / ".ascend.lock.new").mkdir(parents=True)
    with pytest.raises(IsADirectoryError), backend.lock(os.getpid(), print):
        pass
    assert list((backend.folder / "locks/organization/proj/dev").iterdir()) == []


def test_an_unusable_state_names_file_reason_and_backup(backend):
    assert backend.load() is None
    backend.save(b"{}")
    backend.save(b"{")
    with pytest.raises(InputError, match=rf"{backend.file}: the state cannot be used: it is not JSON.*dev\.json\.bak"):
        backend.load()


def test_a_held_lock_is_refused_and_names_its_holder(backend):
    put_lock(backend, timestamp="2026-11-21T10:00:00Z", pid=1)
    holder = rf"locked by ann@{socket.gethostname()} \(pid 1\) since 2026-11-21T10"
    with pytest.raises(InputError, match=holder), backend.lock(os.getpid(), print):
        pass


def test_a_lock_of_another_host_is_never_taken_over(backend):
    put_lock(backend, pid=dead_pid(), hostname="elsewhere")
    with pytest.raises(InputError, match="ann@elsewhere"), backend.lock(os.getpid(), print):
        pass


def test_a_lock_of_a_dead_process_is_taken_over_with_a_warning(backend):
    file = put_lock(backend, pid=dead_pid())
    warnings: list[str] = []
    with backend.lock(os.getpid(), warnings.append):
        assert not file.exists()
        assert len(list(file.parent.iterdir())) == 1
    assert list(file.parent.iterdir()) == []
    assert "took over the lock of an interrupted run" in warnings[0]


@pytest.mark.parametrize("alive", [False, True])
def test_for_the_cli_the_locks_of_dead_processes_are_cleared(backend, alive):
    warnings: list[str] = []
    backend.clear_locks(warnings.append)
    file = put_lock(backend, pid=os.getpid() if alive else dead_pid())
    backend.clear_locks(warnings.append)
    assert file.exists() is alive
    assert len(warnings) == (not alive)


def test_a_process_that_is_younger_than_the_lock_is_not_its_holder(backend):
    put_lock(backend, timestamp="2000-01-01T00:00:00Z")
    with backend.lock(os.getpid(), print):
        pass


def test_a_process_id_that_no_process_can_have_is_gone(backend):
    put_lock(backend, pid=2**70)
    with backend.lock(os.getpid(), print):
        pass


def test_an_unreadable_lock_is_respected(backend):
    put_lock(backend).write_text("{")
    with pytest.raises(InputError, match="cannot be read"), backend.lock(os.getpid(), print):
        pass


def test_a_run_whose_client_is_gone_is_waited_for(backend):
    file = put_lock(backend, client=dead_pid())
    warnings: list[str] = []
    threading.Timer(0.2, file.unlink).start()
    before = time.monotonic()
    with backend.lock(os.getpid(), warnings.append):
        assert time.monotonic() - before >= 0.1
    assert "waiting for an interrupted run" in warnings[0]


def test_of_two_at_once_exactly_one_gets_the_lock(backend):
    start, release = threading.Barrier(2), threading.Event()
    outcomes: list[str] = []

    def run():
        start.wait()
        try:
            with Backend(backend.folder.parent, "proj", "dev").lock(os.getpid(), print):
                outcomes.append("got it")
                release.wait(5)
        except InputError:
            outcomes.append("refused")
            release.set()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["got it", "refused"]
