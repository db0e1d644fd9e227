"""Every mistake in a system's file is named: file, dotted key, value, what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra import catalog, strict_yaml
from infra.errors import Problems
from infra.modeling import Range, at
from infra.phases import PhaseName
from infra.system import Floor, Service, System
from tests.infra.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, Any]], None]


def put(data: dict[str, Any], path: str, value: Any) -> None:
    """Sets (or, for None with a leading ``-``, removes) the value at a dotted path."""
    *parents, last = path.removeprefix("-").split(".")
    node: Any = data
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    if path.startswith("-"):
        del node[last]
    else:
        node[last] = value


WORKER = {
    "worker": True,
    "consumes": "jobs",
    "cpu": 0.25,
    "memory_gib": 0.5,
    "image": "x/y:1",
    "health_command": ["true"],
}

#: No tasks until the phase that brings a cache.
NOT_YET = {"single-region": 0, "cached": 1}

#: path and value put into Floyo; the problem that results.
REFUSED: list[tuple[str, Any, str]] = [
    ("extra", 1, "extra: unknown key; allowed: " + ", ".join(System.model_fields)),
    ("services.api.prot", 1, "services.api.prot: unknown key; did you mean 'port'?"),
    ("database.pool.mx", 1, "database.pool.mx: unknown key; did you mean 'max'?"),
    ("storage.archive.archive.0.prefx", 1, "storage.archive.archive.0.prefx: unknown key; did you mean 'prefix'?"),
    ("limits.cached.databas_gib", 1, "limits.cached.databas_gib: unknown key; did you mean 'database_gib'?"),
    (
        "limits",
        {"database_gib": 8, "bandwidth_gib_month": 1, "conections": 1},
        "limits.conections: unknown key; did you mean 'connections'?",
    ),
    ("limits", {"database_gib": 8}, "limits.bandwidth_gib_month: missing"),
    (
        "database.compute",
        {"cpu": 2, "memory_gib": 0},
        "database.compute.memory_gib: 0 is not allowed; input should be greater than 0",
    ),
    ("-traffic", None, "traffic: missing"),
    ("-services.api.cpu", None, "services.api.cpu: missing"),
    ("name", "floyd", "name: 'floyd' is not the file's name; must be 'floyo'"),
    ("title", 7, "title: 7 is not allowed; input should be a valid string"),
    ("services.api.port", "8000", 'services.api.port: "8000" is not allowed; input should be a valid integer'),
    (
        "services.api.port",
        70000,
        "services.api.port: 70000 is not allowed; input should be less than or equal to 65535",
    ),
    ("services.api.cpu", -1, "services.api.cpu: -1 is not allowed; input should be greater than 0"),
    ("services.api.cpu", {"cached": 1}, "services.api: 'cpu' must start at phase 'single-region'"),
    (
        "services.api.cpu",
        {"single-region": 1, "caching": 1},
        (
            "services.api.cpu.caching: 'caching' cannot be a key; input should be 'single-region', 'cached', 'scaled' "
            "or 'global'"
        ),
    ),
    (
        "services.api.environment",
        {"DATABASE_URL": "x"},
        ("services.api: environment 'DATABASE_URL' is given to every container by the program; choose another name"),
    ),
    (
        "services.api.environment",
        {"DB_POOL_MAX": "x"},
        ("services.api: environment 'DB_POOL_MAX' is given to every container by the program; choose another name"),
    ),
    (
        "services.api.environment",
        {"STRIPE_API_KEY": "x"},
        ("services.api: environment 'STRIPE_API_KEY' looks like a secret; plain variables are readable in the console"),
    ),
    ("services.api.worker", True, "services.api: a worker needs `consumes`, the queue it takes work from"),
    ("services.api.consumes", "jobs", "services.api: `consumes` is for workers; set `worker: true`"),
    ("services.api.port", None, "services.api: a service that is not a worker needs `port`"),
    ("-services.api.health_path", None, "services.api: `port` needs `health_path`"),
    (
        "-services.api.health_command",
        None,
        ("services.api: needs `health_command`, which tells a hung task from a working one"),
    ),
    (
        "-services.api.placeholder",
        None,
        ("services.api: needs `image`, or a `placeholder` until a stack's config names one"),
    ),
    ("services.api.public_path", "/*", "`public_path` has '/*' twice"),
    (
        "services.database",
        {**WORKER, "worker": False, "consumes": None, "port": 1, "health_path": "/"},
        "service 'database' has the name of another part of the stack; choose another",
    ),
    (
        "services.cache",
        {**WORKER, "worker": False, "consumes": None, "port": 1, "health_path": "/"},
        "service 'cache' has the name of another part of the stack; choose another",
    ),
    ("services.jobs", WORKER, "service 'jobs' consumes queue 'jobs', which is not in `queues`"),
    ("queues.jobs", {}, "queue 'jobs' has no worker that consumes it"),
    (
        "queues.jobs",
        {"retries": 0},
        "queues.jobs.retries: 0 is not allowed; input should be greater than or equal to 1",
    ),
    (
        "queues.jobs",
        {"kind": "cache"},
        "a queue lives in the cache, so the cache is needed at every phase; add `requires: [cache]`",
    ),
    (
        "services.api.websockets",
        {"cached": True},
        "services.api: 'websockets' must start at phase 'single-region'",
    ),
    (
        "services.api.websockets",
        "yes",
        'services.api.websockets: "yes" is not allowed; input should be a valid boolean',
    ),
    (
        "services.api.request_timeout_s",
        0,
        "services.api.request_timeout_s: 0 is not allowed; input should be greater than 0",
    ),
    ("services.api.replicas", 0, "services.api: `replicas` of 0 is for workers"),
    (
        "services.api.replicas",
        -1,
        "services.api.replicas: -1 is not allowed; input should be greater than or equal to 0",
    ),
    ("services.api.spot_share", 0.5, "services.api: `spot_share` is for workers"),
    (
        "services.api.spot_share",
        1.5,
        "services.api.spot_share: 1.5 is not allowed; input should be less than or equal to 1",
    ),
    ("services.api.backlog_per_task", 20, "services.api: `backlog_per_task` is for workers"),
    (
        "services.api.metrics",
        {"model-call": {"unit": "Count", "statistic": "Sum"}},
        (
            "services.api.metrics.model-call: 'model-call' cannot be a key; "
            "string should match pattern '^[A-Z][A-Za-z0-9]*$'"
        ),
    ),
    (
        "services.api.metrics",
        {"Calls": {"unit": "Calls", "statistic": "Sum"}},
        (
            "services.api.metrics.Calls.unit: \"Calls\" is not allowed; input should be 'Seconds', 'Milliseconds', "
            "'Bytes', 'Percent', 'Count', 'Count/Second' or 'None'"
        ),
    ),
    (
        "services.api.metrics",
        {"Calls": {"unit": "Count", "statistic": "median"}},
        (
            'services.api.metrics.Calls.statistic: "median" is not allowed; string should match pattern '
            "'^(Average|Sum|Minimum|Maximum|SampleCount|p(\\d{1,2}(\\.\\d{1,2})?|100))$'"
        ),
    ),
    (
        "services.api.metrics",
        {"Calls": {"unit": "Count", "statistic": "Sum", "alarm": 5}},
        "services.api.metrics.Calls.alarm: unknown key; did you mean 'alarm_above'?",
    ),
    ("services.api.floors", [{"cron": "0 7 ? * MON-FRI *"}], "services.api.floors.0.min_tasks: missing"),
    (
        "services.api.floors",
        [{"cron": "0 7 * * *", "min_tasks": 2}],
        (
            'services.api.floors.0.cron: "0 7 * * *" is not allowed; string should match pattern '
            "'^[0-9*,/-]+ [0-9*,/-]+ [0-9?*,/LW-]+ [0-9A-Z*,/-]+ [0-9A-Z?*,/L#-]+ [0-9*,/-]+$'"
        ),
    ),
    (
        "services.api.floors",
        [{"cron": "0 7 * * * *", "min_tasks": 2}],
        "services.api.floors.0: cron needs `?` as exactly one of day of the month and day of the week",
    ),
    (
        "services.api.floors",
        [{"cron": "0 7 ? * ? *", "min_tasks": 2}],
        "services.api.floors.0: cron needs `?` as exactly one of day of the month and day of the week",
    ),
    (
        "services.api.floors",
        [{"cron": "0 7 ? * MON *", "min_tasks": 2, "time_zone": "Berlin"}],
        (
            "services.api.floors.0.time_zone: 'Berlin' is not a time zone; must be an IANA name such as 'UTC' or "
            "'Europe/Berlin'"
        ),
    ),
    (
        "services.api.floors",
        [{"cron": "0 7 ? * MON *", "min_tasks": 2}, {"cron": "0 7 ? * MON *", "min_tasks": 3}],
        "services.api: `floors` has '0 7 ? * MON * UTC' twice",
    ),
    (
        "services.api.capacity",
        {"cpu": 1},
        "services.api.capacity: needs one of `requests_per_second`, `concurrent` and `jobs_per_hour`",
    ),
    (
        "services.api.capacity",
        {"cpu": 1, "concurrent": {"low": 2, "high": 1}},
        "services.api.capacity.concurrent: low (2) is above high (1)",
    ),
    (
        "database.shard_key",
        "user id",
        "database.shard_key: \"user id\" is not allowed; string should match pattern '^[a-z_][a-z0-9_]*$'",
    ),
    (
        "storage.files.replicate",
        "always",
        ("storage.files.replicate: \"always\" is not allowed; input should be 'both-ways', 'from-primary' or 'no'"),
    ),
    ("traffic.requests_per_second", 0, "traffic: requests_per_second must be above 0"),
    (
        "traffic.requests_per_second",
        "many",
        'traffic.requests_per_second: "many" is not allowed; must be a figure, or `low` and `high`',
    ),
    (
        "traffic.tiers",
        {"free": {"share": 0.7, "requests_per_second": 1}, "paid": 0.3},
        (
            "traffic: requests of `tiers` add up to 0.715 per second of an average active user, "
            "not to requests_per_second (0.05)"
        ),
    ),
    ("traffic.cache_hit_share", 1.1, "traffic: cache_hit_share (1.1) is above 1"),
    (
        "traffic.edge_hit_share",
        -0.1,
        "traffic.edge_hit_share: -0.1 is not allowed; input should be greater than or equal to 0",
    ),
    (
        "traffic.sync",
        {"interval_s": {"low": 30, "high": 60}, "queries": {"low": 5, "high": 10}, "full_queries": 50},
        "traffic.sync.full_interval_s: missing",
    ),
    (
        "targets",
        {"cached": {"uptime_pct": 101}},
        "targets.cached.uptime_pct: 101 is not allowed; input should be less than or equal to 100",
    ),
    ("requires", ["sharding"], "requires.0: \"sharding\" is not allowed; input should be 'cache'"),
    ("database.version", "9", "database.version: \"9\" is not allowed; input should be '16' or '17'"),
    ("database.storage_gib", 60, "database: storage_gib (60) is above max_storage_gib (50) at phase 'single-region'"),
    ("database.pool", {"min": 9, "max": 2}, "database.pool: min (9) is above max (2)"),
    ("database.pool.share", 2, "database.pool.share: 2 is not allowed; input should be less than or equal to 1"),
    (
        "database.shards",
        {"single-region": 2, "global": 1},
        ("database: shards cannot become fewer from one phase to the next: each holds data"),
    ),
    ("database.partitions.1.table", "events", "database: `partitions` has 'events' twice"),
    (
        "database.partitions.1.table",
        "clicks",
        ("old partitions of 'clicks' have no place to go; add an `archive` rule with prefix 'clicks/'"),
    ),
    (
        "storage.archive.archive.0.delete_after_days",
        30,
        ("storage.archive.archive.0: delete_after_days (30) must be above archive_after_days (30)"),
    ),
    ("storage.files.services", ["wep"], "storage 'files' names service 'wep', which is not in `services`"),
    (
        "storage.Files",
        {"services": ["api"]},
        ("storage.Files: 'Files' cannot be a key; string should match pattern '^[a-z][a-z0-9]*(-[a-z0-9]+)*$'"),
    ),
    ("traffic.connections_per_user", {"low": 3, "high": 2}, "traffic.connections_per_user: low (3) is above high (2)"),
    ("traffic.tiers", {"free": 0.5, "paid": 0.4}, "traffic: shares of `tiers` add up to 0.9, not 1"),
    ("traffic.active_share", 1.5, "traffic.active_share: 1.5 is not allowed; input should be less than or equal to 1"),
    ("users.cached", 10, "users cannot become fewer from one phase to the next"),
    ("budget_usd", {"single-region": 50, "cached": 200}, "budget_usd needs every phase; missing: scaled, global"),
    (
        "limits",
        {"cached": {"database_gib": 8, "bandwidth_gib_month": 1}},
        "'limits' must start at phase 'single-region'",
    ),
]


def load(project: Path) -> tuple[System | None, list[str]]:
    problems = Problems()
    return catalog.load(project, "floyo", problems), problems.lines


@pytest.mark.parametrize("case", REFUSED, ids=[f"{path}-{number}" for number, (path, *_) in enumerate(REFUSED)])
def test_one_mistake_is_named_in_one_line(
    project: Path, floyo: dict[str, Any], write: Write, case: tuple[str, Any, str]
) -> None:
    path, value, message = case
    put(floyo, path, value)
    write(floyo)
    system, lines = load(project)
    assert lines == [f"systems/floyo.yaml: {message}"]
    assert system is None


def test_a_queue_in_the_cache_needs_a_cache_at_every_phase(project: Path, floyo: dict[str, Any], write: Write) -> None:
    floyo["cache"]["purposes"] = ["cache", "queue"]
    floyo["queues"] = {"jobs": {"kind": "cache"}}
    refusal = (
        "systems/floyo.yaml: a queue lives in the cache, so the cache is needed at every phase; add `requires: [cache]`"
    )
    # Also where its workers come later: what waits in it would be lost on the way down.
    for worker in (WORKER, WORKER | {"replicas": NOT_YET}):
        floyo["services"]["jobs"] = dict(worker)
        write(floyo)
        assert load(project)[1] == [refusal]
        write(floyo | {"requires": ["cache"]})
        assert load(project)[1] == []


def test_a_floor_above_the_most_tasks_is_refused(project: Path, floyo: dict[str, Any], write: Write) -> None:
    floyo["services"]["api"]["floors"] = [{"cron": "0 7 ? * MON *", "min_tasks": 7}]
    floyo["services"]["api"]["max_replicas"] = {"scaled": 6}
    write(floyo)
    assert load(project)[1] == [
        "systems/floyo.yaml: services.api: a floor of 7 tasks is above max_replicas (6) at phase 'scaled'"
    ]


@pytest.mark.parametrize("name", ["database-shard-2", "cache-log", "peering-euw1", "queue-jobs", "dashboard", "proxy"])
def test_a_service_cannot_take_the_name_of_a_part(
    project: Path, floyo: dict[str, Any], write: Write, name: str
) -> None:
    floyo["services"][name] = floyo["services"].pop("api")
    for bucket in floyo["storage"].values():
        bucket["services"] = ["web"]
    write(floyo)
    assert load(project)[1] == [
        f"systems/floyo.yaml: service '{name}' has the name of another part of the stack; choose another"
    ]


@pytest.mark.parametrize("name", ["METRICS_NAMESPACE", "DATABASE_SHARDS", "DATABASE_SHARD_MAP", "DATABASE_URL_SHARD_2"])
def test_the_contract_of_later_phases_is_kept_free_too(
    project: Path, floyo: dict[str, Any], write: Write, name: str
) -> None:
    floyo["services"]["api"]["environment"] = {name: "x"}
    write(floyo)
    assert load(project)[1] == [
        (
            f"systems/floyo.yaml: services.api: environment '{name}' is given to every container by the program; "
            "choose another name"
        )
    ]


def test_a_machine_without_time_zones_leaves_them_to_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    floor = {"cron": "0 7 ? * MON *", "min_tasks": 2, "time_zone": "Mars/Olympus"}
    with pytest.raises(ValueError, match="'Mars/Olympus' is not a time zone"):
        Floor.model_validate(floor)
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    assert Floor.model_validate(floor).time_zone == "Mars/Olympus"


def test_a_figure_given_once_is_both_ends_of_its_range(project: Path) -> None:
    system, _ = load(project)
    assert system is not None
    assert system.traffic.requests_per_second == Range(low=0.05, high=0.05)


@pytest.mark.parametrize("path", ["-cache", "-storage.files", "-users", "-thresholds", "-services.web.environment"])
def test_what_a_system_can_do_without_may_be_left_out(
    project: Path, floyo: dict[str, Any], write: Write, path: str
) -> None:
    put(floyo, path, None)
    write(floyo)
    assert load(project)[1] == []


def test_several_mistakes_are_named_in_one_run(project: Path, floyo: dict[str, Any], write: Write) -> None:
    put(floyo, "services.api.cpu", 0)
    put(floyo, "services.web.colour", "red")
    put(floyo, "database.version", 17)
    write(floyo)
    assert load(project)[1] == [
        "systems/floyo.yaml: services.web.colour: unknown key; allowed: " + ", ".join(Service.model_fields),
        "systems/floyo.yaml: services.api.cpu: 0 is not allowed; input should be greater than 0",
        "systems/floyo.yaml: database.version: 17 is not allowed; input should be '16' or '17'",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: floyo\nservices: {\n", "line 3: expected the node content, but found '<stream end>'"),
        ("name: floyo\nname: floyo\n", "line 2: key 'name' is there twice"),
        ("a: {b: 1, b: 2}\n", "line 1: key 'b' is there twice"),
        ("- a\n", "is not a map of keys"),
        ("", "is not a map of keys"),
        (
            "a: !!python/object:os.system {}\n",
            ("line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'"),
        ),
        ("a: *b\n", "line 1: found undefined alias 'b'"),
        ("a: \u0001\n", "special characters are not allowed"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused(project: Path, text: str, message: str) -> None:
    (project / "systems" / "floyo.yaml").write_text(text, encoding="utf-8")
    (line,) = load(project)[1]
    assert message in line
    assert line.startswith("systems/floyo.yaml: ")


def test_a_file_that_is_not_utf_8_is_refused(project: Path) -> None:
    (project / "systems" / "floyo.yaml").write_bytes(b"name: \xff\n")
    assert load(project)[1] == ["systems/floyo.yaml: byte 6 is not UTF-8"]


def test_texts_that_yaml_1_1_would_turn_into_something_else_stay_texts(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        "a: on\nb: 1:30\nc: 2024-01-01\nd: 010\ne: 1_000\nf: 12\ng: -0.5\nh: true\ni: ~\nj: .nan\n", encoding="utf-8"
    )
    assert strict_yaml.load(file) == {
        "a": "on",
        "b": "1:30",
        "c": "2024-01-01",
        "d": "010",
        "e": "1_000",
        "f": 12,
        "g": -0.5,
        "h": True,
        "i": None,
        "j": ".nan",
    }
    assert yaml.safe_load("a: on") == {"a": True}, "the loader of others must stay as it is"


def test_the_catalog_lists_the_files(project: Path, floyo: dict[str, Any]) -> None:
    (project / "systems" / "atlas.yaml").write_text("{}", encoding="utf-8")
    (project / "systems" / "notes.md").write_text("", encoding="utf-8")
    assert catalog.names(project) == ("atlas", "floyo")


@pytest.mark.parametrize("name", catalog.names(ROOT))
def test_every_delivered_system_is_right_and_survives_a_round_trip(name: str, tmp_path: Path) -> None:
    problems = Problems()
    system = catalog.load(ROOT, name, problems)
    assert problems.lines == []
    assert system is not None
    (tmp_path / "systems").mkdir()
    text = yaml.safe_dump(system.model_dump(mode="json"), sort_keys=False)
    (tmp_path / "systems" / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert catalog.load(tmp_path, name, problems) == system
    assert problems.lines == []


def test_a_value_holds_until_a_later_phase_names_another() -> None:
    values = {PhaseName.SINGLE_REGION: 1, PhaseName.SCALED: 3}
    assert [at(values, phase) for phase in PhaseName] == [1, 1, 3, 3]
    assert at({PhaseName.SCALED: 3}, PhaseName.CACHED) is None


def fields(model: Any, seen: set[Any]) -> list[tuple[str, Any]]:
    """Every field of every model below `model`."""
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        found.append((f"{model.__name__}.{name}", field))
        pending = [field.annotation]
        while pending:
            part = pending.pop()
            pending += getattr(part, "__args__", ())
            if isinstance(part, type) and hasattr(part, "model_fields") and part not in seen:
                seen.add(part)
                found += fields(part, seen)
    return found


def test_every_field_says_what_it_is() -> None:
    found = fields(System, {System})
    assert len(found) > 70
    assert [name for name, field in found if not (field.description or "").strip()] == []


def test_the_model_speaks_of_no_product_of_a_cloud() -> None:
    files = ("system", "service_model", "data_model", "load_model", "modeling")
    text = "".join((ROOT / "infra" / f"{file}.py").read_text(encoding="utf-8").lower() for file in files)
    words = ("fargate", "ecs", "rds", "sqs", "s3", "elasticache", "lambda", "cloudwatch", "vpc", "dynamodb")
    assert [word for word in words if f" {word}" in text or f"_{word}" in text] == []
