"""Every value that a stack's config can have wrong is named: file, key, value, what is allowed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime import config as runtime_config

from infra import config, facts, resolve, strict_yaml
from infra.config_values import Receiver, ServiceOverride
from infra.errors import Problems
from infra.phases import PhaseName
from tests.infra.support import ROOT, Plan, Refuse, raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGIONS = ", ".join(facts.regions())
CLASSES = ", ".join(facts.instance_classes())
DIGEST = "sha256:" + "0a" * 32
IMAGES = "allowed: lower case, like ghcr.io/owner/name:tag or name@sha256:<64 hex digits>"

REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"phase": "fase1"},
        "ascend:phase: 'fase1' is not a phase; allowed: single-region (1), cached (2), scaled (3), global (4)",
    ),
    (
        {"phase": "0"},
        "ascend:phase: '0' is not a phase; allowed: single-region (1), cached (2), scaled (3), global (4)",
    ),
    ({"system": "floyoo"}, "ascend:system: 'floyoo' is not a system; did you mean 'floyo'?"),
    ({"system": "../x"}, "ascend:system: '../x' is not a system; allowed: floyo"),
    ({"system": None}, "ascend:system: missing; allowed: floyo"),
    ({"aws_region": None}, f"aws:region: missing; allowed: {REGIONS}"),
    (
        {"aws_region": "us-east-9"},
        f"aws:region: 'us-east-9' is not a region that a stack can run in; allowed: {REGIONS}",
    ),
    (
        {"regions": ["eu-west-1"]},
        (
            "ascend:regions: starts with 'eu-west-1', but aws:region is 'us-east-1'; the first is the stack's home, "
            "make them the same"
        ),
    ),
    (
        {"regions": ["us-east-1", "mars"]},
        f"ascend:regions: 'mars' is not a region that a stack can run in; allowed: {REGIONS}",
    ),
    ({"regions": "us-east-1"}, "ascend:regions: 'us-east-1' is not a list of regions"),
    ({"regions": ["us-east-1", "us-east-1"]}, 'ascend:regions: ["us-east-1", "us-east-1"] names a region twice'),
    (
        {"regions": ["us-east-1", "eu-west-1"], "primary": "us-west-2"},
        "ascend:primary: 'us-west-2' is none of the stack's regions; allowed: us-east-1, eu-west-1",
    ),
    ({"deletionProtection": "no"}, "ascend:deletionProtection: 'no' is neither true nor false"),
    ({"deletionProtection": {"a": 1}}, """ascend:deletionProtection: '{"a": 1}' is neither true nor false"""),
    ({"primary": "nowhere"}, f"ascend:primary: 'nowhere' is not a region that a stack can run in; allowed: {REGIONS}"),
    ({"primary": "eu-west-1"}, "ascend:primary: 'eu-west-1' is none of the stack's regions; allowed: us-east-1"),
    (
        {"phase": "4", "regions": ["us-east-1"]},
        (
            "ascend:regions: phase 'global' needs 2 regions at least, not 1; list them, the home first, such as "
            "[us-east-1, us-east-2]"
        ),
    ),
    (
        {"phase": "4", "regions": ["us-east-1", 7]},
        f"ascend:regions: 7 is not a region that a stack can run in; allowed: {REGIONS}",
    ),
    (
        {"phase": "4", "regions": ["us-east-1", "eu-west-1", "eu-west-1"], "primary": "eu-west-1"},
        'ascend:regions: ["us-east-1", "eu-west-1", "eu-west-1"] names a region twice',
    ),
    ({"phase": "4", "regions": {"a": 1}}, """ascend:regions: '{"a": 1}' is not a list of regions"""),
    (
        {"phase": "4", "regions": list(facts.regions())},
        (
            "ascend:regions: 15 regions make 16 replicas of one database; RDS takes 15 of each; "
            "allowed: at most 14 regions"
        ),
    ),
    ({"shards": "-1"}, "ascend:shards: '-1' is not allowed; must be above 0"),
    ({"shards": "1.5"}, "ascend:shards: '1.5' is not a whole number"),
    ({"shards": "two"}, "ascend:shards: 'two' is not a number"),
    (
        {"shards": "1", "phase": "4", "regions": ["us-east-1", "eu-west-1"]},
        ("ascend:shards: 1 is below the 2 of system 'floyo'; each of them holds data; set 2 or more, or leave it out"),
    ),
    (
        {"shards": "500"},
        (
            "ascend:shards: 500 databases with 0 read replicas each; an account has 40 instances in a region; "
            "allowed: at most 40"
        ),
    ),
    (
        {"phase": "3", "services": {"api": {"minTasks": 5, "maxTasks": 2}}},
        "ascend:services.api.maxTasks: 5 tasks at rest are above 2 under load",
    ),
    ({"services": {"api": {"minTasks": 0}}}, "ascend:services.api.minTasks: 0 is not allowed; must be above 0"),
    ({"directAccess": "1"}, "ascend:directAccess: '1' is neither true nor false"),
    (
        {"migration": "db.x.co"},
        (
            "ascend:migration: 'db.x.co' is not a map; allowed: host, port, database, username, tables, class, "
            "storageGib, started"
        ),
    ),
    (
        {"migration": {"host": "db.x.co", "username": "a b"}},
        (
            "ascend:migration.username: \"a b\" is not a user's name; allowed: 1 to 63 letters, digits, '_', '.', "
            "'-', '$', a letter or '_' first"
        ),
    ),
    (
        {"migration": {"host": "db.x.co"}},
        "ascend:migrationPassword: missing; ascend:migration needs the password of its user, written with --secret",
    ),
    ({"migrationPassword": "x"}, "ascend:migrationPassword: is in plain text; write it with --secret"),
    (
        {"environment": "a b"},
        "ascend:environment: 'a b' is not an environment's name; allowed: 1 to 100 letters, digits, '-', '_', '.'",
    ),
    ({"domain": "Floyo"}, "ascend:domain: 'Floyo' is not a domain name; allowed: lower case, like app.example.com"),
    (
        {"domain": "https://a.example"},
        "ascend:domain: 'https://a.example' is not a domain name; allowed: lower case, like app.example.com",
    ),
    (
        {"alertReceivers": ["oncall"]},
        "ascend:alertReceivers: 'oncall' is neither an e-mail address nor an https:// address",
    ),
    (
        {"alertReceivers": ["http://a.example/x"]},
        "ascend:alertReceivers: 'http://a.example/x' is neither an e-mail address nor an https:// address",
    ),
    (
        {"alertReceivers": {"a": 1}},
        """ascend:alertReceivers: '{"a": 1}' is not a list of e-mail addresses and https:// addresses""",
    ),
    ({"images": ["x"]}, """ascend:images: '["x"]' is not a map from service to image"""),
    ({"images": {"api": "Not An Image"}}, f"ascend:images.api: 'Not An Image' is not an image's name; {IMAGES}"),
    ({"images": {"api": 7}}, f"ascend:images.api: 7 is not an image's name; {IMAGES}"),
    ({"images": {"apy": "x/y:1"}}, "ascend:images.apy: system 'floyo' has no service 'apy'; did you mean 'api'?"),
    ({"flowLogs": "yes"}, "ascend:flowLogs: 'yes' is neither true nor false"),
    ({"budget": "-5"}, "ascend:budget: '-5' is not allowed; must be above 0"),
    ({"budget": "nan"}, "ascend:budget: 'nan' is not a number"),
    ({"budget": "1_000"}, "ascend:budget: '1_000' is not a number"),
    ({"budget": "1e999"}, "ascend:budget: '1e999' is not a number"),
    ({"databaseStorageGib": "-20"}, "ascend:databaseStorageGib: '-20' is not allowed; must be above 0"),
    ({"databaseStorageGib": "20.5"}, "ascend:databaseStorageGib: '20.5' is not a whole number"),
    ({"databaseStorageGib": "much"}, "ascend:databaseStorageGib: 'much' is not a number"),
    ({"databaseStorageGib": "10"}, "ascend:databaseStorageGib: 10 GiB is not allowed; must be 20 to 65536"),
    (
        {"databaseMaxStorageGib": "21"},
        "ascend:databaseMaxStorageGib: the ceiling of 21 GiB must be at least 10% above the 20 GiB at the start",
    ),
    (
        {"databaseStorageGib": "48"},
        "ascend:databaseStorageGib: the ceiling of 50 GiB must be at least 10% above the 48 GiB at the start",
    ),
    (
        {"cacheNodeType": "cache.nonsense"},
        f"ascend:cacheNodeType: 'cache.nonsense' is not a cache node type; allowed: {', '.join(facts.cache_nodes())}",
    ),
    (
        {"cacheNodeType": "cache.t4g.mico"},
        "ascend:cacheNodeType: 'cache.t4g.mico' is not a cache node type; did you mean 'cache.t4g.micro'?",
    ),
    (
        {"cacheNodeType": "cache.t4g.small"},
        "ascend:cacheNodeType: system 'floyo' has no cache at phase 'single-region'; leave it out",
    ),
    (
        {"databaseClass": "db.nonsense"},
        f"ascend:databaseClass: 'db.nonsense' is not a database class; allowed: {CLASSES}",
    ),
    (
        {"databaseClass": "db.t4g.mico"},
        "ascend:databaseClass: 'db.t4g.mico' is not a database class; did you mean 'db.t4g.micro'?",
    ),
    ({"services": "api"}, "ascend:services: 'api' is not a map from service to sizes"),
    (
        {"services": {"api": 2}},
        "ascend:services.api: 2 is not a map of sizes; allowed: cpu, memory, minTasks, maxTasks",
    ),
    (
        {"services": {"apx": {"cpu": 1}}},
        "ascend:services.apx: system 'floyo' has no service 'apx'; did you mean 'api'?",
    ),
    ({"services": {"api": {"cpus": 1}}}, "ascend:services.api.cpus: unknown key; did you mean 'cpu'?"),
    ({"services": {"api": {"cpu": -1}}}, "ascend:services.api.cpu: -1 is not allowed; must be above 0"),
    ({"services": {"api": {"cpu": True}}}, "ascend:services.api.cpu: true is not a number"),
    ({"services": {"api": {"cpu": None}}}, "ascend:services.api.cpu: null is not a number"),
    (
        {"services": '{"api": {"cpu": 1' + "0" * 400 + "}}"},
        "ascend:services.api.cpu: 1" + "0" * 400 + " is not a number",
    ),
    ({"services": {"api": {"minTasks": 1.5}}}, "ascend:services.api.minTasks: 1.5 is not a whole number"),
    (
        {"services": {"api": {"cpu": 7, "memory": 3}}},
        "ascend:services.api: Fargate runs no task of 7 vCPU with 3 GiB; allowed vCPU: 0.25, 0.5, 1, 2, 4, 8, 16",
    ),
    (
        {"services": {"api": {"memory": 3}}},
        "ascend:services.api: Fargate runs no task of 0.25 vCPU with 3 GiB; allowed GiB with 0.25 vCPU: 0.5, 1, 2",
    ),
    (
        {"services": {"api": {"cpu": 0.2501}}},
        (
            "ascend:services.api: Fargate runs no task of 0.2501 vCPU with 0.5 GiB; "
            "allowed vCPU: 0.25, 0.5, 1, 2, 4, 8, 16"
        ),
    ),
    (
        {"services": {"api": {"maxTasks": 4}}},
        "ascend:services.api.maxTasks: 4 is above 1, but phase 'single-region' does not scale by itself; set minTasks",
    ),
    (
        {"services": {"api": {"minTasks": 3, "maxTasks": 2}}},
        "ascend:services.api.maxTasks: 2 is below the 3 at rest; set minTasks",
    ),
    (
        {"services": {"api": {"minTasks": 40}}},
        (
            "ascend:databaseClass: 'db.t4g.micro' takes 78 connections, of which the services may use 62; too few for "
            "41 tasks, twice that during a deployment, with a pool for reads and one for writes each"
        ),
    ),
    ({"phasee": "1"}, "ascend:phasee: unknown key; did you mean 'ascend:phase'?"),
    ({"databaseclass": "x"}, "ascend:databaseclass: unknown key; did you mean 'ascend:databaseClass'?"),
    ({"zzz": "x"}, "ascend:zzz: unknown key; allowed: " + ", ".join(f"ascend:{key}" for key in config.KEYS)),
]


