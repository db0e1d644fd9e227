"""A stack's config: every key of ``Pulumi.<stack>.yaml`` in the namespace ``ascend``, checked one by one.

What can be said of a value alone is said here; what needs the system (does this service exist?) is said by
`infra.resolve`. Both write into one `Problems`, so that one run names everything there is to mend.
"""

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import pulumi
from pulumi.runtime import config as runtime_config

from infra import facts, strict_yaml
from infra.errors import Problems, allowed, did_you_mean
from infra.migration import MigrationPlan, check_password
from infra.migration import parse as parse_migration
from infra.phases import PhaseName

T = TypeVar("T")

NAMESPACE = "ascend"
REGION_KEY = "aws:region"
SYSTEM_KEY = f"{NAMESPACE}:system"
PRODUCTION = ("prod", "production")
#: Where Cloudflare's provider finds its credentials: keys of the config, and variables of the environment.
EDGE_TOKENS = ("cloudflare:apiToken", "cloudflare:apiKey", "cloudflare:apiUserServiceKey")
EDGE_VARIABLES = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_USER_SERVICE_KEY")

_ENVIRONMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_EMAIL = re.compile(r"[^\s@,;<>]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_IMAGE = re.compile(
    r"[a-z0-9]+(?:[._:/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
)
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_PINNED = re.compile(r"@sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who hears of an alarm.

    Attributes:
        protocol: how.
        endpoint: the address.
    """

    protocol: Literal["email", "https"]
    endpoint: str


@dataclass(frozen=True, slots=True)
class ServiceOverride:
    """Sizes of one service that differ from the system's. None leaves what is.

    Attributes:
        cpu: vCPU of one task.
        memory_gib: memory of one task, in GiB.
        min_tasks: tasks at rest.
        max_tasks: tasks under the highest load.
    """

    cpu: float | None = None
    memory_gib: float | None = None
    min_tasks: int | None = None
    max_tasks: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """A stack's config. Fields that were wrong have their defaults, and `infra.errors.Problems` has the reason.

    Attributes:
        stack: the stack's name.
        system: name of the system; empty if the config does not name one.
        phase: the phase.
        environment: where the stack stands (``dev``, ``prod``).
        regions: where it runs; the first is its home, which has the primary key of its encryption.
        primary: where its database is written to; None for the first of them.
        domain: its domain name; None for the provider's own.
        zone: the Cloudflare zone that the domain is in.
        direct_access: whether the ingress answers at its own address beside the edge.
        deletion_protection: whether AWS refuses to delete databases and load balancers.
        edge_credentials: whether there are credentials for Cloudflare.
        receivers: who hears of alarms.
        images: container images by service.
        database_class: the database's class; None for the phase's.
        database_storage_gib: its storage at the start, in GiB; None for the system's.
        database_max_storage_gib: how far that may grow, in GiB; None for the system's.
        shards: databases that the data is divided among; None for the system's.
        cache_node_type: the cache's node type; None for the phase's.
        services: sizes by service.
        flow_logs: whether the network's flows are logged.
        migration: the database that moves in; None for none.
        migration_password: of the user that reads it; None without one.
        budget_usd: the most it may cost, in US dollars a month; None for the system's.
        source: where a key's value was written, for messages.
    """

    stack: str
    system: str = ""
    phase: PhaseName = PhaseName.SINGLE_REGION
    environment: str = "dev"
    regions: tuple[facts.Region, ...] = ()
    primary: facts.Region | None = None
    domain: str | None = None
    zone: str | None = None
    direct_access: bool = False
    deletion_protection: bool = True
    edge_credentials: bool = False
    receivers: tuple[Receiver, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)
    database_class: str | None = None
    database_storage_gib: int | None = None
    database_max_storage_gib: int | None = None
    shards: int | None = None
    cache_node_type: str | None = None
    services: Mapping[str, ServiceOverride] = field(default_factory=dict)
    flow_logs: bool = False
    migration: MigrationPlan | None = None
    migration_password: str | None = field(default=None, repr=False)
    budget_usd: float | None = None
    source: Callable[[str], str] = field(default=lambda _key: "config", compare=False, repr=False)

    @property
    def has_edge(self) -> bool:
        """Whether it gives all that an edge takes."""
        return self.domain is not None and self.zone is not None and self.edge_credentials

    @property
    def production(self) -> bool:
        """Whether it is the environment that customers see."""
        return self.environment in PRODUCTION


def pinned(image: str) -> bool:
    """Whether an image is named by digest, so that it cannot change under its name."""
    return _PINNED.search(image) is not None


@dataclass(slots=True)
class _Reader:
    """Reads values and notes what is wrong with them. Secret values are not repeated in messages."""

    raw: Mapping[str, str]
    secrets: frozenset[str]
    source: Callable[[str], str]
    problems: Problems

    def note(self, key: str, text: str) -> None:
        """Note a problem of `key`, which may have a path behind it (``ascend:services.api.cpu``)."""
        self.problems.add(self.source(key), key, text)

    def shown(self, key: str, value: object) -> str:
        """The value as a message may show it."""
        if key.split(".", 1)[0] in self.secrets:
            return "the secret value"
        return f"'{value}'" if isinstance(value, str) else json.dumps(value)

    def read(self, name: str, parse: "Callable[[_Reader, str, Any], T]", default: T) -> T:
        """The value of ``ascend:<name>``, or `default` where it is missing or wrong."""
        key = f"{NAMESPACE}:{name}"
        # The official CLI asks for every declared key, so the optional ones are declared with an empty default.
        if self.raw.get(key, "") in EMPTY.get(name, ("",)):
            return default
        try:
            return parse(self, key, self.raw[key])
        except ValueError as error:
            self.note(key, str(error))
            return default


def _text(reader: _Reader, key: str, value: Any, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        msg = f"{reader.shown(key, value)} is not {what}"
        raise ValueError(msg)
    return value


def _environment(reader: _Reader, key: str, value: Any) -> str:
    return _text(
        reader, key, value, _ENVIRONMENT, "an environment's name; allowed: 1 to 100 letters, digits, '-', '_', '.'"
    )


def _domain(reader: _Reader, key: str, value: Any) -> str:
    return _text(reader, key, value, _DOMAIN, "a domain name; allowed: lower case, like app.example.com")


def _phase(reader: _Reader, key: str, value: Any) -> PhaseName:
    phase = PhaseName.parse(str(value))
    if phase is None:
        msg = f"{reader.shown(key, value)} is not a phase; {allowed(PhaseName.choices())}"
        raise ValueError(msg)
    return phase


def _region(reader: _Reader, key: str, value: Any) -> facts.Region:
    regions = facts.regions()
    if not isinstance(value, str) or value not in regions:
        msg = f"{reader.shown(key, value)} is not a region that a stack can run in; {allowed(regions)}"
        raise ValueError(msg)
    return regions[value]


def _boolean(reader: _Reader, key: str, value: Any) -> bool:
    if value not in ("true", "false"):
        msg = f"{reader.shown(key, value)} is neither true nor false"
        raise ValueError(msg)
    return bool(value == "true")


def _number(reader: _Reader, key: str, value: Any) -> float:
    # Config values are text, those inside an object are not; float() alone would also take '1_000', ' 5' and 'inf'.
    plain = _NUMBER.fullmatch(value) if isinstance(value, str) else type(value) in (int, float)
    try:
        number = float(value) if plain else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        msg = f"{reader.shown(key, value)} is not a number"
        raise ValueError(msg)
    if number <= 0:
        msg = f"{reader.shown(key, value)} is not allowed; must be above 0"
        raise ValueError(msg)
    return number


def _whole(reader: _Reader, key: str, value: Any) -> int:
    number = _number(reader, key, value)
    if number != int(number):
        msg = f"{reader.shown(key, value)} is not a whole number"
        raise ValueError(msg)
    return int(number)


def _structure(reader: _Reader, key: str, value: Any, kind: type[T], what: str) -> T:
    """The list or object of a value that the engine hands over as JSON."""
    try:
        data = json.loads(value)
    except (TypeError, ValueError):
        data = None
    if isinstance(data, kind):
        return data
    msg = f"{reader.shown(key, value)} is not {what}"
    raise ValueError(msg)


def _regions(reader: _Reader, key: str, value: Any) -> tuple[facts.Region, ...]:
    names: list[Any] = _structure(reader, key, value, list, "a list of regions")
    if len(set(map(str, names))) < len(names):
        msg = f"{reader.shown(key, names)} names a region twice"
        raise ValueError(msg)
    return tuple(_region(reader, key, name) for name in names)


def _receivers(reader: _Reader, key: str, value: Any) -> tuple[Receiver, ...]:
    found = []
    for given in _structure(reader, key, value, list, "a list of e-mail addresses and https:// addresses"):
        if isinstance(given, str) and _EMAIL.fullmatch(given):
            found.append(Receiver("email", given))
        elif isinstance(given, str) and re.fullmatch(r"https://[^\s/]+\.[^\s]+", given):
            found.append(Receiver("https", given))
        else:
            reader.note(key, f"{reader.shown(key, given)} is neither an e-mail address nor an https:// address")
    return tuple(found)


def _images(reader: _Reader, key: str, value: Any) -> dict[str, str]:
    found = {}
    for service, image in _structure(reader, key, value, dict, "a map from service to image").items():
        if isinstance(image, str) and _IMAGE.fullmatch(image):
            found[service] = image
        else:
            reader.note(
                f"{key}.{service}",
                f"{reader.shown(key, image)} is not an image's name; allowed: lower case, like ghcr.io/owner/name:tag "
                "or name@sha256:<64 hex digits>",
            )
    return found


_OVERRIDES: Mapping[str, tuple[str, Callable[[_Reader, str, Any], float]]] = {
    "cpu": ("cpu", _number),
    "memory": ("memory_gib", _number),
    "minTasks": ("min_tasks", _whole),
    "maxTasks": ("max_tasks", _whole),
}


def _services(reader: _Reader, key: str, value: Any) -> dict[str, ServiceOverride]:
    found = {}
    for service, sizes in _structure(reader, key, value, dict, "a map from service to sizes").items():
        where = f"{key}.{service}"
        if not isinstance(sizes, dict):
            reader.note(where, f"{reader.shown(key, sizes)} is not a map of sizes; {allowed(_OVERRIDES)}")
            continue
        given: dict[str, Any] = {}
        for name, size in sizes.items():
            if name not in _OVERRIDES:
                reader.note(f"{where}.{name}", f"unknown key; {did_you_mean(name, _OVERRIDES)}")
                continue
            attribute, parse = _OVERRIDES[name]
            try:
                given[attribute] = parse(reader, f"{where}.{name}", size)
            except ValueError as error:
                reader.note(f"{where}.{name}", str(error))
        found[service] = ServiceOverride(**given)
    return found


def _instance_class(reader: _Reader, key: str, value: Any) -> str:
    classes = facts.instance_classes()
    if value not in classes:
        msg = f"{reader.shown(key, value)} is not a database class; {did_you_mean(str(value), classes)}"
        raise ValueError(msg)
    return str(value)


def _node_type(reader: _Reader, key: str, value: Any) -> str:
    types = facts.cache_nodes()
    if value not in types:
        msg = f"{reader.shown(key, value)} is not a cache node type; {did_you_mean(str(value), types)}"
        raise ValueError(msg)
    return str(value)


def _any(_reader: _Reader, _key: str, value: Any) -> str:
    return str(value)


#: Every key: the attribute of `StackConfig` that it becomes, how it is read, its default.
KEYS: Mapping[str, tuple[str, Callable[[_Reader, str, Any], Any], Any]] = {
    "system": ("system", _any, ""),
    "phase": ("phase", _phase, PhaseName.SINGLE_REGION),
    "environment": ("environment", _environment, "dev"),
    "regions": ("regions", _regions, ()),
    "primary": ("primary", _region, None),
    "domain": ("domain", _domain, None),
    "zone": ("zone", _domain, None),
    "directAccess": ("direct_access", _boolean, False),
    "deletionProtection": ("deletion_protection", _boolean, True),
    "alertReceivers": ("receivers", _receivers, ()),
    "images": ("images", _images, {}),
    "databaseClass": ("database_class", _instance_class, None),
    "databaseStorageGib": ("database_storage_gib", _whole, None),
    "databaseMaxStorageGib": ("database_max_storage_gib", _whole, None),
    "shards": ("shards", _whole, None),
    "cacheNodeType": ("cache_node_type", _node_type, None),
    "services": ("services", _services, {}),
    "flowLogs": ("flow_logs", _boolean, False),
    "migration": ("migration", parse_migration, None),
    "migrationPassword": ("migration_password", _any, None),
    "budget": ("budget_usd", _number, None),
}


#: The defaults that stand for "as the system and the phase say".
_NOTHING = ("", "0", "[]", "{}")

#: What means "not given" where it is more than the empty text.
EMPTY: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("databaseStorageGib", "databaseMaxStorageGib", "shards", "budget"), ("", "0")
)


def parse(
    raw: Mapping[str, str],
    stack: str,
    problems: Problems,
    *,
    source: Callable[[str], str] = lambda _key: "config",
    secrets: frozenset[str] = frozenset(),
    environ: Mapping[str, str] = MappingProxyType({}),
) -> StackConfig:
    """Read a stack's config.

    Args:
        raw: every key of the config with its namespace, values as the engine hands them over: text, lists and objects
            as JSON.
        stack: the stack's name.
        problems: takes what is wrong.
        source: where a key's value was written, for messages.
        secrets: keys whose values messages must not repeat.
        environ: environment variables, for credentials that are in none of the keys.

    Returns:
        The config, with defaults where something was wrong.
    """
    reader = _Reader(raw, secrets, source, problems)
    for key in raw:
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name not in KEYS:
            reader.note(key, f"unknown key; {did_you_mean(name, KEYS, f'{NAMESPACE}:')}")
    values = {attribute: reader.read(name, parser, default) for name, (attribute, parser, default) in KEYS.items()}
    values["regions"] = _with_primary(reader, values["regions"])
    _check_zone(reader, values["domain"], values["zone"])
    check_password(reader, NAMESPACE, values["migration"], values["migration_password"])
    token = any(raw.get(key) for key in EDGE_TOKENS) or any(environ.get(name) for name in EDGE_VARIABLES)
    return StackConfig(stack=stack, source=source, edge_credentials=token, **values)


def _check_zone(reader: _Reader, domain: str | None, zone: str | None) -> None:
    """A domain and its zone come together; a name outside of the zone would become a name below it."""
    key = f"{NAMESPACE}:zone"
    if any(reader.raw.get(f"{NAMESPACE}:{name}") and not value for name, value in (("domain", domain), ("zone", zone))):
        return  # one of them is no name at all, which has been said
    if domain and not zone:
        reader.note(key, f"missing; {NAMESPACE}:domain needs the Cloudflare zone that it is in, such as example.com")
    elif zone and not domain:
        reader.note(
            f"{NAMESPACE}:domain", f"missing; {key} is of use only with the name in it that the stack answers to"
        )
    elif domain and zone and domain != zone and not domain.endswith(f".{zone}"):
        reader.note(
            key, f"{reader.shown(key, zone)} does not hold the domain {reader.shown(f'{NAMESPACE}:domain', domain)}"
        )


def _with_primary(reader: _Reader, regions: tuple[facts.Region, ...]) -> tuple[facts.Region, ...]:
    """The regions, with ``aws:region`` as the only one where the config lists none."""
    if REGION_KEY not in reader.raw:
        reader.note(REGION_KEY, f"missing; {allowed(facts.regions())}")
        return regions
    try:
        primary = _region(reader, REGION_KEY, reader.raw[REGION_KEY])
    except ValueError as error:
        reader.note(REGION_KEY, str(error))
        return regions
    if regions and regions[0] != primary:
        reader.note(
            f"{NAMESPACE}:regions",
            f"starts with '{regions[0].name}', but {REGION_KEY} is '{primary.name}'; the first is the stack's home, "
            "make them the same",
        )
    return regions or (primary,)


def read(root: Path, problems: Problems) -> StackConfig:
    """The config of the stack that the engine is running.

    Args:
        root: the project's folder, the one with ``Pulumi.yaml``.
        problems: takes what is wrong.
    """
    raw = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    stack = pulumi.get_stack()
    secrets = frozenset(key for key in raw if runtime_config.is_config_secret(key))
    return parse(raw, stack, problems, source=_sources(root, stack, raw), secrets=secrets, environ=os.environ)


def _sources(root: Path, stack: str, raw: Mapping[str, str]) -> Callable[[str], str]:
    """Where values were written: the stack's file, unless a command laid another value over it."""
    path = root / f"Pulumi.{stack}.yaml"
    elsewhere = f"config of stack '{stack}'"
    try:
        written = (strict_yaml.load(path) or {}).get("config") or {}
    except (OSError, AttributeError, strict_yaml.NotPlainError):
        return lambda _key: elsewhere

    def source(key: str) -> str:
        name = key.split(".", 1)[0]
        if name not in written:  # where the project's file gives an empty default, the stack's is where to mend it
            return path.name if raw.get(name, "") in _NOTHING else elsewhere
        value, given = written[name], raw.get(name)
        laid_over = isinstance(value, str) and given is not None and given != value
        return elsewhere if laid_over else path.name

    return source
