"""Incidents replayed against a stack's own alarms."""

from __future__ import annotations

import pytest

from ascend.errors import InputError
from ascend.incidents import incidents, replay
from tests.policies.cases import ALARM, QUEUES, SCALED
from tests.policies.plans import drops, steps_of

#: Plans are shared by the tests of policies, packs and incidents.
pytestmark = pytest.mark.xdist_group("policies")
#: By when the first alarm goes off, in minutes, at phase 3.
FIRST = {
    "connections-exhausted": ("database-connections", 15),
    "disk-filling": ("database-size", 1125),
    "memory-leak": ("api-memory", 245),
    "error-burst": ("load-balancer-errors", 10),
    "latency-creep": ("load-balancer-latency", 30),
    "region-lost": ("-tasks", 5),
    "bill-running-away": ("budget-monthly 80%", 12_240),
}


@pytest.mark.parametrize(("incident", "first"), FIRST.items())
def test_an_incident_is_caught_by_the_alarm_that_is_for_it(incident: str, first: tuple[str, int]) -> None:
    name, minutes = first
    outcomes = replay(steps_of(*SCALED), [incident])
    assert all(one.caught for one in outcomes)
    assert any(name in one.alarm and one.minutes == minutes for one in outcomes), outcomes


def test_a_stuck_queue_and_a_failed_job_are_told_apart() -> None:
    outcomes = replay(steps_of(*QUEUES), ["queue-stuck", "jobs-failing"])
    assert [(one.target.rpartition("-")[2], one.alarm.rpartition("-")[2], one.minutes) for one in outcomes] == [
        ("work", "depth", 25),
        ("dead", "failed", 1),
    ]


def test_without_its_alarm_an_incident_goes_unseen() -> None:
    steps = drops(ALARM, "load-balancer-errors$")(steps_of(*SCALED))
    (one,) = replay(steps, ["error-burst"])
    assert not one.caught
    assert one.document() == {
        "incident": "error-burst",
        "urn": one.urn,
        "target": one.target,
        "caught": False,
        "alarm": None,
        "minutes": None,
        "within_min": incidents()["error-burst"]["within_min"],
    }


def test_an_incident_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(InputError, match="'flood' is no incident"):
        replay([], ["flood"])
