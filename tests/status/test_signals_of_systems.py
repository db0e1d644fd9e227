"""The alarms of the project's own systems, in words."""

from __future__ import annotations

import pytest

from ascend.incidents import alarms
from ascend.plans import PHASES
from ascend.status import metrics
from tests.capacity.planned import SYSTEMS, plan_of

#: Beside the tests that make the same plans.
pytestmark = pytest.mark.xdist_group("capacity/test_estimate.py")


def test_every_alarm_is_known() -> None:
    """Each says what it is about; of queues the depth is not what lies among the failed."""
    said: dict[str, set[str]] = {}
    for system in SYSTEMS:
        for one in alarms.alarms_of(plan_of(system, PHASES[-1]).resources):
            if "-own-" in one.name:
                continue  # a metric that the system's own document names, and so its own name
            rows = [row for metric in one.metrics.values() if (row := metrics._row(metric, one))]
            assert rows, f"{system}: {one.name} reads {[metric.full_name for metric in one.metrics.values()]}"
            said.setdefault(str(rows[0]["signal"]), set()).add(one.name.rpartition("-")[2])
    assert {"cpu", "memory", "p95", "error rate", "connections", "free storage", "bandwidth", "replica lag"} <= set(
        said
    )
    assert said["queue depth"] == {"depth"}
    assert said["failed jobs"] == {"failed"}
    assert said["tasks"] == {"tasks"}
