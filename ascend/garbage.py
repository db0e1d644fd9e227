"""How often a process looks for cycles of garbage."""

from __future__ import annotations

import gc
from typing import Final

#: Objects made between two looks at the young ones, and looks between looks at older ones. Pulumi's SDK makes some
#: 10,000 objects per resource that it keeps: Python's own 700 has it walk them over and over, 40 % of a plan's time.
_THRESHOLDS: Final = (50_000, 20, 100)


def collect_rarely() -> None:
    """Looks for cycles seldom, and never again among what is there already."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
