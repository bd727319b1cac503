"""An aiosqlite connection that works on the event loop too: in its thread or there, never in both at once."""

import sqlite3
import time
from collections.abc import Callable
from enum import Enum, auto
from threading import Thread
from typing import Any, Final, TypeVar

import aiosqlite

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]

_STEPS: Final = 1000  # of SQLite's virtual machine between two looks at the clock: a page of 50 tasks takes as many
_BUDGET_SECONDS: Final = 0.001
_BUSY, _INTERRUPTED = sqlite3.SQLITE_BUSY, sqlite3.SQLITE_INTERRUPT


class Way(Enum):
    """Where a statement runs."""

    THREAD = auto()
    LOOP = auto()
    """On the loop however long it takes, so for what is known to be short: a write that is interrupted would take its
    transaction along. Where a lock is in the way, in the thread."""
    BUDGET = auto()
    """On the loop, for what only reads: past a millisecond it is given up and run anew in the thread."""


class Connection(aiosqlite.Connection):
    """All that aiosqlite does goes through `_execute`, hence to the thread.

    A task that is cancelled leaves its statement running there. Until that has ended nothing runs on the loop: what
    comes next queues up behind it.
    """

    _asked = 0  # counted by the loop alone
    _done = 0  # counted by the thread alone
    _is_patient = True
    busy_milliseconds = 0

    @property
    def is_idle(self) -> bool:
        """Whether the thread has nothing to do, so that the loop may use the connection."""
        return self._asked == self._done

    @property
    def may_be_in_transaction(self) -> bool:
        """False only where there is nothing to commit or to roll back for certain."""
        return not self.is_idle or (self._connection is not None and self._connection.in_transaction)

    async def perform(self, way: Way, work: Work[Result]) -> Result:
        """Do it, on the loop where that may be and else in the thread; raises ValueError on a closed connection."""
        connection = self._conn
        if way is not Way.THREAD and self.is_idle:
            try:
                return self.at_once(way, work)
            except sqlite3.OperationalError as error:
                if not _is_for_thread(error):
                    raise
        return await self._execute(work, connection)

    def at_once(self, way: Way, work: Work[Result]) -> Result:
        """Do it on the loop, and wait for no lock."""
        self._wait_for_locks(False)
        if way is not Way.BUDGET:
            return work(self._conn)
        end = time.perf_counter() + _BUDGET_SECONDS
        self._conn.set_progress_handler(lambda: time.perf_counter() > end, _STEPS)
        try:
            return work(self._conn)
        finally:
            self._conn.set_progress_handler(None, 0)

    async def _execute(self, fn: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        def in_thread() -> Result:
            try:
                self._wait_for_locks(True)
                return fn(*args, **kwargs)
            finally:
                self._done += 1

        self._asked += 1
        result: Result = await super()._execute(in_thread)  # type: ignore[no-untyped-call]
        return result

    def _wait_for_locks(self, patient: bool) -> None:
        """In the thread, locks are waited for; on the loop never."""
        if patient is self._is_patient or self._connection is None:
            return
        self._connection.execute(f"PRAGMA busy_timeout = {self.busy_milliseconds if patient else 0}")
        self._is_patient = patient


def _is_for_thread(error: sqlite3.OperationalError) -> bool:
    # Python's own errors, as of a value that does not fit, have no code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (_BUSY, _INTERRUPTED)


async def connect(database: str, *, timeout: float, **options: Any) -> Connection:  # noqa: ASYNC109 (sqlite3's)
    """An open connection; `timeout` is the seconds that the thread waits for a lock."""
    connection = Connection(
        lambda: sqlite3.connect(database, timeout=timeout, **{**options, "check_same_thread": False}),
        iter_chunk_size=64,
    )
    connection.busy_milliseconds = int(timeout * 1000)
    # As SQLAlchemy does: no thread keeps a process alive. Up to aiosqlite 0.21 the connection is the thread.
    thread = connection if isinstance(connection, Thread) else connection._thread  # noqa: SLF001
    thread.daemon = True
    await connection
    return connection
