"""Whether a stack works after an update: looked at until all of it does and its alarms have been quiet for a while."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ascend.errors import UpdateError
from ascend.live import probes, waits
from ascend.live.network import network

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ascend.live.aws import Clients
    from ascend.live.deployed import Deployed
    from ascend.live.probes import Finding

FILE: Final = Path(__file__).with_name("data") / "verify.yaml"
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to look, in seconds (``data/verify.yaml``).

    Attributes:
        quiet_s: for so long no alarm may go off.
        patience_s: how long everything else may take.
        poll_s: how often to look.
        lag_s: replica lag that counts as low, where the system says nothing.
    """

    quiet_s: float
    patience_s: float
    poll_s: float
    lag_s: float


def patience(*, embedded: bool) -> Patience:
    """How long to look at a stack on AWS, or in the embedded cloud."""
    return Patience(**waits.read(FILE, embedded=embedded))


def verify(
    clients: Clients,
    deployed: Deployed,
    before: Collection[str],
    say: Callable[[str], None],
    limits: Patience | None = None,
) -> list[Finding]:
    """Looks at a stack until it works and its alarms have been quiet.

    Args:
        clients: who answers.
        deployed: the stack, as the update left it.
        before: alarms that went off before the update already: they may be why it was made.
        say: told what is waited for.
        limits: how long to look.

    Returns:
        What was found at last, all of it well.

    Raises:
        UpdateError: it does not work in time, or an alarm goes off that did not before.
        InputError: AWS cannot be asked.
    """
    limits = limits or patience(embedded=clients.embedded is not None)
    began = quiet_since = told = time.monotonic()
    while True:
        found = probes.look(clients, deployed, network(clients, deployed), before, limits.lag_s)
        now = time.monotonic()
        wrong = [one for one in found if not one.ok]
        if any(one.name == probes.ALARMS for one in wrong):
            quiet_since = now
        if not wrong and now - quiet_since >= limits.quiet_s:
            return found
        if wrong and now - began >= limits.patience_s + limits.quiet_s:
            raise UpdateError(_text(wrong, now - began))
        if now - told >= 60:  # noqa: PLR2004 -- a minute
            told = now
            left = limits.quiet_s - (now - quiet_since)
            say(_text(wrong, now - began) if wrong else f"all is well; alarms have to stay quiet for {left:.0f} s more")
        time.sleep(limits.poll_s)


def alarms_before(clients: Clients, deployed: Deployed) -> list[str]:
    """Alarms of the stack that go off now."""
    return sorted(name for name, _ in probes.ringing(clients, deployed))


def document(found: Sequence[Finding], seconds: float) -> dict[str, Any]:
    """What was found, as JSON."""
    return {"findings": [one.document() for one in found], "watched_s": round(seconds, 1)}


def _text(wrong: Sequence[Finding], seconds: float) -> str:
    shown = "; ".join(f"{one.name}: {one.detail}" for one in wrong[:_NAMED])
    more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    return f"after {seconds:.0f} s: {shown}{more}"
