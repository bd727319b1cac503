"""SQLite: one writer at a time, said at BEGIN, and readers that wait for nobody (WAL)."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from app.database.urls import DatabaseUrlError, Target

READING: Final[dict[str, Any]] = {"access": "read"}
"""Execution options of a session that only reads: no transaction, so each statement is its own snapshot."""

OWNER_ONLY: Final = 0o600
_BUSY_SECONDS: Final = 5.0


def options(target: Target, connect_timeout: float, *, migrating: bool) -> dict[str, Any]:  # noqa: ARG001
    """What `create_async_engine` takes besides the pool's size."""
    if target.path is not None:
        _open_once(target.path)
    # isolation_level=None: sqlite3 begins nothing of its own accord, so our BEGIN is the only one.
    return {"connect_args": {"timeout": _BUSY_SECONDS, **target.connect_args, "isolation_level": None}}


def _open_once(path: Path) -> None:
    """Make the folder and the file, or say in one line why not.

    Here and not in aiosqlite: of an open that fails it leaves a thread behind, which answers to a loop long closed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(OWNER_ONLY)  # it will hold hashes of passwords
        sqlite3.connect(path).close()
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DatabaseUrlError(f"DATABASE_URL: user {os.geteuid()} cannot open {path}: {reason}") from None


def install(engine: Engine, target: Target, *, migrating: bool) -> None:  # noqa: ARG001
    """Set up each new connection and the way a transaction begins.

    While migrating, foreign keys are off: with them on, a batch ALTER of `users`, which drops and
    renames the table, would delete every task by cascade without an error.
    """
    pragmas = (
        f"PRAGMA foreign_keys = {'OFF' if migrating else 'ON'}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns writer half-way fails at once when another writes, whatever
        # the busy timeout says; one that says so at its start waits its turn.
        if connection.get_execution_options().get("access") != "read":
            connection.exec_driver_sql("BEGIN IMMEDIATE", execution_options={"access": "begin"})


def leave_checkpoints(engine: Engine) -> None:
    """Make none on any new connection: a page that returns to the file unseen by Litestream is lost to the replica.

    Measured: with SQLite's own every 1,000 pages, one restored file in two was torn (litestream.io/tips).
    """

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_autocheckpoint = 0")
        cursor.close()


def damage(path: Path) -> str | None:
    """The first thing that SQLite's own check finds wrong with a file; None for a sound one.

    The whole check, since `quick_check` does not see that an index lacks a row.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return None if found == "ok" else found


def copy(path: Path, output: Path) -> None:
    """A consistent copy of a file that may be in use; raises sqlite3.Error, and OSError for an output that exists."""
    # VACUUM INTO takes an empty file, and nobody's data can be overwritten.
    os.close(os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.execute("VACUUM INTO ?", (str(output),))
