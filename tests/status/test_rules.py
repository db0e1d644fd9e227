"""The table of triggers, and what a project lays over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ascend.errors import InputError
from ascend.status import rules

DOCS = Path(__file__).parents[2] / "docs" / "status.md"


def laid_over(tmp_path: Path, text: str) -> rules.Rules:
    (tmp_path / rules.OVERLAY).write_text(text)
    return rules.load(tmp_path)


def test_the_figures_of_the_document() -> None:
    """backend-ai-worker.md, "Scaling Triggers"."""
    found = rules.load()
    above = {rule.name: rule.above for rule in found.up if rule.above is not None}
    assert above == {"cpu": 70, "memory": 80, "p95": 2, "errors": 1, "queue": 100}
    assert {rule.name: rule.below for rule in found.down} == {"cpu": 30, "memory": 50, "queue": 10}
    assert found.long_signals == ("cpu", "memory", "queue depth")
    assert all(rule.minutes >= 15 for rule in found.up), "no peak alone moves a stack"
    assert found.down_hours == 7 * 24


def test_the_documentation_says_the_same(tmp_path: Path) -> None:
    text = DOCS.read_text(encoding="utf-8")
    rows = {line.split("|")[1]: line for line in text.splitlines() if line.startswith("| `")}
    found = rules.load()
    for rule in found.up:
        (row,) = [line for names, line in rows.items() if f"`{rule.name}`" in names]
        assert ("own alarm" in row) if rule.above is None else f"above {rule.above:g} " in row
        assert f"{rule.share:.0%}".replace("%", " %") + f" of {rule.minutes:g} minutes" in row or "a day" in row
    (users,) = [line for names, line in rows.items() if "`users`" in names]
    assert f"{found.users_share * 100:g} % of those" in users
    (demote,) = [line for line in text.splitlines() if line.startswith("| demote")]
    for rule in found.down:
        assert f"{rule.below:g} " in demote
    assert f"less than {found.requests_share * 100:g} %" in demote
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert "errors" not in {rule.name for rule in laid_over(tmp_path, example).up}


def test_a_project_without_values_of_its_own(tmp_path: Path) -> None:
    assert rules.load(tmp_path) == rules.load()
    assert laid_over(tmp_path, "") == rules.load()


def test_values_are_laid_over(tmp_path: Path) -> None:
    found = laid_over(
        tmp_path,
        "up:\n"
        "  cpu: {above: 60, minutes: 15}\n"
        "  errors: null\n"
        "  connections: {above: 50}\n"
        "  p95: {alarm: true}\n"
        "  lag: {signal: replica lag, above: 30, minutes: 30, share: 0.5}\n"
        "down: {hours: 24, cpu: {below: 10}}\n"
        "users: {share: 0.5}\n",
    )
    up = {rule.name: rule for rule in found.up}
    assert (up["cpu"].above, up["cpu"].minutes, up["cpu"].share, up["cpu"].signal) == (60, 15, 0.9, "cpu")
    assert "errors" not in up
    assert (up["connections"].alarm, up["connections"].above) == (False, 50)
    assert (up["p95"].alarm, up["p95"].above) == (True, None)
    assert (up["lag"].signal, up["lag"].above) == ("replica lag", 30)
    assert up["memory"] == {rule.name: rule for rule in rules.load().up}["memory"]
    assert (found.down_hours, found.down[0].below, found.users_share) == (24, 10, 0.5)
    assert rules.load().users_share == 0.9, "the table itself is as it was"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cpu: 3", "triggers.yaml: cpu is not known; allowed: up, users, down, resize"),
        ("- 1", "triggers.yaml: it must be a table with the keys up, users"),
        ("up: 3", "triggers.yaml: up must be a table"),
        ("up: {cpu: 70}", r"up\.cpu must be a table with the keys signal, above"),
        ("up: {cpu: {abvoe: 70}}", r"up\.cpu\.abvoe is not known; allowed: signal, above, alarm, minutes, share"),
        ("up: {cpu: {above: high}}", r"up\.cpu\.above is 'high'; allowed: a number above 0"),
        ("up: {cpu: {above: -1}}", "a number above 0"),
        ("up: {cpu: {above: true}}", "a number above 0"),
        ("up: {cpu: {share: 1.5}}", r"up\.cpu\.share is 1\.5; allowed: above 0, at most 1"),
        ("up: {cpu: {minutes: 0}}", r"up\.cpu\.minutes is 0"),
        ("up: {new: {signal: cpu, minutes: 5, share: 1}}", r"up\.new needs a signal, and either `above`"),
        ("up: {new: {above: 3, minutes: 5, share: 1}}", r"up\.new needs a signal"),
        ("down: {hours: soon}", r"down\.hours is 'soon'"),
        ("down: {cpu: {below: null}}", r"down\.cpu\.below is None"),
        ("users: {share: 2}", r"users\.share is 2"),
        ("up: [", "cannot be read"),
    ],
)
def test_values_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        laid_over(tmp_path, text)
    assert "\n" not in str(error.value)
