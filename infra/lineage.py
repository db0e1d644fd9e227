"""Which databases of a region are in use: after a failover the former primary is kept, and another takes its place.

RDS makes no instance a replica afterwards: a former primary never follows the new one. It stays where it is, fenced,
and its place is taken by a replica of the next generation, which is another instance with a name of its own. So each
URN stands for the same instance for ever, whatever has failed over how often. ``ascend failover`` and ``ascend
failback`` write the key ``ascend:databases``; nobody else has to.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra import config_values
from infra.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.config_values import Reader

_NAME = re.compile(r"database(?:-shard-(?:[2-9]|[1-9][0-9]+))?(?:-g(?P<generation>[2-9]|[1-9][0-9]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The databases of one region.

    Attributes:
        generation: which of them are in use, from 1; every shard is of the same.
        fenced: whether even these are out of use, until others take their place: they were written to, or followed one
            that was, when another region took over.
        kept: names of those of earlier generations that are still there, locked away.
        released: names of those that may be deleted: nothing protects them any more, and those that are then taken out
            of this list go, each with a final snapshot.
    """

    generation: int = 1
    fenced: bool = False
    kept: tuple[str, ...] = ()
    released: tuple[str, ...] = ()

    def name(self, key: str) -> str:
        """The name in the region of the database in use.

        Args:
            key: what the shard is called whichever generation it is of.
        """
        return key if self.generation == 1 else f"{key}-g{self.generation}"


_FIELDS = ("generation", "fenced", "kept", "released")


def parse(reader: Reader, key: str, value: Any) -> dict[str, Lineage]:
    """Reads the lineages by region.

    Raises:
        ValueError: with what is wrong and what is allowed.
    """
    try:
        data = json.loads(value)
    except (TypeError, ValueError):
        data = None
    if not isinstance(data, dict):
        msg = f"{reader.shown(key, value)} is not a map from region to its databases"
        raise ValueError(msg)  # noqa: TRY004 -- what a reader of values raises
    found = {}
    for region, fields in data.items():
        where = f"{key}.{region}"
        try:
            found[config_values.read_region(reader, key, region).name] = _lineage(reader, where, fields)
        except ValueError as error:
            reader.note(where, str(error))
    return found


def _lineage(reader: Reader, key: str, fields: Any) -> Lineage:
    if not isinstance(fields, dict):
        msg = f"{reader.shown(key, fields)} is not a map; allowed: {', '.join(_FIELDS)}"
        raise ValueError(msg)  # noqa: TRY004 -- as above
    for name in fields:
        if name not in _FIELDS:
            msg = f"unknown key '{name}'; {did_you_mean(name, _FIELDS)}"
            raise ValueError(msg)
    generation, fenced = fields.get("generation", 1), fields.get("fenced", False)
    if type(generation) is not int or generation < 1:
        msg = f"generation {json.dumps(generation)} is not a whole number from 1"
        raise ValueError(msg)
    if type(fenced) is not bool:
        msg = f"fenced {json.dumps(fenced)} is neither true nor false"
        raise ValueError(msg)
    kept, released = (_names(fields, part, generation) for part in ("kept", "released"))
    if both := sorted(set(kept) & set(released)):
        msg = f"'{both[0]}' is kept and released; only one of them can be"
        raise ValueError(msg)
    return Lineage(generation=generation, fenced=fenced, kept=kept, released=released)


def _names(fields: Mapping[str, Any], part: str, generation: int) -> tuple[str, ...]:
    names = fields.get(part, [])
    if not isinstance(names, list):
        msg = f"{part} {json.dumps(names)} is not a list of databases' names"
        raise ValueError(msg)  # noqa: TRY004 -- as above
    for name in names:
        match = _NAME.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            msg = (
                f"{part} {json.dumps(name)} is not a database's name; allowed: such as database or database-shard-2-g2"
            )
            raise ValueError(msg)
        if int(match["generation"] or 1) >= generation:
            msg = f"{part} '{name}' is not of a generation before {generation}, the one in use"
            raise ValueError(msg)
    return tuple(dict.fromkeys(names))
