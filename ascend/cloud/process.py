"""Start, find and stop the embedded cloud's process. Cheap to import.

What is on disk, under ``<root>/.ascend``:

- ``cloud.json``: where the cloud listens, written by the cloud itself once it does.
- ``cloud.alive``: locked by the cloud for as long as it lives. A process id alone proves nothing, since ids are used
  again; whoever can take the lock knows that the cloud is gone.
- ``cloud.lock``: held while a cloud is being started or stopped, so that two starts end with one cloud.
- ``cloud.log``: what it has to say.
- ``state``: the engine's state for this cloud. It describes objects in the cloud's memory, so it goes with the cloud.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ascend.errors import AscendError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOG = logging.getLogger(__name__)

#: The region whose services a new cloud loads ahead, unless told otherwise: the project's default region.
REGION = "us-east-1"

_START_S = 60.0
_STOP_S = 10.0
_POLL_S = 0.02
_CLAIMS = 50


class CloudError(AscendError):
    """The cloud's process could not be started or stopped; one line, and where the log is."""


@dataclass(frozen=True)
class CloudInfo:
    """A running cloud.

    Attributes:
        pid: its process.
        aws_endpoint: URL for any AWS client (``AWS_ENDPOINT_URL``).
        providers: plugin name to port on 127.0.0.1.
        started: when, ISO 8601 in UTC.
        account_id: the account that it emulates.
    """

    pid: int
    aws_endpoint: str
    providers: Mapping[str, int] = field(default_factory=dict)
    started: str = ""
    account_id: str = "123456789012"


