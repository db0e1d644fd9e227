"""What an official provider does with each property of a type, as data; ``aws/facts/README.md`` explains the keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one type; the keys are those of README.md."""

    force_new: Sequence[str] = ()
    replace_if: Sequence[Mapping[str, Any]] = ()
    conflicts: Sequence[Sequence[str]] = ()
    exactly_one_of: Sequence[Sequence[str]] = ()
    at_least_one_of: Sequence[Sequence[str]] = ()
    required_with: Mapping[str, Sequence[str]] = field(default_factory=dict)
    range: Mapping[str, Sequence[float]] = field(default_factory=dict)
    one_of: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    length: Mapping[str, Sequence[int]] = field(default_factory=dict)
    pattern: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    json: frozenset[str] = frozenset()
    lower: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    name: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[Mapping[str, Any]] = ()
    source: str = ""


_SETS = {"computed", "sets", "json", "lower", "sensitive", "write_only"}


def read(path: Path) -> dict[str, Facts]:
    """The facts of every type in a file, by type token; none where there is no file."""
    if not path.exists():
        return {}
    found: dict[str, Facts] = {}
    for token, entry in read_yaml(path)["types"].items():
        values: dict[str, Any] = {key: frozenset(value) if key in _SETS else value for key, value in entry.items()}
        found[token] = Facts(**values)
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML document. The C loader reads all facts in 10 ms, the other one in 60; both are the safe one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 -- a safe loader
    return document
