"""What a resource is called in one cloud, said in the words of another: ids, ARNs, addresses, account numbers.

Texts are compared piece by piece (a piece is a run of letters, digits, ``-`` and ``_``), so that an id is also found
where it stands in the middle of a policy, a URL or a JSON text.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ascend.engine.embedded.values import ResourceRef, Secret

_PIECE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BETWEEN: Final = re.compile(r"[^A-Za-z0-9_-]+")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9_-]+\.){2,}[A-Za-z]{2,}(?::[0-9]+)?")
#: Shorter pieces, and those without a digit, are words (``available``, ``us-east-1``) and versions.
_SHORTEST: Final = 8
#: Texts longer than this are documents: what is in them was learnt elsewhere.
_LONGEST: Final = 300


class Renaming:
    """Learns from pairs of outputs, applies what it learnt to inputs."""

    def __init__(self) -> None:
        self._pieces: dict[str, str] = {}
        self._wholes: dict[str, str] = {}
        self._parts: dict[str, str] = {}

    def learn(self, old: Any, new: Any) -> None:
        """Notes what differs between the same property of the same resource in the two clouds."""
        if isinstance(old, Secret) or isinstance(new, Secret):
            return
        if isinstance(old, dict) and isinstance(new, dict):
            for key, value in old.items():
                if key in new:
                    self.learn(value, new[key])
        elif isinstance(old, list) and isinstance(new, list):
            for one, other in zip(old, new, strict=False):
                self.learn(one, other)
        elif isinstance(old, str) and isinstance(new, str) and old != new and len(old) <= _LONGEST:
            self._texts(old, new)

    def learn_id(self, old: str, new: str) -> None:
        """Notes an id, which is one whatever it looks like."""
        if old and new and old != new:
            self._wholes.setdefault(old, new)
            if _PIECE.fullmatch(old) and _PIECE.fullmatch(new) and len(old) >= _SHORTEST:
                self._pieces.setdefault(old, new)
            self._texts(old, new)

    def apply(self, value: Any) -> Any:
        """The value in the words of the new cloud."""
        if isinstance(value, str):
            return self._renamed(value)
        if isinstance(value, dict):
            return {key: self.apply(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.apply(item) for item in value]
        if isinstance(value, Secret):
            return Secret(self.apply(value.value))
        if isinstance(value, ResourceRef) and isinstance(value.id, str):
            return ResourceRef(value.urn, self._renamed(value.id), value.version)
        return value

    def _texts(self, old: str, new: str) -> None:
        alike = _BETWEEN.findall(old) == _BETWEEN.findall(new)
        pairs = zip(_PIECE.findall(old), _PIECE.findall(new), strict=True) if alike else ()
        differing = [(one, other) for one, other in pairs if one != other]
        names = {one: other for one, other in differing if _is_name(one) and _is_name(other)}
        for one, other in names.items():
            self._pieces.setdefault(one, other)
        if (not alike and _is_name(old)) or (len(names) < len(differing) and _HOST.fullmatch(old)):
            # Of another form, or told apart by a piece that is too short: found only as it is.
            self._parts.setdefault(old, new)
        if _is_name(old):
            self._wholes.setdefault(old, new)

    def _renamed(self, text: str) -> str:
        whole = self._wholes.get(text)
        if whole is not None:
            return whole
        if len(text) < _SHORTEST:
            return text
        for old, new in self._parts.items():
            if old in text:
                text = text.replace(old, new)
        return _PIECE.sub(lambda found: self._pieces.get(found[0], found[0]), text)


def _is_name(text: str) -> bool:
    return len(text) >= _SHORTEST and any(character.isdigit() for character in text)
