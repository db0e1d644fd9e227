"""Comparing inputs: which paths changed, how, and whether a change forces a replacement."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from ascend.cloud.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ascend.cloud.values import Props


class Kind(Enum):
    """What happened to a value."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Change:
    """One changed path."""

    kind: Kind
    replace: bool = False


def compare(
    olds: Props, news: Props, force_new: Collection[str] = (), sets: Collection[str] = (), skip: Collection[str] = ()
) -> dict[str, Change]:
    """The changes between two sets of inputs, by property path (``a.b[0]``).

    Args:
        olds: inputs of the last update.
        news: checked inputs of this one; a value that is not known yet counts as changed.
        force_new: paths whose change forces a replacement, list items as ``[]`` (``rule[].name``). A path covers all
            that is below it.
        sets: paths of lists whose order has no meaning.
        skip: top-level properties that are not compared.
    """
    found: dict[str, Change] = {}
    forcing = frozenset(force_new)
    unordered = frozenset(sets)

    def note(path: str, kind: Kind, value: Any) -> None:
        replace = bool(forcing) and any(
            leaf == forced or leaf.startswith((f"{forced}.", f"{forced}["))
            for leaf in _leaves(_generic(path), value)
            for forced in forcing
        )
        found[path] = Change(kind, replace)

    for name in sorted(olds.keys() | news.keys()):
        if name not in skip and not name.startswith("__"):
            _walk(name, olds.get(name), news.get(name), unordered, note)
    return found


def _generic(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


def _leaves(path: str, value: Any) -> Iterator[str]:
    """The generic paths of all that an added or removed value holds, itself included."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(f"{path}.{name}", item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(f"{path}[]", item)


def _walk(path: str, old: Any, new: Any, sets: frozenset[str], note: Callable[[str, Kind, Any], None]) -> None:
    if old is new or same(old, new):
        return
    if old is None:
        note(path, Kind.ADD, new)
    elif new is None:
        note(path, Kind.DELETE, old)
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            plain = re.fullmatch(r"[\w-]+", name)
            _walk(f"{path}.{name}" if plain else f'{path}["{name}"]', old.get(name), new.get(name), sets, note)
    elif isinstance(old, list) and isinstance(new, list):
        if _generic(path) in sets and _unordered(old) == _unordered(new):
            return
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            _walk(f"{path}[{index}]", before, after, sets, note)
    else:
        note(path, Kind.UPDATE, None)


def _unordered(items: list[Any]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True, default=repr) for item in items)


def same(old: Any, new: Any) -> bool:
    """Whether two values mean the same: equal, or JSON documents with the same content."""
    if old is UNKNOWN or new is UNKNOWN or has_unknown(new):
        return False
    if old == new:
        # Python holds True == 1, the protocol does not.
        return isinstance(old, bool) == isinstance(new, bool)
    if isinstance(old, str) and isinstance(new, str) and old[:1] in "{[" and new[:1] in "{[" and old and new:
        try:
            return bool(canonical(json.loads(old)) == canonical(json.loads(new)))
        except ValueError:
            return False
    return False


def canonical(document: Any) -> Any:
    """A JSON document in a form that equal documents share.

    In a policy (anything with a ``Statement``) a string equals a list of one, and lists of strings have no order.
    """
    policy = isinstance(document, dict) and "Statement" in document
    return _canonical(document, policy=policy)


def _canonical(node: Any, *, policy: bool) -> Any:
    if isinstance(node, dict):
        return {name: _canonical(item, policy=policy) for name, item in node.items()}
    if isinstance(node, list):
        items = [_canonical(item, policy=policy) for item in node]
        if policy and all(isinstance(item, str) for item in items):
            return items[0] if len(items) == 1 else sorted(items)
        if policy and len(items) == 1 and isinstance(items[0], dict):
            return items[0]
        return items
    return node
