"""The state while a run changes it: every mutation is announced before and recorded after, durably.

Writes are shared: while one thread writes, others that need a write wait together for the next one. A resource's JSON
is made once and kept, so a write costs little more than the bytes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ascend.engine.embedded import checkpoint
from ascend.engine.embedded.checkpoint import CREATING, Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from ascend.engine.embedded.checkpoint import Snapshot
    from ascend.engine.embedded.state import State


class Journal:
    """Merges the resources of the run so far with those of the base state that it has not come to yet.

    Args:
        base: the state before the run.
        stack: the fully qualified stack name.
        salt: the encryption salt to record.
        encrypt: see `state.to_json`.
        save: writes a document durably; None in a preview, which changes nothing.
    """

    def __init__(
        self,
        base: Snapshot,
        stack: str,
        salt: str,
        encrypt: Callable[[str, str], str],
        save: Callable[[bytes], None] | None,
    ) -> None:
        self._base = base.resources
        self._stack, self._salt, self._encrypt, self._save = stack, salt, encrypt, save
        self._new: list[State] = []
        self._done: set[State] = set()
        self._operations: dict[State, Operation] = {}
        # A pending create stays until it is settled; other interrupted operations are simply done again.
        self._unsettled = [operation for operation in base.pending if operation.kind == CREATING]
        self._condition = threading.Condition()
        self._changed = 1 if base.pending else 0
        self._durable = 0
        self._writing = False
        self._failure: Exception | None = None

    def begin(self, state: State, kind: str) -> None:
        """Announces an operation; durable when this returns."""
        with self._condition:
            self._operations[state] = Operation(state.copy(), kind)
            self._changed += 1
        self._flush()

    def end(
        self, state: State | None, *, new: State | None = None, done: State | None = None, durable: bool = True
    ) -> None:
        """Records what became of an operation.

        Args:
            state: the resource that was announced, None where nothing was.
            new: a resource that now is part of the state.
            done: a resource that no longer is (deleted, or replaced by `new`).
            durable: whether to wait until it is on disk.
        """
        with self._condition:
            if state is not None:
                self._operations.pop(state, None)
            if new is not None:
                self._new.append(new)
                self._unsettled = [
                    operation
                    for operation in self._unsettled
                    if operation.resource.urn != new.urn and operation.resource.urn not in new.aliases
                ]
            if done is not None:
                self._done.add(done)
            self._changed += 1
        if durable:
            self._flush()

    def same(self, old: State, new: State, *, changed: bool) -> None:
        """Records a resource that stayed as it was; `changed` where its record must be written all the same."""
        with self._condition:
            self._done.add(old)
            self._new.append(new)
            self._changed += changed

    def mark(self, change: Callable[[], None]) -> None:
        """Changes a recorded resource in place; written with the next write."""
        with self._condition:
            change()
            self._changed += 1

    def settle(self, operation: Operation) -> None:
        """Forgets a pending create of an earlier run."""
        with self._condition:
            self._unsettled.remove(operation)
            self._changed += 1

    @property
    def unsettled(self) -> list[Operation]:
        """Pending creates of earlier runs about which nothing is known yet."""
        with self._condition:
            return list(self._unsettled)

    def resources(self) -> list[State]:
        """The state's resources now."""
        with self._condition:
            return self._merged()

    def close(self) -> None:
        """Writes what is not on disk yet.

        Raises:
            CheckpointError: what was written does not hold together, which no run should bring about.
        """
        self._flush()
        if self._save is not None and self._durable:
            checkpoint.verify(checkpoint.normalized(self.resources()))

    def _merged(self) -> list[State]:
        done = self._done
        return [state for part in (self._new, self._base) for state in part if state not in done]

    def _flush(self) -> None:
        """Returns once everything recorded so far is on disk; the first of several callers writes for all."""
        if self._save is None:
            return
        with self._condition:
            wanted = self._changed
            while self._durable < wanted:
                if self._failure is not None:
                    raise self._failure
                if self._writing:
                    self._condition.wait()
                    continue
                self._writing = True
                version = self._changed
                resources = checkpoint.normalized(self._merged())
                operations = [*self._operations.values(), *self._unsettled]
                # Composing under the lock: a resource may not change while its JSON is made.
                try:
                    document = checkpoint.compose(self._stack, self._salt, resources, operations, self._encrypt)
                    self._condition.release()
                    try:
                        self._save(document)
                    finally:
                        self._condition.acquire()
                    self._durable = version
                except Exception as error:
                    self._failure = error
                    raise
                finally:
                    self._writing = False
                    self._condition.notify_all()
