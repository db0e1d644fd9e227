"""``ascend report``: plan every phase, put the page together, hand it over."""

from __future__ import annotations

import json as json_format
import sys
from typing import TYPE_CHECKING

from ascend import files
from ascend.errors import InputError
from ascend.report import ladder
from ascend.report.contents import Contents
from ascend.report.page import render
from ascend.ui import console

if TYPE_CHECKING:
    from pathlib import Path


def report(
    cwd: Path, stack: str | None, *, system: str | None, phase: str | None, out: Path | None, json: bool
) -> None:
    """Writes the report of a stack, or of a system at a phase.

    Args:
        cwd: the project's folder, or one inside it.
        stack: the stack; None for a system that has none yet.
        system: the system, in place of the stack's.
        phase: the phase, in place of the stack's.
        out: the file; None for stdout.
        json: write what the page shows as JSON.

    Raises:
        InputError: too little is given, what the program refuses, or the file cannot be written.
    """
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        # Before the plans, which take seconds.
        raise InputError(f"{out}: cannot be written (not a file in a folder that is there)")
    contents = Contents.of(ladder.climb(cwd, stack, system, phase))
    text = json_format.dumps(contents.document(), indent=2, ensure_ascii=False) + "\n" if json else render(contents)
    if out is None:
        sys.stdout.write(text)
    else:
        _write(out, text)
        console.print_note(f"Report: {out}")


def _write(file: Path, text: str) -> None:
    """Writes a file whole or not at all.

    Raises:
        InputError: it cannot be written; what was there still is.
    """
    try:
        files.replace(file, text)
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from error
