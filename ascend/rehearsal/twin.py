"""The process behind a rehearsal: a stack built again once, and clouds that start from there (``python -m …twin``).

Building takes as long as creating every resource. So it is done once, in a process without threads, which then forks a
cloud for each run: what one run does to its cloud, the next does not see.

Speaks JSON lines. Reads a request (`Request`), then ``serve`` as often as a cloud is wanted; the end of its input ends
it and its clouds. Writes ``built`` with what could not be built, ``serving`` with where a cloud listens, or ``failed``.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import AscendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ascend.cloud.fault_points import FaultyServicer

_WATCH_S: Final = 0.2
_GET_ZONE: Final = "cloudflare:index/getZone:getZone"


@dataclass(frozen=True, slots=True)
class Request:
    """What to build.

    Attributes:
        project: the project's name.
        stack: the stack's name.
        exported: the file with the exported state.
        state: the file to write the new state to.
        zone: the name of the stack's zone at the edge, empty where it has none.
        sealed: whether there is no passphrase to read the state's secrets with.
        folder: what to remove at the end, so that it is gone also where who asked was killed; empty for nothing.
    """

    project: str
    stack: str
    exported: str
    state: str
    zone: str = ""
    sealed: bool = False
    folder: str = ""

    def line(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))


def _build(request: Request, servicers: Mapping[str, FaultyServicer]) -> dict[str, Any]:
    from ascend.engine.embedded import checkpoint  # noqa: PLC0415 -- slow to load, as is all below
    from ascend.engine.embedded.backend import ORGANIZATION  # noqa: PLC0415
    from ascend.engine.embedded.registry import Registry  # noqa: PLC0415
    from ascend.engine.embedded.rpc import Caller, LocalCaller  # noqa: PLC0415
    from ascend.engine.embedded.secrets import Crypter, read_passphrase, required  # noqa: PLC0415
    from ascend.errors import InputError  # noqa: PLC0415
    from ascend.rehearsal.rebuild import Rebuild, read  # noqa: PLC0415

    def connect(package: str) -> Caller:
        if package not in servicers:
            raise InputError(f"package {package!r} has no emulated provider; there are: {', '.join(sorted(servicers))}")
        return LocalCaller(servicers[package])

    crypter = Crypter.new(required(read_passphrase(os.environ), "a rehearsal"))
    snapshot = read(Path(request.exported).read_bytes(), request.stack, sealed=request.sealed)
    zone = ""
    if request.zone:
        found = servicers["cloudflare"].provider.invoke(_GET_ZONE, {"filter": {"name": request.zone}}, {})
        zone = str(found["id"])
    rebuild = Rebuild(snapshot.resources, Registry(connect, preview=False), zone)
    built = rebuild.run()
    text = checkpoint.compose(
        f"{ORGANIZATION}/{request.project}/{request.stack}", crypter.state, built, (), crypter.encrypt
    )
    Path(request.state).write_bytes(text)
    made = [state for state in built if state.custom and not state.is_provider]
    return {"line": "built", "resources": len(made), "problems": rebuild.problems}


def _serve(servicers: Mapping[str, FaultyServicer]) -> int:
    """Forks a cloud that listens; returns its process id in the one process, and never in the other."""
    seed = os.getpid()
    child = os.fork()
    if child:
        return child
    from ascend.cloud.server import HOST, serve  # noqa: PLC0415 -- loaded already

    code = 0
    try:
        running = serve(servicers)
        endpoint = f"http://{HOST}:{running.aws_port}"
        _say(line="serving", pid=os.getpid(), providers=running.ports, endpoint=endpoint, started=_now())
        while os.getppid() == seed:
            time.sleep(_WATCH_S)
    except BaseException as error:  # noqa: BLE001 -- nothing above is to run a second time
        _say(line="failed", message=f"{type(error).__name__}: {error}")
        code = 1
    finally:
        os._exit(code)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _say(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Builds, then serves as often as it is asked to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = Request(**json.loads(sys.stdin.readline()))
    try:
        return _perform(request)
    except BrokenPipeError:
        return 1  # nobody listens any more
    finally:
        if request.folder:
            shutil.rmtree(request.folder, ignore_errors=True)


def _perform(request: Request) -> int:
    # No setting of the user's account may reach the emulated one.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    from ascend.cloud.server import servicers as make  # noqa: PLC0415 -- loads every provider

    servicers = make()
    try:
        built = _build(request, servicers)
    except (AscendError, OSError) as error:
        built = {"line": "failed", "message": str(error)}
    _say(**built)
    # What is there already is not looked at again, so that a fork shares it.
    gc.collect()
    gc.freeze()
    children: list[int] = []
    try:
        # One by one: what is asked for next depends on what the cloud before has shown.
        while sys.stdin.readline().strip() == "serve":
            children.append(_serve(servicers))
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
