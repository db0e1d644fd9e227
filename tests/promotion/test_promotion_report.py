"""The report of a move: for a terminal, for a workflow's summary; nothing in it is markup of somebody else's."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from ascend.promotion import report


def found(**more: Any) -> dict[str, Any]:
    side = {"cost": {"expected": 49.05}, "cap": 50.0, "capacity": {"holds": True, "users": 1000, "max_users": None}}
    after = {
        "cost": {"expected": 145.94},
        "cap": 200.0,
        "capacity": {"holds": False, "users": 10000, "max_users": 9000},
    }
    plan = {
        "summary": {"deleted": 0, "replaced": 1, "changed": 2, "added": 3, "unchanged": 9},
        "changes": [{"op": "replaced", "name": "a-task", "type": "aws:ecs/taskDefinition:TaskDefinition"}],
        "findings": [{"level": "warning", "rule": "a-policy", "message": "tell @everybody | <b>now</b>"}],
        "said": ["No CDN."],
        "before": side,
        "after": after,
        "cost_changes": [
            {"urn": f"urn::r-{number}", "item": "Hours", "monthly": {"expected": 1.5}} for number in range(20)
        ],
    }
    return {
        "kind": "promote",
        "stack": "dev",
        "system": "floyo",
        "from": "single-region",
        "to": "cached",
        "forced": "a `launch`",
        "outcome": "dry-run",
        "problems": [],
        "steps": [{"name": "check", "seconds": 1.0, "done": True}, {"name": "plan", "seconds": 2.0, "done": True}],
        "checks": [
            {"name": "drift", "ok": True, "forced": False, "detail": "none"},
            {"name": "triggers", "ok": False, "forced": True, "detail": "stay"},
        ],
        "plan": plan,
        "rehearsal": {"summary": "rebuilt", "duration_s": 4.2},
        "snapshots": [],
        "applied": None,
        "verified": None,
        "journal": None,
        **more,
    }


def shown(document: dict[str, Any]) -> str:
    out = io.StringIO()
    report.show(Console(file=out, width=200, highlight=False, markup=False, emoji=False, soft_wrap=True), document)
    return out.getvalue()


def test_a_terminal_is_shown_each_step_and_what_changes() -> None:
    text = shown(found())
    assert "dev: floyo from single-region to cached: could be done in 3.0 s" in text
    assert "check    2 checks, all passed (triggers by force: a `launch`)" in text
    assert (
        "plan     1 replaced, 2 changed, 3 added; $49.05 → $145.94 a month (cap $200); does not hold 10,000 users"
        in text
    )
    assert "rehearse rebuilt in 4.2 s" in text
    assert "replaced a-task" in text
    assert "and 8 more; --json lists them" in text


def test_what_stands_in_the_way_is_named() -> None:
    checks = [{"name": "drift", "ok": False, "forced": False, "detail": "db is gone"}]
    text = shown(found(outcome="blocked", checks=checks, plan=None, rehearsal=None))
    assert "blocked" in text
    assert "1 checks, not passed: drift" in text
    assert "no: drift: db is gone" in text


def test_when_it_is_done_the_details_are_left_to_the_journal() -> None:
    applied = {"summary": {"create": 3, "update": 2, "replace": 1, "delete": 0, "same": 9}, "duration_s": 5.5}
    snapshots = [{"snapshot": "db-promote-1", "gib": 20}]
    text = shown(
        found(
            outcome="done",
            applied=applied,
            snapshots=snapshots,
            verified={"findings": [{}, {}]},
            journal=".ascend/x.jsonl",
        )
    )
    assert "snapshot db-promote-1 (20 GiB); kept until you delete them" in text
    assert "apply    3 create, 2 update, 1 replace in 5.5 s" in text
    assert "verify   2 things looked at, all well" in text
    assert "journal  .ascend/x.jsonl" in text
    assert "Hours" not in text


def test_what_stays_behind_is_listed_with_its_cost() -> None:
    behind = {
        "monthly_usd": 91.2,
        "resources": [{"name": "db-2", "type": "aws:rds/instance:Instance", "region": "eu-west-1", "holds_data": True}],
    }
    document = found()
    text = shown({**document, "kind": "demote", "plan": {**document["plan"], "stays_behind": behind}})
    assert "stays behind, $91.20 a month:" in text
    assert "db-2 (aws:rds/instance:Instance, eu-west-1), holds data" in text


def test_a_summary_is_markdown_in_which_nothing_of_others_is_markup() -> None:
    text = report.markdown(found(outcome="blocked", problems=["plan a-policy: do *not* [click](x)"]))
    assert text.startswith(
        "<!-- ascend promotion -->\n## ⛔ Promotion of `dev` from single-region to cached: blocked\n"
    )
    assert "- ⛔ plan a-policy: do \\*not\\* \\[click\\](x)" in text
    assert "@\u200beverybody \\| &lt;b&gt;now&lt;/b&gt;" in text
    assert "Forced: a \\`launch\\`" in text
    assert "| check | 2 checks, all passed" in text
