"""The five systems hold the figures of their documents, quoted here, and resolve at every phase."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest

from infra import catalog, config, resolve
from infra.errors import Problems
from infra.modeling import Range, at
from infra.phases import PHASES, Ingress, PhaseName
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from infra.deployment import Deployment
    from infra.system import System

SYSTEMS = ("atlas", "backend-ai-worker", "build-os", "floyo", "teacher-slots")
FIRST, CACHED, SCALED, GLOBAL = PhaseName
REGIONS = ["us-east-1", "eu-west-1"]
EDGE = {"domain": "app.example.com", "zone": "example.com", "cloudflare_apiToken": "x" * 40}


def load(name: str) -> System:
    """A delivered system."""
    problems = Problems()
    system = catalog.load(ROOT, name, problems)
    assert problems.lines == []
    assert system is not None
    return system


def deployment(name: str, phase: PhaseName, **values: str) -> Deployment:
    """A delivered system at a phase, with as many regions as that takes."""
    regions = {"regions": REGIONS[: PHASES[phase].min_regions]}
    problems = Problems()
    settings = config.parse(
        raw(system=name, phase=str(phase), **regions, **values), "dev", problems, source=lambda key: key
    )
    return resolve.resolve_named(ROOT, settings, problems)


def users(system: System) -> list[int | None]:
    """The ladder of users."""
    return [system.users.get(phase, PHASES[phase].users) for phase in PhaseName]


def bill(system: System, phase: PhaseName) -> Range:
    """What others send bills for at a phase, in US dollars a month."""
    bills = [at(cost.monthly_usd, phase) or Range(low=0, high=0) for cost in system.external_costs]
    return Range(low=sum(one.low for one in bills), high=sum(one.high for one in bills))


def test_the_catalog_holds_the_five() -> None:
    assert catalog.names(ROOT) == SYSTEMS


@pytest.mark.usefixtures("all_built")
class TestAtlas:
    """Atlas Scalability Assessment: 10,000 Users."""

    @pytest.fixture
    def atlas(self) -> System:
        return load("atlas")

    def test_the_ladder(self, atlas: System) -> None:
        """Load test of 1,000 users; "10k Users: READY NOW", "50k Users", "100k Users"."""
        assert users(atlas) == [1_000, 10_000, 50_000, 100_000]

    def test_its_arithmetic_of_10_000_users(self, atlas: System) -> None:
        """ "14,000 + 30,000 = 44,000 requests/min = ~733 requests/second"."""
        concurrent = 10_000 * atlas.traffic.active_share
        assert concurrent == 1_000
        by_tier = {
            name: concurrent * tier.share * tier.requests_per_second.high * 60
            for name, tier in atlas.traffic.tiers.items()
            if tier.requests_per_second
        }
        assert by_tier == pytest.approx({"free": 14_000, "paid": 30_000}, rel=1e-4)
        assert concurrent * atlas.traffic.requests_per_second.high == pytest.approx(733, abs=1)
        connections = atlas.traffic.connections_per_user
        assert (concurrent * connections.low, concurrent * connections.high) == (2_000, 3_000)

    def test_queries_with_and_without_delta_sync(self, atlas: System) -> None:
        """ "~500-1,000 queries/second"; "without delta sync … ~50,000 queries/second"."""
        traffic, sync = atlas.traffic, atlas.traffic.sync
        assert sync is not None
        concurrent = 10_000 * traffic.active_share
        requests = concurrent * traffic.requests_per_second.high
        low = concurrent / sync.interval_s.high * sync.queries.low + requests * traffic.queries_per_request.low
        high = concurrent / sync.interval_s.low * sync.queries.high + requests * traffic.queries_per_request.high
        assert 500 <= low < high <= 1_000
        assert (low, high) == pytest.approx((500, 1_000), rel=0.05)
        assert concurrent / sync.full_interval_s * sync.full_queries == 50_000
        assert (sync.interval_s, sync.queries) == (Range(low=30, high=60), Range(low=5, high=10))

    def test_rate_limits(self, atlas: System) -> None:
        """ "free: 20 messages/minute, paid: 100"; "free: 5 images/minute, paid: 30"."""
        limits = {name: (limit.period_s, dict(limit.per_tier)) for name, limit in atlas.rate_limits.items()}
        assert limits == {"messages": (60, {"free": 20, "paid": 100}), "images": (60, {"free": 5, "paid": 30})}
        assert {name: tier.share for name, tier in atlas.traffic.tiers.items()} == {"free": 0.7, "paid": 0.3}

    def test_alerts(self, atlas: System) -> None:
        """ "alerts at 80% capacity" of "200 max sockets"; "alerts at 2,000 connections" of 3,000."""
        api = atlas.services["api"]
        assert (api.environment["MAX_SOCKETS"], api.environment["MAX_FREE_SOCKETS"]) == ("200", "50")
        assert api.metrics["OpenSockets"].alarm_above == 200 * 0.8
        assert atlas.services["realtime"].metrics["OpenConnections"].alarm_above == 2_000
        assert (atlas.thresholds.connections, atlas.thresholds.connections_pct) == (2_000, 80)
        assert [at(atlas.limits, phase).connections for phase in PhaseName] == [3_000] * 4  # type: ignore[union-attr]

    def test_caching(self, atlas: System) -> None:
        """ "conversation lists (5 min TTL), user profiles (1 min TTL), tier status (1 min TTL)"; Redis is there now."""
        assert atlas.cache is not None
        assert dict(atlas.cache.ttls) == {"conversation-list": 300, "user-profile": 60, "tier-status": 60}
        assert atlas.requires == ("cache",)
        assert atlas.traffic.cache_hit_share == Range(low=0.3, high=0.4)

    def test_the_path_to_100_000(self, atlas: System) -> None:
        """50k: "multiple backend instances", "read replicas"; 100k: partitioning of messages, message queue."""
        assert at(atlas.services["api"].replicas, SCALED) == 3
        assert [at(atlas.database.read_replicas, phase) for phase in PhaseName] == [0, 0, 1, 1]
        assert [partition.table for partition in atlas.database.partitions] == ["messages"]
        assert [at(atlas.services["worker"].replicas, phase) for phase in PhaseName] == [0, 0, 0, 2]

    def test_websockets_need_a_load_balancer_from_the_first_day(self) -> None:
        """Where it can be reached by its own name; else nothing would be gained by one."""
        assert deployment("atlas", FIRST, **EDGE).ingress is Ingress.LOAD_BALANCER
        assert deployment("atlas", FIRST).ingress is Ingress.HTTP_API

    def test_costs(self, atlas: System) -> None:
        """ "$95-200/month" at 10k users; "API costs … $500-2,000/month"."""
        assert atlas.budget_usd[CACHED] == 200
        assert bill(atlas, CACHED) == Range(low=500, high=2_000)


@pytest.mark.usefixtures("all_built")
class TestBackendAiWorker:
    """Scalability & Performance."""

    @pytest.fixture
    def system(self) -> System:
        return load("backend-ai-worker")

    @pytest.mark.parametrize(
        ("name", "today", "recommended", "instances"),
        [
            ("api", (0.5, 1), (1, 2), (1, 2, 20)),  # "0.5 CPU, 512 MB"; "1 CPU, 1 GB, 2-3"; "5+ for high load"
            ("ai", (0.5, 1), (1, 2), (1, 2, 5)),  # "1 CPU, 2 GB, 2"; "3-5 for high AI load"
            ("worker", (0.5, 1), (0.5, 1), (1, 3, 20)),  # "0.5 CPU, 512 MB, 2-3"; "5+ for high job volume"
        ],
    )
    def test_sizes(
        self,
        system: System,
        name: str,
        today: tuple[float, float],
        recommended: tuple[float, float],
        instances: tuple[int, int, int],
    ) -> None:
        """The tables of today's and recommended resources, in the least memory that goes with the CPU."""
        service = system.services[name]
        assert (at(service.cpu, FIRST), at(service.memory_gib, FIRST)) == today
        assert (at(service.cpu, CACHED), at(service.memory_gib, CACHED)) == recommended
        found = at(service.replicas, FIRST), at(service.replicas, CACHED), at(service.max_replicas, SCALED)
        assert found == instances

    def test_capacity(self, system: System) -> None:
        """ "Current Capacity" of the three."""
        api, ai, worker = (system.services[name].capacity for name in ("api", "ai", "worker"))
        assert api is not None
        assert ai is not None
        assert worker is not None
        assert (api.concurrent, api.requests_per_second) == (Range(low=50, high=100), Range(low=10, high=20))
        assert api.bottleneck == "database connections"
        assert ai.concurrent == Range(low=5, high=10)
        assert ai.requests_per_second is not None
        assert (ai.requests_per_second.low * 60, ai.requests_per_second.high * 60) == pytest.approx((10, 20), rel=0.03)
        assert (worker.concurrent, worker.jobs_per_hour) == (Range(low=5, high=10), Range(low=100, high=200))
        per_user = system.queues["jobs"].jobs_per_user_hour
        assert per_user is not None
        assert (50 * per_user.low, 100 * per_user.high) == (100, 200)
        assert 50 * system.traffic.requests_per_second.high == 10

    def test_scale_up_triggers(self, system: System) -> None:
        """ "CPU usage > 70%, memory > 80%, response time > 2 seconds (P95), error rate > 1%, queue depth > 100"."""
        limits = system.thresholds
        found = [limits.cpu_pct, limits.memory_pct, limits.p95_s, limits.error_rate_pct, limits.queue_depth]
        assert found == [70, 80, 2, 1, 100]
        worker = system.services["worker"]
        assert worker.backlog_per_task is not None
        assert worker.backlog_per_task * 5 == 100

    def test_the_queue_lives_in_redis(self, system: System) -> None:
        """ "Redis queue distributes jobs", "BullMQ prevents duplicate processing", "Session Storage: Redis"."""
        assert system.queues["jobs"].kind == "cache"
        assert system.queues["jobs"].retries == 3
        assert system.requires == ("cache",)
        plan = deployment("backend-ai-worker", FIRST).cache
        assert plan is not None
        assert not plan.evicts
        assert plan.node.memory_gib >= 0.1

    def test_cache_lifetimes(self, system: System) -> None:
        """ "TTL: 5-15 minutes" in the application; "24 hours - 7 days" in Redis."""
        assert system.cache is not None
        ttls = system.cache.ttls
        assert (ttls["app"], ttls["app-max"]) == (5 * 60, 15 * 60)
        assert {ttls["job-status"], ttls["session"], ttls["ai-context"]} == {24 * 3600, 7 * 24 * 3600}

    def test_connections(self, system: System) -> None:
        """ "Connections: 60" at least, "200+" recommended; "timeout: 30 seconds default"."""
        assert deployment("backend-ai-worker", FIRST).database.max_connections >= 60
        assert deployment("backend-ai-worker", CACHED).database.max_connections >= 200
        assert system.database.pool.statement_timeout_s == 30

    def test_metrics(self, system: System) -> None:
        """ "Model Call Time, Token Usage, Cost per Request"; "Processing Time, Failure Rate, Throughput"."""
        ai, worker = system.services["ai"].metrics, system.services["worker"].metrics
        assert {"ModelCallTime", "TokensUsed", "CostPerRequest", "Errors", "ModelCalls"} == set(ai)
        assert (ai["ModelCallTime"].unit, ai["ModelCallTime"].statistic) == ("Milliseconds", "p95")
        assert (ai["TokensUsed"].unit, ai["TokensUsed"].statistic) == ("Count", "Sum")
        assert {"ProcessingTime", "JobsFailed", "JobsProcessed"} == set(worker)
        assert {"QueryTime", "CacheHitRate", "SlowQueries"} == set(system.services["api"].metrics)

    def test_health(self, system: System) -> None:
        """ "Health Checks: `/health` endpoint"."""
        assert {service.health_path for service in system.services.values()} == {"/health", None}


