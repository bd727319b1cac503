"""How connections are set up, and what a reading and a writing session hold while they are open."""

from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from app.database.faults import Fault, classify
from app.database.session import Database
from app.database.urls import parse
from app.models.user import User
from app.services.runtime import Runtime
from tests.database.conftest import MakeDatabase
from tests.database.rows import a_task, a_user

POSTGRESQL_STATE = "SELECT state FROM pg_stat_activity WHERE pid = :pid"


async def _users(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


@pytest.mark.backends("sqlite")  # each has settings of its own
@pytest.mark.parametrize(("pragma", "value"), [("foreign_keys", 1), ("journal_mode", "wal"), ("synchronous", 2)])
async def test_sqlite_connections_are_set_up(runtime: Runtime, pragma: str, value: Any) -> None:
    for session_of in (runtime.database.reading, runtime.database.writing):
        async with session_of() as session:
            assert await session.scalar(text(f"PRAGMA {pragma}")) == value


@pytest.mark.backends("sqlite")  # the only one that is replicated by us
async def test_a_replicated_file_gets_no_checkpoint_from_the_service(database_url: str) -> None:
    # SQLite's own tore what was restored after a kill, in one of two.
    for replicated, pages in ((True, 0), (False, 1000)):
        database = Database(parse(database_url), replicated=replicated)
        try:
            for session_of in (database.reading, database.writing):
                async with session_of() as session:
                    assert await session.scalar(text("PRAGMA wal_autocheckpoint")) == pages
        finally:
            await database.dispose()


@pytest.mark.backends("mysql")  # each has settings of its own
@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'", 1),
        ("SELECT @@sql_mode LIKE '%ONLY_FULL_GROUP_BY%'", 1),
        ("SELECT @@sql_mode LIKE '%ANSI_QUOTES%'", 0),
        ("SELECT @@time_zone", "+00:00"),
        ("SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')", "READ-COMMITTED"),
        ("SELECT @@character_set_client", "utf8mb4"),
        ("SELECT @@character_set_connection", "utf8mb4"),
        ("SELECT @@character_set_results", "utf8mb4"),
        ("SELECT @@innodb_lock_wait_timeout", 5),
    ],
)
async def test_mysql_connections_are_set_up(runtime: Runtime, question: str, value: Any) -> None:
    for session_of in (runtime.database.reading, runtime.database.writing):
        async with session_of() as session:
            assert (await session.execute(text(question))).first()[-1] == value  # type: ignore[index]


@pytest.mark.backends("postgresql")  # each has settings of its own
@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("SHOW application_name", "todo"),
        ("SHOW client_encoding", "UTF8"),
        ("SHOW transaction_isolation", "read committed"),
        ("SHOW standard_conforming_strings", "on"),
    ],
)
async def test_postgresql_connections_are_set_up(runtime: Runtime, question: str, value: Any) -> None:
    for session_of in (runtime.database.reading, runtime.database.writing):
        async with session_of() as session:
            assert await session.scalar(text(question)) == value


@pytest.mark.backends("postgresql")  # where a transaction around one SELECT costs two round trips
async def test_only_a_writing_session_is_in_a_transaction(runtime: Runtime, databases: MakeDatabase) -> None:
    observer = databases()
    states = []
    for session_of in (runtime.database.reading, runtime.database.writing):
        async with session_of() as session, observer.reading() as other:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            await session.scalar(select(func.count()).select_from(User))
            states.append(await other.scalar(text(POSTGRESQL_STATE), {"pid": pid}))
    assert states == ["idle", "idle in transaction"]


async def test_a_reader_after_a_writer_is_no_writer(databases: MakeDatabase) -> None:
    """Both kinds come from one pool: what a session changes on its connection must end with it."""
    database = databases()
    for _ in range(3):
        async with database.writing() as session:
            session.add(a_user())
        async with database.reading() as session:
            before = await _users(database)
            async with databases().writing() as other:
                other.add(a_user())
            # Each statement sees the newest committed rows: no transaction holds an old view of them.
            assert await session.scalar(select(func.count()).select_from(User)) == before + 1


async def test_a_reader_waits_for_no_writer_and_sees_what_is_committed(databases: MakeDatabase) -> None:
    database, user = databases(), a_user()
    async with database.writing() as session:
        session.add(user)
    async with database.writing() as writer, database.reading() as reader:
        await writer.execute(update(User).where(User.id == user.id).values(name="new"))
        writer.add(a_user())
        await writer.flush()
        assert await reader.scalar(select(User.name).where(User.id == user.id)) is None
        assert await reader.scalar(select(func.count()).select_from(User)) == 1
    assert await _users(database) == 2


@pytest.mark.backends("sqlite")  # the others lock rows, not the file
async def test_a_writer_holds_the_file_from_its_first_statement(databases: MakeDatabase) -> None:
    """A deferred transaction would fail half-way when it turns writer, after it has read."""
    patient, hasty = databases(), databases("timeout=0.01")
    async with patient.writing() as first:
        await first.execute(text("SELECT 1"))
        with pytest.raises(Exception, match="locked") as caught:
            async with hasty.writing() as second:
                await second.execute(text("SELECT 1"))
        assert classify(caught.value) is Fault.CONTENTION
        assert await _users(hasty) == 0  # readers go on
    async with hasty.writing() as third:
        await third.execute(text("SELECT 1"))


@pytest.mark.backends("sqlite")  # the others lock rows, not the file
async def test_a_reader_holds_nothing_that_a_writer_waits_for(databases: MakeDatabase) -> None:
    patient, hasty = databases(), databases("timeout=0.01")
    async with patient.reading() as reader:
        await reader.scalar(select(func.count()).select_from(User))
        async with hasty.writing() as writer:
            writer.add(a_user())
        assert await reader.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.backends("postgresql", "mysql")  # SQLite has one writer at a time
async def test_writers_of_different_rows_do_not_meet(databases: MakeDatabase) -> None:
    database, users = databases(), [a_user(), a_user()]
    async with database.writing() as session:
        session.add_all(users)
    async with database.writing() as first, database.writing() as second:
        for session, user in ((first, users[0]), (second, users[1])):
            await session.execute(update(User).where(User.id == user.id).values(name="mine"))
    async with database.reading() as session:
        assert list(await session.scalars(select(User.name))) == ["mine", "mine"]


async def test_foreign_keys_hold_in_sessions(runtime: Runtime) -> None:
    """On SQLite they must be switched on, once a connection."""
    with pytest.raises(Exception, match=r"(?i)foreign key") as caught:
        async with runtime.database.writing() as session:
            session.add(a_task(a_user().id))
    assert classify(caught.value) is Fault.FOREIGN_KEY
