"""Where states live: Pulumi's own file backend, so that ``pulumi login file://<root>/.ascend/state`` opens it.

Layout (``pkg/backend/diy`` of the official engine): ``.pulumi/meta.yaml``, ``stacks/<project>/<stack>.json`` and
``.bak``, ``history/``, ``backups/``, ``locks/organization/<project>/<stack>/<uuid>.json``.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import json
import os
import shutil
import socket
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ascend.engine.embedded import checkpoint
from ascend.errors import InputError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Where the embedded engine keeps its backend, under the project's folder.
STATE_FOLDER: Final = Path(".ascend", "state")
#: The one organization of file backends.
ORGANIZATION: Final = "organization"
#: How long to wait for an interrupted run (its client is gone) to finish what it was doing, in seconds.
_ORPHAN_PATIENCE: Final = 30.0
_POLL: Final = 0.05
#: The clock of a process's start has a resolution of 10 ms, a lock's time is written a little later.
_START_SLACK: Final = 1.0


class Backend:
    """The state, history and lock of one stack."""

    def __init__(self, folder: Path, project: str, stack: str) -> None:
        self.folder = folder / ".pulumi"
        self.project = project
        self.stack = stack
        self.qualified = f"{ORGANIZATION}/{project}/{stack}"
        self.file = self.folder / "stacks" / project / f"{stack}.json"
        self._locks = self.folder / "locks" / ORGANIZATION / project / stack
        self._mine: Path | None = None

    def load(self) -> checkpoint.Document | None:
        """The stack's state, None where it has none.

        Raises:
            InputError: the file cannot be used; names it, the reason and the backup.
        """
        try:
            text = self.file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{self.file}: cannot read the state ({error.strerror})") from error
        try:
            return checkpoint.parse(text)
        except checkpoint.CheckpointError as error:
            raise self.unusable(error) from error

    def unusable(self, reason: Exception) -> InputError:
        """The error for a state that cannot be used."""
        backup = self.file.with_suffix(".json.bak")
        hint = f"the state before the last change is in {backup}" if backup.exists() else "there is no backup beside it"
        return InputError(f"{self.file}: the state cannot be used: {reason}; {hint}")

    def save(self, document: bytes) -> None:
        """Replaces the state in one step; the previous one stays as ``.bak``. On disk when this returns.

        Raises:
            UpdateError: it cannot be written, or the lock is gone, and with it the right to write.
        """
        if self._mine is not None and not self._mine.exists():
            raise UpdateError(f"{self.file}: the lock was removed meanwhile (cloud stop, pulumi cancel): stopped")
        try:
            self._replace(document)
        except OSError as error:
            raise UpdateError(f"{self.file}: cannot write the state ({error.strerror})") from error

    def _replace(self, document: bytes) -> None:
        folder = self.file.parent
        if not folder.is_dir():
            folder.mkdir(parents=True)
            self._write_meta()
        # One name, since the lock keeps others out: what a killed run left is overwritten, not left for ever.
        temporary = folder / f".{self.stack}.json.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            view = memoryview(document)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        backup = folder / f".{self.stack}.json.bak.tmp"
        with contextlib.suppress(FileNotFoundError):
            backup.unlink()
        with contextlib.suppress(FileNotFoundError):
            backup.hardlink_to(self.file)
            backup.replace(self.file.with_suffix(".json.bak"))
        temporary.replace(self.file)
        # The CLI notes a checksum beside each file; it does not fit what was just written.
        with contextlib.suppress(FileNotFoundError):
            self.file.with_suffix(".json.attrs").unlink()

    def _write_meta(self) -> None:
        meta = self.folder / "meta.yaml"
        if not meta.exists():
            meta.write_text("version: 1\n", encoding="utf-8")

    def record(self, kind: str, started: float, result: str, changes: dict[str, int], config: dict[str, Any]) -> None:
        """Adds a finished run to the history, and a copy of the state to history and backups.

        Args:
            kind: ``update`` or ``destroy``.
            started: seconds since the epoch.
            result: ``succeeded`` or ``failed``.
            changes: counts by operation.
            config: the stack's config as its file holds it, secrets encrypted.
        """
        if not self.file.exists():
            return
        stamp = time.time_ns()
        history = self.folder / "history" / self.project / self.stack
        backups = self.folder / "backups" / self.project / self.stack
        for folder in (history, backups):
            folder.mkdir(parents=True, exist_ok=True)
        entry = {
            "kind": kind,
            "startTime": int(started),
            "message": "",
            "environment": {"exec.kind": "ascend.embedded"},
            "config": config,
            "version": 0,
            "result": result,
            "endTime": int(time.time()),
            "resourceChanges": {name: count for name, count in changes.items() if count},
        }
        text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        (history / f"{self.stack}-{stamp}.history.json").write_text(text, encoding="utf-8")
        shutil.copy(self.file, history / f"{self.stack}-{stamp}.checkpoint.json")
        shutil.copy(self.file, backups / f"{self.stack}.{stamp}.json")

    # -- the lock ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self, client: int, warn: Callable[[str], None]) -> Iterator[None]:
        """Holds the stack's lock, which the CLI respects and this engine respects of the CLI.

        A lock whose process is gone (this host only) is taken over. One whose process outlives its client, because
        the client was killed, is waited for: that process only finishes what was under way.

        Args:
            client: the process that asked for the run; recorded so that others can tell an orphaned run.
            warn: told of a lock that was taken over or is waited for.

        Raises:
            InputError: someone else holds the lock; names them.
        """
        self._locks.mkdir(parents=True, exist_ok=True)
        self._write_meta()
        mine = self._locks / f"{uuid.uuid4()}.json"
        deadline = time.monotonic() + _ORPHAN_PATIENCE
        waiting = False
        while True:
            # Serialises this engine's own runs: of two that start at once, exactly one gets the lock.
            with _guarded(self.folder / ".ascend.lock"):
                held = self._held(mine, warn)
                if held is None:
                    content = {
                        "pid": os.getpid(),
                        "username": getpass.getuser(),
                        "hostname": socket.gethostname(),
                        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                        "client": client,
                    }
                    # Whole or not at all: half a lock could not be told from one of a living process.
                    draft = self.folder / ".ascend.lock.new"
                    draft.write_text(json.dumps(content), encoding="utf-8")
                    draft.replace(mine)
                    held = self._held(mine, warn)
                    if held is None:
                        break
                    mine.unlink()
            if not _orphaned(held) or time.monotonic() > deadline:
                raise InputError(self._refusal(held))
            if not waiting:
                warn(f"waiting for an interrupted run (pid {held.get('pid')}) to finish what it was doing")
                waiting = True
            time.sleep(_POLL)
        self._mine = mine
        try:
            yield
        finally:
            self._mine = None
            mine.unlink(missing_ok=True)

    def clear_locks(self, warn: Callable[[str], None]) -> None:
        """Removes the locks of runs that are gone, as `lock` does: the CLI itself never takes a lock over.

        Args:
            warn: told of each.
        """
        if self._locks.is_dir():
            with _guarded(self.folder / ".ascend.lock"):
                self._held(None, warn)

    def _held(self, mine: Path | None, warn: Callable[[str], None]) -> dict[str, Any] | None:
        """The content of a lock that someone else holds; locks of processes that are gone are removed."""
        for path in sorted(self._locks.glob("*.json")):
            if path == mine:
                continue
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
            except FileNotFoundError:
                continue
            except ValueError:
                content = {}
            if not isinstance(content, dict) or not _gone(content):
                return content if isinstance(content, dict) else {}
            path.unlink(missing_ok=True)
            warn(f"took over the lock of an interrupted run (pid {content.get('pid')}, {content.get('timestamp')})")
        return None

    def _refusal(self, held: dict[str, Any]) -> str:
        if not held.get("pid"):
            return f"stack {self.stack!r} is locked by a file in {self._locks} that cannot be read: remove it"
        holder = f"{held.get('username')}@{held.get('hostname')} (pid {held.get('pid')}) since {held.get('timestamp')}"
        return f"stack {self.stack!r} is locked by {holder}: wait for that run to end, then try again"


@contextlib.contextmanager
def _guarded(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return _stat(pid)[:1] != ["Z"]


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` from the process's state on; empty where there is no such file."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> float | None:
    """When a process started, in seconds since the epoch; None where the system does not tell."""
    fields = _stat(pid)
    try:
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
        return int(boot.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, StopIteration, IndexError, ValueError):
        return None


def _gone(lock: dict[str, Any]) -> bool:
    """Whether a lock's process certainly no longer runs: same host, and no such process, or a younger one."""
    pid = lock.get("pid")
    if not isinstance(pid, int) or lock.get("hostname") != socket.gethostname():
        return False
    if not _alive(pid):
        return True
    started = _started(pid)
    try:
        taken = datetime.fromisoformat(str(lock.get("timestamp"))).timestamp()
    except ValueError:
        return False
    return started is not None and started > taken + _START_SLACK


def _orphaned(lock: dict[str, Any]) -> bool:
    """Whether a lock is held by a run of this engine whose client is gone."""
    client = lock.get("client")
    return isinstance(client, int) and lock.get("hostname") == socket.gethostname() and not _alive(client)
