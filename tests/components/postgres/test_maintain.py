"""Partitions ahead of time, old ones to the bucket: exactly, once, and never at the cost of a row."""

import datetime as dt
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.partitions import PartitionedTable
from tests.components.postgres.server import Database, Server, SqlError

NOW = "2026-11-21 10:00"


def table(interval: str = "month", days: int = 60, name: str = "events") -> PartitionedTable:
    return PartitionedTable(table=name, column="at", interval=interval, retention_days=days, prefix=f"{name}/")


@pytest.fixture
def events(db: Database) -> Database:
    """A database with an empty table of whose rows each month is kept for 60 days."""
    db.run("CREATE TABLE events (at timestamptz NOT NULL, body text) PARTITION BY RANGE (at);")
    db.adopt(table())
    return db


def put(db: Database, *moments: str, name: str = "events") -> None:
    db.run(f"INSERT INTO {name} (at) VALUES " + ", ".join(f"('{moment}+00')" for moment in moments) + ";")


def failing(db: Database, trouble: str, pattern: str = "%") -> None:
    db.run(f"DELETE FROM aws_s3.weather; INSERT INTO aws_s3.weather VALUES ('{trouble}', '{pattern}');")


BOUNDS = {
    "day": ("2026-11-21 00:00:00+00", "2026-11-22 00:00:00+00", "2026-12-06 00:00:00+00"),
    "week": ("2026-11-16 00:00:00+00", "2026-11-23 00:00:00+00", "2027-01-18 00:00:00+00"),
    "month": ("2026-11-01 00:00:00+00", "2026-12-01 00:00:00+00", "2027-03-01 00:00:00+00"),
    "year": ("2026-01-01 00:00:00+00", "2027-01-01 00:00:00+00", "2028-01-01 00:00:00+00"),
}


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
@pytest.mark.parametrize("interval", BOUNDS)
def test_the_time_to_come_has_its_partitions(db: Database, interval: str, kind: str) -> None:
    """Midnights of UTC, for a session in New Zealand too, and Mondays; no gap between now and the last."""
    db.run(f"CREATE TABLE events (at {kind} NOT NULL) PARTITION BY RANGE (at);")
    db.adopt(table(interval))
    db.maintain(NOW)
    ranges = db.rows("SELECT from_at, until_at FROM partitions.ranges('events') ORDER BY 1")
    assert (*ranges[0], ranges[-1][1]) == BOUNDS[interval]
    assert [end for _, end in ranges[:-1]] == [start for start, _ in ranges[1:]]


def test_rows_are_kept_to_the_day(events: Database) -> None:
    """September's last moment is 60 days ago on November 30th, and not a second sooner."""
    put(events, "2026-09-01", "2026-09-30 23:59:59")
    events.maintain("2026-11-29 23:59:59")
    assert events.one("SELECT count(*) FROM events") == "2"
    events.maintain("2026-11-30 00:00:00")
    assert events.one("SELECT count(*) FROM events") == "0"


def test_what_leaves_is_in_the_bucket_first(events: Database) -> None:
    events.run("INSERT INTO events VALUES ('2026-08-05 12:00+00', 'a, \"b\"'), ('2026-08-06 00:00+00', NULL);")
    events.maintain(NOW)
    (key,) = events.column("SELECT object_key FROM partitions.archived WHERE row_count = 2")
    assert key.startswith("events/2026/08/events-")
    assert events.uploads()[key] == [["2026-08-05 12:00:00+00", 'a, "b"'], ["2026-08-06 00:00:00+00", ""]]
    assert events.uploads()[f"{key}.columns"] == [["at", "timestamp with time zone"], ["body", "text"]]
    assert events.column("SELECT relname FROM pg_class WHERE relname LIKE 'events_p202608%'") == []


def test_an_empty_partition_goes_without_an_object(events: Database) -> None:
    events.maintain("2026-11-21")
    events.maintain("2027-06-01")
    assert events.uploads() == {}
    assert events.rows("SELECT DISTINCT row_count, object_key FROM partitions.archived") == [("0", "")]


