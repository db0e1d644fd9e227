"""Snapshots before a stack changes: made once, and named as RDS takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ascend.errors import InputError
from ascend.promotion import snapshots
from tests.live.clouds import deployed, kept, make_database, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ascend.live.aws import Clients

DATABASE = "aws:rds/instance:Instance"


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with served() as made:
        yield made


def test_a_snapshot_is_made_once_and_found_again(clients: Clients) -> None:
    make_database(clients, "one")
    stack = deployed(
        kept(DATABASE, "one", component="database", identifier="one"),
        kept(DATABASE, "two", component="database", identifier="two", replicateSourceDb="one"),
    )
    said: list[str] = []
    (first,) = snapshots.take(clients, stack, "promote-1", said.append)
    (again,) = snapshots.take(clients, stack, "promote-1", said.append)
    assert first == again
    assert (first["snapshot"], first["database"], first["gib"]) == ("one-promote-1", "one", 20)
    assert said == ["snapshot one-promote-1 of one"]
    (other,) = snapshots.take(clients, stack, "promote-2", said.append)
    assert other["snapshot"] != first["snapshot"]


def test_a_database_that_is_gone_has_no_snapshot(clients: Clients) -> None:
    stack = deployed(kept(DATABASE, "gone", component="database", identifier="gone"))
    with pytest.raises(InputError, match=r"rds create_db_snapshot in us-east-1 failed \(DBInstanceNotFound"):
        snapshots.take(clients, stack, "promote-1", print)


@pytest.mark.parametrize(
    ("database", "mark", "name"),
    [
        ("floyo-dev", "promote-20260301-093000", "floyo-dev-promote-20260301-093000"),
        ("A--b_c.", "X", "a-b-c-x"),
        ("1st", "x", "s-1st-x"),
        ("d" * 300, "x", "d" * 255),
    ],
)
def test_names_of_snapshots_are_such_as_rds_takes(database: str, mark: str, name: str) -> None:
    assert snapshots.name_of(database, mark) == name
