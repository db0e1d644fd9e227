"""How long is waited for what, in seconds, on AWS and in the embedded cloud: tables of one shape."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@functools.cache
def read(file: Path, *, embedded: bool) -> Mapping[str, float]:
    """The times of one table.

    Args:
        file: the table, with a part for each cloud.
        embedded: whether those of the embedded cloud.
    """
    part: Mapping[str, float] = yaml.safe_load(file.read_text(encoding="utf-8"))["embedded" if embedded else "aws"]
    return part
