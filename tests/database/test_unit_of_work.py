"""One unit of work: all of it or nothing, and its connection is given back whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import event, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from app.database.engine import PoolLimits
from app.database.faults import Fault, classify
from app.database.session import Database
from app.models.user import User
from app.services.runtime import Runtime
from tests.database.conftest import MakeDatabase
from tests.database.rows import a_user


class PlannedError(Exception):
    """What a service raises in the middle of its work."""


async def _names(database: Database) -> list[str | None]:
    async with database.reading() as session:
        return list(await session.scalars(select(User.name).order_by(User.name)))


def _checked_out(database: Database) -> int:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


async def test_a_writing_session_commits_when_it_ends(databases: MakeDatabase) -> None:
    database = databases()
    async with database.writing() as session:
        session.add(a_user(name="kept"))
    assert await _names(databases()) == ["kept"]
    assert _checked_out(database) == 0


@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "not-flushed"])
async def test_a_writing_session_that_raises_leaves_nothing(databases: MakeDatabase, flushed: bool) -> None:
    database = databases()
    with pytest.raises(PlannedError):
        await _fail(database, flushed=flushed)
    assert await _names(databases()) == []
    assert _checked_out(database) == 0


async def _fail(database: Database, *, flushed: bool) -> None:
    async with database.writing() as session:
        session.add(a_user())
        if flushed:
            await session.flush()
        raise PlannedError


async def test_a_statement_that_fails_takes_what_was_before_it_along(databases: MakeDatabase) -> None:
    database = databases()
    with pytest.raises(Exception, match=r"(?i)unique|duplicate") as caught:
        await _add_twice(database)
    assert classify(caught.value) is Fault.UNIQUE
    assert await _names(databases()) == []
    assert _checked_out(database) == 0


async def _add_twice(database: Database) -> None:
    async with database.writing() as session:
        user = a_user()
        session.add(user)
        await session.flush()
        session.add(a_user(email_key=user.email_key))


async def test_a_savepoint_that_fails_leaves_the_rest(databases: MakeDatabase) -> None:
    database = databases()
    async with database.writing() as session:
        session.add(a_user(name="outer"))
        await session.flush()
        with pytest.raises(PlannedError):
            await _fail_within(session)
    assert await _names(databases()) == ["outer"]


async def _fail_within(session: AsyncSession) -> None:
    async with session.begin_nested():
        session.add(a_user(name="inner"))
        await session.flush()
        raise PlannedError


async def _assign(session: AsyncSession) -> None:
    user = await session.scalar(select(User))
    assert user is not None
    user.name = "changed"


async def _add(session: AsyncSession) -> None:
    session.add(a_user(name="changed"))


@pytest.mark.parametrize("change", [_assign, _add], ids=lambda change: change.__name__[1:])
async def test_what_changes_in_a_reading_session_stays_there(
    databases: MakeDatabase, change: Callable[[AsyncSession], Awaitable[None]]
) -> None:
    database = databases()
    async with database.writing() as session:
        session.add(a_user(name="old"))
    async with database.reading() as session:
        await change(session)
    assert await _names(databases()) == ["old"]
    async with database.writing() as session:  # and a writer on the same connection writes
        await session.execute(update(User).values(name="new"))
    assert await _names(databases()) == ["new"]


@pytest.mark.parametrize("kind", ["reading", "writing"])
async def test_a_cancelled_unit_gives_its_connection_back(databases: MakeDatabase, kind: str) -> None:
    """As when a client goes away and the server gives its request up."""
    database = databases(limits=PoolLimits(size=1))
    begun = asyncio.Event()

    async def unit() -> None:
        async with database.reading() if kind == "reading" else database.writing() as session:
            if kind == "writing":
                session.add(a_user())
                await session.flush()
            await session.scalar(select(func.count()).select_from(User))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(unit())
    await begun.wait()
    assert _checked_out(database) == 1
    await _cancel(task)
    assert _checked_out(database) == 0
    assert await _names(database) == []
    async with database.writing() as session:
        session.add(a_user(name="later"))
    assert await _names(databases()) == ["later"]


async def test_a_unit_cancelled_in_the_middle_of_a_statement_gives_its_connection_back(databases: MakeDatabase) -> None:
    """It waits for a lock that another holds; what it wanted to write never comes."""
    holder, waiting = databases(), databases(limits=PoolLimits(size=1))
    user, begun = a_user(name="old"), asyncio.Event()
    async with holder.writing() as session:
        session.add(user)

    @event.listens_for(waiting.engine.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("UPDATE", "BEGIN")):
            asyncio.get_running_loop().call_soon(begun.set)

    async def unit() -> None:
        async with waiting.writing() as session:
            await session.execute(update(User).where(User.id == user.id).values(name="cancelled"))

    async with holder.writing() as session:
        await session.execute(update(User).where(User.id == user.id).values(name="held"))
        task = asyncio.create_task(unit())
        await begun.wait()
        await _cancel(task)
        assert _checked_out(waiting) == 0
    assert await _names(holder) == ["held"]
    async with waiting.writing() as session:
        await session.execute(update(User).where(User.id == user.id).values(name="free"))
    assert await _names(holder) == ["free"]


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    assert done
    assert task.cancelled()


async def test_many_units_cancelled_at_any_moment_leak_nothing(databases: MakeDatabase) -> None:
    database = databases(limits=PoolLimits(size=3))

    async def unit() -> None:
        async with database.writing() as session:
            session.add(a_user())
            await session.flush()
            await session.scalar(select(func.count()).select_from(User))

    for turns in range(60):  # the loop's turns that a unit gets before it is cancelled
        task = asyncio.create_task(unit())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=20)
    assert _checked_out(database) == 0
    before = len(await _names(database))
    await asyncio.gather(unit(), unit(), unit())
    assert len(await _names(databases())) == before + 3


async def test_a_full_pool_says_so_and_recovers(databases: MakeDatabase) -> None:
    database = databases(limits=PoolLimits(size=1, timeout=0.01))
    async with database.reading() as first:
        await first.scalar(text("SELECT 1"))
        with pytest.raises(Exception, match="limit") as caught:
            await _names(database)
        assert classify(caught.value) is Fault.UNAVAILABLE
    assert await _names(database) == []


async def test_a_runtime_that_stops_closes_its_connections(runtime: Runtime, databases: MakeDatabase) -> None:
    database = databases()
    await _names(database)
    await database.dispose()
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedin() == 0
