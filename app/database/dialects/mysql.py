"""MySQL and MariaDB through aiomysql."""

import asyncio
from functools import partial
from typing import Any, Final

import aiomysql
from pymysql.constants import CLIENT
from sqlalchemy import Engine

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
    kind = aiomysql.Connection if target.tls.mode in {"disable", "prefer"} else _TlsConnection
    arguments["async_creator_fn"] = partial(_open, kind)
    if target.url.password is not None:
        # aiomysql sends a password in Latin-1, which is what UTF-8 is taken for here, byte by byte.
        arguments["password"] = str(target.url.password).encode().decode("latin-1")
    return {
        "connect_args": arguments,
        "pool_pre_ping": True,
        "pool_recycle": _RECYCLE_SECONDS,
        "isolation_level": "READ COMMITTED",
    }


class _TlsConnection(aiomysql.Connection):  # type: ignore[misc]  # it is untyped
    """Speaks to nobody in the clear.

    aiomysql takes an SSLContext as a wish: with a server that has no TLS it silently goes on in plain text, the
    password included if that server asks for it so.
    """

    async def _request_authentication(self) -> None:
        if not self.server_capabilities & CLIENT.SSL:
            raise DatabaseUrlError("DATABASE_URL: TLS is required and the server offers none")
        await super()._request_authentication()


async def _open(kind: type[aiomysql.Connection], connect_timeout: float, **arguments: Any) -> aiomysql.Connection:
    """A connection, or TimeoutError: aiomysql's own limit ends where the server has taken the connection."""
    connection = kind(connect_timeout=connect_timeout, **arguments)
    async with asyncio.timeout(connect_timeout):
        await connection._connect()  # noqa: SLF001 (as aiomysql.connect does)
    return connection


def install(engine: Engine, target: Target, *, migrating: bool) -> None:
    """Nothing: what a connection needs is said when it is opened."""
