"""PostgreSQL through asyncpg."""

from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Engine

from app.database.tls import tls_context
from app.database.urls import Target

READING: Final[dict[str, Any]] = {"isolation_level": "AUTOCOMMIT"}
"""Execution options of a session that only reads: no BEGIN and ROLLBACK around a single SELECT."""


_LOCK_TIMEOUT: Final = "5s"  # as SQLite's and MySQL's here


def options(target: Target, connect_timeout: float, *, migrating: bool) -> dict[str, Any]:
    """What `create_async_engine` takes besides the pool's size."""
    arguments: dict[str, Any] = {"timeout": connect_timeout, **target.connect_args, "ssl": _ssl(target)}
    defaults = {"application_name": "todo"}
    if target.statement_cache and not migrating and "options" not in arguments.get("server_settings", {}):
        # Nobody waits for a row for ever. A pooler takes no such parameter at the start of a connection.
        defaults["lock_timeout"] = _LOCK_TIMEOUT
    arguments["server_settings"] = {**defaults, **arguments.get("server_settings", {})}
    if not target.statement_cache:
        # Behind a pooler the next statement may meet another server process, where a name is either
        # unknown or taken: no caches, and names that nobody else can have chosen.
        arguments |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"__todo_{uuid4()}__",
        }
    return {"connect_args": arguments, "pool_pre_ping": True}


def _ssl(target: Target) -> Any:
    match target.tls.mode:
        case "disable":
            return False
        case "prefer" if target.tls.cert_file is None:  # who brings a certificate means to use it
            return "prefer"
        case _:
            return tls_context(target.tls)


def install(engine: Engine, target: Target, *, migrating: bool) -> None:
    """Nothing: asyncpg's connections come as we want them."""
