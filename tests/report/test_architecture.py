"""What is drawn of a plan, and the drawing."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from ascend.report import architecture, drawing
from ascend.report.architecture import Architecture, Lane, Part, Place
from tests.report.plans_of import contents, rung

SVG = "{http://www.w3.org/2000/svg}"


def kinds(phase: str) -> dict[str, dict[str, int]]:
    """By region the number of parts of each kind."""
    return {
        place.region: {part.kind: part.number for parts in place.lanes.values() for part in parts}
        for place in architecture.read(rung("floyo", phase)).places
    }


def test_the_first_phase() -> None:
    drawn = architecture.read(rung("floyo", "single-region"))
    assert drawn.edge == ()
    assert drawn.between == ()
    assert kinds("single-region") == {"us-east-1": {"balancer": 1, "service": 1, "database": 1, "bucket": 1}}
    assert [part.name for part in drawn.places[0].lanes[Lane.SERVICES]] == ["web", "api"]


def test_each_phase_adds_its_parts() -> None:
    assert kinds("cached")["us-east-1"].keys() - kinds("single-region")["us-east-1"].keys() == {"cache", "replica"}
    assert kinds("scaled")["us-east-1"].keys() - kinds("cached")["us-east-1"].keys() == {"firewall", "nat", "pool"}


def test_the_last_phase_has_a_copy_in_each_region() -> None:
    drawn = architecture.read(rung("floyo", "global"))
    assert [place.region for place in drawn.places] == ["us-east-1", "eu-west-1"]
    assert [place.role for place in drawn.places] == ["home, takes writes", "reads, ready to take over"]
    assert [part.name for part in drawn.edge] == ["Cloudflare edge", "Global load balancer"]
    assert kinds("global")["us-east-1"] | {"database": 2, "replica": 4, "nat": 3} == kinds("global")["us-east-1"]
    assert "database" not in kinds("global")["eu-west-1"]
    assert "The database is replicated to every other region" in drawn.between


def texts(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in ET.fromstring(svg).iter() if one.tag.endswith("text")]


@pytest.mark.parametrize("width", [320, 660, 1088])
def test_everything_is_drawn_inside_of_it(width: int) -> None:
    picture = contents("floyo", "global").architecture
    svg = drawing.draw(picture, width, "one", "Floyo")
    root = ET.fromstring(svg)
    _, _, wide, high = (float(one) for one in root.attrib["viewBox"].split())
    frames = [{key: float(one.attrib[key]) for key in ("x", "y", "width", "height")} for one in root.iter("rect")]
    assert all(one["x"] >= 0 and one["x"] + one["width"] <= wide for one in frames)
    assert all(one["y"] >= 0 and one["y"] + one["height"] <= high for one in frames)
    drawn = " ".join(texts(svg))
    for place in picture.places:
        assert place.region in drawn
        for part in (part for parts in place.lanes.values() for part in parts):
            assert f"{part.number} \u00d7 " in drawn if part.number > 1 else part.name.split()[0] in drawn


def test_regions_that_do_not_fit_beside_each_other_stand_below() -> None:
    parts: dict[Lane, tuple[Part, ...]] = {Lane.SERVICES: (Part("service", "api", ("1 task",)),)}
    picture = Architecture((), tuple(Place(f"region-{number}", "", parts) for number in range(3)), ())
    root = ET.fromstring(drawing.draw(picture, 1088, "one", "three"))
    places = {one.text: one.attrib for one in root.iter("text") if one.attrib["class"] == "region"}
    first, second, third = (places[f"region-{number}"] for number in range(3))
    assert (first["y"], first["x"]) == (second["y"], third["x"])
    assert float(third["y"]) > float(first["y"])


def test_names_cannot_break_out() -> None:
    part = Part("service", "<script>alert(1)</script>", ('"&',))
    svg = drawing.draw(Architecture((part,), (), ("<b>",)), 320, "one", "</title><script>")
    assert "<script" not in svg
    assert "<b>" not in svg
    ET.fromstring(svg)
