"""The values of a stack's config, each read on its own: what is wrong with one is said of its key.

A function that reads takes the reader, the key and the value as the engine hands it over, and raises ValueError with
what is wrong and what is allowed.
"""

import json
import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from infra import facts
from infra.errors import Problems, allowed, did_you_mean
from infra.phases import PhaseName

T = TypeVar("T")

_ENVIRONMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_EMAIL = re.compile(r"[^\s@,;<>]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_IMAGE = re.compile(
    r"[a-z0-9]+(?:[._:/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
)
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")


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


@dataclass(slots=True)
class Reader:
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

    def read(
        self, key: str, parse: "Callable[[Reader, str, Any], T]", default: T, *, empty: Collection[str] = ("",)
    ) -> T:
        """The value of a key, or `default` where it is missing or wrong.

        Args:
            key: the key with its namespace.
            parse: reads the value; raises ValueError with what is wrong.
            default: what it is where the config does not say.
            empty: what means that. The official CLI asks for every declared key, so that the optional ones are declared
                with an empty default.
        """
        if self.raw.get(key, "") in empty:
            return default
        try:
            return parse(self, key, self.raw[key])
        except ValueError as error:
            self.note(key, str(error))
            return default


def _text(reader: Reader, key: str, value: Any, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        msg = f"{reader.shown(key, value)} is not {what}"
        raise ValueError(msg)
    return value


def read_environment(reader: Reader, key: str, value: Any) -> str:
    """An environment's name."""
    return _text(
        reader, key, value, _ENVIRONMENT, "an environment's name; allowed: 1 to 100 letters, digits, '-', '_', '.'"
    )


def read_domain(reader: Reader, key: str, value: Any) -> str:
    """A domain name."""
    return _text(reader, key, value, _DOMAIN, "a domain name; allowed: lower case, like app.example.com")


def read_phase(reader: Reader, key: str, value: Any) -> PhaseName:
    """A phase, by name or number."""
    phase = PhaseName.parse(str(value))
    if phase is None:
        msg = f"{reader.shown(key, value)} is not a phase; {allowed(PhaseName.choices())}"
        raise ValueError(msg)
    return phase


def read_region(reader: Reader, key: str, value: Any) -> facts.Region:
    """A region."""
    regions = facts.regions()
    if not isinstance(value, str) or value not in regions:
        msg = f"{reader.shown(key, value)} is not a region that a stack can run in; {allowed(regions)}"
        raise ValueError(msg)
    return regions[value]


def read_boolean(reader: Reader, key: str, value: Any) -> bool:
    """True or false."""
    if value not in ("true", "false"):
        msg = f"{reader.shown(key, value)} is neither true nor false"
        raise ValueError(msg)
    return bool(value == "true")


def read_number(reader: Reader, key: str, value: Any) -> float:
    """A number above 0."""
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


def read_whole(reader: Reader, key: str, value: Any) -> int:
    """A whole number above 0."""
    number = read_number(reader, key, value)
    if number != int(number):
        msg = f"{reader.shown(key, value)} is not a whole number"
        raise ValueError(msg)
    return int(number)


def _structure(reader: Reader, key: str, value: Any, kind: type[T], what: str) -> T:
    """The list or object of a value that the engine hands over as JSON."""
    try:
        data = json.loads(value)
    except (TypeError, ValueError):
        data = None
    if isinstance(data, kind):
        return data
    msg = f"{reader.shown(key, value)} is not {what}"
    raise ValueError(msg)


def read_regions(reader: Reader, key: str, value: Any) -> tuple[facts.Region, ...]:
    """Regions, each once."""
    names: list[Any] = _structure(reader, key, value, list, "a list of regions")
    if len(set(map(str, names))) < len(names):
        msg = f"{reader.shown(key, names)} names a region twice"
        raise ValueError(msg)
    return tuple(read_region(reader, key, name) for name in names)


def read_receivers(reader: Reader, key: str, value: Any) -> tuple[Receiver, ...]:
    """Who hears of alarms."""
    found = []
    for given in _structure(reader, key, value, list, "a list of e-mail addresses and https:// addresses"):
        if isinstance(given, str) and _EMAIL.fullmatch(given):
            found.append(Receiver("email", given))
        elif isinstance(given, str) and re.fullmatch(r"https://[^\s/]+\.[^\s]+", given):
            found.append(Receiver("https", given))
        else:
            reader.note(key, f"{reader.shown(key, given)} is neither an e-mail address nor an https:// address")
    return tuple(found)


def read_images(reader: Reader, key: str, value: Any) -> dict[str, str]:
    """Container images by service."""
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


_OVERRIDES: Mapping[str, tuple[str, Callable[[Reader, str, Any], float]]] = {
    "cpu": ("cpu", read_number),
    "memory": ("memory_gib", read_number),
    "minTasks": ("min_tasks", read_whole),
    "maxTasks": ("max_tasks", read_whole),
}


def read_services(reader: Reader, key: str, value: Any) -> dict[str, ServiceOverride]:
    """Sizes by service."""
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


def read_instance_class(reader: Reader, key: str, value: Any) -> str:
    """A database's class."""
    classes = facts.instance_classes()
    if value not in classes:
        msg = f"{reader.shown(key, value)} is not a database class; {did_you_mean(str(value), classes)}"
        raise ValueError(msg)
    return str(value)


def read_node_type(reader: Reader, key: str, value: Any) -> str:
    """A cache's node type."""
    types = facts.cache_nodes()
    if value not in types:
        msg = f"{reader.shown(key, value)} is not a cache node type; {did_you_mean(str(value), types)}"
        raise ValueError(msg)
    return str(value)


def read_anything(_reader: Reader, _key: str, value: Any) -> str:
    """Any text."""
    return str(value)
