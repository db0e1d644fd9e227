"""The process that plans (``python -m ascend.review.process``): it holds the SDKs, and forks for each plan.

Base and head differ in the project's own code only, so what takes longest to load is loaded once, and each program
starts in a process where nothing of another has been imported. A line of JSON on standard input is a list of jobs that
run side by side; a line on standard output says that all of them have ended, each result being in its job's file.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import AscendError, InputError
from ascend.garbage import collect_rarely
from ascend.review.job import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Registrations wait for one another on many threads (`ascend.engine.embedded.host`).
_SWITCH_INTERVAL: Final = 0.0005
_MODULES: Final = (
    "pulumi",
    "pulumi.runtime",
    "ascend.review.plan",
    "ascend.review.foreseen",
    "ascend.engine.embedded.builtin",
    "ascend.engine.embedded.deployment",
    "ascend.engine.embedded.monitor",
    "ascend.engine.embedded.program",
)
_SDKS: Final = ("pulumi_aws", "pulumi_cloudflare", "pulumi_random")
#: What programs are made of besides.
_USUAL: Final = ("pydantic", "yaml", "ascend.packs", "ascend.incidents", "ascend.capacity.estimate")


def perform(job: Job, ready: int | None, tell: int | None) -> dict[str, Any]:
    """Makes one plan and judges it.

    Args:
        job: what to do.
        ready: the descriptor on which it is told that `Job.state` is there.
        tell: the descriptor to tell the same of `Job.feeds`.

    Raises:
        InputError: the program or a provider refused what it was given.
    """
    from ascend.review import plan  # noqa: PLC0415 -- after the SDKs, which the parent has loaded

    started = time.perf_counter()

    def state() -> bytes | None:
        if ready is not None and not os.read(ready, 1):
            raise InputError("the plan that this one is held against could not be made")
        return Path(job.state).read_bytes() if job.state else None

    if job.made:
        planned = plan.read(Path(job.made).read_bytes(), job.stack)
    else:
        planned = plan.make(Path(job.root), job.stack, job.config, state, job.salt)
    if job.feeds:
        Path(job.feeds).write_bytes(planned.document)
    if tell is not None:
        os.write(tell, b".")
    result = planned.line()
    if job.judge:
        try:
            result |= plan.judged(Path(job.judge), job.stack, planned.steps)
        except InputError as error:
            raise AscendError(f"the policy pack could not judge it: {error}") from error
    return result | {"duration_s": time.perf_counter() - started}


def _child(job: Job, ready: int | None, tell: int | None) -> int:
    """The life of a forked process; returns its exit code."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    with Path(f"{job.result}.log").open("wb") as log:
        # What the program prints is nobody's result.
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    try:
        result = {"kind": "planned", **perform(job, ready, tell)}
    except AscendError as error:
        result = {"kind": "refused" if isinstance(error, InputError) else "failed", "message": str(error)}
    except Exception as error:  # noqa: BLE001 -- the parent reports it
        traceback.print_exc()
        result = {"kind": "failed", "message": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    Path(job.result).write_text(json.dumps(result), encoding="utf-8")
    return 0


def _run(jobs: Sequence[Job]) -> None:
    """Runs jobs side by side to their ends."""
    children = []
    reader: int | None = None
    for index, job in enumerate(jobs):
        ready, writer = reader if job.awaits else None, None
        reader = None
        if index + 1 < len(jobs) and jobs[index + 1].awaits:
            reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            if reader is not None:
                os.close(reader)
            code = 1
            with contextlib.suppress(BaseException):
                code = _child(job, ready, writer)
            # Threads of the program are not waited for: everything is written.
            os._exit(code)
        children.append(pid)
        for descriptor in (ready, writer):
            if descriptor is not None:
                os.close(descriptor)
    for pid in children:
        os.waitpid(pid, 0)


def _load_types() -> None:
    """Loads what each resource type needs, of the SDKs and of the providers: every plan has most of them."""
    from ascend.cloud import schema  # noqa: PLC0415 -- as in `main`
    from ascend.cloud.aws import facts, types  # noqa: PLC0415 -- as above

    for token in types.TOKENS:
        package, module, name = token.split(":")
        schema.load(token)
        facts.load(token)
        # A type that the SDK keeps elsewhere is loaded by who uses it.
        getattr(getattr(sys.modules[f"pulumi_{package}"], module.partition("/")[0], None), name, None)


def main() -> None:
    """Runs the lists of jobs on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from ascend.engine.embedded import lazy_sdk  # noqa: PLC0415 -- the parts of this process are loaded in this order

    lazy_sdk.install()
    for name in (*_MODULES, *_SDKS, *_USUAL):
        importlib.import_module(name)
    _load_types()
    collect_rarely()
    from ascend.review import plan  # noqa: PLC0415 -- as above

    for line in sys.stdin:
        jobs = [Job(**fields) for fields in json.loads(line)]
        for folder in {job.judge for job in jobs if job.judge}:
            # Here, so that it is loaded once. What is wrong with it is said by the plan that it was to judge.
            with contextlib.suppress(AscendError):
                plan.pack(Path(folder))
        _run(jobs)
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # ``python -m`` put the caller's folder on the path; the program's own folder is what it may import from.
    sys.path.pop(0)
    main()
    sys.stdout.flush()
    # Nothing is left to be written, and nothing of what was loaded has to be put away.
    os._exit(0)
