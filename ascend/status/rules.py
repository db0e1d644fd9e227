"""The table of triggers, and what a project lays over it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from ascend.errors import InputError

FILE: Final = Path(__file__).with_name("data") / "triggers.yaml"
#: A project's own values, beside its Pulumi.yaml.
OVERLAY: Final = "triggers.yaml"
_UP_KEYS: Final = ("signal", "above", "alarm", "minutes", "share")
#: Signals of which there is none where they are 0: an idle queue reports nothing.
_SILENT: Final = ("queue depth",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A trigger of the way up.

    Attributes:
        name: its name.
        signal: what it looks at.
        above: the limit, in the signal's unit; None for that of the signal's own alarm.
        minutes: how far back it looks.
        share: part of the figures in that time that must be beyond the limit, 0 to 1.
    """

    name: str
    signal: str
    above: float | None
    minutes: float
    share: float

    @property
    def alarm(self) -> bool:
        """Whether the limit is that of the alarm."""
        return self.above is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Low:
    """A condition of the way down.

    Attributes:
        name: its name.
        signal: what it looks at.
        below: the limit, in the signal's unit.
        missing_is_low: whether no figure means that there is nothing.
    """

    name: str
    signal: str
    below: float
    missing_is_low: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a stack should move.

    Attributes:
        up: any of these moves it up.
        users_share: part of the phase's users from which on it moves up, 0 to 1.
        down: all of these are needed to move it down.
        down_hours: for how many hours.
        down_known: part of them that must have figures, 0 to 1.
        requests_share: part of the requests that the phase is meant for, below which they are few, 0 to 1.
        resize_users_below: part of the phase's users below which one busy place wants another size, 0 to 1.
    """

    up: tuple[Up, ...]
    users_share: float
    down: tuple[Low, ...]
    down_hours: float
    down_known: float
    requests_share: float
    resize_users_below: float

    @property
    def long_signals(self) -> tuple[str, ...]:
        """The signals that are judged over days."""
        return tuple(rule.signal for rule in self.down)


def load(root: Path | None = None) -> Rules:
    """The rules of a project.

    Args:
        root: the project's folder; None for the table alone.

    Raises:
        InputError: its own values are none that the table has, or no numbers that can be.
    """
    table = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    overlay = None if root is None else root / OVERLAY
    if overlay is None or not overlay.is_file():
        return _rules(table, FILE.name)
    try:
        own = yaml.safe_load(overlay.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{overlay}: cannot be read: {' '.join(str(error).split())}") from error
    return _rules(_laid_over(table, own, OVERLAY, ""), OVERLAY)


def _laid_over(table: Mapping[str, Any], own: Any, file: str, where: str) -> dict[str, Any]:
    if not isinstance(own, Mapping):
        raise InputError(f"{file}: {where or 'it'} must be a table with the keys {', '.join(table)}")
    result = copy.deepcopy(dict(table))
    for key, value in own.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in table and where != "up":
            raise InputError(f"{file}: {path} is not known; allowed: {', '.join(table)}")
        if where == "up" and value is None:
            del result[key]  # a trigger that is switched off
        elif isinstance(table.get(key), Mapping) or where == "up":
            kind = {name: table.get(key, {}).get(name) for name in _UP_KEYS} if where == "up" else table[key]
            laid = _laid_over(kind, value, file, path)
            result[key] = _one_limit(laid, value) if where == "up" else laid
        else:
            result[key] = value
    return result


def _one_limit(laid: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A project that gives a number where the table goes by the alarm, or the other way round, means that."""
    if "above" in own:
        laid["alarm"] = None
    elif own.get("alarm"):
        laid["above"] = None
    return laid


def _rules(table: Mapping[str, Any], file: str) -> Rules:
    down = table["down"]
    return Rules(
        up=tuple(_up(name, row, file) for name, row in table["up"].items()),
        users_share=_share(table["users"].get("share"), file, "users.share"),
        down=tuple(
            Low(
                name=name,
                signal=str(row["signal"]),
                below=_number(row.get("below"), file, f"down.{name}.below"),
                missing_is_low=row["signal"] in _SILENT,
            )
            for name, row in down.items()
            if isinstance(row, Mapping) and "signal" in row
        ),
        down_hours=_number(down["hours"], file, "down.hours"),
        down_known=_share(down["known"], file, "down.known"),
        requests_share=_share(down["requests"].get("share"), file, "down.requests.share"),
        resize_users_below=_share(table["resize"].get("users_below"), file, "resize.users_below"),
    )


def _up(name: str, row: Mapping[str, Any], file: str) -> Up:
    where = f"up.{name}"
    by_alarm = row.get("alarm") is True
    if by_alarm == (row.get("above") is not None) or not isinstance(row.get("signal"), str):
        raise InputError(f"{file}: {where} needs a signal, and either `above` (a number) or `alarm: true`")
    return Up(
        name=name,
        signal=row["signal"],
        above=None if by_alarm else _number(row["above"], file, f"{where}.above"),
        minutes=_number(row.get("minutes"), file, f"{where}.minutes"),
        share=_share(row.get("share"), file, f"{where}.share"),
    )


def _number(value: Any, file: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise InputError(f"{file}: {where} is {value!r}; allowed: a number above 0")
    return float(value)


def _share(value: Any, file: str, where: str) -> float:
    number = _number(value, file, where)
    if number > 1:
        raise InputError(f"{file}: {where} is {value!r}; allowed: above 0, at most 1")
    return number
