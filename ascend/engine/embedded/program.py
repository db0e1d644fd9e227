"""Running the program as the language host runs it (``pulumi-language-python-exec`` of the official SDK)."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pulumi

from ascend.engine.embedded import lazy_sdk, sdk_waits
from ascend.engine.embedded.backend import ORGANIZATION
from ascend.engine.embedded.deployment import PARALLEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.engine.embedded.monitor import EngineService, Monitor
    from ascend.engine.embedded.project import Config, Project

#: How many threads the SDK calls from, as the language host sets it: four times the parallelism.
_THREADS_PER_SLOT: Final = 4


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a program ended before its end.

    Attributes:
        message: one line.
        refused: whether it refused its input, rather than broke.
        trace: where it broke, for the user who wrote it; empty where that says nothing.
    """

    message: str
    refused: bool = False
    trace: str = ""


def run_program(
    project: Project,
    stack: str,
    config: Config,
    services: tuple[Monitor, EngineService],
    *,
    preview: bool,
    stopped: Callable[[], bool],
) -> Ending | None:
    """Runs the program to its end.

    Args:
        project: where it is.
        stack: the stack's name.
        config: handed to it.
        services: what it talks to.
        preview: told to it.
        stopped: whether the engine itself has stopped it.

    Returns:
        Why it ended early, None where it did not.
    """
    lazy_sdk.install()
    sdk_waits.install()
    monitor, engine = services
    os.environ["PULUMI_CONFIG"] = json.dumps(dict(config.values))
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(sorted(config.secret))
    pulumi.runtime.set_all_config(dict(config.values), sorted(config.secret))
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=project.name,
            stack=stack,
            monitor=monitor,
            engine=engine,
            parallel=PARALLEL,
            dry_run=preview,
            organization=ORGANIZATION,
            root_directory=str(project.root),
        )
    )
    sys.argv = [project.entry]
    os.chdir(project.folder)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(PARALLEL * _THREADS_PER_SLOT)
    loop.set_default_executor(executor)
    # A run that ends early leaves futures that nobody looks at; asyncio would complain about each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        loop.run_until_complete(
            pulumi.runtime.run_in_stack(lambda: _void(runpy.run_path(project.entry, run_name="__main__")))
        )
    except pulumi.RunError as error:
        return Ending(str(error), refused=True)
    except SystemExit as error:
        return Ending(f"the program ended itself with sys.exit({error.code!r})")
    except Exception as error:  # noqa: BLE001 -- whatever the program raises
        trace = "" if stopped() else _trace(error, project.folder)
        return Ending(f"the program failed: {type(error).__name__}: {error}", trace=trace)
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return None


def _trace(error: Exception, folder: Path) -> str:
    """The traceback from the program's first own frame on."""
    frames = traceback.extract_tb(error.__traceback__)
    files = [Path(frame.filename).resolve() for frame in frames]
    own = next((i for i, file in enumerate(files) if file.is_relative_to(folder) and file.is_file()), 0)
    return "".join(traceback.format_exception(error, limit=own - len(frames) if own else None))


def _void(_: Any) -> None:
    """Drops a program's namespace."""