class TestBuildOs:
    """Build OS Scalability Analysis."""

    @pytest.fixture
    def system(self) -> System:
        return load("build-os")

    def test_the_ladder(self, system: System) -> None:
        """ "0-1,000", "1,000-10,000", "10,000-50,000", "50,000+"; 500-1,000, 5,000-10,000, 20,000-30,000 active."""
        assert users(system) == [1_000, 10_000, 50_000, None]
        assert [system.targets[phase].active_users for phase in (FIRST, CACHED, SCALED)] == [
            Range(low=500, high=1_000),
            Range(low=5_000, high=10_000),
            Range(low=20_000, high=30_000),
        ]

    def test_the_roadmap(self, system: System) -> None:
        """Phase 2: "job queue", "database read replicas"; phase 4: "multiple database shards"."""
        assert [at(system.services["worker"].replicas, phase) for phase in PhaseName] == [0, 1, 2, 2]
        assert [at(system.database.read_replicas, phase) for phase in (FIRST, CACHED)] == [0, 1]
        assert [at(system.database.shards, phase) for phase in PhaseName] == [1, 1, 1, 2]
        assert system.database.shard_key == "user_id"

    def test_figures_of_its_code(self, system: System) -> None:
        """ "ex: 3600", "retries: 3", "max-age=300", "max-age=31536000, immutable", "maxDuration: 60", "> 100" ms."""
        assert system.cache is not None
        assert system.cache.ttls["user"] == 3600
        assert system.queues["jobs"].retries == 3
        web = system.services["web"]
        assert web.edge_ttl_s == 300
        assert "/assets/*" in web.static_paths
        assert [at(web.request_timeout_s, phase) for phase in PhaseName] == [30, 30, 60, 60]
        assert system.database.slow_query_ms == 100
        (partition,) = system.database.partitions
        assert (partition.table, partition.column, partition.interval) == ("brain_dumps", "created_at", "year")
        assert system.traffic.tiers["paid"].share == 0.2

    def test_limits(self, system: System) -> None:
        """Supabase Pro: "8GB storage", "50GB bandwidth/month"; Vercel Pro: "1TB/month"."""
        limits = at(system.limits, FIRST), at(system.limits, CACHED)
        assert [(one.database_gib, one.bandwidth_gib_month) for one in limits if one] == [(8, 50), (80, 1_000)]

    @pytest.mark.parametrize(
        ("phase", "stripe", "openai", "total"),
        [
            (FIRST, (60, 60), (50, 100), 150),  # "1,000 Users ($70-150/month)"
            (CACHED, (600, 600), (200, 400), 1_000),  # "10,000 Users ($500-1,000/month)"
            (GLOBAL, (6_000, 6_000), (1_000, 2_000), 10_000),  # "100,000 Users ($5,000-10,000/month)"
        ],
    )
    def test_costs(
        self, system: System, phase: PhaseName, stripe: tuple[int, int], openai: tuple[int, int], total: int
    ) -> None:
        bills = {cost.name: at(cost.monthly_usd, phase) for cost in system.external_costs}
        assert bills == {
            "Stripe": Range(low=stripe[0], high=stripe[1]),
            "OpenAI": Range(low=openai[0], high=openai[1]),
        }
        assert system.budget_usd[phase] + bill(system, phase).low <= total


