"""The facts are data: every name in them must exist, and every rule must be one that is understood."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ascend.cloud import facts as cloud_facts
from ascend.cloud import rules, schema
from ascend.cloud.aws import facts, types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.schema import ResourceSchema

FOLDER = Path(facts.__file__).parent
FILES = sorted(FOLDER.glob("*.yaml"))
#: Keywords whose value is a schema, a list of schemas, or schemas by property.
ONE = {"if", "then", "else", "not", "items", "contains", "additionalProperties", "propertyNames"}
MANY = {"allOf", "anyOf", "oneOf"}


def resource_schema(token: str) -> ResourceSchema:
    known = schema.load(token)
    assert known is not None
    return known


def exists(known: ResourceSchema, path: str) -> bool:
    """Whether a path (``a.b[].c``) is one of the SDK's."""
    kind: Any = known.inputs
    for step in path.split("."):
        name = step.removesuffix("[]")
        expression = kind.properties.get(name) if kind is not None else None
        if expression is None:
            return False
        inner = expression.removeprefix("list<").removesuffix(">")
        kind = known.object_of(inner) if inner.startswith("#") else None
    return True


def named(entry: cloud_facts.Facts) -> Iterator[str]:
    """Every property that the facts of a type name, rules excepted."""
    yield from entry.force_new
    for groups in (entry.conflicts, entry.exactly_one_of, entry.at_least_one_of):
        for group in groups:
            yield from group
    for name, others in entry.required_with.items():
        yield from (name, *others)
    for mapping in (entry.range, entry.one_of, entry.length, entry.pattern, entry.defaults):
        yield from mapping
    for row in entry.replace_if:
        for key in ("unless", "old"):
            yield from row.get(key, {})
        yield from row.get("one_of_changes", [row.get("property")])
    for names in (entry.computed, entry.sets, entry.json, entry.lower, entry.sensitive, entry.write_only):
        yield from names
    if "property" in entry.name:
        yield entry.name["property"]


def judged(node: Any, path: str = "") -> Iterator[str]:
    """Every property that a rule's schema names, and on the way a check of its keywords."""
    if not isinstance(node, dict):
        return
    assert set(node) <= rules.KEYWORDS, set(node) - rules.KEYWORDS
    for keyword, argument in node.items():
        if keyword == "properties":
            for name, below in argument.items():
                yield f"{path}{name}"
                yield from judged(below, f"{path}{name}.")
        elif keyword == "items":
            yield from judged(argument, f"{path.removesuffix('.')}[].")
        elif keyword in ONE:
            yield from judged(argument, path)
        elif keyword in MANY:
            for below in argument:
                yield from judged(below, path)
        elif keyword == "required":
            yield from (f"{path}{name}" for name in argument)
        elif keyword in {"dependentRequired", "dependentExcluded"}:
            for name, others in argument.items():
                yield from (f"{path}{one}" for one in (name, *others))


def cases() -> list[Any]:
    found = []
    for file in FILES:
        found += [pytest.param(token, entry, id=token) for token, entry in cloud_facts.read(file).items()]
    return found


def test_every_type_has_facts() -> None:
    assert {case.values[0] for case in cases()} == set(types.TOKENS)


def test_every_file_is_the_one_that_is_read() -> None:
    for file in FILES:
        for token in cloud_facts.read(file):
            assert facts.load(token).source, f"{token} is in {file.name}, where nobody looks"


@pytest.mark.parametrize(("token", "entry"), cases())
def test_names_exist(token: str, entry: cloud_facts.Facts) -> None:
    known = resource_schema(token)
    assert [path for path in named(entry) if not exists(known, path)] == []


@pytest.mark.parametrize(("token", "entry"), cases())
def test_source_is_given(token: str, entry: cloud_facts.Facts) -> None:
    assert entry.source
    assert [rule for rule in entry.rules if not rule.get("source")] == []


@pytest.mark.parametrize(("token", "entry"), cases())
def test_rules_are_understood(token: str, entry: cloud_facts.Facts) -> None:
    known = resource_schema(token)
    for rule in entry.rules:
        assert set(rule) <= {"property", "message", "schema", "source"}
        assert exists(known, rule["property"]), rule["property"]
        for path in judged(rule["schema"]):
            # Below maps and JSON documents names are the program's own.
            top = path.split(".")[0].removesuffix("[]")
            whole = known.inputs.properties.get(top, "")
            assert exists(known, path if "#" in whole else top), path


@pytest.mark.parametrize(("token", "entry"), cases())
def test_patterns_are_patterns(token: str, entry: cloud_facts.Facts) -> None:
    for pattern in entry.pattern.values():
        re.compile(pattern)


@pytest.mark.parametrize(("token", "entry"), cases())
def test_limits_admit_defaults(token: str, entry: cloud_facts.Facts) -> None:
    for path, value in entry.defaults.items():
        if path in entry.range:
            low, high = entry.range[path]
            assert low <= value <= high
        if path in entry.one_of:
            assert value in entry.one_of[path]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_dates(file: Path) -> None:
    assert "2026-11-21" in file.read_text(encoding="utf-8"), "when was it read?"


def test_a_name_that_does_not_exist_is_seen() -> None:
    known = resource_schema("aws:ecs/service:Service")
    assert exists(known, "networkConfiguration.subnets")
    assert not exists(known, "networkConfiguration.subnet")
    assert not exists(known, "nothing")