@pytest.mark.parametrize("trouble", ["refused", "broken", "lost"])
def test_what_could_not_be_archived_is_kept_and_tried_again(events: Database, trouble: str) -> None:
    put(events, "2026-08-05", "2026-08-06", "2026-07-01")
    failing(events, trouble, "events/2026/08/%")
    with pytest.raises(SqlError, match="partitions: archive events_p20260801_"):
        events.maintain(NOW)
    # July did not wait for August.
    (name, error) = events.rows("SELECT partition_name, last_error FROM partitions.archived WHERE archived_at IS NULL")[
        0
    ]
    assert error
    assert events.one(f"SELECT count(*) FROM partitions.{name}") == "2"
    assert events.one("SELECT sum(row_count) FROM partitions.archived") == "1"
    events.run("DELETE FROM aws_s3.weather;")
    events.maintain(NOW)
    assert (
        events.one("SELECT count(*) FROM partitions.archived WHERE archived_at IS NULL OR last_error IS NOT NULL")
        == "0"
    )
    rows = [row[0] for key, rows in events.uploads().items() if key.endswith(".csv") for row in rows]
    assert sorted(rows) == ["2026-07-01 00:00:00+00", "2026-08-05 00:00:00+00", "2026-08-06 00:00:00+00"]


def test_one_table_in_trouble_does_not_hold_up_the_next(db: Database) -> None:
    db.run("".join(f"CREATE TABLE {name} (at date NOT NULL) PARTITION BY RANGE (at);" for name in ("events", "visits")))
    db.adopt(table(), table(name="visits"))
    # In the way of the next partition.
    db.run("CREATE TABLE partitions.events_p20300101 (n int);")
    with pytest.raises(SqlError, match=r"partitions: prepare events: .*already exists"):
        db.maintain("2030-01-15")
    db.run("INSERT INTO visits VALUES ('2030-01-15');")
    assert db.one("SELECT tableoid::regclass FROM visits") == "partitions.visits_p20300101"


def test_late_rows_go_to_the_default_partition_and_then_to_the_bucket(events: Database) -> None:
    put(events, "2026-07-01")
    events.maintain(NOW)
    put(events, "2026-07-02", "2026-10-31 23:59:59")
    assert events.one("SELECT count(*) FROM partitions.events_default") == "2"
    events.maintain(NOW)
    assert events.one("SELECT count(*) FROM partitions.events_default") == "0"
    assert events.column("SELECT at FROM events") == ["2026-10-31 23:59:59+00"]
    first, second = events.column("SELECT object_key FROM partitions.archived WHERE row_count > 0 ORDER BY archived_at")
    assert first != second
    assert events.uploads()[first] == [["2026-07-01 00:00:00+00", ""]]
    assert events.uploads()[second] == [["2026-07-02 00:00:00+00", ""]]


def test_rows_out_of_all_time_stay_where_they_are(events: Database) -> None:
    put(events, "9999-12-31", "0001-01-01")
    events.run("INSERT INTO events (at) VALUES ('infinity'), ('-infinity');")
    events.maintain(NOW)
    assert events.one("SELECT count(*) FROM partitions.events_default") == "4"


def test_rows_of_the_future_move_when_their_time_comes(events: Database) -> None:
    put(events, "2027-08-01")
    events.maintain(NOW)
    assert events.one("SELECT count(*) FROM partitions.events_default") == "1"
    events.maintain("2027-06-01")
    assert events.one("SELECT tableoid::regclass FROM events") == "partitions.events_p20270801"


def test_another_interval_fills_the_gaps_of_the_one_before(events: Database) -> None:
    events.maintain(NOW)
    events.run("UPDATE partitions.rules SET every = 'week';")
    events.maintain("2027-02-15")
    first = events.rows(
        "SELECT from_at, until_at FROM partitions.ranges('events') WHERE from_at >= '2027-03-01 00:00+00' ORDER BY 1"
    )
    assert first[:2] == [
        ("2027-03-01 00:00:00+00", "2027-03-08 00:00:00+00"),
        ("2027-03-08 00:00:00+00", "2027-03-15 00:00:00+00"),
    ]


def test_row_security_cannot_hide_rows_from_the_archive(events: Database) -> None:
    """A forced policy holds for the owner too: it would archive what it sees and drop the rest."""
    put(events, "2026-08-05", "2026-08-06")
    events.maintain("2026-08-07")
    events.run(
        "DO $$ DECLARE part regclass; BEGIN FOR part IN SELECT relation FROM partitions.ranges('events') LOOP "
        "EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part); END LOOP; END $$;"
    )
    with pytest.raises(SqlError, match="row-level security"):
        events.maintain(NOW)
    assert events.uploads() == {}
    events.run(
        "DO $$ DECLARE name text; BEGIN "
        "FOR name IN SELECT partition_name FROM partitions.archived WHERE archived_at IS NULL LOOP "
        "EXECUTE format('ALTER TABLE partitions.%I NO FORCE ROW LEVEL SECURITY', name); END LOOP; END $$;"
    )
    events.maintain(NOW)
    assert events.one("SELECT sum(row_count) FROM partitions.archived") == "2"


