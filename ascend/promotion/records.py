"""The records of a journal: what they tell, how each is written, and what never gets into one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from ascend.engine.model import SECRET_MASK

_CREDENTIALS: Final = re.compile(r"(?<=://)([^/:@\s]*):([^/@\s]+)@")
_SECRET_KEYS: Final = re.compile(r"password|passphrase|secretstring|authtoken|apitoken|privatekey", re.IGNORECASE)


class Kind(StrEnum):
    """What is journalled."""

    PROMOTE = "promote"
    DEMOTE = "demote"
    FAILOVER = "failover"
    FAILBACK = "failback"


class Event(StrEnum):
    """What a record tells."""

    OPENED = "opened"
    BEGUN = "begun"
    NOTED = "noted"
    DONE = "done"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Record:
    """One line.

    Attributes:
        event: what it tells.
        at: when, ISO 8601 in UTC.
        step: of which step; empty for the journal as a whole.
        data: the step's result, what is noted, or what the journal is about.
        duration_s: how long the step took, in seconds, for one that ended.
    """

    event: Event
    at: str
    step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    duration_s: float = 0.0

    def line(self) -> bytes:
        """As it is written."""
        fields: dict[str, Any] = {"event": str(self.event), "at": self.at}
        if self.step:
            fields["step"] = self.step
        if self.event in (Event.DONE, Event.FAILED):
            fields["duration_s"] = self.duration_s
        if self.data:
            fields["data"] = self.data
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def now() -> str:
    """The time, as records have it: ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def plain(value: Any, key: str = "") -> Any:
    """The value as JSON reads it back, without what looks like a credential."""
    if isinstance(value, Mapping):
        return {str(name): plain(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, key) for item in value]
    if isinstance(value, str):
        if _SECRET_KEYS.search(key.replace("_", "")):
            return SECRET_MASK
        return _CREDENTIALS.sub(rf"\1:{SECRET_MASK}@", str(value))
    return value if value is None or isinstance(value, bool | int | float) else str(value)
