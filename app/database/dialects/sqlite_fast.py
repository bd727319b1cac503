"""SQLite with as few changes of thread as can be, for what is the same as `sqlite` in all else.

aiosqlite gives every call to its thread and SQLAlchemy's adapter makes four a statement, each dearer than the statement
itself. Here a statement is one call; a short one runs on the event loop, and a COMMIT, which waits for the disk, never.
"""

import sqlite3
from typing import Any, Final

import aiosqlite
from sqlalchemy import Engine, SelectBase
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteExecutionContext_aiosqlite

from app.database.dialects import sqlite
from app.database.dialects.sqlite_adapter import Driver
from app.database.dialects.sqlite_connection import Way
from app.database.urls import Target

READING: Final = sqlite.READING
_WAYS: Final = {"read": Way.BUDGET, "begin": Way.LOOP}


def options(target: Target, connect_timeout: float, *, migrating: bool) -> dict[str, Any]:
    """What `create_async_engine` takes besides the pool's size."""
    return {**sqlite.options(target, connect_timeout, migrating=migrating), "module": Driver(aiosqlite, sqlite3)}


def install(engine: Engine, target: Target, *, migrating: bool) -> None:
    """Set up each new connection, the way a transaction begins, and the way a statement goes."""
    sqlite.install(engine, target, migrating=migrating)
    engine.dialect.execution_ctx_cls = _Context


class _Context(SQLiteExecutionContext_aiosqlite):
    def create_default_cursor(self) -> Any:
        return self._dbapi_connection.cursor(way=self._way(), begins=self.execution_options.get("access") == "begin")

    def _way(self) -> Way:
        way = _WAYS.get(self.execution_options.get("access", ""))
        if way is not None:
            return way
        if self.compiled is not None and isinstance(self.compiled.statement, SelectBase):
            return Way.BUDGET
        # A flush names its cache. It writes by primary key: one row, unless a row deleted takes others along.
        by_key = "compiled_cache" in self.execution_options and (self.isinsert or self.isupdate)
        return Way.LOOP if by_key and not self.executemany else Way.THREAD
