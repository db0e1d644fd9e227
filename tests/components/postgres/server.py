"""A real PostgreSQL for tests of SQL, as RDS gives it: the owner is no superuser, some extensions are stand-ins."""

import csv
import itertools
import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from components import partitions
from components.partitions import PartitionedTable

BUCKET, REGION = "the-bucket", "eu-central-1"
_STAND_INS = (Path(__file__).parent / "stand_ins.sql").read_text(encoding="utf-8")
_NUMBERS = itertools.count()


class SqlError(AssertionError):
    """What psql said."""


@dataclass(frozen=True)
class Database:
    """One database of a running server.

    Attributes:
        psql: the program.
        sockets: folder of the server's socket.
        name: the database's name.
        user: who works in it.
        objects: folder that stands for the bucket.
    """

    psql: Path
    sockets: Path
    name: str
    user: str
    objects: Path

    def session(self) -> subprocess.Popen[str]:
        """A session that takes SQL on its standard input; whoever opens it closes it."""
        return subprocess.Popen(
            [self.psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", self.user, self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Whoever runs this sits anywhere; bounds are UTC's all the same.
            env={**os.environ, "PGHOST": str(self.sockets), "PGTZ": "Pacific/Auckland", "PGCLIENTENCODING": "UTF8"},
        )

    def run(self, sql: str) -> str:
        """What psql prints.

        Raises:
            SqlError: with what psql said.
        """
        process = self.session()
        out, err = process.communicate(sql)
        if process.returncode != 0:
            raise SqlError(err)
        return out.strip()

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """The rows of a query, as text."""
        return [tuple(line.split("|")) for line in self.run(f"SET timezone = 'UTC'; {query}").splitlines()]

    def column(self, query: str) -> list[str]:
        """The only column of a query."""
        return [value for (value,) in self.rows(query)]

    def one(self, query: str) -> str:
        """The only value of a query."""
        (value,) = self.column(query)
        return value

    def install(self, *tables: PartitionedTable) -> str:
        """Run the script, but for the extensions, which are here already."""
        script = partitions.script(tables, bucket=BUCKET, region=REGION)
        return self.run(script.replace(partitions.part("extensions"), ""))

    def adopt(self, *tables: PartitionedTable) -> None:
        """All that the script does, but for the first run, which would be now."""
        script = partitions.script(tables, bucket=BUCKET, region=REGION)
        self.run(script.replace(partitions.part("extensions"), "").replace("CALL partitions.maintain();", ""))

    def maintain(self, moment: str) -> None:
        """One run at a moment of the test's choosing, in UTC."""
        self.run(f"CALL partitions.maintain('{moment}+00');")

    def uploads(self) -> dict[str, list[list[str]]]:
        """The objects in the bucket: their rows by their key."""
        found = {}
        for path in self.objects.iterdir():
            bucket, _, key = path.name.replace("!", "/").partition("/")
            assert bucket == BUCKET
            found[key] = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        return found


@dataclass(frozen=True)
class Server:
    """A running server."""

    programs: Path
    sockets: Path
    folder: Path

    def database(self) -> Database:
        """A new, empty database that `app` owns."""
        name = f"test_{next(_NUMBERS)}"
        objects = self.folder / name
        objects.mkdir()
        objects.chmod(0o777)  # the server may run as another user
        boss = Database(self.programs / "psql", self.sockets, "postgres", "postgres", objects)
        boss.run(
            "DO $$ BEGIN IF to_regrole('app') IS NULL THEN CREATE ROLE app LOGIN; END IF; "
            "IF to_regrole('reader') IS NULL THEN CREATE ROLE reader; END IF; END $$;"
            f"\nCREATE DATABASE {name} OWNER app;"
        )
        replace(boss, name=name).run(_STAND_INS.replace("{folder}", str(objects)))
        return replace(boss, name=name, user="app")
