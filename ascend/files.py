"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(file: Path, text: str) -> None:
    """Writes a file anew in one step: whoever reads it, and whatever interrupts, finds the old one or the new one.

    Args:
        file: the file; one that is there keeps its mode.
        text: what it is to hold.

    Raises:
        OSError: it cannot be written; what was there still is.
    """
    number, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}-")
    half = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        half.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        half.replace(file)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