class Files:
    """The files of one root's cloud."""

    def __init__(self, root: Path) -> None:
        self.folder = root / ".ascend"
        self.description = self.folder / "cloud.json"
        self.alive = self.folder / "cloud.alive"
        self.lock = self.folder / "cloud.lock"
        self.log = self.folder / "cloud.log"
        self.state = self.folder / "state"

    def read(self) -> CloudInfo | None:
        """The description, None if there is none that can be read."""
        try:
            document: dict[str, Any] = json.loads(self.description.read_text(encoding="utf-8"))
            info = CloudInfo(**document)
        except (OSError, ValueError, TypeError):
            return None
        return info if isinstance(info.pid, int) and isinstance(info.providers, dict) else None

    def write(self, info: CloudInfo) -> None:
        """Write the description, whole or not at all."""
        draft = self.description.with_suffix(".tmp")  # one cloud at a time writes it, see `claim`
        draft.write_text(json.dumps(asdict(info), indent=2) + "\n", encoding="utf-8")
        draft.replace(self.description)

    def claim(self) -> IO[str]:
        """Take the lock that says "alive", for the life of the calling process.

        Raises:
            CloudError: another cloud of this root is alive.
        """
        file = self.alive.open("a", encoding="utf-8")
        for _ in range(_CLAIMS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_POLL_S)  # it may only be somebody looking, see `is_alive`
            else:
                return file
        file.close()
        raise CloudError(f"{self.alive} is locked: a cloud of this folder is running already")

    def is_alive(self) -> bool:
        """Whether a cloud holds the lock."""
        try:
            with self.alive.open(encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return False
        except BlockingIOError:
            return True
        except (FileNotFoundError, NotADirectoryError):
            return False

    @contextlib.contextmanager
    def starting(self) -> Any:
        """Keep every other start and stop of this root out.

        Raises:
            InputError: nothing can be written there.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = self.lock.open("a", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{self.folder}: cannot be written ({error.strerror}); the embedded cloud and its state live there, "
                "so it must be a folder that you may write to"
            ) from error
        with lock as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def status(root: Path) -> CloudInfo | None:
    """The cloud that runs for this root, None if none does."""
    files = Files(root)
    return files.read() if files.is_alive() else None


def start(root: Path, notify: Callable[[str], None] | None = None, region: str = REGION) -> CloudInfo:
    """The cloud of this root, started if it is not running; returns when it serves.

    Args:
        root: the project's folder.
        notify: told, in one line, that the state of a cloud that is gone was removed; logged where it is None.
        region: the region whose services to load ahead.

    Raises:
        CloudError: it did not start.
        InputError: the folder cannot be written.
    """
    running = status(root)
    if running is not None:
        return running
    files = Files(root)
    with files.starting() as lock:
        running = status(root)
        if running is not None:
            return running
        if files.description.exists() or files.state.exists():
            _discard(files, notify or LOG.warning)
        _spawn(files, root, lock, region)
    running = status(root)
    if running is None:
        raise CloudError(f"the embedded cloud ended right after its start; see {files.log}")
    return running


def _discard(files: Files, notify: Callable[[str], None]) -> None:
    """Remove what a cloud that is gone has left: its state describes objects that no longer exist."""
    gone = files.read()
    who = f"process {gone.pid}, started {gone.started}" if gone else "its description cannot be read"
    what = " and the state of its stacks" if files.state.exists() else ""
    _remove_state(files)
    files.description.unlink(missing_ok=True)
    notify(f"the embedded cloud of {files.folder} is gone ({who}): removed its description{what}")


def _remove_state(files: Files) -> None:
    """Remove the state, out of the hands of a run that still works on it: its next write finds its lock gone."""
    doomed = files.state.with_name("state.gone")
    shutil.rmtree(doomed, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        files.state.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _spawn(files: Files, root: Path, lock: IO[str], region: str) -> None:
    """Start the process and wait until it listens.

    The child inherits the start lock: if this process is killed meanwhile, another start still waits for the child.
    """
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "ascend.cloud.server", "--root", str(root.resolve()), "--region", region]
    command += ["--ready-fd", str(writing), "--lock-fd", str(lock.fileno())]
    with files.log.open("a", encoding="utf-8") as log:
        child = subprocess.Popen(  # noqa: S603 -- our own module by our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[2],
            # It outlives this command: the user's credentials and passphrase are none of its business.
            env={name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))},
            pass_fds=(writing, lock.fileno()),
            start_new_session=True,
        )
    os.close(writing)
    with os.fdopen(reading) as ready:
        if not _readable(reading, _START_S) or ready.readline() != "ready\n":
            child.kill()
            child.wait()
            raise CloudError(f"the embedded cloud did not start; see {files.log}: {_last_line(files.log)}")
    # The cloud outlives this process; Popen must not complain about that when it is collected.
    child.returncode = 0


def _readable(descriptor: int, seconds: float) -> bool:
    import select  # noqa: PLC0415 -- only a start needs it

    return bool(select.select([descriptor], [], [], seconds)[0])


def _last_line(path: Path) -> str:
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it is empty"


def stop(root: Path) -> bool:
    """End the cloud of this root and remove the state that goes with it; whether one was running.

    Raises:
        CloudError: the process does not end.
    """
    files = Files(root)
    if not files.folder.exists():
        return False
    with files.starting():
        info = files.read()
        was_alive = files.is_alive()
        if was_alive and info is None:
            raise CloudError(f"a cloud is running, but {files.description} does not say which process it is")
        if was_alive and info is not None:
            _end(files, info.pid)
        _remove_state(files)
        for path in (files.description, files.alive, files.log):
            path.unlink(missing_ok=True)
    return was_alive


def _end(files: Files, pid: int) -> None:
    # The holder of the lock wrote this id, so it cannot belong to another process.
    for number, patience in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not files.is_alive():
                return
            time.sleep(_POLL_S)
    raise CloudError(f"the embedded cloud's process {pid} does not end")


def debug_providers(info: CloudInfo) -> str:
    """What ``PULUMI_DEBUG_PROVIDERS`` must be for the official CLI to use this cloud: ``aws:PORT,…``."""
    return ",".join(f"{name}:{port}" for name, port in sorted(info.providers.items()))