@pytest.mark.parametrize(("values", "message"), REFUSED, ids=[message[:60] for _, message in REFUSED])
def test_a_wrong_value_is_refused_in_one_line(refuse: Refuse, values: dict[str, Any], message: str) -> None:
    assert refuse(**values) == (f"Pulumi.dev.yaml: {message}",)


def test_every_problem_is_named_in_one_run(refuse: Refuse) -> None:
    assert refuse(phase="7", flowLogs="on", databaseStorageGib="-1", services={"api": {"cpu": 3}}, extra="1") == (
        "Pulumi.dev.yaml: ascend:extra: unknown key; allowed: " + ", ".join(f"ascend:{key}" for key in config.KEYS),
        f"Pulumi.dev.yaml: ascend:phase: '7' is not a phase; allowed: {', '.join(PhaseName.choices())}",
        "Pulumi.dev.yaml: ascend:databaseStorageGib: '-1' is not allowed; must be above 0",
        "Pulumi.dev.yaml: ascend:flowLogs: 'on' is neither true nor false",
        (
            "Pulumi.dev.yaml: ascend:services.api: Fargate runs no task of 3 vCPU with 0.5 GiB; "
            "allowed vCPU: 0.25, 0.5, 1, 2, 4, 8, 16"
        ),
    )