def test_a_partition_that_somebody_dropped_is_reported(events: Database) -> None:
    put(events, "2026-08-05")
    failing(events, "refused")
    with pytest.raises(SqlError, match="could not upload"):
        events.maintain(NOW)
    (name,) = events.column("SELECT partition_name FROM partitions.archived WHERE archived_at IS NULL")
    events.run(f"DROP TABLE partitions.{name};")
    with pytest.raises(SqlError, match=f'relation "partitions.{name}" does not exist'):
        events.maintain(NOW)


def test_another_run_ends_at_once(events: Database) -> None:
    put(events, "2026-08-05")
    with ExitStack() as stack:
        other = stack.enter_context(events.session())
        assert other.stdin
        assert other.stdout
        other.stdin.write(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('partitions.maintain', 0)); SELECT 'held';\n"
        )
        other.stdin.flush()
        while other.stdout.readline().strip() != "held":
            pass
        events.maintain(NOW)
        assert events.one("SELECT count(*) FROM partitions.archived") == "0"
        other.stdin.write("ROLLBACK;\n")
        other.stdin.close()
        other.wait()
    events.maintain(NOW)
    assert events.one("SELECT count(*) FROM partitions.archived") == "1"


def test_many_at_once_do_what_one_does(events: Database) -> None:
    put(events, *(f"2026-{month:02}-{day:02}" for month in range(1, 12) for day in range(1, 29)))
    runs = [events.session() for _ in range(6)]
    errors = []
    for run in runs:
        assert run.stdin
        run.stdin.write(f"CALL partitions.maintain('{NOW}+00');\n")
        run.stdin.close()
    for run in runs:
        assert run.stdout
        assert run.stderr
        errors.append(run.stderr.read())
        run.wait()
        run.stdout.close()
        run.stderr.close()
    assert [run.returncode for run in runs] == [0] * 6, errors
    left = int(events.one("SELECT count(*) FROM events"))
    gone = [row for key, rows in events.uploads().items() if key.endswith(".csv") for row in rows]
    assert left + len(gone) == 11 * 28
    assert len({row[0] for row in gone}) == len(gone)


def test_a_run_that_is_killed_loses_nothing(events: Database) -> None:
    """A session that dies with a partition uploaded but not dropped: the next run does it again, under the same key."""
    put(events, "2026-08-05", "2026-08-06")
    failing(events, "refused")
    with pytest.raises(SqlError):
        events.maintain(NOW)
    events.run("DELETE FROM aws_s3.weather;")
    # The stage's own transaction, given up just before its end.
    events.run("BEGIN; SELECT partitions.archive(rule, now(), clock_timestamp()) FROM partitions.rules rule; ROLLBACK;")
    (key,) = [key for key in events.uploads() if key.endswith(".csv")]
    assert events.one("SELECT count(*) FROM partitions.archived WHERE archived_at IS NULL") == "1"
    events.maintain(NOW)
    assert [name for name in events.uploads() if name.endswith(".csv")] == [key]
    assert events.column("SELECT object_key FROM partitions.archived") == [key]


MOMENTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2027, 12, 31))  # noqa: DTZ001 -- UTC, as the database is told


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moments=st.lists(MOMENTS, min_size=1, max_size=20),
    interval=st.sampled_from(sorted(BOUNDS)),
    days=st.integers(1, 800),
    runs=st.lists(MOMENTS, min_size=1, max_size=3),
)
def test_every_row_is_in_the_table_or_in_the_bucket(
    server: Server, moments: list[dt.datetime], interval: str, days: int, runs: list[dt.datetime]
) -> None:
    """Whatever the dates: nothing is lost or there twice, what is young stays, and what is old has gone."""
    db = server.database()
    db.run("CREATE TABLE events (at timestamptz NOT NULL, n int);")
    values = ", ".join(f"('{moment.isoformat()}+00', {number})" for number, moment in enumerate(moments))
    db.run(f"INSERT INTO events VALUES {values};")
    db.adopt(table(interval, days))
    for run in sorted(runs):
        db.maintain(run.isoformat())
    present = {int(number) for number in db.column("SELECT n FROM events")}
    archived = [int(row[1]) for key, rows in db.uploads().items() if key.endswith(".csv") for row in rows]
    assert sorted([*present, *archived]) == list(range(len(moments)))
    longest = {"day": 1, "week": 7, "month": 31, "year": 366}[interval]
    for number, moment in enumerate(moments):
        age = (max(runs) - moment) / dt.timedelta(days=1)
        if age < days:
            assert number in present
        if age > days + longest:
            assert number in archived
