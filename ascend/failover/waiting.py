"""How long a failover waits for what (``data/failover.yaml``), and how it waits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ascend.live import waits

if TYPE_CHECKING:
    from collections.abc import Callable

FILE: Final = Path(__file__).with_name("data") / "failover.yaml"
_TELL_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, by what is waited for.

    Attributes:
        catch_up_s: for a replica to have replayed what a fenced primary committed last.
        restart_s: for an instance to be there again.
        promote_s: for a replica to have become a primary.
        redeploy_s: for services to run on the new address.
        follow_s: for a new replica to be close behind.
        lag_s: what is close, where the system's document says nothing.
        look_back_s: how old the last figure of a lag may be.
        poll_s: how often to look.
    """

    catch_up_s: float
    restart_s: float
    promote_s: float
    redeploy_s: float
    follow_s: float
    lag_s: float
    look_back_s: float
    poll_s: float


def patience(*, embedded: bool) -> Patience:
    """How long to wait on AWS, or in the embedded cloud."""
    return Patience(**waits.read(FILE, embedded=embedded))


def until(look: Callable[[], str], most_s: float, poll_s: float, say: Callable[[str], None]) -> str:
    """Looks until there is nothing left to wait for.

    Args:
        look: says what is still waited for; empty once there is nothing.
        most_s: how long, in seconds.
        poll_s: how often, in seconds.
        say: told once a minute what is waited for.

    Returns:
        What was still waited for when the time was over; empty where nothing was.
    """
    began = told = time.monotonic()
    while left := look():
        now = time.monotonic()
        if now - began >= most_s:
            return left
        if now - told >= _TELL_S:
            told = now
            say(f"waiting: {left}")
        time.sleep(poll_s)
    return ""
