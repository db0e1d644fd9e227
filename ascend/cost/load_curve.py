"""A day's load: a curve with one peak, whose mean is what the system's document says of an average month.

Documents give two figures, the busiest time and the average over a month. The curve between them is a cosine over the
day raised to the power that gives this mean: 1 at the peak, near 0 at night, the narrower the lower the mean.
"""

from __future__ import annotations

import functools
import math

SAMPLES = 288  # five minutes each
_STEPS = 80
_STEEPEST = 1e7


@functools.cache
def curve(mean: float) -> tuple[float, ...]:
    """Load at each five minutes of a day, as part of the busiest time's.

    Args:
        mean: average load as part of the busiest time's, above 0 to 1.

    Raises:
        ValueError: `mean` is outside.
    """
    if not 0 < mean <= 1:
        msg = f"mean load is {mean:g}; must be above 0 and at most 1"
        raise ValueError(msg)
    # In the middle of each five minutes, so that no sample is 0, which no power would raise.
    base = [(1 + math.cos(2 * math.pi * ((sample + 0.5) / SAMPLES - 0.5))) / 2 for sample in range(SAMPLES)]
    low, high = 0.0, _STEEPEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if sum(value**middle for value in base) / SAMPLES > mean:
            low = middle
        else:
            high = middle
    return tuple(value**low for value in base)
