"""MySQL and MariaDB through aiomysql."""

from typing import Any, Final

from sqlalchemy import Engine, event

from app.database.tls import tls_context
from app.database.urls import DatabaseUrlError, Target

READING: Final[dict[str, Any]] = {}
"""Execution options of a session that only reads: a change of isolation would cost two round trips."""

# Strict, so that what does not fit is refused and not cut; UTC, so that no instant is shifted.
_SESSION: Final = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', innodb_lock_wait_timeout = 5"
)
_RECYCLE_SECONDS: Final = 280  # hosted servers cut idle connections from five minutes on


def options(target: Target, connect_timeout: float, *, migrating: bool) -> dict[str, Any]:  # noqa: ARG001
    """What `create_async_engine` takes besides the pool's size."""
    arguments: dict[str, Any] = {
        "connect_timeout": connect_timeout,
        **target.connect_args,
        "charset": "utf8mb4",
        "init_command": _SESSION,
    }
    if target.tls.mode != "disable":
        arguments["ssl"] = tls_context(target.tls)
    return {
        "connect_args": arguments,
        "pool_pre_ping": True,
        "pool_recycle": _RECYCLE_SECONDS,
        "isolation_level": "READ COMMITTED",
    }


def install(engine: Engine, target: Target, *, migrating: bool) -> None:  # noqa: ARG001
    """Refuse a connection in the clear where TLS is required.

    aiomysql takes an SSLContext as a wish: from a server without TLS it silently goes on in plain text.
    """
    if target.tls.mode in {"disable", "prefer"}:
        return

    @event.listens_for(engine, "connect")
    def check_cipher(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        row = cursor.fetchone()
        cursor.close()
        if row is None or not row[1]:
            raise DatabaseUrlError("DATABASE_URL: TLS is required and the server offers none")