class TestFloyo:
    """Infrastructure Scaling Strategy."""

    @pytest.fixture
    def system(self) -> System:
        return load("floyo")

    def test_the_ladder(self, system: System) -> None:
        """ "0-1K users", "1K-10K", "10K-100K", "100K+"; "$25-50", "$100-200", "$500-1000"."""
        assert users(system) == [1_000, 10_000, 100_000, None]
        assert [system.budget_usd[phase] for phase in (FIRST, CACHED, SCALED)] == [50, 200, 1_000]

    def test_limits_and_alerts(self, system: System) -> None:
        """ "Database: 8GB", "Bandwidth: 50GB/month"; ">80% of limit" twice, "p95 >1s", ">1%"."""
        limits = at(system.limits, FIRST)
        assert limits is not None
        assert (limits.database_gib, limits.bandwidth_gib_month) == (8, 50)
        alerts = system.thresholds
        found = alerts.database_size_pct, alerts.bandwidth_pct, alerts.p95_s, alerts.error_rate_pct
        assert found == (80, 80, 1, 1)

    def test_the_database(self, system: System) -> None:
        """ "Shard by user ID"; "partition `events` table by date", "partition `telemetry_events` by date"."""
        assert system.database.shard_key == "user_id"
        assert [at(system.database.shards, phase) for phase in PhaseName] == [1, 1, 1, 2]
        assert [partition.table for partition in system.database.partitions] == ["events", "telemetry_events"]


