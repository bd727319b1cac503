"""How many statements a request takes: the same few, however many tasks there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import event

from app.services.runtime import Runtime

MANY: Final = 100
LIST = "GET /api/tasks?limit=200"
# Who is asking, and then: what is looked at, what is written.
BUDGETS: Final[dict[str, int]] = {
    LIST: 2,
    "GET /api/tasks?limit=200&status=pending&due=none&sort=-title": 2,
    "GET /api/tasks?limit=7": 2,
    "GET /api/tasks?limit=7&count=true": 3,
    "GET /api/tasks/{id}": 2,
    "POST /api/tasks": 3,
    "PUT /api/tasks/{id}": 3,
    "PATCH /api/tasks/{id}": 3,
    "PATCH /api/tasks/{id}/toggle": 3,
    "DELETE /api/tasks/{id}": 3,
}


@contextmanager
def statements_of(runtime: Runtime) -> Iterator[list[str]]:
    """The statements that the application sends meanwhile; where a transaction begins is no question to anybody."""
    engine, seen = runtime.database.engine.sync_engine, list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def _make(me: httpx.AsyncClient, count: int, **fields: Any) -> list[Any]:
    answers = [await me.post("/api/tasks", json={"title": f"{number}", **fields}) for number in range(count)]
    assert {answer.status_code for answer in answers} == {201}
    return [answer.json() for answer in answers]


async def _counted(me: httpx.AsyncClient, runtime: Runtime, tasks: list[Any]) -> dict[str, int]:
    counts = {}
    for number, route in enumerate(BUDGETS):
        method, _, path = route.partition(" ")
        has_body = method in {"POST", "PUT"} or route == "PATCH /api/tasks/{id}"
        with statements_of(runtime) as statements:
            answer = await me.request(
                method, path.format(id=tasks[-1]["id"]), json={"title": f"Changed {number}"} if has_body else None
            )
        assert answer.is_success, answer.text
        assert route != LIST or len(answer.json()) == len(tasks)
        counts[route] = len(statements)
    return counts


async def test_a_request_takes_the_same_few_statements_for_one_task_and_for_many(
    me: httpx.AsyncClient, runtime: Runtime
) -> None:
    assert await _counted(me, runtime, await _make(me, 1)) == BUDGETS
    for task in (await me.get("/api/tasks")).json():
        await me.delete(f"/api/tasks/{task['id']}")
    assert await _counted(me, runtime, await _make(me, MANY)) == BUDGETS


async def test_the_list_asks_who_it_is_and_for_the_tasks(me: httpx.AsyncClient, runtime: Runtime) -> None:
    await _make(me, 3)
    with statements_of(runtime) as statements:
        assert len((await me.get("/api/tasks")).json()) == 3
    who, tasks = statements
    assert "users" in who
    assert "tasks" not in who
    assert "tasks" in tasks
    assert "users" not in tasks


@pytest.mark.parametrize("count", [1, 30])
async def test_a_move_of_the_user_takes_one_statement_for_all_that_is_due_at_one_time(
    me: httpx.AsyncClient, runtime: Runtime, count: int
) -> None:
    await _make(me, count, due={"date": "2026-11-30"})
    await _make(me, count, due={"date": "2026-11-30", "time": "09:00"})
    with statements_of(runtime) as statements:
        await me.patch("/api/auth/me", json={"time_zone": "Asia/Tokyo"})
    assert len([statement for statement in statements if statement.startswith("UPDATE tasks")]) == 2
    tasks = (await me.get("/api/tasks", params={"limit": 200})).json()
    assert {task["version"] for task in tasks} == {2}


async def test_who_is_not_logged_in_costs_no_statement(client: httpx.AsyncClient, runtime: Runtime) -> None:
    with statements_of(runtime) as statements:
        for path in ("/api/tasks", "/api/tasks/0193a6c8-7b1e-7c3a-8d2f-0123456789ab"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers={"Authorization": "Bearer a.b.c"})).status_code == 401
    assert statements == []