def test_production_takes_images_by_digest_only(refuse: Refuse, plan: Plan) -> None:
    assert refuse(environment="prod", images={"web": "ghcr.io/floyo/web:1.2"}) == (
        (
            "Pulumi.dev.yaml: ascend:images.web: 'ghcr.io/floyo/web:1.2' is not pinned; environment 'prod' takes "
            "images by digest, name@sha256:<64 hex digits>"
        ),
        (
            "Pulumi.dev.yaml: ascend:images.api: missing; environment 'prod' takes images by digest, "
            "name@sha256:<64 hex digits>"
        ),
    )
    images = {name: f"ghcr.io/floyo/{name}@{DIGEST}" for name in ("web", "api")}
    deployment = plan(environment="prod", images=images)
    assert {name: service.image for name, service in deployment.services.items()} == images


def test_all_values_arrive() -> None:
    problems = Problems()
    settings = config.parse(
        raw(
            phase="4",
            environment="staging",
            aws_region="eu-west-1",
            regions=["eu-west-1", "us-west-2"],
            domain="app.example.com",
            zone="example.com",
            directAccess="true",
            deletionProtection="false",
            alertReceivers=["a@example.com", "https://hooks.example.com/x"],
            images={"api": f"localhost:5000/team/api:v1@{DIGEST}"},
            databaseClass="db.r7g.large",
            databaseStorageGib="50",
            databaseMaxStorageGib="500",
            cacheNodeType="cache.r7g.large",
            services={"api": {"cpu": 0.5, "memory": 1, "minTasks": 2, "maxTasks": 9}},
            flowLogs="true",
            budget="80",
        ),
        "qa",
        problems,
    )
    assert problems.lines == []
    assert settings == config.StackConfig(
        stack="qa",
        system="floyo",
        phase=PhaseName.GLOBAL,
        environment="staging",
        regions=(facts.regions()["eu-west-1"], facts.regions()["us-west-2"]),
        domain="app.example.com",
        zone="example.com",
        direct_access=True,
        deletion_protection=False,
        receivers=(Receiver("email", "a@example.com"), Receiver("https", "https://hooks.example.com/x")),
        images={"api": f"localhost:5000/team/api:v1@{DIGEST}"},
        database_class="db.r7g.large",
        database_storage_gib=50,
        database_max_storage_gib=500,
        cache_node_type="cache.r7g.large",
        services={"api": ServiceOverride(cpu=0.5, memory_gib=1, min_tasks=2, max_tasks=9)},
        flow_logs=True,
        budget_usd=80,
    )


