"""SQLite's connections, SQLAlchemy's own and ours, which work on the event loop too: what they do alike."""

import asyncio
import sqlite3
import threading
from typing import Any

import pytest
from sqlalchemy import (
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, StatementError

from app.database.session import Database
from tests.database.items import COUNTED, ITEMS, Make, count


@pytest.fixture(params=[False, True], ids=["original", "ours"])
def is_ours(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def database(item_databases: Make, is_ours: bool) -> Database:
    return item_databases(is_ours=is_ours)


@pytest.mark.parametrize(
    ("statement", "kind", "code"),
    [
        (insert(ITEMS).values(name="item 1"), sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_UNIQUE),
        (insert(ITEMS).values(id=1, name="x"), sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY),
        (insert(ITEMS).values(name=None), sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_NOTNULL),
        (insert(ITEMS).values(name=""), sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_CHECK),
        (insert(ITEMS).values(name="x", list_id=7), sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY),
        (text("SELECT * FROM nothing"), sqlite3.OperationalError, sqlite3.SQLITE_ERROR),
        (text("SELEKT 1"), sqlite3.OperationalError, sqlite3.SQLITE_ERROR),
        (text("SELECT 1; SELECT 2"), sqlite3.ProgrammingError, None),
        (select(ITEMS).where(ITEMS.c.id == 2**70), OverflowError, None),
        (text("SELECT json('{')"), sqlite3.OperationalError, sqlite3.SQLITE_ERROR),
        (text("PRAGMA user_version = 1 = 2"), sqlite3.OperationalError, sqlite3.SQLITE_ERROR),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, type | int) else None,
)
@pytest.mark.parametrize("kind_of_session", ["reading", "writing"])
async def test_an_error_is_the_same(
    database: Database, kind_of_session: str, statement: Any, kind: type[Exception], code: int | None
) -> None:
    with pytest.raises((StatementError, OverflowError)) as caught:
        await _execute(database, kind_of_session, statement)
    error = caught.value.orig if isinstance(caught.value, StatementError) else caught.value
    assert type(error) is kind
    assert getattr(error, "sqlite_errorcode", None) == code
    async with database.writing() as session:  # and the connection is as good as before
        await session.execute(insert(ITEMS).values(name="later"))
        assert await session.scalar(text("SELECT count(*) FROM items")) == 11


async def _execute(database: Database, kind_of_session: str, statement: Any) -> None:
    async with database.reading() if kind_of_session == "reading" else database.writing() as session:
        await session.execute(statement)


async def test_what_a_write_tells_is_the_same(database: Database) -> None:
    async with database.engine.begin() as connection:
        done = await connection.execute(update(ITEMS).where(ITEMS.c.id < 4).values(note="x"))
        assert done.rowcount == 3
        done = await connection.execute(delete(ITEMS).where(ITEMS.c.id > 100))
        assert done.rowcount == 0
        done = await connection.execute(insert(ITEMS).values(name="new").return_defaults())
        assert done.inserted_primary_key == (11,)
        raw = await connection.exec_driver_sql("INSERT INTO items (name) VALUES (?)", ("raw",))
        assert (raw.rowcount, raw.lastrowid, raw.returns_rows) == (1, 12, False)


async def test_many_rows_at_once(database: Database) -> None:
    rows = [{"b_id": n, "note": f"note {n}"} for n in range(1, 8)]
    async with database.engine.begin() as connection:
        changed = update(ITEMS).where(ITEMS.c.id == text(":b_id")).values(note=text(":note"))
        assert (await connection.execute(changed, rows)).rowcount == 7
    async with database.reading() as session:
        notes = select(ITEMS.c.note).where(ITEMS.c.note.is_not(None)).order_by(ITEMS.c.id)
        assert list(await session.scalars(notes)) == [f"note {n}" for n in range(1, 8)]


async def test_what_is_written_comes_back(database: Database) -> None:
    async with database.engine.begin() as connection:
        one = insert(ITEMS).values(name="one").returning(ITEMS.c.id, ITEMS.c.name)
        assert (await connection.execute(one)).all() == [(11, "one")]
        many = insert(ITEMS).returning(ITEMS.c.name, sort_by_parameter_order=True)
        added = await connection.execute(many, [{"name": f"many {n}"} for n in range(30)])
        assert added.scalars().all() == [f"many {n}" for n in range(30)]
        gone = delete(ITEMS).where(ITEMS.c.id <= 2).returning(ITEMS.c.id)
        assert sorted((await connection.execute(gone)).scalars()) == [1, 2]


async def test_rows_come_one_by_one_some_or_all(database: Database) -> None:
    ordered = select(ITEMS.c.id).order_by(ITEMS.c.id)
    async with database.reading() as session:
        rows = await session.scalars(ordered)
        assert (rows.first(), [*(await session.scalars(ordered)).fetchmany(3)]) == (1, [1, 2, 3])
        found = await session.execute(ordered)
        assert (found.fetchone(), found.fetchmany(2), found.all()) == ((1,), [(2,), (3,)], [(n,) for n in range(4, 11)])
        assert list(await session.scalars(ordered.where(ITEMS.c.id > 100))) == []
        assert list((await session.execute(ordered)).keys()) == ["id"]


@pytest.mark.parametrize("kind_of_session", ["reading", "writing"])
async def test_a_stream_gives_its_rows_while_others_are_read(database: Database, kind_of_session: str) -> None:
    async with database.reading() if kind_of_session == "reading" else database.writing() as session:
        seen = []
        async for number in await session.stream_scalars(text(COUNTED.format(500, "SELECT i FROM n"))):
            seen.append(number)
            if number % 100 == 0:
                assert await session.scalar(select(ITEMS.c.name).where(ITEMS.c.id == number // 100)) is not None
        assert seen == list(range(1, 501))
        stream = await session.stream(text(COUNTED.format(500_000, "SELECT i FROM n")))
        assert await stream.fetchmany(2) == [(1,), (2,)]
        await stream.close()
    assert await count(database) == 10


async def test_a_session_on_a_closed_connection_says_so(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        raw = await connection.get_raw_connection()
        await raw.driver_connection.close()  # type: ignore[union-attr]
        with pytest.raises(DBAPIError, match=r"(?i)no active connection|connection closed") as caught:
            await connection.execute(text("SELECT 1"))
        assert type(caught.value.orig) is sqlite3.OperationalError
        await connection.invalidate()
    assert await count(database) == 10


async def test_disposing_ends_the_threads(item_databases: Make, is_ours: bool) -> None:
    before = set(threading.enumerate())
    database = item_databases(is_ours=is_ours)
    await asyncio.gather(*(count(database) for _ in range(5)))
    assert set(threading.enumerate()) - before
    await database.dispose()
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join, 10)
    assert not [thread for thread in threading.enumerate() if thread not in before and "asyncio" not in thread.name]
    assert await count(database) == 10  # and it begins anew


async def test_writers_and_readers_at_once(item_databases: Make, is_ours: bool) -> None:
    database = item_databases(is_ours=is_ours)

    async def write(number: int) -> None:
        async with database.writing() as session:
            count = await session.scalar(text("SELECT count(*) FROM items"))
            await session.execute(insert(ITEMS).values(name=f"written {number}", note=str(count)))

    await asyncio.gather(*(write(n) for n in range(30)), *(count(database) for _ in range(30)))
    async with database.reading() as session:
        notes = select(ITEMS.c.note).where(ITEMS.c.id > 10).order_by(ITEMS.c.id)
        assert list(await session.scalars(notes)) == [str(n) for n in range(10, 40)]
