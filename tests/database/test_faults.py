"""Every kind of failure, provoked on a real database, is told apart by its code."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, Table, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.faults import Fault, classify
from app.database.session import Database
from app.database.urls import Backend
from app.models.base import TABLE_OPTIONS
from app.models.task import Task
from app.models.user import User, UserSession
from tests.database.conftest import MakeDatabase
from tests.database.rows import NOW, a_task, a_user

Write = Callable[[UUID], Any]
"""What is written on behalf of a user who is there."""


async def fault_of(database: Database, *writes: Any) -> Fault | None:
    """What writing this comes to: statements are executed, rows are added."""
    try:
        async with database.writing() as session:
            for write in writes:
                await _write(session, write)
    except Exception as error:  # noqa: BLE001 (which class it is, is what must not matter)
        return classify(error)
    raise AssertionError("it was taken")


async def _write(session: AsyncSession, write: Any) -> None:
    if isinstance(write, User | Task | UserSession):
        session.add(write)
        await session.flush()
    else:
        await session.execute(write)


async def _settled(database: Database) -> User:
    user = a_user()
    async with database.writing() as session:
        session.add(user)
    return user


async def test_a_second_row_of_a_unique_value(databases: MakeDatabase) -> None:
    user = await _settled(databases())
    assert await fault_of(databases(), a_user(email_key=user.email_key)) is Fault.UNIQUE


async def test_a_second_row_of_a_key(databases: MakeDatabase) -> None:
    user = await _settled(databases())
    task = a_task(user.id)
    twin = a_task(user.id, id=task.id)
    assert await fault_of(databases(), a_user(id=user.id)) is Fault.UNIQUE
    assert await fault_of(databases(), task, insert(Task).values(_values(twin))) is Fault.UNIQUE


def _values(row: Any) -> dict[str, Any]:
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return {name: value for name, value in values.items() if value is not None} | {"version": 1}


async def test_one_id_serves_two_owners(databases: MakeDatabase) -> None:
    database, shared = databases(), uuid4()
    users = [await _settled(database), await _settled(database)]
    async with database.writing() as session:
        session.add_all([a_task(user.id, id=shared) for user in users])
    async with database.reading() as session:
        assert list(await session.scalars(select(Task.id))) == [shared, shared]


@pytest.mark.parametrize(
    "orphan",
    [
        a_task,
        lambda owner: UserSession(user_id=owner, id=owner, created_at=NOW, expires_at=NOW),
    ],
    ids=["task", "session"],
)
async def test_a_row_of_nobody(databases: MakeDatabase, orphan: Write) -> None:
    assert await fault_of(databases(), orphan(uuid4())) is Fault.FOREIGN_KEY


SCRATCH: Final = MetaData()
PARENTS: Final = Table("fault_parents", SCRATCH, Column("id", Integer, primary_key=True), **TABLE_OPTIONS)
CHILDREN: Final = Table(
    "fault_children",
    SCRATCH,
    Column("id", Integer, primary_key=True),
    Column("parent_id", ForeignKey("fault_parents.id", name="fk_fault")),
    **TABLE_OPTIONS,
)


@pytest.fixture
async def family(databases: MakeDatabase) -> AsyncIterator[Database]:
    """A parent and a child without a cascade, which the application's own tables all have."""
    database = databases()

    async def both(work: Callable[[Connection], None]) -> None:
        async with database.engine.begin() as connection:
            await connection.run_sync(work)

    await both(SCRATCH.create_all)
    async with database.writing() as session:
        await session.execute(insert(PARENTS).values(id=1))
        await session.execute(insert(CHILDREN).values(id=1, parent_id=1))
    yield database
    await both(SCRATCH.drop_all)


@pytest.mark.parametrize(
    "write",
    [delete(PARENTS), update(PARENTS).values(id=2), update(CHILDREN).values(parent_id=2)],
    ids=["delete-parent", "move-parent", "move-child"],
)
async def test_a_reference_that_would_lead_nowhere(family: Database, write: Any) -> None:
    assert await fault_of(family, write) is Fault.FOREIGN_KEY


@pytest.mark.parametrize(
    "values",
    [
        {"title": ""},
        {"priority": 4},
        {"priority": -1},
        {"due_time": "09:00"},
        {"due_time_zone": "Europe/Berlin"},
        {"version": 0},
    ],
    ids=lambda values: "-".join(f"{name}={value}" for name, value in values.items()),
)
async def test_a_task_that_no_rule_allows(databases: MakeDatabase, values: dict[str, Any]) -> None:
    user = await _settled(databases())
    row = _values(a_task(user.id)) | values
    assert await fault_of(databases(), insert(Task).values(row)) is Fault.CHECK


