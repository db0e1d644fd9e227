"""What a deployment comes to: Floyo by its document, the order of precedence, and everything else that resolves."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import config, facts, resolve
from infra.database_sizes import DEPLOYMENT_SURGE
from infra.errors import ConfigError, Problems
from infra.phases import PHASES, Capability, Ingress, PhaseName
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.deployment import Deployment
    from tests.infra.support import Plan, Refuse

    Write = Callable[[Mapping[str, Any]], None]


class TestFloyoByItsDocument:
    """Figures of "Infrastructure Scaling Strategy"."""

    def test_users(self, plan: Plan, all_built: None) -> None:
        regions = {"global": ["us-east-1", "eu-west-1"]}
        users = [plan(phase=phase.value, regions=regions.get(phase, [])).users for phase in PhaseName]
        assert users == [1_000, 10_000, 100_000, None]

    def test_limits_of_the_first_phase(self, plan: Plan) -> None:
        deployment = plan()
        assert deployment.limits.database_gib == 8
        assert deployment.limits.bandwidth_gib_month == 50
        assert deployment.database.size_limit_gib == 8

    def test_budget_is_the_upper_end_of_each_range(self, plan: Plan, all_built: None) -> None:
        assert [plan(phase=str(number)).budget_usd for number in (1, 2, 3)] == [50, 200, 1000]

    def test_thresholds(self, plan: Plan) -> None:
        thresholds = plan().thresholds
        assert (thresholds.database_size_pct, thresholds.bandwidth_pct) == (80, 80)
        assert (thresholds.p95_s, thresholds.error_rate_pct) == (1.0, 1.0)
        assert (thresholds.cpu_pct, thresholds.memory_pct) == (70, 80)
        assert (thresholds.queue_depth, thresholds.connections_pct) == (100, 80)

    def test_services_of_the_first_phase(self, plan: Plan) -> None:
        deployment = plan()
        sizes = {name: (one.cpu_units, one.memory_mib, one.min_tasks) for name, one in deployment.services.items()}
        assert sizes == {"web": (256, 512, 1), "api": (256, 512, 1)}
        assert {name: one.public_path for name, one in deployment.services.items()} == {"web": "/*", "api": "/api/*"}
        assert deployment.database.instance.name == "db.t4g.micro"
        assert deployment.database.version == "17"
        assert deployment.queues == {}
        assert deployment.cache is None

    def test_old_partitions_have_an_archive(self, plan: Plan) -> None:
        deployment = plan()
        assert [one.table for one in deployment.database.partitions] == ["events", "telemetry_events"]
        assert [rule.prefix for rule in deployment.buckets["archive"].archive] == ["events/", "telemetry_events/"]

    def test_a_month_of_average_traffic_stays_below_the_limit(self, plan: Plan) -> None:
        deployment = plan()
        traffic = deployment.traffic
        assert deployment.users
        peak = deployment.users * traffic.active_share * traffic.requests_per_second.high
        month_gib = peak * traffic.average_load * 30 * 86_400 * traffic.bytes_per_request / 2**30
        assert 0.5 * 50 < month_gib < 50


def test_the_configs_word_goes_before_the_systems_and_that_before_the_phases(
    plan: Plan, floyo: dict[str, Any], write: Write, all_built: None
) -> None:
    assert plan(phase="2").database.instance.name == PHASES[PhaseName.CACHED].database.instance_class
    floyo["database"]["compute"] = {"cached": {"cpu": 2, "memory_gib": 3}}
    floyo["database"]["read_replicas"] = {"cached": 3}
    floyo["services"]["api"]["replicas"] = {"cached": 5}
    write(floyo)
    by_system = plan(phase="2")
    assert by_system.database.instance.name == "db.t4g.medium"
    assert by_system.database.read_replicas == 3
    assert by_system.services["api"].min_tasks == by_system.services["api"].max_tasks == 5
    assert by_system.services["web"].min_tasks == 2
    by_config = plan(phase="2", databaseClass="db.m6g.large", services={"api": {"minTasks": 4}}, budget="7")
    assert by_config.database.instance.name == "db.m6g.large"
    assert by_config.services["api"].min_tasks == 4
    assert by_config.budget_usd == 7


def test_a_system_gets_the_smallest_class_that_is_enough_and_offered(
    plan: Plan, refuse: Refuse, floyo: dict[str, Any], write: Write
) -> None:
    for wanted, chosen in (
        ((2, 1), "db.t4g.micro"),
        ((2, 16), "db.r6g.large"),
        ((4, 16), "db.t4g.xlarge"),
        ((3, 20), "db.r6g.xlarge"),
        ((64, 300), "db.r6g.16xlarge"),
    ):
        floyo["database"]["compute"] = {"cpu": wanted[0], "memory_gib": wanted[1]}
        write(floyo)
        assert plan().database.instance.name == chosen
    floyo["database"]["compute"] = {"cpu": 65, "memory_gib": 1}
    write(floyo)
    assert refuse() == (
        "systems/floyo.yaml: database.compute: no database class has 65 vCPU and 1 GiB at phase 'single-region'",
    )


def test_a_class_that_a_region_does_not_offer_is_refused(refuse: Refuse) -> None:
    (line,) = refuse(aws_region="eu-west-3", databaseClass="db.r7g.large")
    assert line.startswith(
        "Pulumi.dev.yaml: ascend:databaseClass: 'db.r7g.large' is not offered in eu-west-3; allowed: "
    )
    assert "db.r6g.large" in line


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"services.api.memory_gib": 3},
            "services.api: Fargate runs no task of 0.25 vCPU with 3 GiB; allowed GiB with 0.25 vCPU: 0.5, 1, 2",
        ),
        ({"database.storage_gib": 8}, "database.storage_gib: 8 GiB is not allowed; must be 20 to 65536"),
        (
            {"database.storage_gib": 20, "database.max_storage_gib": 21},
            "database.max_storage_gib: the ceiling of 21 GiB must be at least 10% above the 20 GiB at the start",
        ),
    ],
)
def test_a_size_of_the_system_that_aws_refuses_is_named_in_its_file(
    refuse: Refuse, floyo: dict[str, Any], write: Write, change: dict[str, Any], message: str
) -> None:
    for path, value in change.items():
        *parents, last = path.split(".")
        node = floyo
        for part in parents:
            node = node[part]
        node[last] = value
    write(floyo)
    assert refuse() == (f"systems/floyo.yaml: {message}",)


def test_the_placeholder_runs_until_the_config_names_an_image(plan: Plan) -> None:
    service = plan().services["api"]
    assert service.image == "public.ecr.aws/docker/library/python:3.13-alpine"
    assert service.command[:2] == ("python", "-c")
    named = plan(images={"api": "ghcr.io/floyo/api:1.4"}).services["api"]
    assert (named.image, named.command) == ("ghcr.io/floyo/api:1.4", ())
    assert named.health_command != service.health_command or named.port == 8000


@pytest.mark.usefixtures("all_built")
@pytest.mark.parametrize("phase", ["1", "2", "3"])
def test_the_pools_of_all_tasks_fit_into_the_database_even_while_it_deploys(plan: Plan, phase: str) -> None:
    deployment = plan(phase=phase)
    database = deployment.database
    tasks = sum(service.max_tasks for service in deployment.services.values())
    (pool,) = {service.pool_max for service in deployment.services.values()}
    # Without replicas both addresses of a task, each with a pool, are the primary's.
    addresses = 1 if database.read_replicas else 2
    assert pool >= 1
    assert tasks * pool * addresses * DEPLOYMENT_SURGE <= database.max_connections * database.pool.share
    assert all(service.pool_min <= service.pool_max for service in deployment.services.values())


def test_a_cache_comes_with_its_phase_or_earlier_where_it_is_required(
    plan: Plan, floyo: dict[str, Any], write: Write, all_built: None
) -> None:
    assert plan().cache is None
    by_phase = plan(phase="cached").cache
    assert by_phase is not None
    assert by_phase.shape == PHASES[PhaseName.CACHED].cache
    assert by_phase.evicts is False, "sessions live in it"
    floyo["requires"] = ["cache"]
    floyo["cache"]["purposes"] = ["cache"]
    write(floyo)
    required = plan().cache
    assert required is not None
    assert (required.shape.nodes, required.shape.failover, required.evicts) == (1, False, True)


@pytest.mark.usefixtures("all_built")
@pytest.mark.parametrize(
    ("purposes", "kept"),
    [
        (["cache"], (True, [1, 1, 1])),
        (["cache", "rate-limits"], (True, [1, 1, 1])),
        (["cache", "sessions"], (False, [7, 14, 35])),
        (["queue"], (False, [7, 14, 35])),
    ],
)
def test_what_is_in_the_cache_says_whether_it_may_evict_and_how_long_snapshots_are_kept(
    plan: Plan, floyo: dict[str, Any], write: Write, purposes: list[str], kept: tuple[bool, list[int]]
) -> None:
    floyo["cache"]["purposes"] = purposes
    write(floyo)
    regions = {"global": {"regions": ["us-east-1", "eu-west-1"]}}
    found = [plan(phase=phase, **regions.get(phase, {})).cache for phase in ("cached", "scaled", "global")]
    evicts, days = kept
    assert [(one.evicts, one.snapshot_days) for one in found if one] == [(evicts, some) for some in days]


@pytest.mark.usefixtures("all_built")
@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({}, "cache.t4g.micro"),
        ({"memory": 0.1}, "cache.t4g.micro"),
        # A micro node has 0.25 GiB for data: half of its 0.5 is kept free.
        ({"memory": 0.3}, "cache.t4g.small"),
        ({"memory": {"scaled": 100}}, "cache.t4g.micro"),
        ({"memory": 12}, "cache.m6g.2xlarge"),
        ({"memory": 12, "config": "cache.r7g.large"}, "cache.r7g.large"),
    ],
)
def test_the_cache_has_the_node_of_the_config_or_the_smallest_with_the_memory_asked_for(
    plan: Plan, floyo: dict[str, Any], write: Write, asked: dict[str, Any], chosen: str
) -> None:
    if "memory" in asked:
        floyo["cache"]["memory_gib"] = asked["memory"]
    write(floyo)
    cache = plan(phase="cached", cacheNodeType=asked.get("config")).cache
    assert cache is not None
    assert cache.node.name == chosen


@pytest.mark.usefixtures("all_built")
def test_more_memory_than_any_node_has_is_refused(refuse: Refuse, floyo: dict[str, Any], write: Write) -> None:
    floyo["cache"]["memory_gib"] = 400
    write(floyo)
    assert refuse(phase="cached") == (
        "systems/floyo.yaml: cache.memory_gib: no cache node has 400 GiB for data; allowed: at most 314",
    )


def test_a_service_that_asks_more_than_an_http_api_can_do_gets_a_load_balancer_early(
    plan: Plan, floyo: dict[str, Any], write: Write, all_built: None
) -> None:
    assert plan().ingress is Ingress.HTTP_API
    floyo["services"]["api"]["websockets"] = True
    write(floyo)
    # Without an edge it would stand behind the HTTP API and do no more than that.
    assert plan().ingress is Ingress.HTTP_API
    assert plan().missing == (
        "No WebSockets to 'api' without an edge (ascend:domain, ascend:zone and a Cloudflare token).",
    )
    behind = plan(domain="app.floyo.example", zone="floyo.example", cloudflare_apiToken="t")
    assert behind.ingress is Ingress.LOAD_BALANCER
    assert behind.edge is not None
    assert behind.missing == ()


def test_queues_in_the_cache_are_the_caches(plan: Plan, floyo: dict[str, Any], write: Write, all_built: None) -> None:
    worker = {
        "worker": True,
        "cpu": 0.5,
        "memory_gib": 1,
        "image": "x/worker:1",
        "health_command": ["true"],
    }
    floyo["services"] |= {"mailer": {**worker, "consumes": "mail"}, "renderer": {**worker, "consumes": "render"}}
    floyo["queues"] = {"mail": {}, "render": {"kind": "cache"}}
    floyo["cache"]["purposes"] = ["queue"]
    floyo["requires"] = ["cache"]
    write(floyo)
    deployment = plan()
    assert list(deployment.queues) == ["mail"]
    assert deployment.queues["mail"].retries == 3
    assert deployment.services["renderer"].consumes == "render"
    assert deployment.cache is not None
    assert deployment.cache.evicts is False


# --- Whatever is given: it resolves, or each line of the refusal names a key that is there --------------------------

AMOUNTS = st.sampled_from([-1, 0, 0.25, 0.3, 0.5, 1, 2, 3, 4, 8, 16, 30, 64, 1000, "much", None])
OVERRIDES = st.dictionaries(
    st.sampled_from(["web", "api", "worker", "nobody"]),
    st.dictionaries(st.sampled_from(["cpu", "memory", "minTasks", "maxTasks", "cpus"]), AMOUNTS, max_size=3),
    max_size=2,
)
WILD = st.fixed_dictionaries(
    {"phase": st.sampled_from([*(phase.value for phase in PhaseName), "1", "4", "5"])},
    optional={
        "regions": st.lists(st.sampled_from([*facts.regions(), "mars"]), max_size=3),
        "environment": st.sampled_from(["dev", "prod", "a/b"]),
        "databaseClass": st.sampled_from([*facts.instance_classes(), "db.nonsense"]),
        "cacheNodeType": st.sampled_from([*facts.cache_nodes(), "cache.nonsense"]),
        "databaseStorageGib": st.sampled_from(["-1", "0", "5", "20", "50", "70000", "x"]),
        "databaseMaxStorageGib": st.sampled_from(["20", "22", "100", "65536", "-9"]),
        "services": OVERRIDES,
        "images": st.dictionaries(st.sampled_from(["web", "api", "nobody"]), st.sampled_from(["a/b:1", "A B"])),
        "budget": st.sampled_from(["10", "-1", "nan"]),
        "flowLogs": st.sampled_from(["true", "false", "maybe"]),
        "colour": st.just("red"),
    },
)


@st.composite
def fitting(draw: st.DrawFn) -> dict[str, Any]:
    """A config with nothing wrong in it."""
    phase = draw(st.sampled_from(list(PhaseName)))
    count = PHASES[phase].min_regions
    regions = draw(st.lists(st.sampled_from(sorted(facts.regions())), min_size=count, max_size=count, unique=True))
    cpu = draw(st.sampled_from(sorted(facts.fargate_sizes())))
    memory = draw(st.sampled_from(facts.fargate_sizes()[cpu]))
    storage = draw(st.integers(20, 900))
    return {
        "phase": draw(st.sampled_from([phase.value, str(phase.number)])),
        "regions": regions,
        "databaseClass": draw(
            st.sampled_from([name for name, one in facts.instance_classes().items() if not one.not_in])
        ),
        "databaseStorageGib": str(storage),
        "databaseMaxStorageGib": str(storage + draw(st.integers(100, 1000))),
        **({"cacheNodeType": draw(st.sampled_from(sorted(facts.cache_nodes())))} if PHASES[phase].cache else {}),
        "services": {"api": {"cpu": cpu / 1024, "memory": memory / 1024}},
        "budget": str(draw(st.integers(1, 9999))),
    }


CONFIGS = st.one_of(WILD, fitting())
PER_PHASE = st.dictionaries(st.sampled_from(list(PhaseName)), st.integers(1, 30)).map(
    lambda values: {phase.value: value for phase, value in values.items()}
)


@st.composite
def systems(draw: st.DrawFn) -> dict[str, Any]:
    """Floyo with a worker, a queue, shards, replicas and other sizes, or without."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "systems" / "floyo.yaml").read_text(encoding="utf-8"))
    for service in data["services"].values():
        service["replicas"] = draw(PER_PHASE)
        service["max_replicas"] = draw(PER_PHASE)
        service["websockets"] = draw(st.booleans())
    if draw(st.booleans()):
        data["services"]["worker"] = {
            "worker": True,
            "consumes": "jobs",
            "cpu": draw(st.sampled_from([0.25, 0.5, 1, 3])),
            "memory_gib": draw(st.sampled_from([0.5, 1, 2, 5])),
            "image": "x/worker:1",
            "health_command": ["true"],
        }
        data["queues"] = {"jobs": {"kind": draw(st.sampled_from(["managed", "cache"]))}}
        if data["queues"]["jobs"]["kind"] == "cache":
            data["cache"]["purposes"] = ["cache", "queue"]
            data["requires"] = ["cache"]
    data["database"]["shards"] = draw(st.sampled_from([1, {"single-region": 1, "global": 4}]))
    data["database"]["read_replicas"] = draw(PER_PHASE.filter(lambda values: all(v <= 15 for v in values.values())))
    data["database"]["compute"] = draw(
        st.sampled_from([{}, {"cpu": 2, "memory_gib": 8}, {"scaled": {"cpu": 99, "memory_gib": 1}}])
    )
    data["database"]["pool"]["max"] = draw(st.sampled_from([None, 1, 10, 100]))
    return data


