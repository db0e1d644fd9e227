"""How the load runs over time, as part of the busiest time's: a day, a spike, a launch, or a file."""

from __future__ import annotations

import bisect
import csv
import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ascend.cost import load_curve
from ascend.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
NAMES = ("daily", "spike", "launch")


@dataclass(frozen=True, slots=True)
class Trace:
    """A load over time, straight between its points.

    Attributes:
        name: what it is called.
        times_s: seconds of the points, from 0, rising.
        loads: the load at each, 1 being that of the busiest time.
    """

    name: str
    times_s: Sequence[float]
    loads: Sequence[float]

    @property
    def length_s(self) -> float:
        """Seconds from its first to its last point."""
        return self.times_s[-1]

    @property
    def peak(self) -> float:
        """The highest load."""
        return max(self.loads)

    def at(self, seconds: float) -> float:
        """The load at a time; beyond the ends that of the end."""
        after = bisect.bisect_right(self.times_s, seconds)
        if after == 0:
            return self.loads[0]
        if after == len(self.times_s):
            return self.loads[-1]
        left, right = self.times_s[after - 1], self.times_s[after]
        share = (seconds - left) / (right - left)
        return self.loads[after - 1] + share * (self.loads[after] - self.loads[after - 1])


def trace(given: str, average_load: float, peak_requests_per_second: float) -> Trace:
    """The trace of a name or of a file.

    Args:
        given: ``daily``, ``spike``, ``launch``, or a path of a CSV file.
        average_load: the system's average load over a day, as part of the busiest time's.
        peak_requests_per_second: requests a second of the busiest time, for files that count in these.

    Raises:
        InputError: there is no such trace or file, or the file is none.
    """
    if given == "daily":
        return daily(average_load)
    if given == "spike":
        return spike()
    if given == "launch":
        return launch()
    path = Path(given)
    if not path.is_file():
        raise InputError(f"trace '{given}' is not there; allowed: {', '.join(NAMES)}, or a CSV file")
    return read(path, peak_requests_per_second)


def daily(average_load: float) -> Trace:
    """A day with its top at noon, as narrow as the average over it asks for.

    Args:
        average_load: average over the day, above 0 to 1.
    """
    loads = load_curve.curve(average_load)
    step = _DAY / len(loads)
    return Trace("daily", tuple(index * step for index in range(len(loads) + 1)), (*loads, loads[0]))


def spike() -> Trace:
    """A fifth of the busiest time's load, within a minute all of it for three quarters of an hour, and back."""
    return Trace(
        "spike",
        (0, 30 * _MINUTE, 31 * _MINUTE, 76 * _MINUTE, 77 * _MINUTE, 3 * _HOUR),
        (0.2, 0.2, 1.0, 1.0, 0.2, 0.2),
    )


def launch() -> Trace:
    """A tenth of the load, within ten minutes all of it for two hours, and half of what is left each hour after."""
    start, full = 1 * _HOUR, 1 * _HOUR + 10 * _MINUTE
    falling = range(full + 2 * _HOUR, 8 * _HOUR + 1, 10 * _MINUTE)
    return Trace(
        "launch",
        (0, start, full, *falling),
        (0.1, 0.1, 1.0, *(max(0.1, 0.5 ** ((second - falling[0]) / _HOUR)) for second in falling)),
    )


def read(path: Path, peak_requests_per_second: float) -> Trace:
    """The trace of a CSV file: columns ``seconds``, and ``load`` (1 is the busiest time) or ``requests_per_second``.

    Raises:
        InputError: naming the line and what is allowed.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            counted = next((name for name in ("load", "requests_per_second") if name in columns), None)
            if "seconds" not in columns or counted is None:
                raise InputError(
                    f"{path}:1: columns {', '.join(columns) or 'none'}; needs `seconds` and one of `load` and "
                    "`requests_per_second`"
                )
            points = [_point(path, rows.line_num, row, counted) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV ({error})") from error
    if len(points) < 2:  # noqa: PLR2004 -- a line has two ends
        raise InputError(f"{path}: {len(points)} points; at least 2 are needed")
    times = [seconds for seconds, _ in points]
    if any(after <= before for before, after in itertools.pairwise(times)):
        raise InputError(f"{path}: `seconds` must rise from line to line")
    unit = peak_requests_per_second if counted == "requests_per_second" else 1.0
    return Trace(path.stem, tuple(second - times[0] for second in times), tuple(load / unit for _, load in points))


def _point(path: Path, line: int, row: dict[str, str], counted: str) -> tuple[float, float]:
    """One line of a file."""
    try:
        seconds, load = float(row["seconds"]), float(row[counted])
    except (TypeError, ValueError):
        raise InputError(f"{path}:{line}: {row['seconds']!r}, {row[counted]!r}; must be two numbers") from None
    if not (math.isfinite(seconds) and math.isfinite(load) and seconds >= 0 and load >= 0):
        raise InputError(f"{path}:{line}: {row['seconds']!r}, {row[counted]!r}; must be numbers of 0 or more")
    return seconds, load
