"""The line of the project that a finding is about: what the change edited, else where the resource is declared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ascend.review.findings import Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_WORD: Final = re.compile(r"[A-Za-z]{3,}")
#: Words that every message holds, and so say nothing of where it comes from.
_COMMON: Final = frozenset({"the", "and", "its", "has", "for", "not", "put", "back", "from", "with", "set", "aws"})
#: How far an edit may be from where a resource is declared to count as its cause, in lines.
_NEAR: Final = 40


class Places:
    """Finds lines in a project.

    Args:
        root: the project's folder.
        stack: the stack's name.
        system: the system's name.
        changed: the lines that the change edited, by file.
        sources: where the program asks for a resource (``components/bucket.py#40``), by URN.
    """

    def __init__(
        self,
        root: Path,
        stack: str,
        system: str,
        changed: Mapping[str, Sequence[int]],
        sources: Mapping[str, str],
    ) -> None:
        self._root, self._changed, self._sources = root, changed, sources
        self._configs = (f"Pulumi.{stack}.yaml", f"systems/{system}.yaml", "Pulumi.yaml")
        self._texts: dict[str, list[str]] = {}

    def find(self, urn: str, message: str, *, old: bool = False) -> Place:
        """The line that a finding is about.

        Args:
            urn: the resource; empty for the stack.
            message: what is said of it.
            old: whether it was there before the change, whose edits then do not matter.
        """
        source = self._source(urn)
        if not old and (edited := self._edited(urn, message, source)) is not None:
            return edited
        return source or Place(self._configs[0] if (self._root / self._configs[0]).is_file() else "Pulumi.yaml", 1)

    def _edited(self, urn: str, message: str, source: Place | None) -> Place | None:
        if source is not None and (lines := self._changed.get(source.file)):
            near = min(lines, key=lambda line: abs(line - source.line))
            if abs(near - source.line) <= _NEAR:
                return Place(source.file, near)
        words = {word.lower() for word in _WORD.findall(f"{urn.rpartition('::')[2]} {message}")} - _COMMON
        config = [Place(file, line) for file in self._configs for line in self._changed.get(file, ())]
        code = [
            Place(file, line)
            for file, lines in sorted(self._changed.items())
            if file not in self._configs and file.startswith(("components/", "infra/"))
            for line in lines
        ]
        for candidates in (config, code):
            if candidates:
                # The first of those that share most words with what is said.
                return max(candidates, key=lambda place: self._shared(place, words))
        return None

    def _source(self, urn: str) -> Place | None:
        file, _, line = self._sources.get(urn, "").partition("#")
        if not line.isdigit() or not (self._root / file).is_file() or file.startswith("."):
            return None
        return Place(file, int(line))

    def _shared(self, place: Place, words: set[str]) -> int:
        lines = self._lines(place.file)
        text = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
        # A key is written in one word, databaseClass, and spoken of in two.
        apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
        return len({word.lower() for word in _WORD.findall(apart)} & words)

    def _lines(self, file: str) -> list[str]:
        if file not in self._texts:
            path = self._root / file
            self._texts[file] = (
                path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
            )
        return self._texts[file]
