"""Tables that are split by time, as SQL: partitions ahead of time, old ones to a bucket, on the server's own schedule.

Pure: it makes the script and runs nothing. The functions in ``components/sql`` do the work; what a stack adds is the
rows that say which table is split how.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from components.errors import ComponentError

#: The parts of the script that are the same for everyone, in their order.
PARTS = ("extensions", "tables", "ranges", "adopt", "maintain")
#: What the script needs of the server, and what makes the way to the bucket.
EXTENSIONS = ("aws_s3", "pg_cron")
#: Partitions' names have the table's, a date and a mark; an identifier of PostgreSQL has 63 bytes.
MAX_TABLE_NAME = 40
#: Every hour, in UTC: cheap when there is nothing to do, and what failed is tried again soon. Not on the hour, when
#: everyone's jobs start.
SCHEDULE = "17 * * * *"
#: pg_cron never clears its own record of runs.
_HISTORY_JOB = (
    "SELECT cron.schedule('partitions-history', '47 3 * * *', "
    "$$DELETE FROM cron.job_run_details WHERE end_time < now() - interval '14 days'$$);"
)
_SQL = Path(__file__).resolve().parent / "sql"
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
_INTERVALS = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionedTable:
    """One table that is split by time.

    Attributes:
        table: its name, in the schema ``public``.
        column: the timestamp that decides the partition.
        interval: span of one partition: ``day``, ``week``, ``month``, ``year``.
        retention_days: days that a row stays, at least, before its partition is archived.
        prefix: start of the archived objects' names, ending in ``/``.
    """

    table: str
    column: str
    interval: str
    retention_days: int
    prefix: str

    def __post_init__(self) -> None:
        """Refuse what the script could not work with.

        Raises:
            ComponentError: naming the value and what is allowed.
        """
        for what, name in (("table", self.table), ("column", self.column)):
            if not _IDENTIFIER.fullmatch(name):
                msg = f"partitioned {what} '{name}': allowed: lower-case letters, digits and underscores"
                raise ComponentError(msg)
        if len(self.table) > MAX_TABLE_NAME:
            msg = f"partitioned table '{self.table}' has {len(self.table)} characters; {MAX_TABLE_NAME} are allowed"
            raise ComponentError(msg)
        if self.interval not in _INTERVALS:
            msg = f"partitions of '{self.table}' by '{self.interval}'; allowed: {', '.join(_INTERVALS)}"
            raise ComponentError(msg)
        if self.retention_days < 1:
            msg = f"partitions of '{self.table}' are kept for {self.retention_days} days; at least 1 is needed"
            raise ComponentError(msg)
        if not self.prefix.endswith("/"):
            msg = f"prefix '{self.prefix}' of the archive of '{self.table}' must end in '/'"
            raise ComponentError(msg)


def script(tables: Sequence[PartitionedTable], *, bucket: str, region: str) -> str:
    """The SQL that a database's owner runs, once and after each change of `tables`; running it again is harmless.

    For PostgreSQL 16 and later on RDS. Each statement is a transaction of its own, so it goes through ``psql`` without
    ``--single-transaction``.

    Args:
        tables: the tables; one that is left out is no longer looked after, its data stays.
        bucket: name of the bucket that takes old partitions.
        region: the bucket's region.
    """
    names = ", ".join(_literal(one.table) for one in tables)
    return "\n".join(
        [
            "SET client_min_messages = notice;",
            *(part(name) for name in PARTS),
            *(_rule(one, bucket, region) for one in tables),
            f"DELETE FROM partitions.rules WHERE table_name <> ALL (ARRAY[{names}]::text[]);",  # noqa: S608 -- quoted
            # One statement each: what keeps one table as it is does not keep the next.
            *(_adoption(one) for one in tables),
            f"SELECT cron.schedule('partitions', '{SCHEDULE}', 'CALL partitions.maintain()');",
            _HISTORY_JOB,
            "CALL partitions.maintain();",
            "",
        ],
    )


def _adoption(one: PartitionedTable) -> str:
    name = _literal(one.table)
    return f"SELECT table_name, partitions.adopt(rule) FROM partitions.rules rule WHERE table_name = {name};"  # noqa: S608 -- quoted


@cache
def part(name: str) -> str:
    """The text of ``components/sql/partitions_<name>.sql``."""
    return (_SQL / f"partitions_{name}.sql").read_text(encoding="utf-8")


def _rule(one: PartitionedTable, bucket: str, region: str) -> str:
    texts = (one.table, one.column, one.interval, one.retention_days, bucket, region, one.prefix)
    values = ", ".join(str(text) if isinstance(text, int) else _literal(text) for text in texts)
    return (
        "INSERT INTO partitions.rules "
        "(table_name, key_column, every, retention_days, bucket, bucket_region, prefix)\n"
        f"VALUES ({values})\n"
        "ON CONFLICT (table_name) DO UPDATE SET key_column = excluded.key_column, every = excluded.every,\n"
        "    retention_days = excluded.retention_days, bucket = excluded.bucket,\n"
        "    bucket_region = excluded.bucket_region, prefix = excluded.prefix;"
    )


def _literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
