"""Requests that meet: nothing is lost, nothing is made twice, nobody is turned away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.accounts import PASSWORD, register
from tests.support.servers import RunningServer


@pytest.fixture(params=["in process", "server"])
async def front(request: pytest.FixtureRequest, client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application in this process, and of a real server, logged in."""
    if request.param == "in process":
        client.headers.update((await register(client)).headers)
        yield client
        return
    server: RunningServer = request.getfixturevalue("server")
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as real:
        real.headers.update((await register(real)).headers)
        yield real


async def _make(front: httpx.AsyncClient, **fields: Any) -> str:
    """The path of a new task."""
    answer = await front.post("/api/tasks", json={"title": "Pay rent", **fields})
    assert answer.status_code == 201, answer.text
    return f"/api/tasks/{answer.json()['id']}"


def _statuses(answers: list[httpx.Response]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


async def test_patches_at_once_all_take_effect_one_after_another(front: httpx.AsyncClient) -> None:
    path = await _make(front)
    last = (await front.get(path)).json()
    patches = [{("title", "description")[number % 2]: f"by {number}"} for number in range(30)]
    answers = await asyncio.gather(*(front.patch(path, json=patch) for patch in patches))
    assert _statuses(answers) == {200: 30}
    bodies = {answer.json()["version"]: (patch, answer.json()) for patch, answer in zip(patches, answers, strict=True)}
    assert sorted(bodies) == list(range(2, 32))
    for version in range(2, 32):
        patch, body = bodies[version]
        assert body == last | patch | {"version": version, "updated_at": body["updated_at"]}
        assert datetime.fromisoformat(body["updated_at"]) > datetime.fromisoformat(last["updated_at"])
        last = body
    assert (await front.get(path)).json() == last


async def test_of_two_writes_over_the_same_version_one_goes_through(front: httpx.AsyncClient) -> None:
    path = await _make(front)
    for version in range(1, 21):
        patches = [{"title": f"{version} by {who}"} for who in "ab"]
        headers = {"If-Match": f'"{version}"'}
        answers = await asyncio.gather(*(front.patch(path, json=patch, headers=headers) for patch in patches))
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert (won.status_code, lost.status_code) == (200, 412)
        assert lost.json()["current"] == won.json()
        assert won.json()["version"] == version + 1
        assert won.json()["title"] == patches[answers.index(won)]["title"]


async def test_of_puts_at_once_with_a_new_id_one_makes_and_the_others_replace(front: httpx.AsyncClient) -> None:
    for _ in range(5):
        path = f"/api/tasks/{uuid4()}"
        answers = await asyncio.gather(*(front.put(path, json={"title": f"by {number}"}) for number in range(10)))
        assert _statuses(answers) == {201: 1, 200: 9}
        by_version = {answer.json()["version"]: answer for answer in answers}
        assert sorted(by_version) == list(range(1, 11))
        assert by_version[1].status_code == 201
        assert len({answer.json()["created_at"] for answer in answers}) == 1
        assert (await front.get(path)).json() == by_version[10].json()


async def test_of_puts_at_once_that_only_make_one_does(front: httpx.AsyncClient) -> None:
    for _ in range(5):
        path, headers = f"/api/tasks/{uuid4()}", {"If-None-Match": "*"}
        answers = await asyncio.gather(
            *(front.put(path, json={"title": f"by {number}"}, headers=headers) for number in range(10))
        )
        assert _statuses(answers) == {201: 1, 412: 9}
        (made,) = (answer.json() for answer in answers if answer.status_code == 201)
        assert all(answer.json()["current"] == made for answer in answers if answer.status_code == 412)
        assert (await front.get(path)).json() == made


async def test_an_even_number_of_toggles_at_once_leaves_the_task_open(front: httpx.AsyncClient) -> None:
    path = await _make(front)
    answers = await asyncio.gather(*(front.patch(f"{path}/toggle") for _ in range(20)))
    assert _statuses(answers) == {200: 20}
    done = {answer.json()["version"]: answer.json()["completed"] for answer in answers}
    assert done == {version: version % 2 == 0 for version in range(2, 22)}
    task = (await front.get(path)).json()
    assert (task["completed"], task["version"]) == (False, 21)


async def test_completing_at_once_happens_once(front: httpx.AsyncClient) -> None:
    path = await _make(front)
    answers = await asyncio.gather(*(front.post(f"{path}/complete") for _ in range(10)))
    assert _statuses(answers) == {200: 10}
    assert {answer.text for answer in answers} == {(await front.get(path)).text}
    assert answers[0].json()["version"] == 2


async def test_of_deletes_at_once_one_finds_the_task(front: httpx.AsyncClient) -> None:
    path = await _make(front)
    answers = await asyncio.gather(*(front.delete(path) for _ in range(10)))
    assert _statuses(answers) == {204: 1, 404: 9}


async def test_a_patch_and_a_delete_at_once_leave_nothing_half_done(front: httpx.AsyncClient) -> None:
    for _ in range(10):
        path = await _make(front)
        patched, deleted = await asyncio.gather(front.patch(path, json={"title": "Mine"}), front.delete(path))
        assert (patched.status_code, deleted.status_code) in {(200, 204), (404, 204)}
        assert (await front.get(path)).status_code == 404


async def test_tasks_made_at_once_are_all_made(front: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(front.post("/api/tasks", json={"title": f"{n}"}) for n in range(30)))
    assert _statuses(answers) == {201: 30}
    made = {answer.json()["id"]: answer.json() for answer in answers}
    assert len(made) == 30
    listed = (await front.get("/api/tasks", params={"limit": 200})).json()
    assert {task["id"]: task for task in listed} == made


async def test_tasks_made_at_once_each_have_a_place_of_their_own(front: httpx.AsyncClient) -> None:
    # Between two tasks at the same place there is no room for a third.
    answers = await asyncio.gather(*(front.post("/api/tasks", json={"title": f"{n}"}) for n in range(20)))
    assert _statuses(answers) == {201: 20}
    assert len({answer.json()["position"] for answer in answers}) == 20


async def test_of_registrations_at_once_with_one_address_one_gets_it(front: httpx.AsyncClient) -> None:
    name = uuid4().hex
    addresses = [f"{name}@example.com", f"{name.upper()}@example.com", f"{name}@EXAMPLE.com"] * 4
    answers = await asyncio.gather(
        *(front.post("/api/auth/register", json={"email": email, "password": PASSWORD}) for email in addresses)
    )
    assert _statuses(answers) == {201: 1, 409: 11}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"email_taken"}


async def test_a_move_of_the_user_and_new_tasks_at_once_agree_in_the_end(front: httpx.AsyncClient) -> None:
    zones = {"Asia/Tokyo": "2026-11-29T15:00:00Z", "America/New_York": "2026-11-30T05:00:00Z"}
    body = {"title": "Pay rent", "due": {"date": "2026-11-30"}}
    path = await _make(front)
    for zone, due_at in [*zones.items()] * 3:
        await front.patch(path, json={"due": None})
        writes = [front.post("/api/tasks", json=body) for _ in range(8)]
        move = front.patch("/api/auth/me", json={"time_zone": zone})
        answers = await asyncio.gather(*writes[:4], move, *writes[4:], front.patch(path, json={"due": body["due"]}))
        assert {answer.status_code for answer in answers} == {200, 201}
        tasks = (await front.get("/api/tasks", params={"limit": 200})).json()
        assert {task["due_at"] for task in tasks} == {due_at}
