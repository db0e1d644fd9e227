"""Queues against what is known of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ascend.capacity.queueing import response_percentile, wait_percentile, waiting_share


def test_one_server_is_the_textbook_one() -> None:
    """M/M/1: a part as large as the load waits, and responses are exponential with the spare rate."""
    assert waiting_share(1, 0.7) == pytest.approx(0.7)
    assert response_percentile(1, 10, 7) == pytest.approx(math.log(20) / 3, rel=1e-6)
    assert wait_percentile(1, 10, 7) == pytest.approx(math.log(0.7 / 0.05) / 3)


def test_erlang_c_is_that_of_the_tables() -> None:
    """Two servers at 1 erlang: a third waits; ten at 7: 22.2 %."""
    assert waiting_share(2, 1) == pytest.approx(1 / 3)
    assert waiting_share(10, 7) == pytest.approx(0.2217, abs=1e-4)


def test_without_load_a_request_takes_its_own_time() -> None:
    assert response_percentile(4, 10, 0) == pytest.approx(math.log(20) / 10, rel=1e-6)
    assert wait_percentile(4, 10, 0) == 0


def test_a_saturated_queue_is_long_and_finite() -> None:
    assert 10 < response_percentile(2, 10, 1000) < math.inf


@given(
    servers=st.integers(1, 40),
    rate=st.floats(0.1, 500),
    load=st.floats(0, 0.99),
    more=st.floats(0, 0.009),
)
def test_more_load_never_makes_it_faster_and_more_servers_never_slower(
    servers: int, rate: float, load: float, more: float
) -> None:
    arrivals = load * servers * rate
    busier = (load + more) * servers * rate
    response = response_percentile(servers, rate, arrivals)
    assert response >= wait_percentile(servers, rate, arrivals)
    assert response_percentile(servers, rate, busier) >= response * (1 - 1e-6)
    assert response_percentile(servers + 1, rate, arrivals) <= response * (1 + 1e-6)
