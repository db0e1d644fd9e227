"""The findings as SARIF 2.1.0, which code hosts show on the lines of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ascend import __version__
from ascend.review.findings import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.review.findings import Finding
    from ascend.review.report import Report

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Level.BLOCKING: "error", Level.WARNING: "warning", Level.NOTE: "note"}


def sarif(report: Report) -> dict[str, Any]:
    """The report as a SARIF log with one run."""
    found = [(review.stack, one) for review in report.reviews for one in review.findings]
    rules = {one.rule: one.about for _, one in found}
    order = sorted(rules)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "ascend",
                        "semanticVersion": __version__,
                        "rules": [{"id": name, "shortDescription": {"text": rules[name] or name}} for name in order],
                    }
                },
                "automationDetails": {"id": "ascend-review/"},
                "columnKind": "unicodeCodePoints",
                "results": [_result(stack, one, order, report.prefix) for stack, one in found],
            }
        ],
    }


def _result(stack: str, one: Finding, order: list[str], prefix: str) -> dict[str, Any]:
    return {
        "ruleId": one.rule,
        "ruleIndex": order.index(one.rule),
        "level": _LEVELS[one.level],
        "message": {"text": f"{stack}: {one.message}"},
        "locations": list(_locations(stack, one, prefix)),
        "baselineState": "unchanged" if one.old else "new",
        "partialFingerprints": {"ascend/v1": f"{stack}|{one.rule}|{one.name}"},
    }


def _locations(stack: str, one: Finding, prefix: str) -> Iterator[dict[str, Any]]:
    file, line = (one.place.file, one.place.line) if one.place is not None else (f"Pulumi.{stack}.yaml", 1)
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": f"{prefix}{file}"}, "region": {"startLine": line}}
    }
    if one.urn:
        location["logicalLocations"] = [{"name": one.name, "fullyQualifiedName": one.urn, "kind": "resource"}]
    yield location
