"""Paths and the priorities of their rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import ComponentError
from components.paths import base_of, path_patterns, priorities

PART = st.text("abcdefgh-_.", min_size=1, max_size=5)
PATHS = st.lists(PART, max_size=9).map(lambda parts: "/" + "".join(f"{part}/" for part in parts) + "*")


def test_a_path_and_everything_below_it() -> None:
    assert (base_of("/*"), base_of("/api/*")) == ("", "/api")
    assert path_patterns("/api/*") == ["/api", "/api/*"]
    assert path_patterns("/*") == ["/*"]


@pytest.mark.parametrize("path", ["", "*", "api/*", "/api", "/api*"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(ComponentError, match="allowed: '/\\*', or a path that ends in '/\\*'"):
        base_of(path)


@given(st.sets(PATHS, max_size=30))
def test_each_rule_has_a_priority_of_its_own_and_the_deeper_path_is_asked_first(paths: set[str]) -> None:
    order = priorities(paths)
    assert set(order) == paths
    assert len(set(order.values())) == len(paths)
    assert all(1 <= priority <= 50_000 for priority in order.values())
    for path in paths:
        below = [other for other in paths if other != path and other.startswith(path.removesuffix("*"))]
        assert all(order[other] < order[path] for other in below)


def test_a_new_service_moves_no_rule() -> None:
    before = priorities(["/*", "/api/*"])
    after = priorities(["/*", "/api/*", "/api/chat/*", "/admin/*", "/static/*"])
    assert {path: after[path] for path in before} == before


def test_two_paths_that_meet_in_one_place_both_get_one() -> None:
    # As many of one depth as there are places for.
    order = priorities(f"/p{n}/*" for n in range(5_000))
    assert sorted(order.values()) == list(range(40_001, 45_001))


def test_a_path_too_deep_for_a_priority_is_refused() -> None:
    with pytest.raises(ComponentError, match="has 10 parts; behind a load balancer allowed: at most 9"):
        priorities(["/a/b/c/d/e/f/g/h/i/j/*"])
