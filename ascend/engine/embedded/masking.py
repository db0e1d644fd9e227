"""Keeping secrets out of free text: what programs print, what providers say when they fail."""

from __future__ import annotations

import json
import re
import threading
from typing import Any, Final

from ascend.engine.embedded.values import Secret
from ascend.engine.model import SECRET_MASK

#: Shorter texts occur everywhere by chance; the official engine's filter leaves them out too.
_SHORTEST: Final = 3
#: One line of a longer secret (a private key) is masked on its own from here on, since output is read line by line.
_SHORTEST_LINE: Final = 8


class Masker:
    """Replaces every secret that it has seen in any text that it is given. Safe to use from several threads."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()
        #: Set once the secrets of config and state are known. The program runs while they are still being decrypted,
        #: so what it says is held back until then.
        self.complete = threading.Event()

    def learn(self, value: Any) -> None:
        """Remembers every secret in a property value."""
        if isinstance(value, Secret):
            self._learn_all(value.value)
        elif isinstance(value, dict):
            for item in value.values():
                self.learn(item)
        elif isinstance(value, list):
            for item in value:
                self.learn(item)

    def learn_text(self, text: str) -> None:
        """Remembers one secret text, and the forms in which it may turn up (escaped, line by line)."""
        forms = {
            text,
            text.strip(),
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            repr(text)[1:-1],
        }
        forms = {form for form in forms if len(form) >= _SHORTEST}
        forms |= {line.strip() for line in text.splitlines() if len(line.strip()) >= _SHORTEST_LINE}
        if forms - self._texts:
            with self._lock:
                self._texts |= forms
                self._pattern = None

    def held_text(self, text: str) -> str:
        """As `text`, for what the program says: waits until the secrets it may know are known here."""
        self.complete.wait()
        return self.text(text)

    def _learn_all(self, value: Any) -> None:
        if isinstance(value, str):
            self.learn_text(value)
        elif isinstance(value, dict):
            for item in value.values():
                self._learn_all(item)
        elif isinstance(value, list):
            for item in value:
                self._learn_all(item)

    def text(self, text: str) -> str:
        """The text with every known secret replaced by the mask."""
        if not self._texts:
            return text
        with self._lock:
            if self._pattern is None:
                # Longest first, so that a secret which contains another is masked as a whole.
                self._pattern = re.compile("|".join(map(re.escape, sorted(self._texts, key=len, reverse=True))))
            pattern = self._pattern
        return pattern.sub(SECRET_MASK, text)
