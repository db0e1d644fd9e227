"""What the measurements share: a copy of the project, and the wall time of a command."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
#: What a project consists of; the rest of the folder (environment, state, history) is not copied.
PARTS = ("Pulumi.yaml", "infra", "components", "systems")


def copied(folder: Path) -> Path:
    """Copies the project into a folder, compiled, with this interpreter's environment; returns the folder."""
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            compileall.compile_dir(folder / part, quiet=2)
        else:
            shutil.copy(source, folder / part)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def timed(command: list[str], root: Path, environment: dict[str, str]) -> float:
    """Runs a command to its end and returns its wall time in seconds; its output is shown where it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return taken
