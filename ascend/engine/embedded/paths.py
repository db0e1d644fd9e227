"""Property paths, as the official engine reads them: ``root.list[0]["a key"].*`` (``ignoreChanges`` and the like)."""

from __future__ import annotations

from typing import Any

from ascend.engine.embedded.values import Properties, Secret, secret

Path = tuple[str | int, ...]


class PathError(ValueError):
    """A property path that cannot be read."""


def parse(text: str) -> Path:
    """The elements of a path.

    Raises:
        PathError: an unclosed bracket or quote, an index that is no number, a leading or trailing dot.
    """
    if text.startswith("."):
        raise PathError(f"property path {text!r} must start with a name or an index")
    elements: list[str | int] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == ".":
            position += 1
            if position == len(text):
                raise PathError(f"property path {text!r} must end with a name or an index")
        elif character == "[":
            element, position = _bracket(text, position)
            elements.append(element)
        else:
            end = min(
                (found for found in (text.find(".", position), text.find("[", position)) if found >= 0), default=-1
            )
            end = len(text) if end < 0 else end
            elements.append(text[position:end])
            position = end
    return tuple(elements)


def _bracket(text: str, position: int) -> tuple[str | int, int]:
    """The element in the bracket that opens at `position`, and where to go on."""
    if text[position + 1 : position + 2] == '"':
        name: list[str] = []
        index = position + 2
        while index < len(text) and text[index] != '"':
            if text.startswith('\\"', index):
                index += 1
            name.append(text[index])
            index += 1
        if text[index : index + 2] != '"]':
            raise PathError(f"property path {text!r}: missing closing quote or bracket")
        return "".join(name), index + 2
    end = text.find("]", position)
    if end < 0:
        raise PathError(f"property path {text!r}: missing closing bracket")
    segment = text[position + 1 : end]
    if segment == "*":
        return "*", end + 1
    try:
        return int(segment), end + 1
    except ValueError as error:
        raise PathError(f"property path {text!r}: invalid index {segment!r}") from error


def contains(outer: Path, inner: Path) -> bool:
    """Whether `inner` lies at or under `outer`; ``*`` matches anything at its level."""
    return len(inner) >= len(outer) and all(
        wanted == "*" or (type(wanted) is type(found) and wanted == found)
        for wanted, found in zip(outer, inner, strict=False)
    )


def reset(path: Path, old: Properties, new: Properties) -> bool:
    """Sets what lies at `path` in `new` back to what it is in `old` (``ignoreChanges``).

    `new` is changed in place, so it must be a copy. What was secret in `old` stays secret.

    Returns:
        False where the path cannot be followed: an element of a list would have to be added or removed.
    """
    return bool(path) and _reset(path, old, new, old_secret=False, new_secret=False)


def _reset(path: Path, old: Any, new: Any, *, old_secret: bool, new_secret: bool) -> bool:  # noqa: PLR0911 -- cases
    if isinstance(old, Secret):
        old, old_secret = old.value, True
    if isinstance(new, Secret):
        new, new_secret = new.value, True
    key, rest = path[0], path[1:]
    marks = {"old_secret": old_secret, "new_secret": new_secret}

    def kept(value: Any) -> Any:
        return secret(value) if old_secret and not new_secret else value

    if isinstance(key, int):
        return _reset_index(key, rest, old, new, kept=kept, marks=marks)
    if key == "*":
        return _reset_all(rest, old, new, kept=kept, marks=marks)
    if not rest:
        if isinstance(old, dict) and key in old:
            if not isinstance(new, dict):
                return False
            new[key] = kept(old[key])
        elif isinstance(new, dict):
            new.pop(key, None)
        return True
    if not isinstance(old, dict) or not isinstance(new, dict):
        return not isinstance(old, dict) and not isinstance(new, dict)
    if key in old and key not in new:
        return False
    if key not in old and key not in new:
        return True
    return _reset(rest, old.get(key), new[key], **marks)


def _reset_index(key: int, rest: Path, old: Any, new: Any, *, kept: Any, marks: dict[str, bool]) -> bool:
    if key < 0:
        return False
    if not isinstance(old, list) or not isinstance(new, list):
        return not isinstance(old, list) and not isinstance(new, list)
    if key >= len(old) or key >= len(new):
        return not rest and key >= len(old) and key >= len(new)
    if rest:
        return _reset(rest, old[key], new[key], **marks)
    new[key] = kept(old[key])
    return True


def _reset_all(  # noqa: PLR0911 -- cases
    rest: Path, old: Any, new: Any, *, kept: Any, marks: dict[str, bool]
) -> bool:
    if isinstance(new, dict):
        if not isinstance(old, dict):
            return not rest
        if not rest:
            new.clear()
            new.update({key: kept(value) for key, value in old.items()})
            return True
        return all(key in new and _reset(rest, value, new[key], **marks) for key, value in old.items())
    if isinstance(new, list):
        if not isinstance(old, list):
            return not rest
        for index, value in enumerate(old[: len(new)]):
            if not rest:
                new[index] = kept(value)
            elif not _reset(rest, value, new[index], **marks):
                return False
        return len(old) == len(new)
    return False
