"""JSON Schema with a third verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ascend.cloud import facts, rules
from ascend.cloud.rules import Verdict
from ascend.cloud.values import UNKNOWN

ROOT = Path(__file__).parents[2] / "ascend" / "cloud"
FACTS = [*sorted((ROOT / "aws" / "facts").glob("*.yaml")), ROOT / "cloudflare.yaml"]

CASES: list[tuple[Any, Any, Verdict]] = [
    ({"type": "string"}, "a", Verdict.FINE),
    ({"type": "integer"}, True, Verdict.WRONG),
    ({"type": ["string", "integer"]}, 1, Verdict.FINE),
    ({"enum": ["256", "512"]}, 256, Verdict.FINE),
    ({"const": True}, "true", Verdict.FINE),
    ({"minimum": 3}, 2, Verdict.WRONG),
    ({"maximum": 3}, "x", Verdict.FINE),
    ({"multipleOf": 60}, 90, Verdict.WRONG),
    ({"exclusiveMinimum": 0}, 0, Verdict.WRONG),
    ({"exclusiveMaximum": 5}, 4, Verdict.FINE),
    ({"pattern": "^a"}, "ba", Verdict.WRONG),
    ({"pattern": "^\\d+(?i)gb$"}, "5GB", Verdict.FINE),
    ({"pattern": "(?<bad"}, "x", Verdict.FINE),
    ({"minLength": 2}, "a", Verdict.WRONG),
    ({"maxItems": 1}, [1, 2], Verdict.WRONG),
    ({"uniqueItems": True}, [{"a": 1}, {"a": 1}], Verdict.WRONG),
    ({"required": ["a"]}, {}, Verdict.WRONG),
    ({"required": ["a"]}, {"a": UNKNOWN}, Verdict.FINE),
    ({"properties": {"a": {"minimum": 1}}}, {"a": 0}, Verdict.WRONG),
    ({"properties": {"a": False}}, {"a": 0}, Verdict.WRONG),
    ({"properties": {"a": {"minimum": 1}}}, {"a": UNKNOWN}, Verdict.UNDECIDED),
    ({"items": {"type": "string"}}, ["a", 1], Verdict.WRONG),
    ({"contains": {"const": "FARGATE"}}, ["EC2"], Verdict.WRONG),
    ({"contains": {"const": "FARGATE"}}, ["EC2", UNKNOWN], Verdict.UNDECIDED),
    ({"not": {"required": ["a"]}}, {"a": 1}, Verdict.WRONG),
    ({"not": {"properties": {"a": {"const": 1}}}}, {"a": UNKNOWN}, Verdict.UNDECIDED),
    ({"anyOf": [{"const": 1}, {"minimum": 30}]}, 7, Verdict.WRONG),
    ({"anyOf": [{"const": 1}, {"minimum": 30}]}, UNKNOWN, Verdict.UNDECIDED),
    ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, Verdict.WRONG),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, Verdict.WRONG),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": False}, {}, Verdict.WRONG),
    ({"if": {"properties": {"a": {"const": 1}}}, "then": False}, {"a": UNKNOWN}, Verdict.UNDECIDED),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, Verdict.WRONG),
    ({"dependentExcluded": {"a": ["b"]}}, {"a": 1, "b": 2}, Verdict.WRONG),
    ({"$ref": "#/definitions/x"}, 1, Verdict.WRONG),
]


@pytest.mark.parametrize(("schema", "value", "verdict"), CASES)
def test_verdicts(schema: Any, value: Any, verdict: Verdict) -> None:
    found, problems = rules.judge(schema, value, {"x": {"type": "string"}})
    assert found is verdict
    assert bool(problems) == (verdict is Verdict.WRONG)


def test_problems_say_where_and_what() -> None:
    schema = {"properties": {"a": {"items": {"properties": {"b": {"enum": ["x", "y"]}}}}}}
    (problem,) = rules.judge(schema, {"a": [{"b": "x"}, {"b": "z"}]})[1]
    assert problem.path == "a[1].b"
    assert problem.reason == '"z" is not one of x, y'


def keywords(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(keywords(item) for item in node))
    if not isinstance(node, dict):
        return set()
    found = set(node)
    for name, item in node.items():
        if name in {"properties", "dependentRequired", "dependentExcluded"}:
            found |= set().union(*(keywords(below) for below in item.values()), set())
        elif name not in {"enum", "const", "required"}:
            found |= keywords(item)
    return found


@pytest.mark.parametrize("path", FACTS, ids=lambda path: path.stem)
def test_our_own_rules_use_only_what_is_understood_and_name_a_source(path: Path) -> None:
    document = facts.read_yaml(path)
    assert document["source"]
    for token, entry in document["types"].items():
        assert entry["source"], token
        for rule in entry.get("rules", ()):
            assert keywords(rule["schema"]) <= rules.KEYWORDS, rule
            assert rule["source"], rule
