"""Two things that the SDK does again and again in a run, done once: waiting for outputs and looking at source files.

Both are for this process alone, which lives for one run of one program.
"""

from __future__ import annotations

import asyncio
import linecache
from typing import TYPE_CHECKING, Any

from pulumi.runtime import stack

if TYPE_CHECKING:
    from collections.abc import Iterable


class _PatientAsyncio:
    """`asyncio` for the SDK's loop over outputs (`wait_for_rpcs`), which asks for the first that ends.

    For each that ends, the loop enters itself with all the others again: thousands of times thousands. Nothing in the
    loop makes the others go on, so it may as well hear of them together, or of the first that fails.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def wait(
        self, tasks: Iterable[asyncio.Task[Any]], *, return_when: str
    ) -> tuple[set[asyncio.Task[Any]], set[asyncio.Task[Any]]]:
        """Waits for all tasks or the first failure, where the first of any was asked for."""
        all_or_failure = asyncio.FIRST_EXCEPTION if return_when == asyncio.FIRST_COMPLETED else return_when
        return await asyncio.wait(tasks, return_when=all_or_failure)


def install() -> None:
    """Puts both in place."""
    vars(stack)["asyncio"] = _PatientAsyncio()
    # For where in the program a resource was asked for, the SDK walks the stack at each, and asks of every file on it
    # whether it has changed. None changes while it runs.
    vars(linecache)["checkcache"] = _unchanged


def _unchanged(_filename: str | None = None) -> None:
    """No file has changed."""
