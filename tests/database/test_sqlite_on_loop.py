"""Where SQLite's statements run: short ones on the event loop, long ones in a thread, never in both at once."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event, func, insert, select, text, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.dialects.sqlite_connection import Connection, Way, connect
from app.database.faults import Fault, classify
from app.database.session import Database
from tests.database.items import COUNTED, ITEMS, Item, Make, count

LOOP: Final = threading.main_thread().ident
WHERE: Final = text("SELECT thread()")
LONG: Final = text(COUNTED.format(300_000, "SELECT count(*), thread() FROM n"))
CROSSED: Final = (
    select(func.count(), func.thread())
    .select_from(ITEMS)
    .join(ITEMS.alias("a"), true())
    .join(ITEMS.alias("b"), true())
    .join(ITEMS.alias("c"), true())
    .join(ITEMS.alias("d"), true())
)
# Holds a file's lock until somebody writes a line.
HOLD: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("free", flush=True)
"""


@contextmanager
def held(path: Path, begin: str) -> Iterator[Callable[[], None]]:
    """Another process holds the lock; call what is given to have it end."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), begin], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"

        def release() -> None:
            process.communicate("\n")

        yield release


def path_of(database: Database) -> Path:
    assert database.target.path is not None
    return database.target.path


def connections_of(database: Database) -> list[Connection]:
    """Those that it opens from now on."""
    opened: list[Connection] = []

    @event.listens_for(database.engine.sync_engine, "connect")
    def note(connection: Any, _record: object) -> None:
        opened.append(connection.driver_connection)

    return opened


def writers_of(database: Database) -> asyncio.Lock:
    """The queue of those who write, which nobody stays in."""
    writers: asyncio.Lock = database.engine.dialect.dbapi.writers  # type: ignore[union-attr]
    return writers


async def test_a_short_read_runs_on_the_loop_and_a_long_one_in_a_thread(item_databases: Make) -> None:
    async with item_databases().reading() as session:
        for _ in range(3):
            assert await session.scalar(WHERE) == LOOP
            assert await session.scalar(text("PRAGMA busy_timeout")) == 0  # which is where nothing may wait
            total, thread = (await session.execute(LONG)).one()
            assert total == 300_000
            assert thread != LOOP


async def test_switched_off_everything_runs_in_a_thread(item_databases: Make) -> None:
    database = item_databases(is_ours=False)
    for session_of in (database.reading, database.writing):
        async with session_of() as session:
            assert await session.scalar(WHERE) != LOOP
            assert await session.scalar(text("PRAGMA busy_timeout")) == 5000


async def test_a_read_past_its_budget_leaves_the_transaction_that_it_is_in(item_databases: Make) -> None:
    database = item_databases()
    async with database.writing() as session:
        await session.execute(insert(ITEMS).values(name="kept"))
        total, thread = (await session.execute(CROSSED)).one()
        assert total == 11**5
        assert thread != LOOP
    assert await count(database) == 11


async def _nothing(_session: AsyncSession) -> None:
    pass


async def _read(session: AsyncSession) -> None:
    await session.execute(select(ITEMS))
    await session.scalar(select(Item.name).where(Item.id == 1))


async def _flush(session: AsyncSession) -> None:
    item = await session.get_one(Item, 1)
    item.name = "changed"
    session.add(Item(name="new"))
    await session.flush()


async def _flush_many(session: AsyncSession) -> None:
    session.add_all(Item(id=100 + n, name=f"new {n}") for n in range(10))


async def _change_many(session: AsyncSession) -> None:
    await session.execute(update(Item).values(note="x"))


async def _fail(session: AsyncSession) -> None:
    await _flush(session)
    raise LookupError


@pytest.mark.parametrize(
    ("kind", "work", "hops"),
    [
        ("reading", _nothing, 0),
        ("reading", _read, 0),
        ("writing", _nothing, 0),
        ("writing", _read, 1),  # COMMIT
        ("writing", _flush, 1),
        ("writing", _flush_many, 2),
        ("writing", _change_many, 2),
        ("writing", _fail, 1),  # ROLLBACK
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_thread_is_asked_as_seldom_as_can_be(
    item_databases: Make, kind: str, work: Callable[[AsyncSession], Awaitable[None]], hops: int
) -> None:
    database = item_databases(size=1)
    opened = connections_of(database)
    await count(database)
    (connection,) = opened
    before = connection._asked
    try:
        async with database.reading() if kind == "reading" else database.writing() as session:
            await work(session)
    except LookupError:
        pass
    assert connection._asked - before == hops


def marking(times: list[tuple[int, int | None]]) -> Callable[[int], int]:
    """An SQL function that notes who calls it in which thread."""

    def mark(who: int) -> int:
        times.append((who, threading.get_ident()))
        return who

    return mark


async def test_a_connection_is_never_used_from_two_threads_at_once(tmp_path: Path) -> None:
    """A task is cancelled while its statement runs; the statements that come next wait for its end."""
    marks: list[tuple[int, int | None]] = []
    begun = threading.Event()
    connection = await connect(str(tmp_path / "marks.db"), timeout=5.0, isolation_level=None)
    await connection.create_function("mark", 1, marking(marks))
    await connection.create_function("begun", 0, begun.set)

    def ask(sql: str) -> Callable[[sqlite3.Connection], Any]:
        return lambda raw: raw.execute(sql).fetchall()

    long = COUNTED.format(20_000, "SELECT sum(mark(1)), begun() FROM n WHERE i > 0 GROUP BY i % 2")
    for way in (Way.LOOP, Way.BUDGET, Way.THREAD):
        marks.clear()
        begun.clear()
        task = asyncio.create_task(connection.perform(Way.THREAD, ask(long)))
        await asyncio.sleep(0)
        task.cancel()
        assert not connection.is_idle
        assert connection.may_be_in_transaction
        await connection.perform(way, ask("SELECT mark(2)"))
        assert [who for who, _ in marks] == [1] * 20_000 + [2]
        assert len({thread for _, thread in marks}) == 1
        assert connection.is_idle
        await connection.perform(way, ask("SELECT mark(3)"))
        assert marks[-1] == (3, marks[0][1] if way is Way.THREAD else LOOP)
    await connection.close()


async def test_a_cancelled_statement_leaves_nothing_behind(item_databases: Make) -> None:
    """Nobody gets its connection while the statement still runs in the thread; its transaction ends with it."""
    database = item_databases(size=1)
    begun = threading.Event()

    def begin(number: int) -> int:
        begun.set()
        return number

    @event.listens_for(database.engine.sync_engine, "connect")
    def add_function(connection: Any, _record: object) -> None:
        connection.create_function("begun", 1, begin)

    async def unit() -> None:
        async with database.writing() as session:
            await session.execute(insert(ITEMS).values(name="cancelled"))
            await session.execute(text(COUNTED.format(50_000, "SELECT sum(begun(i)) FROM n")))

    for _ in range(5):
        begun.clear()
        task = asyncio.create_task(unit())
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.wait({task}, timeout=20)
        assert task.cancelled()
        async with database.writing() as session:
            assert await session.scalar(select(func.count()).select_from(ITEMS)) == 10


async def test_a_writer_waits_for_another_process_and_the_loop_goes_on(item_databases: Make) -> None:
    database = item_databases()
    assert await count(database) == 10

    async def write() -> None:
        async with database.writing() as session:
            session.add(Item(name="new"))

    with held(path_of(database), "BEGIN IMMEDIATE") as release:
        writers = asyncio.gather(write(), asyncio.sleep(0))
        assert [await count(database) for _ in range(20)] == [10] * 20
        assert not writers.done()
        await asyncio.to_thread(release)
        await writers
    assert await count(database) == 11


async def test_a_reader_that_meets_a_lock_waits_in_the_thread(tmp_path: Path) -> None:
    """In a file without a WAL, where a writer keeps readers out."""
    path = tmp_path / "rollback.db"
    connection = await connect(str(path), timeout=30.0, isolation_level=None)

    def read(raw: sqlite3.Connection) -> tuple[int, int]:
        ((version,),) = raw.execute("PRAGMA user_version").fetchall()
        return version, threading.get_ident()

    assert await connection.perform(Way.BUDGET, read) == (0, LOOP)
    with held(path, "BEGIN EXCLUSIVE") as release:
        waiting = asyncio.create_task(connection.perform(Way.BUDGET, read))
        await asyncio.sleep(0)
        assert not waiting.done()
        await asyncio.to_thread(release)
        version, thread = await waiting
    assert (version, thread == LOOP) == (0, False)
    assert await connection.perform(Way.BUDGET, read) == (0, LOOP)
    await connection.close()


async def test_writers_of_one_process_take_turns_without_a_thread(item_databases: Make) -> None:
    database = item_databases()
    opened = connections_of(database)
    await asyncio.gather(*(count(database) for _ in range(6)))
    before = sum(connection._asked for connection in opened)

    async def write(name: str) -> None:
        async with database.writing() as session:
            session.add(Item(name=name))

    async with database.writing() as session:
        await session.execute(WHERE)
        tasks = [asyncio.create_task(write(f"new {n}")) for n in range(5)]
        for _ in range(50):
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    async with database.reading() as session:
        names = await session.scalars(select(Item.name).where(Item.id > 10).order_by(Item.id))
        assert list(names) == [f"new {n}" for n in range(5)]
    # Six commits, and the first statement, which is no flush's.
    assert sum(connection._asked for connection in opened) - before == 7


@pytest.mark.parametrize("elsewhere", [True, False], ids=["other-process", "same-process"])
async def test_who_waits_too_long_is_told_in_sqlites_words(item_databases: Make, elsewhere: bool) -> None:
    database, hasty = item_databases(), item_databases("timeout=0.05")
    opened, holder = connections_of(hasty), database if elsewhere else hasty
    await asyncio.gather(count(hasty), count(hasty))
    async with holder.writing() as session:
        await session.execute(WHERE)
        before = sum(connection._asked for connection in opened)
        for _ in range(2):
            with pytest.raises(Exception, match="locked") as caught:
                await _write(hasty)
            assert classify(caught.value) is Fault.CONTENTION
        # Who has waited for the queue does not wait for the file's lock as long again.
        assert sum(connection._asked for connection in opened) - before == (2 if elsewhere else 0)
    await _write(hasty)


async def _write(database: Database) -> None:
    async with database.writing() as session:
        session.add(Item(name="new"))


async def test_a_cancelled_writer_leaves_the_queue(item_databases: Make) -> None:
    database = item_databases("timeout=2")

    async def write() -> None:
        await _write(database)

    async with database.writing() as session:
        await session.execute(WHERE)
        first, second = asyncio.create_task(write()), asyncio.create_task(write())
        for _ in range(50):
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait({first}, timeout=20)
        assert first.cancelled()
    await second
    assert await count(database) == 11
    async with database.writing() as session:
        await session.execute(update(Item).where(Item.id == 11).values(name="changed"))


async def test_a_writer_that_does_not_get_the_lock_leaves_the_queue(item_databases: Make) -> None:
    database = item_databases("timeout=0.05")
    with held(path_of(database), "BEGIN IMMEDIATE") as release:
        with pytest.raises(Exception, match="locked"):
            await _write(database)
        assert not writers_of(database).locked()
        release()
    await _write(database)
    assert await count(database) == 11


@pytest.mark.parametrize("end", ["commit", "rollback", "invalidate"])
async def test_a_connection_that_is_kept_lets_the_next_writer_in(item_databases: Make, end: str) -> None:
    database = item_databases()
    async with database.engine.connect() as connection:
        await connection.execute(update(Item).values(note="x"))
        await getattr(connection, end)()
        assert not writers_of(database).locked()
        await _write(database)
    assert await count(database) == 11
