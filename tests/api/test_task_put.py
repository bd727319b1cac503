"""PUT: replaces the whole task, or makes it under the id that the client chose."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app.models.task import Task
from app.services.runtime import Runtime
from tests.support.accounts import Account, NewAccount

WHOLE: dict[str, Any] = {
    "title": "Pay rent",
    "description": "To the landlord",
    "completed": True,
    "priority": "high",
    "due": {"date": "2026-11-30", "time": "09:00", "time_zone": "Europe/Berlin"},
}
CLEARED: dict[str, Any] = {
    "description": None,
    "completed": False,
    "completed_at": None,
    "priority": "none",
    "due": None,
    "due_at": None,
}


async def _make(me: httpx.AsyncClient, **fields: Any) -> Any:
    answer = await me.post("/api/tasks", json={"title": "Pay rent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _row(runtime: Runtime, owner: str, task_id: str) -> Task | None:
    async with runtime.database.reading() as session:
        mine = select(Task).where(Task.user_id == UUID(owner), Task.id == UUID(task_id))
        row: Task | None = await session.scalar(mine)
        return row


async def test_put_clears_what_is_not_sent(me: httpx.AsyncClient) -> None:
    await _make(me)
    task = await _make(me, **WHOLE)
    answer = await me.put(f"/api/tasks/{task['id']}", json={"title": "Pay the rent"})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert "Location" not in answer.headers
    replaced = answer.json()
    assert replaced["updated_at"] > task["updated_at"]
    changed = {"title": "Pay the rent", "version": 2, "updated_at": replaced["updated_at"]}
    assert replaced == task | CLEARED | changed
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == replaced


async def test_put_keeps_when_it_was_done(me: httpx.AsyncClient) -> None:
    task = await _make(me, completed=True)
    answer = await me.put(f"/api/tasks/{task['id']}", json={"title": "Pay the rent", "completed": True})
    assert answer.json()["completed_at"] == task["completed_at"]


async def test_a_put_that_changes_nothing_changes_nothing(me: httpx.AsyncClient) -> None:
    task = await _make(me, **WHOLE)
    answer = await me.put(f"/api/tasks/{task['id']}", json={**WHOLE, "title": " Pay rent "})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert answer.json() == task
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == task


async def test_put_without_a_title_is_refused(me: httpx.AsyncClient) -> None:
    task = await _make(me)
    answer = await me.put(f"/api/tasks/{task['id']}", json={"priority": "low"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/title"
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.parametrize(
    "chosen",
    [
        "0193a6c8-7b1e-7c3a-8d2f-0123456789ab",
        "7f9c24e8-3b12-4fe5-9b1c-7a5e0d4f8a61",
        "00000000-0000-0000-0000-000000000001",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ],
    ids=["version 7", "version 4", "one", "max"],
)
async def test_put_with_an_id_of_ones_own_makes_the_task(me: httpx.AsyncClient, chosen: str) -> None:
    answer = await me.put(f"/api/tasks/{chosen}", json=WHOLE)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/tasks/{chosen}"
    assert answer.headers["ETag"] == '"1"'
    task = answer.json()
    assert {name: task[name] for name in WHOLE} == WHOLE
    assert (task["id"], task["version"]) == (chosen, 1)
    assert (await me.get(f"/api/tasks/{chosen}")).json() == task


async def test_an_id_in_capitals_is_the_same_id(me: httpx.AsyncClient) -> None:
    chosen = str(uuid4())
    made = await me.put(f"/api/tasks/{chosen.upper()}", json={"title": "Pay rent"})
    again = await me.put(f"/api/tasks/{chosen}", json={"title": "Pay rent"})
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == again.json()


async def test_an_id_that_somebody_else_uses_becomes_ones_own_too(
    client: httpx.AsyncClient, new_account: NewAccount, runtime: Runtime
) -> None:
    mine, other = await new_account(), await new_account()
    theirs = (await client.post("/api/tasks", json={"title": "Theirs"}, headers=other.headers)).json()
    path = f"/api/tasks/{theirs['id']}"
    at_taken = await client.put(path, json={"title": "Mine"}, headers=mine.headers)
    at_free = await client.put(f"/api/tasks/{uuid4()}", json={"title": "Mine"}, headers=mine.headers)
    assert at_taken.status_code == at_free.status_code == 201
    differs = {name for name in at_free.json() if at_free.json()[name] != at_taken.json()[name]}
    assert differs <= {"id", "position", "created_at", "updated_at"}
    assert set(at_taken.headers) == set(at_free.headers)
    assert (await client.get(path, headers=mine.headers)).json() == at_taken.json()
    assert (await client.get(path, headers=other.headers)).json() == theirs
    await client.delete(path, headers=mine.headers)
    assert (await client.get(path, headers=other.headers)).json() == theirs
    row = await _row(runtime, other.id, theirs["id"])
    assert row is not None
    assert (row.title, row.version, row.deleted_at) == ("Theirs", 1, None)


async def test_an_id_in_the_trash_is_made_anew(me: httpx.AsyncClient, account: Account, runtime: Runtime) -> None:
    gone, last = await _make(me, **WHOLE), await _make(me)
    path = f"/api/tasks/{gone['id']}"
    await me.delete(path)
    answer = await me.put(path, json={"title": "Once more"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == path
    assert answer.headers["ETag"] == '"3"'
    task = answer.json()
    assert task["created_at"] == task["updated_at"] > gone["created_at"]
    assert task["position"] > last["position"]
    changed = {name: task[name] for name in ("created_at", "updated_at", "position")}
    assert task == gone | CLEARED | changed | {"title": "Once more", "version": 3}
    assert (await me.get(path)).json() == task
    row = await _row(runtime, account.id, gone["id"])
    assert row is not None
    assert row.deleted_at is None


async def test_what_is_made_anew_as_done_was_done_now(me: httpx.AsyncClient) -> None:
    gone = await _make(me, completed=True)
    await me.delete(f"/api/tasks/{gone['id']}")
    task = (await me.put(f"/api/tasks/{gone['id']}", json={"title": "Once more", "completed": True})).json()
    assert task["completed_at"] > gone["completed_at"]


async def test_what_is_made_anew_as_it_was_is_still_made(me: httpx.AsyncClient) -> None:
    gone = await _make(me)
    path = f"/api/tasks/{gone['id']}"
    await me.delete(path)
    answer = await me.put(path, json={"title": gone["title"]})
    assert (answer.status_code, answer.json()["version"]) == (201, 3)
    await me.delete(path)
    answer = await me.put(path, json={"title": gone["title"]}, headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.json()["version"]) == (201, 5)


async def test_if_none_match_of_a_star_makes_what_is_not_there(me: httpx.AsyncClient) -> None:
    answer = await me.put(f"/api/tasks/{uuid4()}", json={"title": "New"}, headers={"If-None-Match": "*"})
    assert answer.status_code == 201


async def test_if_none_match_of_a_star_replaces_nothing(me: httpx.AsyncClient) -> None:
    task = await _make(me)
    answer = await me.put(f"/api/tasks/{task['id']}", json={"title": "New"}, headers={"If-None-Match": "*"})
    assert answer.status_code == 412
    assert answer.json()["current"] == task
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == task


@pytest.mark.parametrize("tag", ['"1"', "*"], ids=["version", "star"])
@pytest.mark.parametrize("is_trashed", [False, True], ids=["never made", "in the trash"])
async def test_if_match_makes_nothing(me: httpx.AsyncClient, tag: str, is_trashed: bool) -> None:
    missing = str(uuid4())
    if is_trashed:
        missing = (await _make(me))["id"]
        await me.delete(f"/api/tasks/{missing}")
    answer = await me.put(f"/api/tasks/{missing}", json={"title": "New"}, headers={"If-Match": tag})
    assert answer.status_code == 412
    problem = answer.json()
    assert problem["code"] == "precondition_failed"
    assert "current" in problem
    assert problem["current"] is None
    assert (await me.get(f"/api/tasks/{missing}")).status_code == 404
