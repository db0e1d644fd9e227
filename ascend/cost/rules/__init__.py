"""A rule for each type that is billed: a small function that writes the lines of one resource.

`RULES` is the whole table. A type that is neither in it nor in ``free.yaml`` is reported as unpriced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ascend.cost.rules import compute, data, edge, messages, network, observation, storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ascend.cost.bill import Bill
    from ascend.cost.plan import Resource

RULES: Mapping[str, Callable[[Resource, Bill], None]] = {
    **compute.RULES,
    **data.RULES,
    **edge.RULES,
    **messages.RULES,
    **network.RULES,
    **observation.RULES,
    **storage.RULES,
}
