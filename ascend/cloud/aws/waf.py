"""What a web ACL costs in capacity units, which AWS WAF limits."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ascend.cloud.facts import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A web ACL with more is refused.
LIMIT = 5000


@cache
def _table() -> dict[str, Any]:
    return read_yaml(Path(__file__).parent / "data" / "waf.yaml")


def managed_groups() -> Mapping[str, int]:
    """AWS's own rule groups and their capacity."""
    groups: dict[str, int] = _table()["managed_groups"]
    return groups


def capacity(rules: list[Any]) -> int | None:
    """The capacity units of rules in the API's names, None where it depends on something that is not known.

    A rule group of another vendor, or of one's own, has a capacity that only AWS knows.
    """
    total = 0
    for rule in rules:
        units = _statement(rule.get("Statement")) if isinstance(rule, dict) else None
        if units is None:
            return None
        total += units
    return total


def _statement(statement: Any) -> int | None:
    if not isinstance(statement, dict) or len(statement) != 1:
        return None
    ((name, block),) = statement.items()
    if not isinstance(block, dict):
        return None
    if name in {"AndStatement", "OrStatement", "NotStatement"}:
        return _nested(name, block)
    weigh = {"ManagedRuleGroupStatement": _managed, "RateBasedStatement": _rate_based}.get(name)
    return weigh(block) if weigh else _match(name, block)


def _managed(block: Mapping[str, Any]) -> int | None:
    return managed_groups().get(str(block.get("Name"))) if block.get("VendorName") == "AWS" else None


def _nested(name: str, block: Mapping[str, Any]) -> int | None:
    parts = [block.get("Statement")] if name == "NotStatement" else block.get("Statements")
    units = [_statement(part) for part in parts] if isinstance(parts, list) else [None]
    known = [unit for unit in units if unit is not None]
    return sum(known) if len(known) == len(units) else None


def _rate_based(block: Mapping[str, Any]) -> int | None:
    keys = block.get("CustomKeys") or []
    units: int = _table()["statements"]["RateBasedStatement"] + _table()["custom_key"] * len(keys)
    if not block.get("ScopeDownStatement"):
        return units
    below = _statement(block["ScopeDownStatement"])
    return None if below is None else units + below


def _match(name: str, block: Mapping[str, Any]) -> int | None:
    if name == "ByteMatchStatement":
        units = _table()["byte_match"].get(block.get("PositionalConstraint"))
    elif name == "SqliMatchStatement" and block.get("SensitivityLevel") == "HIGH":
        units = _table()["sqli_high"]
    else:
        units = _table()["statements"].get(name)
    if units is None:
        return None
    field = block.get("FieldToMatch") or {}
    doubled = 2 * units if "JsonBody" in field else units
    extra = _table()["all_query_arguments"] if "AllQueryArguments" in field else 0
    # Every transformation costs, except the one that transforms nothing.
    changes = [row for row in block.get("TextTransformations") or [] if row.get("Type") != "NONE"]
    return int(doubled + extra + _table()["text_transformation"] * len(changes))
