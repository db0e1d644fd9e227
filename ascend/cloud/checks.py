"""Judging inputs by data: the SDK's argument types, and the facts of the official providers.

A value that is not known yet is never judged.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

from ascend.cloud import rules
from ascend.cloud.provider import Failure
from ascend.cloud.values import UNKNOWN, Asset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.cloud.facts import Facts
    from ascend.cloud.schema import ObjectType, ResourceSchema
    from ascend.cloud.values import Props

_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "asset": (Asset,),
}


def by_schema(schema: ResourceSchema, inputs: Props) -> list[Failure]:
    """Everything about the inputs that the argument types do not allow."""
    return list(_object(schema, schema.inputs, inputs, ""))


def _object(schema: ResourceSchema, kind: ObjectType, value: Props, path: str) -> Iterator[Failure]:
    prefix = f"{path}." if path else ""
    for name in sorted(kind.required - value.keys()):
        yield Failure(f"{prefix}{name}", "is required and was not given")
    for name, item in value.items():
        if name.startswith("__"):
            continue
        expression = kind.properties.get(name)
        if expression is None:
            near = difflib.get_close_matches(name, kind.properties, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(kind.properties))}"
            yield Failure(f"{prefix}{name}", f"is not a property of {path or schema.token}{hint}")
        else:
            yield from _value(schema, expression, item, f"{prefix}{name}")


def _value(schema: ResourceSchema, expression: str, value: Any, path: str) -> Iterator[Failure]:
    if value is UNKNOWN or value is None or expression == "any":
        return
    if expression.startswith("list<"):
        if not isinstance(value, list):
            yield Failure(path, f"{rules.show(value)} is not a list")
            return
        for index, item in enumerate(value):
            yield from _value(schema, expression[5:-1], item, f"{path}[{index}]")
    elif expression.startswith("map<"):
        if not isinstance(value, dict):
            yield Failure(path, f"{rules.show(value)} is not a map")
            return
        for key, item in value.items():
            yield from _value(schema, expression[4:-1], item, f'{path}["{key}"]')
    elif expression.startswith("#"):
        kind = schema.object_of(expression)
        if not isinstance(value, dict):
            yield Failure(path, f"{rules.show(value)} is not an object")
        elif kind is not None:
            yield from _object(schema, kind, value, path)
    elif not isinstance(value, _SCALARS[expression]) or (isinstance(value, bool) and expression != "boolean"):
        article = "an" if expression[0] in "aeiou" else "a"
        yield Failure(path, f"{rules.show(value)} is not {article} {expression}")


def at(value: Any, path: str, where: str = "") -> Iterator[tuple[str, Any]]:
    """Every value at a path (``a.b[].c``), with its concrete path. Unknown values end the walk and are not given."""
    if value is None or value is UNKNOWN:
        return
    if not path:
        yield where, value
        return
    match = re.match(r"\[\]\.?|([^.\[]+)\.?", path)
    if match is None:
        return
    rest = path[match.end() :]
    if match.group(1) is None:
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield from at(item, rest, f"{where}[{index}]")
    elif isinstance(value, dict):
        name = match.group(1)
        yield from at(value.get(name), rest, f"{where}.{name}" if where else name)


def _given(inputs: Props, path: str) -> bool:
    """Whether the program set a property, be it to a value that is not known yet.

    False and empty lists count as not set, and so does what was filled in (``__defaults``): a name that was made up is
    no second one beside a prefix.
    """
    node: Any = inputs
    if path in inputs.get("__defaults", ()):
        return False
    for step in path.split("."):
        if not isinstance(node, dict):
            return False
        node = node.get(step)
    if node is UNKNOWN:
        return True
    return node is not None and node is not False and node not in ([], "")


def _open(inputs: Props, path: str) -> bool:
    """Whether what holds a property is not known yet, so that it may be set."""
    node: Any = inputs
    for step in path.split("."):
        if node is UNKNOWN:
            return True
        node = node.get(step) if isinstance(node, dict) else None
    return False


def by_facts(facts: Facts, inputs: Props) -> list[Failure]:
    """What the official provider itself refuses, and the rules that the facts state as schemas."""
    return [
        *_combinations(facts, inputs),
        *_single_values(facts, inputs),
        *_documents(facts, inputs),
        *_rules(facts, inputs),
    ]


def _combinations(facts: Facts, inputs: Props) -> Iterator[Failure]:
    for group in facts.conflicts:
        given = [name for name in group if _given(inputs, name)]
        if len(given) > 1:
            yield Failure(given[1], f"conflicts with {given[0]}: only one of {', '.join(group)} may be set")
    for group in facts.exactly_one_of:
        given = [name for name in group if _given(inputs, name)]
        if len(given) > 1 or not given:
            many = f"{', '.join(given)} are set" if given else "none is set"
            yield Failure(given[1] if given else group[0], f"exactly one of {', '.join(group)} must be set; {many}")
    for group in facts.at_least_one_of:
        if not any(_given(inputs, name) or _open(inputs, name) for name in group):
            yield Failure(group[0], f"at least one of {', '.join(group)} must be set")
    for name, needed in facts.required_with.items():
        missing = [other for other in needed if not _given(inputs, other)]
        if _given(inputs, name) and missing:
            yield Failure(name, f"needs {', '.join(missing)} to be set as well")


def _single_values(facts: Facts, inputs: Props) -> Iterator[Failure]:
    for path, allowed in facts.one_of.items():
        for where, value in at(inputs, path):
            if value not in allowed:
                yield Failure(where, f"{rules.show(value)} is not one of {rules.listing(list(allowed))}")
    for path, (low, high) in facts.range.items():
        for where, value in at(inputs, path):
            if isinstance(value, int | float) and not low <= value <= high:
                yield Failure(where, f"{rules.show(value)} is not between {low} and {high}")
    for path, (low, high) in facts.length.items():
        for where, value in at(inputs, path):
            if isinstance(value, str | list) and not low <= len(value) <= high:
                unit = "items" if isinstance(value, list) else "characters"
                reason = f"{rules.show(value)} has {len(value)} {unit}; {low} to {high} are allowed"
                yield Failure(where, reason)
    for path, pattern in facts.pattern.items():
        for where, value in at(inputs, path):
            if isinstance(value, str) and not re.search(pattern, value):
                yield Failure(where, f"{rules.show(value)} does not match {pattern}")


def _documents(facts: Facts, inputs: Props) -> Iterator[Failure]:
    for path in facts.json:
        for where, value in at(inputs, path):
            try:
                json.loads(value) if isinstance(value, str) else None
            except ValueError as error:
                yield Failure(where, f"is not JSON: {error}")


def _rules(facts: Facts, inputs: Props) -> Iterator[Failure]:
    for rule in facts.rules:
        for problem in rules.judge(rule["schema"], inputs)[1]:
            message = rule.get("message")
            value = next((value for _, value in at(inputs, problem.path)), None) if problem.path else None
            secret = re.split(r"[.\[]", problem.path)[0] in facts.sensitive
            shown = f" (given: {rules.show(value)})" if message and value is not None and not secret else ""
            yield Failure(
                problem.path or str(rule.get("property", "")), f"{message}{shown}" if message else problem.reason
            )
            if message:
                break


def fill(inputs: Props, path: str, value: Any) -> bool:
    """Fill in one default where its parent exists; whether a top-level property was set by it."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not rest:
        if name not in inputs:
            inputs[name] = value
            return True
        return False
    below = inputs.get(name)
    for item in below if isinstance(below, list) else [below]:
        if isinstance(item, dict):
            fill(item, rest, value)
    return False