@pytest.mark.usefixtures("all_built")
class TestTeacherSlots:
    """SCALABILITY ANALYSIS: Can This Project Handle 10K+ Concurrent Users?."""

    @pytest.fixture
    def system(self) -> System:
        return load("teacher-slots")

    def test_the_ladder(self, system: System) -> None:
        """Its summary: "Phase 1 … 2K users", "8K", "15K", "30K+"; all of them at once."""
        assert users(system) == [2_000, 8_000, 15_000, 30_000]
        assert system.traffic.active_share == 1
        assert [system.targets[phase].concurrent_users for phase in (CACHED, SCALED, GLOBAL)] == [8_000, 15_000, 30_000]

    def test_its_arithmetic_of_10_000_users(self, system: System) -> None:
        """ "~1,000-2,000 requests/second", "CPU usage: 4-8 cores"."""
        rate, capacity = system.traffic.requests_per_second, system.services["api"].capacity
        assert (10_000 * rate.low, 10_000 * rate.high) == (1_000, 2_000)
        assert capacity is not None
        assert capacity.requests_per_second is not None
        assert 10_000 * rate.low / capacity.requests_per_second.high == 4
        assert 10_000 * rate.high / capacity.requests_per_second.high == 8
        assert (10_000 / capacity.concurrent.high, 10_000 / capacity.concurrent.low) == (4, 8)  # type: ignore[union-attr]

    def test_the_pool(self, system: System) -> None:
        """ "max: 100, min: 10, idle 30000, connection 10000, statement_timeout 30000"; "100-200 (with pooling)"."""
        pool = system.database.pool
        found = pool.max, pool.min, pool.idle_timeout_s, pool.connect_timeout_s, pool.statement_timeout_s
        assert found == (100, 10, 30, 10, 30)
        database = deployment("teacher-slots", SCALED).database
        assert 100 <= database.max_connections * pool.share <= 200

    def test_scaling(self, system: System) -> None:
        """ "minCapacity: 2, maxCapacity: 20, targetCPU: 70%, scaleUpCooldown: 60, scaleDownCooldown: 300"."""
        api = deployment("teacher-slots", SCALED).services["api"]
        assert (api.min_tasks, api.max_tasks) == (2, 20)
        assert api.autoscaling is not None
        found = api.autoscaling.cpu_pct, api.autoscaling.scale_out_cooldown_s, api.autoscaling.scale_in_cooldown_s
        assert found == (70, 60, 300)

    def test_cache_queue_and_websockets(self, system: System) -> None:
        """Phase 2: slots "for 5 minutes"; phase 4: a Bull queue, socket.io over Redis."""
        assert system.cache is not None
        assert system.cache.ttls["slots"] == 300
        for phase in (FIRST, CACHED):
            plan = deployment("teacher-slots", phase).cache
            assert plan is not None
            assert not plan.evicts
        assert system.queues["emails"].kind == "cache"
        workers = [deployment("teacher-slots", phase).services["worker"].min_tasks for phase in PhaseName]
        assert workers == [0, 0, 0, 1]
        sockets = [deployment("teacher-slots", phase).services["api"].websockets for phase in PhaseName]
        assert sockets == [False, False, False, True]

    def test_costs_and_promises(self, system: System) -> None:
        """ "$200-300/month → ~15K", "$1,000-1,200/month → 30K+"; "100-300ms", "50-100ms", "99%", "99.9%"."""
        assert (system.budget_usd[SCALED], system.budget_usd[GLOBAL]) == (300, 1_200)
        assert [system.targets[phase].response_s for phase in (CACHED, GLOBAL)] == [
            Range(low=0.1, high=0.3),
            Range(low=0.05, high=0.1),
        ]
        assert [system.targets[phase].uptime_pct for phase in (CACHED, GLOBAL)] == [99, 99.9]
        assert system.targets[GLOBAL].requests_per_second == 2_000


