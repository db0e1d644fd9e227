"""The caller's side of the embedded engine: starts the host process, relays its events, asks it to stop.

Imports neither Pulumi nor gRPC, so commands start fast.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from ascend.engine.embedded import wire
from ascend.errors import InputError, UpdateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from ascend.engine.model import OnEvent, RunResult, State, Target

_HOST: Final = "ascend.engine.embedded.host"
#: How much of a dead host's last words is repeated, in characters.
_LAST_WORDS: Final = 2000


class EmbeddedEngine:
    """Runs a stack's program against the embedded cloud.

    Args:
        providers: where the providers are, as ``aws:1234,random:1235``. Without it, and without
            ``PULUMI_DEBUG_PROVIDERS``, the project's embedded cloud is used, and started where a run needs it.
    """

    name = "embedded"

    def __init__(self, providers: str = "") -> None:
        self._providers = providers

    def preview(self, target: Target, on_event: OnEvent) -> RunResult:
        """Plans an update; changes nothing. See `ascend.engine.model.Engine`."""
        return self._run("preview", target, on_event)

    def up(self, target: Target, on_event: OnEvent) -> RunResult:
        """Brings the stack to what the program declares. See `ascend.engine.model.Engine`."""
        return self._run("update", target, on_event)

    def destroy(self, target: Target, on_event: OnEvent, unprotect: Sequence[str] = ()) -> RunResult:
        """Deletes every resource. See `ascend.engine.model.Engine`."""
        return self._run("destroy", target, on_event, unprotect)

    def outputs(self, target: Target, *, show_secrets: bool = False) -> Mapping[str, Any]:
        """The outputs of the stack's last update. See `ascend.engine.model.Engine`."""
        # Loads protobuf and, for secrets, cryptography: not for the commands that do not come here.
        from ascend.engine.embedded.outputs import read_outputs  # noqa: PLC0415

        return read_outputs(target, providers=self._providers, show_secrets=show_secrets)

    def export(self, target: Target) -> State:
        """What the backend keeps of the stack. See `ascend.engine.model.Engine`."""
        from ascend.engine.embedded.export import export  # noqa: PLC0415 -- as above

        return export(target, providers=self._providers)

    def refresh(
        self, target: Target, on_event: OnEvent, urns: Sequence[str] | None = None, *, preview: bool
    ) -> RunResult:
        """Reads what exists in the cloud. See `ascend.engine.model.Engine`."""
        return self._run("refresh", target, on_event, urns=None if urns is None else list(urns), preview=preview)

    def _run(
        self, operation: str, target: Target, on_event: OnEvent, unprotect: Sequence[str] = (), **of_refresh: Any
    ) -> RunResult:
        reader, writer = os.pipe()
        request = {
            "operation": operation,
            "root": str(Path(target.root).resolve()),
            "stack": target.stack,
            "config": dict(target.config),
            "unprotect": list(unprotect),
            "providers": self._providers,
            "client": os.getpid(),
            "descriptor": writer,
            **of_refresh,
        }
        with tempfile.TemporaryFile() as last_words, os.fdopen(reader, encoding="utf-8") as lines:
            host = subprocess.Popen(  # noqa: S603 -- this interpreter, this package
                [sys.executable, "-m", _HOST],
                stdin=subprocess.PIPE,
                stdout=last_words,
                stderr=last_words,
                pass_fds=[writer],
                # The terminal's interrupt is for the client alone, which stops the run in order.
                start_new_session=True,
                text=True,
            )
            os.close(writer)
            try:
                _send(host, json.dumps(request))
                final = _relay(host, lines, on_event)
            except BaseException:
                # Closing its input tells the host to stop; what it has begun it ends.
                if host.stdin is not None:
                    host.stdin.close()
                host.wait()
                raise
            host.wait()
            if final is None:
                last_words.seek(0)
                raise UpdateError(_obituary(host.returncode, last_words))
        return _conclude(final)


def _send(host: subprocess.Popen[str], line: str) -> None:
    if host.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            host.stdin.write(line + "\n")
            host.stdin.flush()


def _relay(host: subprocess.Popen[str], lines: IO[str], on_event: OnEvent) -> dict[str, Any] | None:
    """Passes events on until the host ends; returns the content of its last line."""
    final: dict[str, Any] | None = None
    with _stopping(host):
        for line in lines:
            fields = json.loads(line)
            if fields["line"] == "event":
                on_event(wire.event_from_dict(fields))
            else:
                final = fields
    return final


@contextlib.contextmanager
def _stopping(host: subprocess.Popen[str]) -> Iterator[None]:
    """Meanwhile the first interrupt asks the host to stop, a second one ends it.

    Not as an exception, which would take along the part of a line that has been read already.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler or not _in_main_thread():
        yield  # ignored, or somebody else's
        return
    asked = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            host.kill()
            raise KeyboardInterrupt
        asked = True
        if host.stdin is not None:
            with contextlib.suppress(OSError):  # it has ended
                os.write(host.stdin.fileno(), b"cancel\n")

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _conclude(final: dict[str, Any]) -> RunResult:
    if final["line"] == "result":
        return wire.result_from_dict(final)
    if final["kind"] == "cancelled":
        raise KeyboardInterrupt(final["message"])
    raise (InputError if final["kind"] == "input" else UpdateError)(final["message"])


def _obituary(code: int, last_words: IO[bytes]) -> str:
    text = last_words.read().decode(errors="replace").strip()
    ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    said = f": {' '.join(text[-_LAST_WORDS:].split())}" if text else ""
    return f"the engine's process {ended}; what was done is in the state, the next run continues{said}"