def test_other_namespaces_are_left_alone() -> None:
    problems = Problems()
    config.parse({**raw(), "aws:profile": "x", "cloudflare:zone": "y"}, "dev", problems)
    assert problems.lines == []


@pytest.mark.parametrize("phase", list(PhaseName))
def test_a_phase_is_named_by_name_or_number(phase: PhaseName) -> None:
    assert PhaseName.parse(phase.value) is PhaseName.parse(str(phase.number)) is phase


def test_a_secret_value_is_not_repeated() -> None:
    problems = Problems()
    config.parse(
        raw(domain="hunter2!", services={"api": {"cpu": "hunter2"}}),
        "dev",
        problems,
        secrets=frozenset({"ascend:domain", "ascend:services"}),
    )
    assert problems.lines == [
        "config: ascend:domain: the secret value is not a domain name; allowed: lower case, like app.example.com",
        "config: ascend:services.api.cpu: the secret value is not a number",
    ]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine's side of `config.read`: a stack called dev, and a config of its own."""
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    token = runtime_config.CONFIG.set({})
    secret = runtime_config._SECRET_KEYS.set(set())
    yield
    runtime_config.CONFIG.reset(token)
    runtime_config._SECRET_KEYS.reset(secret)


@pytest.mark.usefixtures("stack")
def test_messages_say_where_a_value_was_written(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: us-east-1\n  ascend:system: floyo\n  ascend:phase: cached\n  ascend:domain: UPPER\n",
        encoding="utf-8",
    )
    pulumi.runtime.set_all_config(raw(phase="9", domain="UPPER", budget="-1"))
    problems = Problems()
    assert config.read(project, problems).stack == "dev"
    assert problems.lines == [
        (
            "config of stack 'dev': ascend:phase: '9' is not a phase; "
            "allowed: single-region (1), cached (2), scaled (3), global (4)"
        ),
        "Pulumi.dev.yaml: ascend:domain: 'UPPER' is not a domain name; allowed: lower case, like app.example.com",
        "config of stack 'dev': ascend:budget: '-1' is not allowed; must be above 0",
    ]


