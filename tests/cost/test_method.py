"""The estimate by hand in docs/cost-method.md, read from its table and held against the tool."""

from __future__ import annotations

import ast
import operator
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ascend import plans
from ascend.cost import prices
from ascend.cost.estimate import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.cost.model import Estimate

ROOT = Path(__file__).parents[2]
HEADING = "## One stack by hand"
#: The table's multiplication and division signs.
SIGNS = {0xD7: "*", 0xF7: "/"}
_OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def cents(amount: float) -> str:
    """Rounded as a bill is: half a cent up. A millionth is kept before, which a float does not hold exactly."""
    return str(Decimal(f"{amount:.6f}").quantize(Decimal("0.01"), ROUND_HALF_UP))


def calculate(text: str) -> float:
    """What a sum of the table comes to."""

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp):
            return _OPERATIONS[type(node.op)](value(node.left), value(node.right))
        assert isinstance(node, ast.Constant)
        assert isinstance(node.value, int | float)
        return node.value

    return value(ast.parse(text.translate(SIGNS), mode="eval").body)


def rows() -> list[list[str]]:
    """The cells of the table, without its head."""
    section = (ROOT / "docs" / "cost-method.md").read_text(encoding="utf-8").split(HEADING)[1].split("\n## ")[0]
    lines = re.findall(r"^\| .*\|$", section, re.MULTILINE)
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines][1:]


@pytest.fixture(scope="module")
def floyo() -> Estimate:
    return estimate(plans.plan(ROOT, None, "floyo", "1").resources)


def test_the_hand_agrees_with_the_tool_line_by_line_and_to_the_cent(floyo: Estimate) -> None:
    tool: dict[tuple[str, str], tuple[float, float, float]] = {}
    for line in floyo.lines:
        quantity, monthly, _ = tool.get((line.service, line.item), (0.0, 0.0, 0.0))
        tool[line.service, line.item] = (
            quantity + line.quantity.expected,
            monthly + line.monthly.expected,
            line.unit_price,
        )
    *by_hand, total = rows()
    assert {(service, item) for service, item, *_ in by_hand} == set(tool)
    for service, item, quantity, price, monthly in by_hand:
        found = tool[service, item]
        assert calculate(quantity) == pytest.approx(found[0], abs=1e-5), item
        assert float(price) == pytest.approx(found[2]), item
        assert cents(calculate(quantity) * float(price)) == monthly == cents(found[1]), item
    assert cents(sum(calculate(row[2]) * float(row[3]) for row in by_hand)) == total[-1]
    assert cents(floyo.monthly.expected) == total[-1]


def test_the_stack_by_hand_is_priced_whole(floyo: Estimate) -> None:
    assert floyo.unpriced == ()


def test_the_page_says_how_many_prices_are_verified() -> None:
    given = [price for regions in prices.load().prices.values() for price in regions.values()]
    page = (ROOT / "docs" / "cost-method.md").read_text(encoding="utf-8")
    assert f"{sum(price.verified for price in given)} of the {len(given)} prices are quoted" in page
