"""The parameters of a database's server."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from components import facts
from components.errors import ComponentError

#: The database that clients use.
DATABASE_NAME = "app"
_TRANSACTION_IDLE_MS = 60_000


class Served(Protocol):
    """What the parameters follow from."""

    @property
    def slow_query_ms(self) -> int:
        """Statements that take longer are logged, in ms."""

    @property
    def extensions(self) -> Sequence[str]:
        """PostgreSQL extensions in use."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Further parameters of the server, by name."""


def server_parameters(args: Served) -> list[tuple[str, str, str]]:
    """The server's parameters: (name, value, apply method), in the order of their names.

    Raises:
        ComponentError: if a parameter's way to take effect is not known here.
    """
    known = facts.load("database")
    preloaded = known["preloaded_extensions"]
    libraries = sorted({"pg_stat_statements", *(preloaded[name] for name in args.extensions if name in preloaded)})
    values = {
        "rds.force_ssl": "1",
        "log_min_duration_statement": str(args.slow_query_ms),
        # A statement that waits for a lock is slow for a reason that its plan does not show.
        "log_lock_waits": "1",
        # A forgotten transaction holds locks and keeps vacuum from its work.
        "idle_in_transaction_session_timeout": str(_TRANSACTION_IDLE_MS),
        # A replica tells what its queries still read, or vacuum on the primary takes it away and they are cancelled.
        "hot_standby_feedback": "1",
        "shared_preload_libraries": ",".join(libraries),
        # Where pg_cron keeps its jobs; by itself in the database `postgres`, which nothing here uses.
        **({"cron.database_name": DATABASE_NAME} if "pg_cron" in args.extensions else {}),
        **args.parameters,
    }
    result = []
    for name, value in sorted(values.items()):
        kind = known["parameters"].get(name)
        if kind is None:
            msg = f"database parameter '{name}' is not known; allowed: {', '.join(sorted(known['parameters']))}"
            raise ComponentError(msg)
        # RDS refuses a change of a static parameter that asks to be applied at once.
        result.append((name, value, "immediate" if kind == "dynamic" else "pending-reboot"))
    return result
