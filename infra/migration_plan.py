"""The way in from another PostgreSQL: what the config says of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.config_values import Reader

_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.$-]{0,62}")
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}\.(?:\*|[A-Za-z_][A-Za-z0-9_$]{0,62})")
_NAMES = "allowed: 1 to 63 letters, digits, '_', '.', '-', '$', a letter or '_' first"
_PORTS = range(1, 65_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan:
    """The database that is left, and how it is copied.

    Attributes:
        host: its host name, of a direct connection.
        port: its port.
        database: the database's name.
        username: who reads it.
        tables: ``schema.table`` or ``schema.*``.
        instance_class: class of the machine that copies.
        storage_gib: its storage, in GiB.
        started: whether it copies.
    """

    host: str
    port: int = 5432
    database: str = "postgres"
    username: str = "postgres"
    tables: tuple[str, ...] = ("public.*",)
    instance_class: str = "dms.t3.medium"
    storage_gib: int = 50
    started: bool = False


def _text(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            msg = f"{json.dumps(value)} is not {what}"
            raise ValueError(msg)
        return value

    return parse


def _one_of(allowed: range) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        # JSON's true is not a number, and 5432.0 is how some of its writers spell 5432.
        if isinstance(value, bool) or not isinstance(value, int | float) or value not in allowed:
            msg = f"{json.dumps(value)} is not allowed; {allowed[0]} to {allowed[-1]} are"
            raise ValueError(msg)
        return int(value)

    return parse


def _tables(value: Any) -> tuple[str, ...]:
    parse = _text(_TABLE, "'schema.table' or 'schema.*'")
    if not isinstance(value, list) or not value:
        msg = f"{json.dumps(value)} is not a list of 'schema.table' or 'schema.*'"
        raise ValueError(msg)
    return tuple(dict.fromkeys(parse(one) for one in value))


def _class(value: Any) -> str:
    from components import facts  # noqa: PLC0415 -- read only where there is a migration

    known = facts.load("migration")["classes"]
    if value not in known:
        msg = f"{json.dumps(value)} is not a class; {did_you_mean(str(value), known)}"
        raise ValueError(msg)
    return str(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        msg = f"{json.dumps(value)} is neither true nor false"
        raise ValueError(msg)  # noqa: TRY004 -- what is wrong with a config is a ValueError
    return value


#: Every key of the object: the attribute of `MigrationPlan` that it becomes, and how it is read.
KEYS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "host": ("host", _text(_HOST, "a host name; allowed: lower case, like db.example.supabase.co")),
    "port": ("port", _one_of(_PORTS)),
    "database": ("database", _text(_NAME, f"a database's name; {_NAMES}")),
    "username": ("username", _text(_NAME, f"a user's name; {_NAMES}")),
    "tables": ("tables", _tables),
    "class": ("instance_class", _class),
    "storageGib": ("storage_gib", _one_of(range(5, 6145))),
    "started": ("started", _boolean),
}


def parse(reader: Reader, key: str, value: Any) -> MigrationPlan | None:
    """The plan that the config's object describes; None where it is empty or wrong, which is noted.

    Args:
        reader: notes problems by key.
        key: the config's key.
        value: its value, JSON.

    Raises:
        ValueError: if it is no object.
    """
    try:
        given = json.loads(value)
    except (TypeError, ValueError):
        given = None
    if not isinstance(given, dict):
        msg = f"{reader.shown(key, value)} is not a map; allowed: {', '.join(KEYS)}"
        raise ValueError(msg)  # noqa: TRY004 -- what is wrong with a config is a ValueError
    if not given:
        return None
    values, sound = {}, True
    if "host" not in given:
        reader.note(f"{key}.host", "missing; the direct host name of the database that is left is needed")
        sound = False
    for name, one in given.items():
        if name not in KEYS:
            reader.note(f"{key}.{name}", f"unknown key; {did_you_mean(name, KEYS)}")
            sound = False
            continue
        attribute, read = KEYS[name]
        try:
            values[attribute] = read(one)
        except ValueError as error:
            reader.note(f"{key}.{name}", str(error))
            sound = False
    return MigrationPlan(**values) if sound else None


def check_password(reader: Reader, namespace: str, plan: MigrationPlan | None, password: str | None) -> None:
    """The password comes with the migration, and as a secret.

    Args:
        reader: notes problems by key; knows which keys are secrets.
        namespace: of the keys.
        plan: the migration.
        password: its password.
    """
    key = f"{namespace}:migrationPassword"
    if password is not None and key not in reader.secrets:
        reader.note(key, "is in plain text; write it with --secret")
    elif password is None and plan is not None:
        reader.note(key, f"missing; {namespace}:migration needs the password of its user, written with --secret")
    elif password is not None and reader.raw.get(f"{namespace}:migration", "{}") in ("", "{}"):
        reader.note(key, f"is of no use without {namespace}:migration")
