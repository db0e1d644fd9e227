"""A stack's config: every key of ``Pulumi.<stack>.yaml`` in the namespace ``ascend``, checked one by one.

What can be said of a value alone is said here; what needs the system (does this service exist?) is said by
`infra.resolve`. Both write into one `Problems`, so that one run names everything there is to mend.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from infra import config_values, facts, strict_yaml
from infra.config_values import Reader, Receiver, ServiceOverride
from infra.errors import Problems, allowed, did_you_mean
from infra.lineage import Lineage
from infra.lineage import parse as parse_lineages
from infra.migration_plan import MigrationPlan, check_password
from infra.migration_plan import parse as parse_migration
from infra.phases import PhaseName

NAMESPACE = "ascend"
REGION_KEY = "aws:region"
SYSTEM_KEY = f"{NAMESPACE}:system"
PRODUCTION = ("prod", "production")
#: Where Cloudflare's provider finds its credentials: keys of the config, and variables of the environment.
EDGE_TOKENS = ("cloudflare:apiToken", "cloudflare:apiKey", "cloudflare:apiUserServiceKey")
EDGE_VARIABLES = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_USER_SERVICE_KEY")

_PINNED = re.compile(r"@sha256:[0-9a-f]{64}$")


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
        lineages: which databases of a region are in use, by region; where it says nothing, the first ones.
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
    lineages: Mapping[str, Lineage] = field(default_factory=dict)
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


#: Every key: the attribute of `StackConfig` that it becomes, how it is read, its default.
KEYS: Mapping[str, tuple[str, Callable[[Reader, str, Any], Any], Any]] = {
    "system": ("system", config_values.read_anything, ""),
    "phase": ("phase", config_values.read_phase, PhaseName.SINGLE_REGION),
    "environment": ("environment", config_values.read_environment, "dev"),
    "regions": ("regions", config_values.read_regions, ()),
    "primary": ("primary", config_values.read_region, None),
    "databases": ("lineages", parse_lineages, {}),
    "domain": ("domain", config_values.read_domain, None),
    "zone": ("zone", config_values.read_domain, None),
    "directAccess": ("direct_access", config_values.read_boolean, False),
    "deletionProtection": ("deletion_protection", config_values.read_boolean, True),
    "alertReceivers": ("receivers", config_values.read_receivers, ()),
    "images": ("images", config_values.read_images, {}),
    "databaseClass": ("database_class", config_values.read_instance_class, None),
    "databaseStorageGib": ("database_storage_gib", config_values.read_whole, None),
    "databaseMaxStorageGib": ("database_max_storage_gib", config_values.read_whole, None),
    "shards": ("shards", config_values.read_whole, None),
    "cacheNodeType": ("cache_node_type", config_values.read_node_type, None),
    "services": ("services", config_values.read_services, {}),
    "flowLogs": ("flow_logs", config_values.read_boolean, False),
    "migration": ("migration", parse_migration, None),
    "migrationPassword": ("migration_password", config_values.read_anything, None),
    "budget": ("budget_usd", config_values.read_number, None),
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
    reader = Reader(raw, secrets, source, problems)
    for key in raw:
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and name not in KEYS:
            reader.note(key, f"unknown key; {did_you_mean(name, KEYS, f'{NAMESPACE}:')}")
    values = {
        attribute: reader.read(f"{NAMESPACE}:{name}", parser, default, empty=EMPTY.get(name, ("",)))
        for name, (attribute, parser, default) in KEYS.items()
    }
    values["regions"] = _with_primary(reader, values["regions"])
    _check_zone(reader, values["domain"], values["zone"])
    check_password(reader, NAMESPACE, values["migration"], values["migration_password"])
    token = any(raw.get(key) for key in EDGE_TOKENS) or any(environ.get(name) for name in EDGE_VARIABLES)
    return StackConfig(stack=stack, source=source, edge_credentials=token, **values)


def _check_zone(reader: Reader, domain: str | None, zone: str | None) -> None:
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
            key,
            f"{reader.shown(key, zone)} does not hold the domain {reader.shown(f'{NAMESPACE}:domain', domain)}; "
            "allowed: the domain itself, or what follows one of its dots",
        )


def _with_primary(reader: Reader, regions: tuple[facts.Region, ...]) -> tuple[facts.Region, ...]:
    """The regions, with ``aws:region`` as the only one where the config lists none."""
    if REGION_KEY not in reader.raw:
        reader.note(REGION_KEY, f"missing; {allowed(facts.regions())}")
        return regions
    try:
        primary = config_values.read_region(reader, REGION_KEY, reader.raw[REGION_KEY])
    except ValueError as error:
        reader.note(REGION_KEY, str(error))
        return regions
    if regions and regions[0] != primary:
        reader.note(
            f"{NAMESPACE}:regions",
            f"starts with '{regions[0].name}', but {REGION_KEY} is '{primary.name}'; the first is the stack's home, "
            "make them the same",
        )
    if not regions and reader.raw.get(f"{NAMESPACE}:regions", "") not in _NOTHING:
        return regions  # there are some, which has been said to be wrong; that there is one would be wrong too
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
