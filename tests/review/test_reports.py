"""The forms of a report: short enough, valid, and with nothing in them that acts."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from ascend.engine.model import Op, Step
from ascend.review import markdown, sarif
from ascend.review.changes import Change
from ascend.review.findings import Finding, Level, Place, Verdict, accepted, verdict
from ascend.review.report import Report
from ascend.review.review import Review, unjudged

#: The part of SARIF 2.1.0 that code hosts insist on (OASIS, sarif-schema-2.1.0.json, read 2026-11-21).
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {"required": ["driver"], "properties": {"driver": {"required": ["name", "rules"]}}},
                    "results": {
                        "items": {
                            "required": ["ruleId", "level", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "locations": {
                                    "minItems": 1,
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation", "region"],
                                                "properties": {"region": {"properties": {"startLine": {"minimum": 1}}}},
                                            }
                                        },
                                    },
                                },
                            },
                        }
                    },
                },
            },
        },
    },
}
URN = "urn:pulumi:dev::ascend::aws:rds/instance:Instance::dev-database-primary"


def _finding(**more: Any) -> Finding:
    fields: dict[str, Any] = {"rule": "data-at-risk", "level": Level.BLOCKING, "message": "lost", "urn": URN}
    return Finding(**{**fields, **more})


def _report(*findings: Finding, changes: int = 0) -> Report:
    steps = [Step(Op.DELETE, f"{URN}-{n}", "aws:rds/instance:Instance", f"primary-{n}") for n in range(changes)]
    listed = [Change(Op.DELETE, step, (), {}, ()) for step in steps]
    review = Review(stack="dev", findings=findings, verdict=verdict(findings), changes=listed)
    return Report("`abc`", [review], "deploy/")


def test_the_verdict_and_the_table_come_first() -> None:
    lines = markdown.markdown(_report(_finding())).splitlines()
    assert lines[0] == markdown.MARKER
    assert "blocked" in lines[1]
    assert [line for line in lines[:8] if line.startswith("| `dev`")]


def test_a_long_report_is_cut_and_says_so() -> None:
    text = markdown.markdown(_report(*[_finding(message="x" * 900, urn=f"{URN}{n}") for n in range(400)], changes=5000))
    assert len(text) <= markdown.LIMIT
    assert "more lines, in the whole report" in text
    assert text.startswith(markdown.MARKER)


def test_nothing_that_somebody_wrote_acts_in_a_comment() -> None:
    text = markdown.markdown(_report(_finding(message="<script>@team [link](x) | `code`")))
    assert "<script>" not in text
    assert "@team" not in text
    assert "[link](x)" not in text


def test_details_are_folded_away() -> None:
    text = markdown.markdown(_report(_finding(), changes=3))
    assert text.index("<details>") < text.index("primary-2")


def test_findings_are_on_their_lines() -> None:
    placed = _finding(place=Place("components/database.py", 12))
    log = sarif.sarif(_report(placed, _finding(rule="tags", level=Level.NOTE, urn="", old=True)))
    jsonschema.validate(log, SARIF)
    first, second = log["runs"][0]["results"]
    where = first["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "deploy/components/database.py"}, "region": {"startLine": 12}}
    assert (first["level"], first["baselineState"]) == ("error", "new")
    assert (second["level"], second["baselineState"]) == ("note", "unchanged")
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert rules[first["ruleIndex"]]["id"] == "data-at-risk"


def test_the_document_is_json_with_every_part() -> None:
    document = json.loads(json.dumps(_report(_finding(), changes=1).document()))
    assert document["verdict"] == "blocked"
    (stack,) = document["stacks"]
    assert stack["summary"]["deleted"] == 1
    assert stack["findings"][0]["rule"] == "data-at-risk"


def test_exit_codes() -> None:
    passed = Review(stack="a")
    assert Report("x", [passed]).exit_code == 0
    assert Report("x", [passed, unjudged("b", "no")]).exit_code == 2
    assert _report(_finding()).exit_code == 1
    assert Report("x", [*_report(_finding()).reviews, unjudged("b", "no")]).exit_code == 1


def test_what_is_agreed_to_no_longer_blocks() -> None:
    found = accepted([_finding(rule="budget-raised")], ["budget-raised"])
    assert verdict(found) is Verdict.PASS
    assert found[0].level is Level.NOTE
    assert verdict(accepted([_finding()], ["budget-raised"])) is Verdict.BLOCKED