@pytest.mark.usefixtures("stack")
def test_a_missing_key_is_missing_in_the_stack_file_where_there_is_one(project: Path) -> None:
    pulumi.runtime.set_all_config({"aws:region": "us-east-1", "ascend:phase": "x"}, ["ascend:phase"])
    without = Problems()
    config.read(project, without)
    assert without.lines[0].startswith("config of stack 'dev': ascend:phase: the secret value is not a phase")
    (project / "Pulumi.dev.yaml").write_text("config: {}\n", encoding="utf-8")
    pulumi.runtime.set_all_config({})
    problems = Problems()
    config.read(project, problems)
    assert problems.lines == [f"Pulumi.dev.yaml: aws:region: missing; allowed: {REGIONS}"]


def declared() -> dict[str, Any]:
    """What Pulumi.yaml declares, by full key."""
    keys: dict[str, Any] = strict_yaml.load(ROOT / "Pulumi.yaml")["config"]
    return {key if ":" in key else f"ascend:{key}": value for key, value in keys.items()}


def test_the_project_file_declares_every_key() -> None:
    keys = declared()
    assert keys.pop("aws:region") == {"value": "us-east-1"}
    assert set(keys) == {f"ascend:{key}" for key in config.KEYS}
    assert all(value["type"] and value["description"].endswith(".") for value in keys.values())
    # The official CLI refuses a stack that leaves out a key without a default.
    assert [key for key, value in keys.items() if "default" not in value] == ["ascend:system"]


def test_the_declared_defaults_are_the_programs() -> None:
    defaults = {key[7:]: value["default"] for key, value in declared().items() if "default" in value}
    problems = Problems()
    given = config.parse(raw(**defaults), "dev", problems)
    assert problems.lines == []
    assert given == config.parse(raw(), "dev", problems)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(("name", "tasks"), [("dev", (1, 1)), ("prod", (2, 20))])
def test_the_stack_files_resolve_once_their_phase_is_built(
    monkeypatch: pytest.MonkeyPatch, all_built: None, name: str, tasks: tuple[int, int]
) -> None:
    content = strict_yaml.load(ROOT / f"Pulumi.{name}.yaml")["config"]
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in content.items()}
    pulumi.runtime.set_all_config(values)
    monkeypatch.setattr(pulumi, "get_stack", lambda: name)
    deployment = resolve.load(ROOT)
    assert (deployment.stack, deployment.environment) == (name, name)
    assert (deployment.services["api"].min_tasks, deployment.services["api"].max_tasks) == tasks


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_stack_files_are_right(name: str) -> None:
    content = strict_yaml.load(ROOT / f"Pulumi.{name}.yaml")["config"]
    values = {key.partition(":")[2]: value for key, value in content.items() if key.startswith("ascend:")}
    problems = Problems()
    settings = config.parse(raw(aws_region=content["aws:region"], **values), name, problems)
    assert problems.lines == []
    assert (settings.system, settings.environment, settings.production) == ("floyo", name, name == "prod")
    assert settings.phase is {"dev": PhaseName.SINGLE_REGION, "prod": PhaseName.SCALED}[name]
    if name == "prod":
        assert settings.domain
        assert settings.receivers
        assert set(settings.images) == {"web", "api"}
        assert all(config.pinned(image) for image in settings.images.values())
