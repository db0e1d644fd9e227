"""A JSON Schema evaluator that can say "not known yet".

Rules about inputs are written as JSON Schema: our own rows in the facts, and cfn-lint's schemas. A plan holds values
that are only known once something else exists, so every judgement has three results: fine, wrong, and undecided; a rule
that depends on an unknown value is undecided and refuses nothing. The vocabulary is the part of draft 7 that these
schemas use; an unknown keyword is an error in our own rows (see the tests), and ignored in cfn-lint's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ascend.cloud.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: All that the evaluator understands.
KEYWORDS = frozenset(
    {
        "allOf", "anyOf", "const", "dependentRequired", "else", "enum", "exclusiveMaximum", "exclusiveMinimum", "if",
        "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties",
        "minimum", "multipleOf", "not", "oneOf", "pattern", "properties", "required", "then", "type", "uniqueItems",
        "contains", "additionalProperties", "description", "propertyNames", "dependentExcluded",
    }
)  # fmt: skip


class Verdict(Enum):
    """The result of a judgement."""

    FINE = "fine"
    WRONG = "wrong"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where, and a reason that names the value and what is allowed."""

    path: str
    reason: str


def judge(schema: Any, value: Any, resolve: Mapping[str, Any] | None = None) -> tuple[Verdict, list[Problem]]:
    """Judge a value by a schema.

    Args:
        schema: a JSON Schema, or true or false.
        value: plain values, with `values.UNKNOWN` where one is not known.
        resolve: the definitions that ``$ref: "#/definitions/…"`` names.
    """
    return _judge(schema, value, "", resolve or {})


def _merge(results: list[tuple[Verdict, list[Problem]]]) -> tuple[Verdict, list[Problem]]:
    problems = [problem for _, found in results for problem in found]
    verdicts = {verdict for verdict, _ in results}
    if Verdict.WRONG in verdicts:
        return Verdict.WRONG, problems
    return (Verdict.UNDECIDED if Verdict.UNDECIDED in verdicts else Verdict.FINE), []


def _wrong(path: str, reason: str) -> tuple[Verdict, list[Problem]]:
    return Verdict.WRONG, [Problem(path, reason)]


_FINE: tuple[Verdict, list[Problem]] = (Verdict.FINE, [])
_UNDECIDED: tuple[Verdict, list[Problem]] = (Verdict.UNDECIDED, [])


def _judge(schema: Any, value: Any, path: str, definitions: Mapping[str, Any]) -> tuple[Verdict, list[Problem]]:
    if schema is True or schema == {}:
        return _FINE
    if schema is False:
        return _wrong(path, "is not allowed here")
    if "$ref" in schema:
        return _judge(definitions.get(schema["$ref"].rpartition("/")[2], True), value, path, definitions)
    results = []
    for keyword, argument in schema.items():
        rule = _COMBINERS.get(keyword)
        if rule is not None:
            results.append(rule(argument, schema, value, path, definitions))
        elif keyword in _VALUES:
            results.append(_UNDECIDED if has_unknown(value) else _plain(keyword, argument, value, path))
    return _merge(results) if results else _FINE


# Keywords that combine schemas


