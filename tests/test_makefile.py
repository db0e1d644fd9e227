"""`make test` leaves nothing behind, however it ends. The tools are stand-ins, so that only the recipe is at work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"


def _make(root: Path, pytest_does: str) -> subprocess.Popen[str]:
    """Starts `make test` with a pytest that says where its temporary folder is, and then does as it is told."""
    shutil.copy(MAKEFILE, root)
    tools = root / ".venv" / "bin"
    tools.mkdir(parents=True)
    body = f'touch "$TMPDIR/left" && printf "%s\\n" "$TMPDIR"\n{pytest_does}\n'
    for tool, script in {"ruff": "", "mypy": "", "pytest": body}.items():
        (tools / tool).write_text(f"#!/bin/sh\n{script}")
        (tools / tool).chmod(0o755)
    for made in ("requirements-dev.txt", "pyproject.toml", ".venv/.installed"):  # in this order: nothing to install
        (root / made).touch()
    (root / "tmp").mkdir()
    return subprocess.Popen(
        ["make", "--no-print-directory", "test"],
        cwd=root,
        env={**os.environ, "TMPDIR": str(root / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_temporary_folder_goes_and_the_result_stays(tmp_path: Path, code: int) -> None:
    process = _make(tmp_path, f"exit {code}")
    out, err = process.communicate(timeout=60)
    assert Path(out.splitlines()[-1]).parent == tmp_path / "tmp"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert process.returncode == (2 if code else 0), "make's own way to say that a command failed"
    assert f"Error {code}" in err or not code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_goes_as_well_when_the_run_is_stopped(tmp_path: Path, number: signal.Signals) -> None:
    process = _make(tmp_path, "exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    os.killpg(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert list((tmp_path / "tmp").iterdir()) == []
