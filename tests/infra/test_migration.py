"""The config of the way in, and its place in a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra import config, resolve, world
from infra.errors import Problems
from infra.migration_plan import MigrationPlan
from tests.components.recorder import record
from tests.infra.support import ROOT, raw

if TYPE_CHECKING:
    from tests.components.support import Registered

PASSWORD = "ascend:migrationPassword"
HOST = {"host": "db.abc.supabase.co"}


def parsed(
    migration: Any = None, *, secret: bool = True, password: str | None = "pw"
) -> tuple[config.StackConfig, list[str]]:
    problems = Problems()
    keys = raw(migration=migration, migrationPassword=password)
    settings = config.parse(keys, "dev", problems, secrets=frozenset({PASSWORD} if secret else ()))
    try:
        problems.raise_if_any()
    except Exception as error:  # noqa: BLE001 -- its lines are what is looked at
        return settings, str(error).splitlines()
    return settings, []


def test_none_is_the_default() -> None:
    settings, problems = parsed({}, password=None)
    assert (settings.migration, settings.migration_password, problems) == (None, None, [])


def test_a_host_is_enough() -> None:
    settings, problems = parsed(HOST)
    assert problems == []
    assert settings.migration == MigrationPlan(host="db.abc.supabase.co")
    assert "pw" not in repr(settings)


def test_every_key_is_read() -> None:
    given = {
        **HOST,
        "port": 6543,
        "database": "prod",
        "username": "dms",
        "tables": ["public.*", "auth.users"],
        "class": "dms.c6i.large",
        "storageGib": 200,
        "started": True,
    }
    settings, problems = parsed(given)
    assert problems == []
    assert settings.migration == MigrationPlan(
        host="db.abc.supabase.co",
        port=6543,
        database="prod",
        username="dms",
        tables=("public.*", "auth.users"),
        instance_class="dms.c6i.large",
        storage_gib=200,
        started=True,
    )


@pytest.mark.parametrize(
    ("migration", "text"),
    [
        ("yes", "ascend:migration: 'yes' is not a map"),
        ({"port": 5432}, "ascend:migration.host: missing"),
        ({"host": "localhost"}, 'ascend:migration.host: "localhost" is not a host name'),
        ({"host": "postgres://db.abc.supabase.co"}, "is not a host name"),
        ({**HOST, "port": 0}, "ascend:migration.port: 0 is not allowed; 1 to 65535 are"),
        ({**HOST, "port": True}, "ascend:migration.port: true is not allowed"),
        ({**HOST, "port": "5432"}, 'ascend:migration.port: "5432" is not allowed'),
        ({**HOST, "tables": []}, "ascend:migration.tables: [] is not a list"),
        ({**HOST, "tables": ["events"]}, "ascend:migration.tables: \"events\" is not 'schema.table'"),
        ({**HOST, "class": "dms.t3.medum"}, "did you mean 'dms.t3.medium'"),
        ({**HOST, "storageGib": 4}, "ascend:migration.storageGib: 4 is not allowed"),
        ({**HOST, "started": "yes"}, 'ascend:migration.started: "yes" is neither true nor false'),
        ({**HOST, "password": "x"}, "ascend:migration.password: unknown key"),
        ({**HOST, "username": "a b"}, 'ascend:migration.username: "a b" is not a user\'s name'),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(migration: Any, text: str) -> None:
    _, problems = parsed(migration)
    assert any(text in line for line in problems), problems


@pytest.mark.parametrize(
    ("migration", "password", "secret", "text"),
    [
        (HOST, None, True, f"{PASSWORD}: missing"),
        (HOST, "pw", False, f"{PASSWORD}: is in plain text"),
        ({}, "pw", True, f"{PASSWORD}: is of no use without ascend:migration"),
    ],
)
def test_the_password_comes_with_it_and_as_a_secret(
    migration: Any, password: str | None, secret: bool, text: str
) -> None:
    _, problems = parsed(migration, password=password, secret=secret)
    assert any(text in line for line in problems), problems
    assert not any("pw" in line for line in problems)


def deployed(**values: Any) -> Registered:
    problems = Problems()
    settings = config.parse(raw(**values), "dev", problems, secrets=frozenset({PASSWORD}))
    deployment = resolve.resolve_named(ROOT, settings, problems)
    return record(lambda: world.deploy(deployment))


def test_it_comes_and_goes_alone() -> None:
    """Everything else is registered with and without it alike."""

    def others(made: Registered) -> dict[str, Any]:
        return {one.urn: one.inputs for one in made.resources if "migration" not in one.name and one.parent}

    without, with_it = deployed(), deployed(migration=HOST, migrationPassword="pw")
    assert others(without) == others(with_it)
    added = [one for one in with_it.resources if "-migration" in one.name]
    assert not any(one.protect for one in added)
    assert with_it.one("dms/replicationInstance:ReplicationInstance").inputs["publiclyAccessible"] is True


def test_behind_nat_it_needs_no_address_of_its_own() -> None:
    made = deployed(phase="scaled", migration=HOST, migrationPassword="pw")
    assert made.one("dms/replicationInstance:ReplicationInstance").inputs["publiclyAccessible"] is False
