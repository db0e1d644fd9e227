"""Each billed type against its golden file: every line of a few resources, to a millionth of a dollar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ascend.cost.rules import RULES
from tests.cost.golden_cases import lines_of

FILES = sorted((Path(__file__).parent / "golden").glob("*.json"))
GOLDEN = {document["type"]: document for document in (json.loads(file.read_text()) for file in FILES)}
CASES = [
    pytest.param(type_, case, id=f"{type_.rpartition(':')[2]}: {case['name']}")
    for type_, document in GOLDEN.items()
    for case in document["cases"]
]


def test_every_rule_has_a_golden_file() -> None:
    assert set(GOLDEN) == set(RULES)


@pytest.mark.parametrize(("type_", "case"), CASES)
def test_a_resource_is_billed_as_its_golden_file_says(type_: str, case: dict[str, Any]) -> None:
    lines, unpriced = lines_of(type_, case)
    assert unpriced == case["unpriced"]
    assert [line[:1] + line[2:3] + line[6:] for line in lines] == [
        line[:1] + line[2:3] + line[6:] for line in case["lines"]
    ]
    for found, wanted in zip(lines, case["lines"], strict=True):
        assert [found[1], *found[3:6]] == pytest.approx([wanted[1], *wanted[3:6]], abs=1e-6)
