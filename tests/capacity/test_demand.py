"""The documents' own arithmetic, quoted: what so many users ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ascend.capacity import stack
from ascend.capacity.demand import demand, request_shares, requests_per_vcpu
from ascend.capacity.figures import parse
from ascend.capacity.ranges import Range
from ascend.cost import plan, tasks
from ascend.errors import InputError
from tests.capacity.planned import SYSTEMS, figures_of, plan_of

#: Plans are made once for all tests that look at them.
pytestmark = pytest.mark.xdist_group("capacity")

ATLAS = figures_of("atlas", "2")
TEACHERS = figures_of("teacher-slots", "2")
WORKERS = figures_of("backend-ai-worker", "1")


def near(expected: float) -> object:
    """The document's figure, which it rounds."""
    return pytest.approx(expected, rel=0.01)


class TestAtlas:
    """ "Atlas Scalability Assessment: 10,000 Users"."""

    asked = demand(ATLAS, 10_000, cache=True)

    def test_concurrent_users(self) -> None:
        """ "Assuming 10% concurrent users = 1,000 concurrent users"."""
        assert self.asked.concurrent_users == 1_000

    def test_connections(self) -> None:
        """ "Each user = ~2-3 connections … Total: ~2,000-3,000 connections"."""
        assert self.asked.connections == Range(2_000, 3_000)

    def test_requests(self) -> None:
        """ "700 users x 20/min = 14,000 requests/min", "30,000", "~44,000 requests/min = ~733 requests/second"."""
        by_tier = self.asked.requests_by_tier
        assert by_tier["free"].expected * 60 == near(14_000)
        assert by_tier["paid"].expected * 60 == near(30_000)
        assert self.asked.requests_per_second.expected * 60 == near(44_000)
        assert self.asked.requests_per_second.expected == near(733)
        assert by_tier["free"].expected == near(233)
        assert by_tier["paid"].expected == near(500)

    def test_queries(self) -> None:
        """ "500-1,000 queries/second" with delta sync."""
        assert self.asked.queries_per_second.low == pytest.approx(500, rel=0.05)
        assert self.asked.queries_per_second.high == pytest.approx(1_000, rel=0.05)

    def test_queries_without_delta_sync(self) -> None:
        """ "Would be ~50,000 queries/second, WOULD FAIL"."""
        assert self.asked.queries_per_second_full_sync == near(50_000)

    def test_cache(self) -> None:
        """ "Reduces database load by 30-40%": of the reads, which its writes leave it."""
        without = demand(ATLAS, 10_000)
        assert self.asked.database_reads_per_second.low == pytest.approx(0.6 * without.database_reads_per_second.low)
        assert self.asked.database_reads_per_second.high == pytest.approx(0.7 * without.database_reads_per_second.high)
        assert self.asked.database_writes_per_second == without.database_writes_per_second

    def test_websockets(self) -> None:
        """ "1,000 active connections" of realtime; it takes no other requests."""
        assert self.asked.sockets == {"realtime": 1_000}
        assert set(self.asked.requests_by_service) == {"api"}


class TestTeacherSlots:
    """ "Can This Project Handle 10K+ Concurrent Users?"; all of its users are active."""

    asked = demand(TEACHERS, 10_000)

    def test_requests(self) -> None:
        """ "Requests/Second: ~1,000-2,000 (assuming 1 req every 5-10 sec)"."""
        assert self.asked.concurrent_users == 10_000
        assert self.asked.requests_per_second == Range(1_000, 2_000)

    def test_pooled_connections(self) -> None:
        """ "Database Connections: 100-200 (with pooling)"."""
        assert self.asked.db_connections == Range(100, 200)

    def test_cores(self) -> None:
        """ "CPU Usage: 4-8 cores (with clustering)"."""
        assert self.asked.cpu_cores.low == pytest.approx(4)
        assert self.asked.cpu_cores.high == pytest.approx(8)

    def test_the_edge_takes_its_part_and_the_users_ask_for_as_much(self) -> None:
        behind = demand(TEACHERS, 10_000, edge=True)
        assert behind.requests_per_second == self.asked.requests_per_second
        assert behind.origin_requests_per_second.low == pytest.approx(450)
        assert behind.origin_requests_per_second.high == pytest.approx(900)
        assert behind.cpu_cores.low == pytest.approx(1.8)
        assert behind.cpu_cores.high == pytest.approx(3.6)

    @pytest.mark.parametrize(("users", "requests"), [(8_000, 500), (30_000, 2_000)])
    def test_what_reaches_the_servers(self, users: int, requests: float) -> None:
        """ "Requests/Second: 500" after its phase 2, "2,000+" after its phase 4, of 8,000 and 30,000 users."""
        behind = demand(TEACHERS, users, edge=True, cache=True)
        assert behind.origin_requests_per_second.expected == pytest.approx(requests, rel=0.1)

    def test_without_a_cache(self) -> None:
        """ "10K users x 10 queries/page = 100K DB queries/second": all of them opening a page at once."""
        requests = self.asked.requests_per_second
        assert self.asked.queries_per_second == requests * 10
        assert 10_000 * TEACHERS.traffic.queries_per_request.expected == 100_000


