"""Done and open: said, said again, and flipped."""

from typing import Any

import httpx
import pytest


async def _make(me: httpx.AsyncClient, **fields: Any) -> Any:
    answer = await me.post("/api/tasks", json={"title": "Pay rent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_completing_says_when_and_changes_nothing_else(me: httpx.AsyncClient) -> None:
    task = await _make(me, priority="high", due={"date": "2026-11-30"})
    answer = await me.post(f"/api/tasks/{task['id']}/complete")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    done = answer.json()
    assert done["completed_at"] == done["updated_at"] > task["updated_at"]
    changed = {name: done[name] for name in ("completed_at", "updated_at")}
    assert done == task | changed | {"completed": True, "version": 2}
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == done


async def test_reopening_forgets_when_it_was_done(me: httpx.AsyncClient) -> None:
    task = await _make(me, completed=True)
    answer = await me.post(f"/api/tasks/{task['id']}/reopen")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    opened = answer.json()
    assert opened["updated_at"] > task["updated_at"]
    changed = {"completed": False, "completed_at": None, "version": 2, "updated_at": opened["updated_at"]}
    assert opened == task | changed
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == opened


@pytest.mark.parametrize(("verb", "is_done"), [("complete", True), ("reopen", False)], ids=["complete", "reopen"])
async def test_saying_it_twice_changes_nothing(me: httpx.AsyncClient, verb: str, is_done: bool) -> None:
    task = await _make(me, completed=not is_done)
    first = await me.post(f"/api/tasks/{task['id']}/{verb}")
    second = await me.post(f"/api/tasks/{task['id']}/{verb}")
    assert second.status_code == 200
    assert second.headers["ETag"] == '"2"'
    assert second.json() == first.json()
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == first.json()


@pytest.mark.parametrize(("verb", "is_done"), [("complete", True), ("reopen", False)], ids=["complete", "reopen"])
async def test_saying_what_is_so_from_the_start_changes_nothing(
    me: httpx.AsyncClient, verb: str, is_done: bool
) -> None:
    task = await _make(me, completed=is_done)
    answer = await me.post(f"/api/tasks/{task['id']}/{verb}")
    assert answer.status_code == 200
    assert answer.json() == task


async def test_toggle_flips_each_time(me: httpx.AsyncClient) -> None:
    task = await _make(me)
    flips = [await me.patch(f"/api/tasks/{task['id']}/toggle") for _ in range(4)]
    assert [answer.status_code for answer in flips] == [200] * 4
    assert [answer.headers["ETag"] for answer in flips] == ['"2"', '"3"', '"4"', '"5"']
    assert [answer.json()["completed"] for answer in flips] == [True, False, True, False]
    assert [answer.json()["completed_at"] is not None for answer in flips] == [True, False, True, False]
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == flips[-1].json()


async def test_done_again_is_done_at_another_time(me: httpx.AsyncClient) -> None:
    path = f"/api/tasks/{(await _make(me))['id']}"
    first = (await me.post(f"{path}/complete")).json()
    await me.post(f"{path}/reopen")
    assert (await me.post(f"{path}/complete")).json()["completed_at"] > first["completed_at"]


@pytest.mark.parametrize(
    "patch", [{"title": "Pay the rent"}, {"due": None}, {"completed": True}], ids=["title", "due", "completed"]
)
async def test_a_later_change_leaves_the_time_it_was_done(me: httpx.AsyncClient, patch: dict[str, Any]) -> None:
    task = await _make(me, completed=True, due={"date": "2026-11-30"})
    patched = (await me.patch(f"/api/tasks/{task['id']}", json=patch)).json()
    assert patched["completed_at"] == task["completed_at"]


@pytest.mark.parametrize(
    ("method", "verb"), [("GET", "complete"), ("PATCH", "complete"), ("POST", "toggle"), ("PATCH", "reopen")]
)
async def test_another_method_does_nothing(me: httpx.AsyncClient, method: str, verb: str) -> None:
    task = await _make(me)
    answer = await me.request(method, f"/api/tasks/{task['id']}/{verb}")
    assert answer.status_code == 405
    assert (await me.get(f"/api/tasks/{task['id']}")).json() == task
