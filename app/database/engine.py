"""The one engine factory: the application, the migrations and the tests all come here."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.database.dialects import mysql, postgresql, sqlite, sqlite_fast
from app.database.urls import Backend, Target

_DIALECTS: Final[dict[Backend, ModuleType]] = {"sqlite": sqlite, "postgresql": postgresql, "mysql": mysql}


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Connections kept, and the seconds to wait for a free one and for the server to accept one.

    `sqlite_fast`: whether SQLite's connections may work on the event loop.
    """

    size: int = 10
    timeout: float = 2.0
    connect_timeout: float = 5.0
    sqlite_fast: bool = True


def create_engine(
    target: Target, limits: PoolLimits | None = None, *, migrating: bool = False, replicated: bool = False
) -> AsyncEngine:
    """An engine for any target; connects to no server yet, but makes an SQLite file.

    `replicated`: somebody else carries the SQLite file's pages away, and makes its checkpoints.
    Raises DatabaseUrlError for a TLS file that is no good, and for an SQLite file that cannot be opened.
    """
    limits = limits or PoolLimits()
    is_fast = target.backend == "sqlite" and limits.sqlite_fast and not migrating
    dialect = sqlite_fast if is_fast else _DIALECTS[target.backend]
    engine = create_async_engine(
        target.url,
        hide_parameters=True,  # an error's text must not carry what somebody wrote
        pool_size=limits.size,
        max_overflow=0,
        pool_timeout=limits.timeout,
        **dialect.options(target, limits.connect_timeout, migrating=migrating),
    )
    dialect.install(engine.sync_engine, target, migrating=migrating)
    if replicated:
        sqlite.leave_checkpoints(engine.sync_engine)
    return engine


def reading_options(target: Target) -> dict[str, Any]:
    """Execution options for sessions that only read."""
    if not target.statement_cache:
        # A pooler may change the server process after any transaction: without one around both, what was prepared
        # is unknown where it is executed (tests/e2e/test_pgbouncer.py).
        return {}
    options: dict[str, Any] = _DIALECTS[target.backend].READING
    return options