@pytest.mark.usefixtures("all_built")
@pytest.mark.parametrize("phase", list(PhaseName))
@pytest.mark.parametrize("name", SYSTEMS)
class TestEverySystem:
    """What holds for each of the twenty."""

    def test_it_resolves(self, name: str, phase: PhaseName) -> None:
        found = deployment(name, phase)
        assert (found.system, found.phase) == (name, phase)
        assert found.budget_usd == load(name).budget_usd[phase]

    def test_every_service_can_reach_the_database(self, name: str, phase: PhaseName) -> None:
        found = deployment(name, phase)
        assert all(service.pool_max >= 1 for service in found.services.values())

    def test_something_answers_all_paths(self, name: str, phase: PhaseName) -> None:
        found = deployment(name, phase)
        assert "/*" in {service.public_path for service in found.services.values()}
        assert all(service.min_tasks >= 1 for service in found.services.values() if service.public_path)

    def test_workers_without_their_queue_rest(self, name: str, phase: PhaseName) -> None:
        found, system = deployment(name, phase), load(name)
        for service in found.services.values():
            if service.consumes and system.queues[service.consumes].kind == "cache" and service.min_tasks:
                assert found.cache is not None


@pytest.mark.usefixtures("all_built")
@pytest.mark.parametrize("name", SYSTEMS)
class TestEveryLadder:
    """What a promotion must not take away."""

    def test_nothing_shrinks(self, name: str) -> None:
        ladder = [deployment(name, phase) for phase in PhaseName]
        for before, after in itertools.pairwise(ladder):
            assert before.services.keys() == after.services.keys()
            assert before.queues.keys() == after.queues.keys()
            assert before.buckets.keys() == after.buckets.keys()
            assert before.database.storage_gib <= after.database.storage_gib
            assert before.database.max_storage_gib <= after.database.max_storage_gib
            assert before.database.max_connections <= after.database.max_connections
            assert before.database.read_replicas <= after.database.read_replicas
            assert before.database.shards <= after.database.shards
            assert before.budget_usd < after.budget_usd
            if before.cache is not None:
                assert after.cache is not None
                assert (before.cache.engine, before.cache.evicts) == (after.cache.engine, after.cache.evicts)
                assert before.cache.node.memory_gib <= after.cache.node.memory_gib
            for service in before.services.values():
                later = after.services[service.name]
                assert service.min_tasks <= later.min_tasks
                assert service.max_tasks <= later.max_tasks
                # Two tasks may take the place of a larger one, and small ones that scale that of two; not less in all.
                assert service.max_tasks * service.cpu_units <= later.max_tasks * later.cpu_units
                assert service.websockets <= later.websockets

    def test_partitions_have_an_archive(self, name: str) -> None:
        system = load(name)
        prefixes = {rule.prefix for bucket in system.storage.values() for rule in bucket.archive}
        assert {f"{partition.table}/" for partition in system.database.partitions} <= prefixes

    def test_sharded_data_says_by_what(self, name: str) -> None:
        database = load(name).database
        assert (max(database.shards.values()) > 1) == (database.shard_key is not None)

    def test_its_document_is_mapped(self, name: str) -> None:
        text = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
        assert f"(`systems/{name}.yaml`)" in text

    def test_its_file_marks_what_the_document_says(self, name: str) -> None:
        text = (ROOT / "systems" / f"{name}.yaml").read_text(encoding="utf-8")
        assert "Figures of that document are marked (doc)" in " ".join(text.replace("#", "").split())
        assert len(re.findall(r"\(doc\)", text)) > 10
