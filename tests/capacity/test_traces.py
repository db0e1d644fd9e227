"""Loads over time: the three known ones, and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.capacity import traces
from ascend.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def average(trace: traces.Trace) -> float:
    steps = [trace.at(second) for second in range(0, int(trace.length_s), 60)]
    return sum(steps) / len(steps)


@pytest.mark.parametrize("mean", [0.05, 0.2, 0.5])
def test_a_day_has_the_average_that_the_document_names(mean: float) -> None:
    day = traces.daily(mean)
    assert day.length_s == 86_400
    assert day.peak == pytest.approx(1, abs=0.01)
    assert average(day) == pytest.approx(mean, rel=0.01)
    assert day.loads[0] == day.loads[-1]


def test_a_spike_is_there_within_a_minute() -> None:
    spike = traces.spike()
    assert [spike.at(minute * 60) for minute in (0, 30, 31, 60, 77, 180)] == pytest.approx([0.2, 0.2, 1, 1, 0.2, 0.2])
    assert spike.at(30.5 * 60) == pytest.approx(0.6)


def test_a_launch_fills_in_ten_minutes_and_fades() -> None:
    launch = traces.launch()
    assert launch.at(0) == launch.at(3_600) == 0.1
    assert launch.at(4_200) == launch.at(11_400) == 1
    assert launch.at(15_000) == pytest.approx(0.5)
    assert launch.at(10**9) == launch.loads[-1] == 0.1


def write(folder: Path, text: str) -> Path:
    file = folder / "monday.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_counts_in_parts_of_the_busiest_time_or_in_requests(tmp_path: Path) -> None:
    file = write(tmp_path, "seconds,load\n100,0.5\n400,1.5\n")
    given = traces.trace(str(file), 0.2, 1000)
    assert (given.name, given.length_s, given.peak, given.at(150)) == ("monday", 300, 1.5, 1.0)
    file = write(tmp_path, "requests_per_second,seconds\n500,0\n1500,300\n")
    assert traces.trace(str(file), 0.2, 1000).loads == (0.5, 1.5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"monday.csv:1: columns none; needs `seconds` and one of"),
        ("seconds,users\n0,1\n", r"monday.csv:1: columns seconds, users; needs"),
        ("seconds,load\n0,1\n", "1 points; at least 2 are needed"),
        ("seconds,load\n0,1\n0,2\n", "`seconds` must rise"),
        ("seconds,load\n0,1\n60,many\n", r"monday.csv:3: '60', 'many'; must be two numbers"),
        ("seconds,load\n0,1\n60\n", r"monday.csv:3: '60', None; must be two numbers"),
        ("seconds,load\n0,1\n60,-1\n", r"monday.csv:3: '60', '-1'; must be numbers of 0 or more"),
        ("seconds,load\n0,1\nnan,1\n", r"monday.csv:3: 'nan', '1'; must be numbers"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        traces.trace(str(write(tmp_path, text)), 0.2, 1000)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "picture.csv"
    file.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        traces.trace(str(file), 0.2, 1000)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="trace 'weekly' is not there; allowed: daily, spike, launch, or a CSV file"):
        traces.trace("weekly", 0.2, 1000)
