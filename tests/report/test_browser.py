"""The page in a real browser: Debian's Chromium, where it is installed (`apt-get install chromium`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ascend.report import page
from tests.report import browser as chromium
from tests.report.plans_of import contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.report.browser import Browser

PROGRAM = chromium.binary()
pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason=f"none of {', '.join(chromium.NAMES)} is installed"),
    # One browser for all of them.
    pytest.mark.xdist_group("browser"),
]
LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
PHONE, TABLET, DESKTOP = 360, 760, 1440


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert PROGRAM is not None
    with chromium.browser(PROGRAM) as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page in the middle of the ladder and one at its end."""
    folder = tmp_path_factory.mktemp("report")
    written = {phase: folder / f"{phase}.html" for phase in ("scaled", "global")}
    for phase, file in written.items():
        file.write_text(page.render(contents("floyo", phase)), encoding="utf-8")
    return written


@pytest.mark.parametrize("phase", ["scaled", "global"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_looks_right(browser: Browser, files: dict[str, Path], phase: str, *, dark: bool) -> None:
    browser.look(width=DESKTOP, dark=dark)
    browser.open(files[phase])
    # What a click shows is looked at too.
    browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.ask("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    ground = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(17, 21, 26)") is dark
    complaints = {}
    for width in (DESKTOP, TABLET, PHONE):
        browser.look(width=width, dark=dark)
        complaints[width] = browser.ask(LOOK.replace("WIDTH", str(width)))
    assert complaints == {DESKTOP: [], TABLET: [], PHONE: []}


def test_what_looks_wrong_is_seen(browser: Browser, files: dict[str, Path]) -> None:
    browser.look(width=PHONE, dark=False)
    browser.open(files["scaled"])
    browser.ask(
        """(() => {
          const style = (selector, given) => Object.assign(document.querySelector(selector).style, given);
          style("h1", { color: "#bbb" });
          style(".eyebrow", { fontSize: "9px" });
          style(".load caption", { width: "500px" });
          style("nav ul", { whiteSpace: "nowrap", flexWrap: "nowrap", overflow: "hidden" });
          style(".narrow .part.service .quiet", { fontSize: "40px" });
          style(".narrow .part.database .name", { fill: "#ddd" });
        })()"""
    )
    found = " ".join(browser.ask(LOOK.replace("WIDTH", str(PHONE))))
    for word in ("contrast 1.", "9 px small", "the page is 5", "is outside", "is cut", "leaves its box", "PostgreSQL"):
        assert word in found


def test_it_asks_the_network_for_nothing(browser: Browser, files: dict[str, Path]) -> None:
    browser.open(files["scaled"])
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert asked == [files["scaled"].as_uri()]
    said = [event for event in browser.events if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled")]
    assert said == []


def test_its_policy_stops_what_is_smuggled_in(browser: Browser, tmp_path: Path, files: dict[str, Path]) -> None:
    source = files["global"].read_text(encoding="utf-8")
    planted = "<script>document.title = 'run'</script><p id=planted style='color: rgb(1, 2, 3)'>x</p>"
    file = tmp_path / "planted.html"
    file.write_text(source.replace("</main>", f"{planted}</main>"), encoding="utf-8")
    browser.open(file)
    assert browser.ask("document.title") != "run"
    assert browser.ask("getComputedStyle(document.getElementById('planted')).color") != "rgb(1, 2, 3)"


def test_it_is_reached_by_keyboard(browser: Browser, files: dict[str, Path]) -> None:
    browser.look(width=DESKTOP, dark=False)
    browser.open(files["scaled"])
    reached = []
    for _ in range(8):
        browser.press("Tab")
        reached.append(browser.ask("document.activeElement.textContent.trim()"))
    assert reached == [
        "Skip to the report",
        "Architecture",
        "Four phases",
        "Load",
        "Cost",
        "Alarms",
        "Next promotion",
        "The same as a table",
    ]
    assert browser.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert browser.ask("document.querySelector('details').open") is False
    browser.press("Enter")
    assert browser.ask("document.querySelector('details').open") is True


def test_numbers_stand_at_the_right(browser: Browser, files: dict[str, Path]) -> None:
    browser.look(width=DESKTOP, dark=False)
    browser.open(files["scaled"])
    sides = browser.ask("[...document.querySelectorAll('td.number')].map((one) => getComputedStyle(one).textAlign)")
    assert set(sides) == {"right"}


def test_it_is_printed_whole(browser: Browser, files: dict[str, Path]) -> None:
    browser.look(width=TABLET, dark=False, paper=True)
    browser.open(files["scaled"])
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    hidden = "[...document.querySelectorAll('details table')].filter((one) => !one.getBoundingClientRect().height)"
    assert browser.ask(f"{hidden}.length") == 0
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth") is True
