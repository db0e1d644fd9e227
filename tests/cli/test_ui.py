"""The drawing of plans and progress."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ascend.engine.model import Event, EventKind, Op, Step, Target
from ascend.ui import report, tree
from ascend.ui.ops import LOOKS
from ascend.ui.progress import Progress
from tests.cli.fakes import DATABASE, STACK, WORLD, result


def test_every_operation_has_a_look() -> None:
    assert set(LOOKS) == set(Op)


@pytest.mark.parametrize(
    ("token", "short"),
    [
        ("aws:rds/instance:Instance", "aws:rds:Instance"),
        ("aws:ec2/vpc:Vpc", "aws:ec2:Vpc"),
        ("ascend:components:Network", "ascend:components:Network"),
        ("pulumi:pulumi:Stack", "pulumi:pulumi:Stack"),
        ("strange", "strange"),
    ],
)
def test_a_type_is_shortened(token: str, short: str) -> None:
    assert tree.short_type(token) == short


def test_unchanged_branches_are_left_out_and_ancestors_kept() -> None:
    other = replace(WORLD, urn="urn:other", name="other")
    rows = list(tree.rows([STACK, WORLD, other, DATABASE], [DATABASE.urn]))
    assert [(row.step.name, row.depth, row.scaffold) for row in rows] == [
        ("ascend-dev", 0, True),
        ("dev", 1, True),
        ("dev-db", 2, False),
    ]


@given(st.lists(st.integers(min_value=-1, max_value=30), max_size=30), st.sets(st.integers(0, 30)))
def test_every_wanted_resource_is_drawn_once_below_its_parent(parents: list[int], wanted: set[int]) -> None:
    steps = [Step(Op.CREATE, f"u{i}", "t:t:T", f"n{i}", parent=f"u{p}" if p < i else "") for i, p in enumerate(parents)]
    rows = list(tree.rows(steps, [f"u{i}" for i in wanted]))
    drawn = [row.step.urn for row in rows]
    assert len(drawn) == len(set(drawn))
    assert {row.step.urn for row in rows if not row.scaffold} == {f"u{i}" for i in wanted if i < len(steps)}
    for row in rows:
        if row.depth:
            assert drawn.index(row.step.parent) < drawn.index(row.step.urn)


def test_changed_keys_are_named_and_the_replacing_ones_marked() -> None:
    step = replace(DATABASE, op=Op.REPLACE, replace_keys=("engine",), diff_keys=("engine", "tags"), protect=True)
    assert tree.change_note(step).plain == "  [+-engine, ~tags]  protected"


def test_a_replacement_is_counted_in_words() -> None:
    assert report.counts({"create": 2, "replace": 1, "same": 3}, planned=True).plain == (
        "+ 2 to create, +- 1 to replace, 3 unchanged"
    )
    assert report.counts({}, planned=False).plain == "nothing"


def test_what_a_stack_is_comes_from_its_root_and_else_from_the_command(tmp_path: object) -> None:
    target = Target(root=tmp_path, stack="dev", config={"ascend:system": "x", "ascend:phase": "2"})  # type: ignore[arg-type]
    assert report.described([WORLD], target) == {"system": "floyo", "phase": "single-region"}
    assert report.described([], target) == {"system": "x", "phase": "2"}
    assert report.document(result(STACK), target, "embedded")["system"] == "x"


@pytest.mark.parametrize(
    ("duration", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (185, "3 min 05 s")]
)
def test_durations(duration: float, text: str) -> None:
    assert report.seconds(duration) == text


def _played(events: list[Event], *, terminal: bool, height: int = 40) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=120, height=height, no_color=True)
    with Progress(console, "updating dev") as progress:
        for event in events:
            progress.on_event(event)
    return stream.getvalue()


def test_without_a_terminal_each_finished_change_is_one_plain_line() -> None:
    shown = _played(
        [
            Event(EventKind.STEP_STARTED, WORLD),
            Event(EventKind.STEP_DONE, WORLD),
            Event(EventKind.STEP_STARTED, DATABASE),
            Event(EventKind.DIAGNOSTIC, message="slow today\n", severity="warning"),
            Event(EventKind.DIAGNOSTIC, message="told later", severity="error"),
            Event(EventKind.STEP_DONE, DATABASE),
        ],
        terminal=False,
    )
    assert shown.splitlines() == [
        "updating dev …",
        "warning: slow today",
        " + aws:rds:Instance  dev-db  created (0.0 s)",
    ]


def test_a_replacement_is_told_by_its_halves() -> None:
    halves = [replace(DATABASE, op=op) for op in (Op.CREATE_REPLACEMENT, Op.REPLACE, Op.DELETE_REPLACED)]
    shown = _played([Event(EventKind.STEP_DONE, step) for step in halves], terminal=False)
    assert [line[:2] for line in shown.splitlines()[1:]] == ["++", "--"]


@pytest.mark.parametrize(
    "order", [(Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED), (Op.DELETE_REPLACED, Op.CREATE_REPLACEMENT)]
)
def test_in_the_final_tree_a_replacement_is_one_line(order: tuple[Op, Op]) -> None:
    events = []
    for op in order:
        step = replace(DATABASE, op=op)
        events += [Event(EventKind.STEP_STARTED, step), Event(EventKind.STEP_DONE, step)]
    assert re.search(r"\+-.*dev-db.*  replaced \(", _played(events, terminal=True).splitlines()[-1])


def test_a_failed_resource_is_shown_as_failed() -> None:
    shown = _played(
        [Event(EventKind.STEP_STARTED, DATABASE), Event(EventKind.STEP_FAILED, DATABASE, "no")], terminal=False
    )
    assert "dev-db  failed after" in shown


def test_a_terminal_ends_with_the_whole_tree_however_small_it_is() -> None:
    many = [replace(DATABASE, urn=f"u{i}", name=f"db-{i}") for i in range(50)]
    events = [Event(EventKind.STEP_DONE, WORLD)]
    for step in many:
        events += [Event(EventKind.STEP_STARTED, step), Event(EventKind.STEP_DONE, step)]
    shown = _played(events, terminal=True, height=10)
    final = shown.rpartition("ascend:index:World")[2]
    assert set(re.findall(r"db-\d+", final)) == {f"db-{i}" for i in range(50)}


def test_the_live_part_fits_the_terminal_and_prefers_what_runs() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=10)
    progress = Progress(console, "updating dev")
    progress.on_event(Event(EventKind.STEP_DONE, WORLD))
    for i in range(50):
        step = replace(DATABASE, urn=f"u{i}", name=f"db-{i}")
        progress.on_event(Event(EventKind.STEP_STARTED, step))
        if i != 7:
            progress.on_event(Event(EventKind.STEP_DONE, step))
    window = progress._window()
    assert len(window) <= 6
    assert "db-7" in {row.step.name for row in window}


@pytest.mark.parametrize("width", [80, 60])
def test_on_a_narrow_terminal_the_name_gives_way_to_the_status(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=10)
    progress = Progress(console, "updating dev")
    long = replace(DATABASE, name="floyo-dev-use1-network-default-and-then-some-more-of-it")
    progress.on_event(Event(EventKind.STEP_STARTED, long))
    with console.capture() as captured:
        console.print(progress._render())
    drawn = captured.get().splitlines()[-1]
    assert re.search(r"aws:rds:Instance.*  .*….*more-of-it.*  creating \d\.\d s", drawn), drawn


def test_a_short_name_is_drawn_whole_and_a_tiny_terminal_still_shows_its_end() -> None:
    row = tree.Row(DATABASE, 3, scaffold=False)
    assert tree.line(row, width=80).plain == tree.line(row).plain
    named = tree.Row(replace(DATABASE, name="a-name-of-some-length"), 3, scaffold=False)
    assert tree.line(named, width=10).plain.endswith("  …-length")


def test_outputs_take_a_line_each_and_long_ones_are_told_by_their_size() -> None:
    out = io.StringIO()
    lines = ["No CDN: set ascend:domain and ascend:zone, a name in a Cloudflare zone."] * 9
    outputs = {"url": "https://x", "sql": "SELECT 1;\nSELECT 2;\n", "region": {"a": "b" * 400}, "missing": lines}
    report.print_outputs(Console(file=out, width=2000), outputs)
    assert out.getvalue().splitlines() == [
        f"    missing  {json.dumps(lines)}",
        "    region   (long; --json prints it)",
        "    sql      (2 lines; --json prints them)",
        "    url      https://x",
    ]