class TestBackend:
    """ "Scalability & Performance", "Current Capacity"."""

    @pytest.mark.parametrize(
        ("users", "requests", "calls_per_minute", "jobs_per_hour"), [(500, 10, 10, 100), (1_000, 20, 20, 200)]
    )
    def test_what_its_users_send(
        self, users: int, requests: float, calls_per_minute: float, jobs_per_hour: float
    ) -> None:
        """50-100 users at once send 10-20 requests/s, 10-20 AI requests a minute and 100-200 jobs an hour."""
        asked = demand(WORKERS, users)
        assert asked.concurrent_users == users / 10
        assert asked.requests_per_second.expected == pytest.approx(requests)
        assert asked.requests_by_service["ai"].expected * 60 == pytest.approx(calls_per_minute, rel=0.05)
        assert asked.jobs_per_second["jobs"].expected * 3600 == pytest.approx(jobs_per_hour)


def test_floyos_first_thousand_users_stay_below_its_alarm_on_bandwidth() -> None:
    """ "Bandwidth: 50GB/month", "> 80% of limit": 12 KiB for each of 5 requests/s, a fifth of this load on average."""
    found = figures_of("floyo")
    asked = demand(found, 1_000)
    assert asked.bandwidth_gib_month.expected == pytest.approx(5 * 12_288 * 0.2 * 730 * 3600 / 2**30)
    assert asked.bandwidth_gib_month.expected < 0.8 * found.bandwidth_gib_month == 40


@pytest.mark.parametrize("system", SYSTEMS)
def test_requests_divide_among_the_services_without_a_rest(system: str) -> None:
    found = figures_of(system, "3")
    assert sum(request_shares(found, {}).values()) == pytest.approx(1)
    asked = demand(found, 12_345, edge=True, cache=True)
    assert sum(one.expected for one in asked.requests_by_service.values()) == pytest.approx(
        asked.origin_requests_per_second.expected
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_bill_and_capacity_divide_the_requests_alike(system: str) -> None:
    planned = plan_of(system, "single-region")
    found = stack.read(planned)
    cpus = {one.service: one.cpu for one in found.tasks}
    assert tasks.shares_of_requests(plan.read(planned.resources)) == pytest.approx(request_shares(found.figures, cpus))


def test_a_service_without_a_figure_carries_what_the_documents_say_of_a_core() -> None:
    assert requests_per_vcpu(None) == Range(250, 250)
    ai = WORKERS.services["ai"].capacity
    assert ai is not None
    assert requests_per_vcpu(ai) == Range(0.34, 0.66)


def test_queues_of_which_nobody_knows_are_left_out() -> None:
    assert demand(ATLAS, 1_000).jobs_per_second == {}


@given(users=st.integers(0, 10**7), more=st.integers(0, 10**6), edge=st.booleans(), cache=st.booleans())
def test_more_users_never_ask_for_less(users: int, more: int, edge: bool, cache: bool) -> None:
    few = demand(ATLAS, users, edge=edge, cache=cache).ranges()
    many = demand(ATLAS, users + more, edge=edge, cache=cache).ranges()
    for name, one in few.items():
        assert one.low <= one.high, name
        assert one.low <= many[name].low, name
        assert one.high <= many[name].high, name


def test_nobody_asks_for_nothing() -> None:
    asked = demand(ATLAS, 0, cache=True)
    assert all(one.high == 0 for name, one in asked.ranges().items() if name != "cache_hit_share")


def test_figures_of_another_version_are_refused() -> None:
    with pytest.raises(InputError, match="in version 2; this command reads version 1"):
        parse({"version": 2.0})


def test_tiers_go_before_the_average() -> None:
    traffic = replace(ATLAS.traffic, tiers={})
    assert demand(replace(ATLAS, traffic=traffic), 10_000).requests_per_second.expected == near(733)
