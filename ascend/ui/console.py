"""The two streams of a command: data on stdout, everything for a person on stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


def stderr() -> Console:
    """A console on stderr. Colours and control codes only on a terminal, and never under ``NO_COLOR``."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def stdout() -> Console:
    """A console on stdout, for results that a person reads."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_json(document: Mapping[str, Any]) -> None:
    """Writes `document` to stdout as JSON, keys in their given order, one trailing newline."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def print_error(message: str) -> None:
    """Writes each line of `message` to stderr as ``error: …``: one problem is one line, several are several."""
    console = stderr()
    for line in message.splitlines() or [""]:
        if line.strip():
            console.print(Text.assemble(("error: ", "bold red"), line.strip()))


def print_note(message: str) -> None:
    """Writes a quiet line for a person to stderr."""
    stderr().print(Text(message, style="dim"))