def _all_of(argument: Any, _s: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    return _merge([_judge(item, value, path, defs) for item in argument])


def _any_of(argument: Any, _s: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    results = [_judge(item, value, path, defs) for item in argument]
    verdicts = [verdict for verdict, _ in results]
    if Verdict.FINE in verdicts:
        return _FINE
    if Verdict.UNDECIDED in verdicts:
        return _UNDECIDED
    return Verdict.WRONG, min((found for _, found in results), key=len)


def _one_of(argument: Any, _s: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    verdicts = [_judge(item, value, path, defs)[0] for item in argument]
    if Verdict.UNDECIDED in verdicts:
        return _UNDECIDED
    fitting = verdicts.count(Verdict.FINE)
    return (
        _FINE
        if fitting == 1
        else _wrong(path, f"fits {fitting} of {len(verdicts)} alternatives, exactly one is allowed")
    )


def _not(argument: Any, _s: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    verdict = _judge(argument, value, path, defs)[0]
    if verdict is Verdict.FINE:
        return _wrong(path, "is a combination that is not allowed")
    return _UNDECIDED if verdict is Verdict.UNDECIDED else _FINE


def _if(argument: Any, schema: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    verdict = _judge(argument, value, path, defs)[0]
    if verdict is Verdict.UNDECIDED:
        return _UNDECIDED
    return _judge(schema.get("then" if verdict is Verdict.FINE else "else", True), value, path, defs)


def _properties(argument: Any, _s: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    if value is UNKNOWN:
        return _UNDECIDED
    if not isinstance(value, dict):
        return _FINE
    return _merge(
        [
            _judge(item, value[name], f"{path}.{name}" if path else name, defs)
            for name, item in argument.items()
            if name in value
        ]
    )


def _items(argument: Any, _s: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    if value is UNKNOWN:
        return _UNDECIDED
    if not isinstance(value, list) or not isinstance(argument, dict):
        return _FINE
    return _merge([_judge(argument, item, f"{path}[{index}]", defs) for index, item in enumerate(value)])


def _contains(argument: Any, _s: Any, value: Any, path: str, defs: Any) -> tuple[Verdict, list[Problem]]:
    if value is UNKNOWN:
        return _UNDECIDED
    if not isinstance(value, list):
        return _FINE
    verdicts = [_judge(argument, item, path, defs)[0] for item in value]
    if Verdict.FINE in verdicts:
        return _FINE
    return _UNDECIDED if Verdict.UNDECIDED in verdicts else _wrong(path, "has no item of the kind that is needed")


def _required(argument: Any, _s: Any, value: Any, path: str, _d: Any) -> tuple[Verdict, list[Problem]]:
    if value is UNKNOWN:
        return _UNDECIDED
    if not isinstance(value, dict):
        return _FINE
    missing = [name for name in argument if name not in value]
    return _wrong(path, f"{_names(missing)} must be set") if missing else _FINE


def _dependent_required(argument: Any, _s: Any, value: Any, path: str, _d: Any) -> tuple[Verdict, list[Problem]]:
    if not isinstance(value, dict):
        return _FINE
    results = [
        _wrong(path, f"{_names(missing)} must be set with {name}")
        for name, needed in argument.items()
        if name in value and (missing := [other for other in needed if other not in value])
    ]
    return _merge(results)


def _dependent_excluded(argument: Any, _s: Any, value: Any, path: str, _d: Any) -> tuple[Verdict, list[Problem]]:
    if not isinstance(value, dict):
        return _FINE
    results = [
        _wrong(path, f"{_names(clashing)} must not be set with {name}")
        for name, excluded in argument.items()
        if name in value and (clashing := [other for other in excluded if other in value])
    ]
    return _merge(results)


_COMBINERS: dict[str, Any] = {
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "properties": _properties,
    "items": _items,
    "contains": _contains,
    "required": _required,
    "dependentRequired": _dependent_required,
    "dependentExcluded": _dependent_excluded,
}

# Keywords about one known value


def _names(names: list[str]) -> str:
    return ", ".join(names)


def show(value: Any) -> str:
    """A value for a message: short, on one line."""
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}…"  # noqa: PLR2004 -- one line


def listing(allowed: list[Any]) -> str:
    """The allowed values for a message, cut where there are many."""
    shown = [str(item).lower() if isinstance(item, bool) else str(item) for item in allowed]
    return ", ".join(shown) if len(shown) <= 12 else ", ".join(shown[:12]) + f", … ({len(shown)} in all)"  # noqa: PLR2004


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    flags = re.IGNORECASE if "(?i)" in pattern else 0  # cfn-lint writes the flag in the middle
    try:
        return re.compile(pattern.replace("(?i)", ""), flags)
    except re.error:
        return None  # a pattern in ECMA dialect that Python does not read; there are a few in AWS's schemas


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def _loose(value: Any) -> Any:
    """A scalar as text: the two worlds disagree on whether ``"1024"`` is a number."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _type(argument: Any, value: Any) -> str | None:
    kinds = [argument] if isinstance(argument, str) else argument
    for kind in kinds:
        expected = _TYPES.get(kind)
        if expected is None or (isinstance(value, expected) and (isinstance(value, bool) == (kind == "boolean"))):
            return None
    return f"{show(value)} is not of type {' or '.join(kinds)}"


def _enum(argument: Any, value: Any) -> str | None:
    if isinstance(value, dict | list):
        return None if value in argument else f"{show(value)} is not one of {listing(argument)}"
    allowed = {_loose(item) for item in argument}
    return None if _loose(value) in allowed else f"{show(value)} is not one of {listing(argument)}"


def _number(check: Callable[[float, float], bool], text: str) -> Callable[[Any, Any], str | None]:
    def judge_number(argument: Any, value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return None if check(value, argument) else f"{show(value)} {text} {argument}"

    return judge_number


def _size(kind: type, check: Callable[[int, int], bool], text: str) -> Callable[[Any, Any], str | None]:
    def judge_size(argument: Any, value: Any) -> str | None:
        if not isinstance(value, kind):
            return None
        size = len(value)  # type: ignore[arg-type]
        return None if check(size, argument) else f"{show(value)} {text.format(argument)} (has {size})"

    return judge_size


def _pattern(argument: Any, value: Any) -> str | None:
    compiled = _compiled(argument)
    if not isinstance(value, str) or compiled is None or compiled.search(value):
        return None
    return f"{show(value)} does not match {argument}"


def _unique(argument: Any, value: Any) -> str | None:
    if not argument or not isinstance(value, list):
        return None
    seen: list[Any] = []
    for item in value:
        if item in seen:
            return f"{show(item)} is listed twice"
        seen.append(item)
    return None


_VALUES: dict[str, Callable[[Any, Any], str | None]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda argument, value: _enum([argument], value),
    "pattern": _pattern,
    "uniqueItems": _unique,
    "minimum": _number(lambda value, limit: value >= limit, "is less than"),
    "maximum": _number(lambda value, limit: value <= limit, "is more than"),
    "exclusiveMinimum": _number(lambda value, limit: value > limit, "is not more than"),
    "exclusiveMaximum": _number(lambda value, limit: value < limit, "is not less than"),
    "multipleOf": _number(lambda value, unit: value % unit == 0, "is not a multiple of"),
    "minLength": _size(str, lambda size, limit: size >= limit, "needs at least {} characters"),
    "maxLength": _size(str, lambda size, limit: size <= limit, "may have at most {} characters"),
    "minItems": _size(list, lambda size, limit: size >= limit, "needs at least {} items"),
    "maxItems": _size(list, lambda size, limit: size <= limit, "may have at most {} items"),
    "minProperties": _size(dict, lambda size, limit: size >= limit, "needs at least {} entries"),
    "maxProperties": _size(dict, lambda size, limit: size <= limit, "may have at most {} entries"),
}


def _plain(keyword: str, argument: Any, value: Any, path: str) -> tuple[Verdict, list[Problem]]:
    reason = _VALUES[keyword](argument, value)
    return _FINE if reason is None else _wrong(path, reason)
