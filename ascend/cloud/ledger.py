"""What the cloud remembers of the objects that each URN created, so that an interrupted create is not repeated.

An engine that dies between sending Create and recording its result leaves a pending operation in its state: the object
may exist or not, and the provider protocol has no way to ask. Real AWS providers cannot answer either (there the user
must refresh or import). The embedded cloud can: an engine that finds a pending create sends Create with the metadata
``ascend-adopt: <urn>`` and, in ``ascend-known``, the ids that its state does hold under that URN; an object that was
created under the URN and is none of those is then handed over instead of making a second one.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ascend.cloud.values import Props


@dataclass(slots=True)
class Entry:
    """An object that exists: its id, the inputs it was last given and the outputs returned for it (plain values)."""

    id: str
    inputs: Props
    outputs: Props


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


class Ledger:
    """The objects that exist, by the URN under which they were created."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._entries: defaultdict[str, list[Entry]] = defaultdict(list)
        self._owners: dict[tuple[str, str], str] = {}

    @contextmanager
    def hold(self, urn: str) -> Iterator[None]:
        """Keep every other mutation of the URN out: an adopting create waits for the create it may adopt."""
        with self._guard:
            lock = self._locks[urn]
        with lock:
            yield

    def record(self, urn: str, entry: Entry) -> None:
        """Note an object, or replace what was noted of it; one that an alias renamed moves to its new URN."""
        with self._guard:
            key = (_type(urn), entry.id)
            self._drop(self._owners.get(key, urn), entry.id)
            self._owners[key] = urn
            self._entries[urn].append(entry)

    def forget(self, urn: str, object_id: str) -> None:
        """The object is gone."""
        with self._guard:
            owner = self._owners.pop((_type(urn), object_id), urn)
            self._drop(owner, object_id)

    def _drop(self, urn: str, object_id: str) -> None:
        self._entries[urn] = [known for known in self._entries[urn] if known.id != object_id]

    def unclaimed(self, urn: str, known: Collection[str]) -> Entry | None:
        """The newest object under the URN that the caller does not know of."""
        with self._guard:
            return next((entry for entry in reversed(self._entries[urn]) if entry.id not in known), None)

    def count(self) -> int:
        """How many objects exist."""
        with self._guard:
            return sum(len(entries) for entries in self._entries.values())
