"""SQLAlchemy's adapter of aiosqlite, with one call a statement and a queue of writers."""

import asyncio
import sqlite3
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_dbapi
from sqlalchemy.util.concurrency import await_only

from app.database.dialects.sqlite_connection import Connection, Way, connect


class _Cursor:
    """The result of one statement, fetched with it."""

    __slots__ = ("_adapter", "_begins", "_rows", "_way", "arraysize", "description", "lastrowid", "rowcount")
    server_side = False

    def __init__(self, adapter: "_Adapter", way: Way, begins: bool) -> None:
        self._adapter, self._way, self._begins = adapter, way, begins
        self._rows: Iterator[Any] = iter(())
        self.arraysize, self.rowcount = 1, -1
        self.description: Any = None
        self.lastrowid: int | None = None

    def execute(self, operation: str, parameters: Any = ()) -> None:
        self._perform(partial(_execute, operation, parameters or ()))

    def executemany(self, operation: str, seq_of_parameters: Any) -> None:
        self._perform(partial(_execute_many, operation, seq_of_parameters))

    def _perform(self, work: Any) -> None:
        perform = self._adapter.begin if self._begins else partial(self._adapter.driver_connection.perform, self._way)
        try:
            rows, self.description, self.rowcount, self.lastrowid = await_only(perform(work))
        except Exception as error:  # noqa: BLE001 (it is raised again)
            self._adapter._handle_exception(error)  # noqa: SLF001 (as SQLAlchemy's own cursors do)
        self._rows = iter(rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return list(islice(self._rows, self.arraysize if size is None else size))

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def setinputsizes(self, *_sizes: Any) -> None:
        pass

    def close(self) -> None:
        self._rows = iter(())

    async def _async_soft_close(self) -> None:
        """Nothing: SQLite's cursor is closed already."""


def _execute(operation: str, parameters: Any, connection: sqlite3.Connection) -> tuple[Any, ...]:
    cursor = connection.execute(operation, parameters)
    try:
        rows = cursor.fetchall() if cursor.description else ()
        return rows, cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()


def _execute_many(operation: str, parameters: Any, connection: sqlite3.Connection) -> tuple[Any, ...]:
    cursor = connection.executemany(operation, parameters)
    try:
        return (), cursor.description, cursor.rowcount, cursor.lastrowid
    finally:
        cursor.close()


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """One an engine. Its writers queue up here and not before the file's lock, where they would poll."""

    def __init__(self, *modules: Any) -> None:
        super().__init__(*modules)
        self.writers = asyncio.Lock()

    def connect(self, *args: Any, **kwargs: Any) -> "_Adapter":
        return _Adapter(self, await_only(connect(*args, **kwargs)))


class _Adapter(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("_is_writer",)

    dbapi: Driver
    _connection: Connection  # type: ignore[assignment]

    def __init__(self, dbapi: Driver, connection: Connection) -> None:
        super().__init__(dbapi, connection)  # type: ignore[arg-type]
        self._is_writer = False

    @property
    def driver_connection(self) -> Connection:
        return self._connection

    def cursor(self, server_side: bool = False, way: Way = Way.THREAD, begins: bool = False) -> Any:
        return super().cursor(server_side) if server_side else _Cursor(self, way, begins)

    async def begin(self, work: Any) -> Any:
        """Take the file's lock when it is this connection's turn. The queue is for order, the lock is what counts."""
        if await self._queue_up() or not self._connection.is_idle:
            return await self._connection.perform(Way.LOOP, work)
        return self._connection.at_once(Way.LOOP, work)  # says in SQLite's words that the file is locked

    async def _queue_up(self) -> bool:
        writers = self.dbapi.writers
        try:
            async with asyncio.timeout(self._connection.busy_milliseconds / 1000 if writers.locked() else None):
                self._is_writer = await writers.acquire()
        except TimeoutError:
            return False
        return True

    def _leave(self) -> None:
        if self._is_writer:
            self._is_writer = False
            self.dbapi.writers.release()

    def commit(self) -> None:
        if self._connection.may_be_in_transaction:
            super().commit()
        self._leave()

    def rollback(self) -> None:
        if self._connection.may_be_in_transaction:
            super().rollback()
        self._leave()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._leave()

    def terminate(self) -> None:
        try:
            super().terminate()
        finally:
            self._leave()
