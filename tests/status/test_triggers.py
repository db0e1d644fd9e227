"""Verdicts: when a stack should move, by the document's triggers and the users that its phase is meant for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ascend.capacity.ranges import Range
from ascend.plans import PHASES
from ascend.status import rules
from ascend.status.metrics import Measured, Series
from ascend.status.triggers import Move, Situation, Verdict, judge
from tests.live.clouds import deployed

RULES = rules.load()
WEEK = 168
END = 1_000_000 * 3600.0
#: Meant for 1,000 users, who send 100 requests a second at the busiest time.
CACHED = Situation("cached", 1_000, Range(0.05, 0.15))


def series(signal: str, *values: float, period_s: int = 60, **more: Any) -> Series:
    """Figures without a gap up to the end."""
    points = tuple((END - period_s * (len(values) - number), value) for number, value in enumerate(values))
    given: dict[str, Any] = {"unit": "", "resource": "api", "region": "us-east-1", "threshold": None, "upward": True}
    return Series(signal=signal, period_s=period_s, points=points, end=END, source="x", **{**given, **more})


def hourly(signal: str, value: float, hours: int = WEEK, **more: Any) -> Series:
    return series(signal, *[value] * hours, period_s=3600, **more)


def requests(per_second: float, hours: int = WEEK) -> Series:
    return hourly("requests", per_second * 3600, hours)


def idle(**more: Series) -> dict[str, Series]:
    """A week of a stack that is larger than it needs to be."""
    week = {"cpu": hourly("cpu", 5), "memory": hourly("memory", 20), "requests": requests(4)}
    return {**week, **more}


def verdict(*recent: Series, situation: Situation = CACHED, users: int | None = None, **long: Series) -> Verdict:
    return judge(Measured(recent, tuple(long.values())), situation, RULES, users)


@pytest.mark.parametrize(
    ("signal", "limit", "minutes", "rule"),
    [
        ("cpu", 70, 60, "cpu"),
        ("memory", 80, 60, "memory"),
        ("p95", 2, 30, "p95"),
        ("error rate", 1, 30, "errors"),
        ("queue depth", 100, 30, "queue"),
    ],
)
def test_each_trigger_of_the_document(signal: str, limit: float, minutes: int, rule: str) -> None:
    found = verdict(series(signal, *[limit * 1.01] * minutes))
    assert (found.move, [one.rule for one in found.reasons]) == (Move.PROMOTE, [rule])
    assert f"{signal} of api in us-east-1 above" in found.reasons[0].text
    assert verdict(series(signal, *[limit] * minutes)).move is Move.STAY
    assert verdict(series(signal, *[limit * 2] * (minutes // 2))).move is Move.STAY, "half the time is not long enough"


def test_a_pause_of_some_minutes_does_not_begin_anew() -> None:
    figures = [90.0] * 60
    figures[10:15] = [10.0] * 5
    assert verdict(series("cpu", *figures)).move is Move.PROMOTE
    figures[10:20] = [10.0] * 10
    assert verdict(series("cpu", *figures)).move is Move.STAY


def test_what_was_before_does_not_count() -> None:
    assert verdict(series("cpu", *[90.0] * 120, *[10.0] * 60)).move is Move.STAY
    assert verdict(series("cpu", *[10.0] * 120, *[90.0] * 60)).move is Move.PROMOTE


def test_figures_of_five_minutes_are_as_good() -> None:
    assert verdict(series("cpu", *[90.0] * 12, period_s=300)).move is Move.PROMOTE
    assert verdict(series("cpu", *[90.0] * 10, period_s=300)).move is Move.STAY


@pytest.mark.parametrize(
    ("signal", "threshold", "upward", "beyond"),
    [("connections", 62.0, True, 63.0), ("free storage", 2.0, False, 1.9), ("free memory", 0.2, False, 0.1)],
)
def test_limits_of_the_phase_go_by_their_alarms(signal: str, threshold: float, upward: bool, beyond: float) -> None:
    limit = {"threshold": threshold, "upward": upward, "period_s": 300}
    assert verdict(series(signal, *[beyond] * 12, **limit)).move is Move.PROMOTE
    assert verdict(series(signal, *[threshold] * 12, **limit)).move is Move.STAY


def test_traffic_of_one_day_is_enough() -> None:
    day = {"threshold": 1.3, "period_s": 86400}
    assert verdict(series("bandwidth", 1.0, 1.4, **day)).move is Move.PROMOTE
    assert verdict(series("bandwidth", 1.4, 1.0, **day)).move is Move.STAY


def test_as_many_users_as_the_phase_is_meant_for() -> None:
    found = verdict(requests=requests(90))
    assert found.users is not None
    assert (found.users.number, found.users.low, found.users.high, found.users.told) == (900, 600, 1800, False)
    assert (found.move, found.reasons[0].rule, found.ceiling) == (Move.PROMOTE, "users", 1000)
    assert "about 900 users (600 to 1,800" in found.reasons[0].text
    assert verdict(requests=requests(89)).move is Move.STAY


def test_who_knows_the_users_is_believed() -> None:
    found = verdict(users=950, requests=requests(1))
    assert (found.move, found.reasons[0].text) == (Move.PROMOTE, "950 users; phase cached is meant for 1,000")
    assert verdict(users=10, requests=requests(99)).move is Move.STAY


def test_requests_of_all_regions_are_added_up() -> None:
    assert verdict(one=requests(45), two=requests(45)).move is Move.PROMOTE


def test_one_busy_place_far_from_the_users_wants_another_size() -> None:
    busy = series("cpu", *[90.0] * 60)
    found = verdict(busy, requests=requests(10))
    assert (found.move, [one.rule for one in found.reasons]) == (Move.RESIZE, ["cpu", "users"])
    assert verdict(busy, requests=requests(60)).move is Move.PROMOTE
    full = series("free storage", *[1.0] * 12, period_s=300, threshold=2.0, upward=False)
    assert verdict(busy, full, requests=requests(10)).move is Move.PROMOTE, "what the phase limits, the next one lifts"


def test_without_requests_nobody_knows_the_users() -> None:
    busy = series("cpu", *[90.0] * 60)
    assert verdict(busy, requests=requests(1, 0)).move is Move.PROMOTE
    assert verdict(busy, requests=requests(0)).move is Move.RESIZE, "known, and none"


def test_at_the_last_phase_only_sizes_are_left() -> None:
    last = replace(CACHED, phase="global")
    found = verdict(series("cpu", *[90.0] * 60), situation=last, requests=requests(99))
    assert (found.move, [one.rule for one in found.reasons]) == (Move.RESIZE, ["users", "cpu", "last phase"])


def test_a_quiet_week_moves_it_down() -> None:
    found = verdict(**idle())
    assert (found.move, [one.rule for one in found.reasons]) == (Move.DEMOTE, ["cpu", "memory", "queue", "requests"])
    assert verdict(**idle(), situation=replace(CACHED, phase="single-region")).move is Move.STAY


@pytest.mark.parametrize(
    ("long", "move"),
    [
        ({"cpu": series("cpu", *[5.0] * 100, 31.0, *[5.0] * 67, period_s=3600)}, Move.STAY),  # one busy hour
        ({"memory": hourly("memory", 50)}, Move.STAY),
        ({"queue": hourly("queue depth", 10)}, Move.STAY),
        ({"queue": hourly("queue depth", 9)}, Move.DEMOTE),
        ({"queue": hourly("queue depth", 9, 5)}, Move.DEMOTE),  # an idle queue reports nothing
        ({"cpu": hourly("cpu", 5, 150)}, Move.STAY),  # of yesterday, nearly
        ({"cpu": hourly("cpu", 5, 152)}, Move.DEMOTE),
        ({"requests": requests(5.1)}, Move.RESIZE),  # used, and idle all the same: smaller tasks
        ({"requests": requests(4, 3)}, Move.DEMOTE),  # no requests, no figures
        ({"requests": requests(4, 0)}, Move.DEMOTE),
    ],
)
def test_all_of_it_has_to_be_low(long: dict[str, Series], move: Move) -> None:
    assert verdict(**idle(**long)).move is move


@pytest.mark.parametrize("missing", ["cpu", "memory", "requests"])
def test_what_nobody_knows_moves_nothing_down(missing: str) -> None:
    known = idle()
    del known[missing]
    assert verdict(**known).move is Move.STAY


def test_nothing_known_at_all() -> None:
    found = verdict()
    assert (found.move, found.users) == (Move.STAY, None)
    assert "has no figures" in found.reasons[0].text
    assert verdict(situation=replace(CACHED, ceiling=None), **idle()).move is Move.STAY


def test_the_situation_of_a_stack() -> None:
    found = Situation.of(deployed())
    assert (found.phase, found.ceiling, found.above, found.below) == ("single-region", 1000, "cached", None)
    assert found.requests_per_user.low == pytest.approx(0.05)
    assert found.requests_per_user.high == pytest.approx(0.1)
    last = Situation.of(deployed(phase="global", users=None))
    assert (last.above, last.below) == (None, "scaled")


FIGURES = st.floats(0, 200)
SIGNALS = st.sampled_from(["cpu", "memory", "p95", "error rate", "queue depth", "connections"])
RECENT = st.lists(
    st.builds(
        lambda signal, values, resource: series(signal, *values, resource=resource, threshold=100.0),
        SIGNALS,
        st.lists(FIGURES, max_size=70),
        st.sampled_from(["api", "worker", "database"]),
    ),
    max_size=4,
)
LONG = st.lists(
    st.builds(
        hourly,
        st.sampled_from(["cpu", "memory", "queue depth", "requests"]),
        st.floats(0, 500_000),
        st.integers(0, WEEK),
    ),
    max_size=4,
)
SITUATIONS = st.builds(
    Situation, st.sampled_from(PHASES), st.none() | st.integers(1, 100_000), st.just(Range(0.05, 0.15))
)


@settings(max_examples=60, deadline=None)
@given(recent=RECENT, long=LONG, situation=SITUATIONS)
def test_a_verdict_is_always_one_that_can_be_followed(
    recent: list[Series], long: list[Series], situation: Situation
) -> None:
    found = judge(Measured(tuple(recent), tuple(long)), situation, RULES)
    assert found.reasons
    assert not (found.move is Move.PROMOTE and situation.above is None)
    assert not (found.move is Move.DEMOTE and situation.below is None)
    assert set(found.document()) == {"verdict", "reasons", "users", "users_ceiling"}


@settings(max_examples=60, deadline=None)
@given(recent=RECENT, long=LONG, situation=SITUATIONS, more=st.floats(0, 1000))
def test_more_load_never_speaks_for_less(
    recent: list[Series], long: list[Series], situation: Situation, more: float
) -> None:
    """The same with higher figures: what went up goes up, and what stayed does not go down."""

    def raised(one: Series) -> Series:
        return replace(one, points=tuple((when, value + more) for when, value in one.points))

    before = judge(Measured(tuple(recent), tuple(long)), situation, RULES)
    after = judge(Measured(tuple(map(raised, recent)), tuple(map(raised, long))), situation, RULES)
    if before.move is Move.PROMOTE:
        assert after.move is Move.PROMOTE
    if before.move is not Move.DEMOTE:
        assert after.move is not Move.DEMOTE


@settings(max_examples=40, deadline=None)
@given(recent=RECENT, long=LONG, situation=SITUATIONS, seed=st.randoms())
def test_the_order_of_what_is_measured_does_not_matter(
    recent: list[Series], long: list[Series], situation: Situation, seed: Any
) -> None:
    before = judge(Measured(tuple(recent), tuple(long)), situation, RULES)
    seed.shuffle(recent)
    seed.shuffle(long)
    assert judge(Measured(tuple(recent), tuple(long)), situation, RULES).move is before.move
