"""The page as a document: what it says, how it is built, and that it asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from ascend.report import page, text
from ascend.report.alarms import Entry
from tests.report.plans_of import contents, rung

if TYPE_CHECKING:
    from ascend.report.contents import Contents


class Document(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = ""
        self.feed(source)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._hidden = tag if tag in ("style", "title") else self._hidden

    def handle_endtag(self, tag: str) -> None:
        self._hidden = "" if tag == self._hidden else self._hidden

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def source() -> str:
    return page.render(contents("floyo", "scaled"))


@pytest.fixture(scope="module")
def shown(source: str) -> Document:
    return Document(source)


def test_it_asks_for_nothing(source: str, shown: Document) -> None:
    assert not shown.all("script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use")
    named = [attributes.get(key) or "#" for _, attributes in shown.elements for key in ("href", "src", "action")]
    assert all(one.startswith("#") for one in named)
    assert not [key for _, attributes in shown.elements for key in attributes if key == "style" or key.startswith("on")]
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert style
    assert "@import" not in style[1]
    assert "url(" not in style[1]
    policy = next(one["content"] for one in shown.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_it_is_built_for_every_reader(shown: Document) -> None:
    levels = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in shown.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = [attributes.get("aria-labelledby") for _, attributes in shown.elements if "aria-labelledby" in attributes]
    wanted += [(one["href"] or "").removeprefix("#") for one in shown.all("a")]
    assert set(wanted) <= set(ids)
    assert len(shown.all("table")) == len(shown.all("caption"))
    assert all(one.get("scope") in ("col", "row") for one in shown.all("th"))
    assert shown.all("html")[0]["lang"] == "en"
    assert len(shown.all("main")) == 1


def test_it_says_what_cost_and_capacity_say(shown: Document) -> None:
    for phase in ("single-region", "cached", "scaled", "global"):
        one = rung("floyo", phase)
        for figure in (one.cost.monthly.low, one.cost.monthly.expected, one.cost.monthly.high, one.cost.cap):
            assert figure is not None
            assert text.dollars(figure) in shown.text
        assert f"{one.capacity.max_users:,} users" in shown.text
    for resource in rung("floyo", "scaled").capacity.resources:
        assert text.words(resource.name) in shown.text
        assert text.percent(resource.utilization) in shown.text


def test_it_says_what_the_next_promotion_changes(shown: Document) -> None:
    step = contents("floyo", "scaled").step
    assert step is not None
    assert text.signed(step.monthly.expected) in shown.text
    assert f"Total of all {len(step.cost)} lines" in shown.text
    assert f"Each of the {len(step.promotion.changes)} resources" in shown.text
    for change in step.cost:
        assert text.signed(change.monthly.expected) in shown.text
    for one in step.promotion.changes:
        assert one.name in shown.text


def test_every_alarm_is_in_it(shown: Document) -> None:
    for entry in contents("floyo", "scaled").alarms:
        assert entry.what in shown.text
        assert entry.when in shown.text


def test_alarms_that_nobody_hears_are_said_loudly(shown: Document) -> None:
    assert "alarms, and nobody hears them" in shown.text
    assert "ascend:alertReceivers" in shown.text


def test_receivers_are_named() -> None:
    entry = Entry("Full", "disk above 80 %", "5 min", silent=True, watched=("db",), names=("a", "b"), receivers=())
    heard = replace(entry, names=("c",), receivers=("ops@shop.example",))
    given = replace(contents("floyo", "scaled"), alarms=[entry, heard])
    shown = Document(page.render(given)).text
    assert "3 alarms, heard by ops@shop.example. 2 of them reach nobody." in shown
    assert "disk above 80 %, or no data" in shown


def test_the_last_phase_has_no_next() -> None:
    assert "This is the last phase" in Document(page.render(contents("floyo", "global"))).text


def test_names_of_the_plan_are_text() -> None:
    given = contents("floyo", "scaled")
    entry = replace(given.alarms[0], what="<script>alert(1)</script>")
    assert "<script" not in page.render(replace(given, alarms=[entry]))


def test_a_page_is_the_same_each_time(source: str) -> None:
    assert page.render(contents("floyo", "scaled")) == source


def test_the_data_is_json() -> None:
    for phase in ("single-region", "global"):
        given: Contents = contents("floyo", phase)
        # Strict: no infinity, which no browser reads.
        json.dumps(given.document(), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "dollars", "signed"),
    [
        (0, "$0.00", "+$0.00"),
        (49.567, "$49.57", "+$49.57"),
        (1974.2, "$1,974", "+$1,974.20"),
        (-3, "\u2212$3.00", "\u2212$3.00"),
    ],
)
def test_money(value: float, dollars: str, signed: str) -> None:
    assert (text.dollars(value), text.signed(value)) == (dollars, signed)


@pytest.mark.parametrize(
    ("share", "shown"), [(0.791, "79.1 %"), (0, "0.0 %"), (25, "2,500 %"), (float("inf"), "no supply")]
)
def test_shares(share: float, shown: str) -> None:
    assert text.percent(share) == shown