@pytest.mark.parametrize("values", [{"email_key": ""}, {"version": 0}], ids=["no-address", "version-0"])
async def test_a_user_that_no_rule_allows(databases: MakeDatabase, values: dict[str, Any]) -> None:
    assert await fault_of(databases(), insert(User).values(_values(a_user()) | values)) is Fault.CHECK


@pytest.mark.backends("postgresql", "mysql")  # SQLite takes text of any length
@pytest.mark.parametrize("length", [201, 60_000])
async def test_text_that_is_too_long(databases: MakeDatabase, length: int) -> None:
    assert await fault_of(databases(), a_user(name="é" * length)) is Fault.TOO_LONG


async def test_text_that_just_fits(databases: MakeDatabase) -> None:
    """Lengths are counted in characters."""
    database = databases()
    async with database.writing() as session:
        session.add(a_user(name="😀" * 200))
    async with database.reading() as session:
        assert await session.scalar(select(User.name)) == "😀" * 200


@pytest.mark.backends("postgresql", "mysql")  # SQLite's is the writer's lock, in test_sessions
async def test_two_writers_who_wait_for_each_other(databases: MakeDatabase) -> None:
    database = databases()
    users = [await _settled(database), await _settled(database)]
    met = asyncio.Barrier(2)

    async def cross(mine: UUID, other: UUID) -> None:
        async with database.writing() as session:
            await session.execute(update(User).where(User.id == mine).values(name="mine"))
            await met.wait()
            await session.execute(update(User).where(User.id == other).values(name="other"))

    first, second = users[0].id, users[1].id
    ends = await asyncio.gather(cross(first, second), cross(second, first), return_exceptions=True)
    assert sorted(str(end and classify(end)) for end in ends) == ["Fault.CONTENTION", "None"]


_IMPATIENT: Final[dict[Backend, str]] = {
    "postgresql": "SET LOCAL lock_timeout = '10ms'",
    "mysql": "SET SESSION innodb_lock_wait_timeout = 1",
}
_NEWEST_ONLY: Final[dict[Backend, tuple[str, ...]]] = {
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",),
    "mysql": ("SET SESSION innodb_snapshot_isolation = ON", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"),
}


@pytest.mark.backends("postgresql", "mysql")  # SQLite's is the writer's lock, in test_sessions
@pytest.mark.parametrize("nowait", [True, False], ids=["nowait", "timeout"])
async def test_a_lock_that_is_not_to_be_had(backend: Backend, databases: MakeDatabase, nowait: bool) -> None:
    user = await _settled(databases())
    wanted = select(User.id).where(User.id == user.id)
    async with databases().writing() as holder:
        await holder.execute(wanted.with_for_update())
        before = [] if nowait else [text(_IMPATIENT[backend])]
        assert await fault_of(databases(), *before, wanted.with_for_update(nowait=nowait)) is Fault.CONTENTION


@pytest.mark.backends("postgresql", "mysql")  # SQLite lets one writer in at a time
async def test_a_row_that_has_changed_since_it_was_read(backend: Backend, databases: MakeDatabase) -> None:
    """Under a stricter isolation than ours, which an administrator may set."""
    database = databases()
    user = await _settled(database)
    if backend == "mysql" and not await _knows_snapshots(database):
        pytest.skip("NOT RUN, mysql: this server has no innodb_snapshot_isolation")
    with pytest.raises(Exception, match=r"concurrent update|has changed since") as caught:
        await _overtaken(backend, databases, user.id)
    assert classify(caught.value) is Fault.CONTENTION


async def _knows_snapshots(database: Database) -> bool:
    async with database.reading() as session:
        return (await session.execute(text("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'"))).first() is not None


async def _overtaken(backend: Backend, databases: MakeDatabase, key: UUID) -> None:
    changed = update(User).where(User.id == key)
    async with databases().writing() as session:
        for statement in _NEWEST_ONLY[backend]:
            await session.execute(text(statement))
        if backend == "mysql":
            await session.rollback()  # the level counts from the next transaction on
        await session.execute(select(User.name))
        async with databases().writing() as faster:
            await faster.execute(changed.values(name="faster"))
        await session.execute(changed.values(name="slower"))


@pytest.mark.backends("sqlite")  # servers' disks are not ours to fill; test_codes has their codes
async def test_a_file_that_may_not_grow(databases: MakeDatabase) -> None:
    database = databases()
    user = await _settled(database)
    small = text("PRAGMA max_page_count = 1")  # as small as it is: the pragma never cuts
    large = [a_task(user.id, description="x" * 10_000) for _ in range(20)]
    assert await fault_of(database, small, *large) is Fault.FULL
    async with database.reading() as session:  # and what is there can be read
        assert list(await session.scalars(select(User.id))) == [user.id]
        assert list(await session.scalars(select(Task.id))) == []