def attempt(data: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[tuple[str, ...], Deployment | None]:
    """Resolve a system under a config, through their files' forms: the problems, or the deployment."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "systems").mkdir()
        (root / "systems" / "floyo.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        problems = Problems()
        stack = config.parse(raw(**values), "dev", problems, source=lambda _key: "Pulumi.dev.yaml")
        try:
            return (), resolve.resolve_named(root, stack, problems)
        except ConfigError as error:
            return error.problems, None


@settings(max_examples=150, deadline=None)
@given(data=systems(), values=CONFIGS, everything=st.booleans())
def test_any_system_at_any_phase_resolves_or_is_refused_by_key(
    data: dict[str, Any], values: dict[str, Any], everything: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if everything:
            patch.setattr("infra.needs.BUILT", frozenset(Capability))
        primary = {"aws_region": values["regions"][0]} if values.get("regions") else {}
        problems, deployment = attempt(data, {**values, **primary})
    assert bool(problems) is (deployment is None)
    assert [line for line in problems if "\n" in line or not names_a_key(line, values)] == []
    if deployment is not None:
        assert_sound(deployment)


def names_a_key(line: str, values: Mapping[str, Any]) -> bool:
    """Whether a problem's line says which key of which file is meant, and that key is there or is missing."""
    where, _, rest = line.partition(": ")
    if where == "systems/floyo.yaml":
        return rest.startswith(("services.", "database.", "needs "))
    key = rest.partition(": ")[0]
    name = key.removeprefix("ascend:").partition(".")[0]
    derived = {"regions", "images", "databaseClass"}
    return where == "Pulumi.dev.yaml" and (key == "aws:region" or name in values or name in derived)


def assert_sound(deployment: Deployment) -> None:
    """What holds of every deployment, whatever it was made from."""
    sizes = facts.fargate_sizes()
    for service in deployment.services.values():
        assert service.memory_mib in sizes[service.cpu_units]
        assert 1 <= service.min_tasks <= service.max_tasks
        assert (service.autoscaling is None) <= (service.min_tasks == service.max_tasks)
        assert 0 <= service.pool_min <= service.pool_max
        assert service.image
        assert service.health_command
        assert not deployment.production or config.pinned(service.image)
    database = deployment.database
    assert 20 <= database.storage_gib * 1.1 <= database.max_storage_gib * 1.0001
    assert database.size_limit_gib <= database.max_storage_gib
    assert not {region.name for region in deployment.regions} & set(database.instance.not_in)
    assert len(deployment.regions) >= PHASES[deployment.phase].min_regions
    if deployment.cache is not None:
        assert deployment.cache.evicts or deployment.cache.snapshot_days >= 1
        assert deployment.cache.shape.nodes >= (2 if deployment.cache.shape.failover else 1)
    assert deployment.budget_usd > 0


@settings(max_examples=60, deadline=None)
@given(values=fitting())
def test_floyo_resolves_at_every_phase_under_every_fitting_config(values: dict[str, Any]) -> None:
    data = yaml.safe_load((ROOT / "systems" / "floyo.yaml").read_text(encoding="utf-8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.needs.BUILT", frozenset(Capability))
        problems, deployment = attempt(data, {**values, "aws_region": values["regions"][0]})
    if problems:
        # The one thing that a fitting config can still lack: a class with connections for all tasks.
        assert [line for line in problems if "connections" not in line] == []
        assert deployment is None
    else:
        assert deployment is not None
        assert_sound(deployment)
        assert deployment.database.instance.name == values["databaseClass"]
        if deployment.cache is not None:
            assert deployment.cache.node.name == values["cacheNodeType"]
        assert deployment.database.storage_gib == int(values["databaseStorageGib"])
        assert [region.name for region in deployment.regions] == values["regions"]


def test_the_models_of_the_documents_systems_fit(tmp_path: Path, all_built: None) -> None:
    """A worker on a queue in the cache, tiers with rate limits, fetching on a timer: what the other documents have."""
    (tmp_path / "systems").mkdir()
    shutil.copy(Path(__file__).parent / "data" / "every-kind.yaml", tmp_path / "systems")
    problems = Problems()
    stack = config.parse(raw(system="every-kind", phase="scaled"), "dev", problems)
    deployment = resolve.resolve_named(tmp_path, stack, problems)
    assert deployment.rate_limits["messages"].per_tier == {"free": 20, "paid": 100}
    assert deployment.rate_limits["images"].per_tier == {"free": 5, "paid": 30}
    assert deployment.traffic.sync is not None
    assert (deployment.traffic.sync.queries.low, deployment.traffic.sync.queries.high) == (5, 10)
    assert deployment.database.shards == 2
    assert deployment.thresholds.connections == 2000
    assert deployment.services["worker"].consumes == "jobs"
    assert deployment.database.pool.max == 100
