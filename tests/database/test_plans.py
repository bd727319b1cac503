"""Every order of the list walks its index: what the route really sends is explained, with the real parameters."""

import os
import random
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, get_args
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, insert, text

from app.database.urls import Backend
from app.models.task import NEVER, Task
from app.schemas.task import Sort
from app.services.runtime import Runtime
from tests.conftest import Apps, client_of
from tests.database.rows import NOW, a_task, a_user
from tests.support.accounts import register
from tests.support.databases import migrated_database

USERS: Final = 20
TASKS_EACH: Final = 120
INDEXES: Final = {
    "created_at": "ix_tasks_created",
    "updated_at": "ix_tasks_updated",
    "due": "ix_tasks_due",
    "priority": "ix_tasks_priority",
    "title": "ix_tasks_title",
    "position": "ix_tasks_position",
}
ANALYZE: Final[dict[Backend, str]] = {
    "sqlite": "ANALYZE",
    "postgresql": "ANALYZE tasks",
    "mysql": "ANALYZE TABLE tasks",
}
COLUMNS: Final = {"due": "due_key", "title": "title_key"}
# How a plan says that the index is entered at the key's value and, among equal values, at its id. MariaDB says how
# many bytes of the index it seeks by: 16 of the owner, those of the value, 16 of the id.
SEEKS: Final[dict[Backend, str]] = {
    "sqlite": r"\({column},id\)[<>]\(\?,\?\)",
    "postgresql": r"""Index Cond: .*ROW\([("]*{column}\b[^,]*, id\) [<>]""",
    "mysql": r"'range', .*, '{bytes}', ",
}
KEY_BYTES: Final = {"priority": 34, "title": 834, "position": 834}  # and 40 with an instant
SORTS_ANEW: Final[dict[Backend, str]] = {"sqlite": "TEMP B-TREE", "postgresql": "Sort", "mysql": "filesort"}


@dataclass(frozen=True)
class Crowd:
    """A client logged in as one of many users, and the runtime that answers."""

    client: httpx.AsyncClient
    runtime: Runtime


@pytest.fixture(scope="module")
def crowded_url(backend: Backend, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    with migrated_database(backend, tmp_path_factory.mktemp("plans"), f"todo_plans_{worker_id}_{os.getpid()}") as url:
        yield url


@pytest.fixture(scope="module")
async def crowd(backend: Backend, crowded_url: str) -> AsyncIterator[Crowd]:
    """Twenty users with the same number of tasks each, and what the database knows about them up to date."""
    apps = Apps(crowded_url)
    app = apps.make()
    runtime: Runtime = app.state.runtime
    async with client_of(app) as client:
        account = await register(client)
        client.headers.update(account.headers)
        users = [a_user() for _ in range(USERS - 1)]
        async with runtime.database.writing() as session:
            session.add_all(users)
            await session.flush()
            owners = [UUID(account.id), *(user.id for user in users)]
            await session.execute(insert(Task), [_row(owner, n) for n in range(TASKS_EACH) for owner in owners])
        async with runtime.database.engine.connect() as connection:
            await connection.execute(text(ANALYZE[backend]))
            await connection.commit()
        yield Crowd(client, runtime)
    await apps.stop()


def _row(owner: UUID, number: int) -> dict[str, Any]:
    chosen = random.Random(f"{owner}{number}")  # noqa: S311 (rows that differ, and are the same in every run)
    title = f"task {chosen.randrange(10_000)}"
    at = NOW + timedelta(seconds=chosen.randrange(100_000))
    values = {"title": title, "title_key": title, "priority": chosen.randrange(4), "position": f"b{number:02}"}
    values |= {"created_at": at, "updated_at": at + timedelta(seconds=number), "version": 1}
    due = chosen.choice([NEVER, at])
    task = a_task(owner, **values, due_key=due, description="x" * chosen.randrange(200))
    return {column.key: getattr(task, column.key) for column in Task.__table__.columns}


async def _sent(crowd: Crowd, url: str) -> tuple[httpx.Response, str, Any]:
    """The answer, and the statement on tasks that made it, as the driver got it."""
    seen: list[tuple[str, Any]] = []
    engine = crowd.runtime.database.engine.sync_engine

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "FROM tasks" in statement:
            seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = await crowd.client.get(url)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    ((statement, parameters),) = seen
    return answer, statement, parameters


async def _plan(crowd: Crowd, statement: str, parameters: Any) -> str:
    backend = crowd.runtime.database.target.backend
    explain = "EXPLAIN QUERY PLAN " if backend == "sqlite" else "EXPLAIN "
    async with crowd.runtime.database.engine.connect() as connection:
        if backend == "postgresql":  # a table this small is read as a whole, whatever there is to help
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = await connection.exec_driver_sql(explain + statement, parameters)
        return "\n".join(str(tuple(row)) for row in rows)


@pytest.mark.parametrize("page", ["first", "second"])
@pytest.mark.parametrize("sort", get_args(Sort))
async def test_an_order_walks_its_index(backend: Backend, crowd: Crowd, sort: str, page: str) -> None:
    plan = await _plan_of_page(crowd, sort, page)
    assert INDEXES[sort.lstrip("-")] in plan, plan
    assert SORTS_ANEW[backend] not in plan, plan


@pytest.mark.parametrize("sort", get_args(Sort))
async def test_a_page_begins_where_the_last_ended(backend: Backend, crowd: Crowd, sort: str) -> None:
    """Not at the first of many equal values, such as 100,000 tasks of one priority: each page would read them all."""
    name = sort.lstrip("-")
    plan = await _plan_of_page(crowd, sort, "second")
    seek = SEEKS[backend].format(column=COLUMNS.get(name, name), bytes=KEY_BYTES.get(name, 40))
    assert re.search(seek, plan), plan


async def _plan_of_page(crowd: Crowd, sort: str, page: str) -> str:
    answer, statement, parameters = await _sent(crowd, f"/api/tasks?sort={sort}&limit=20")
    if page == "second":
        answer, statement, parameters = await _sent(crowd, answer.links["next"]["url"])
    assert len(answer.json()) == 20
    return await _plan(crowd, statement, parameters)
