"""Two users: what is somebody else's answers as what never was, and stays as it is."""

from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app.models.task import Task
from app.services.runtime import Runtime
from tests.support.accounts import Account, NewAccount

ROUTES: Final[list[tuple[str, str, Any, dict[str, str]]]] = [
    ("GET", "/api/tasks/{id}", None, {}),
    ("HEAD", "/api/tasks/{id}", None, {}),
    ("GET", "/api/tasks/{id}", None, {"If-None-Match": "*"}),
    ("PUT", "/api/tasks/{id}", {"title": "Mine"}, {"If-Match": '"1"'}),
    ("PUT", "/api/tasks/{id}", {"title": "Mine"}, {"If-Match": "*"}),
    ("PATCH", "/api/tasks/{id}", {"title": "Mine"}, {}),
    ("PATCH", "/api/tasks/{id}", {"title": "Mine"}, {"If-Match": '"1"'}),
    ("PATCH", "/api/tasks/{id}", {"title": "Mine"}, {"If-Match": '"7"'}),
    ("PATCH", "/api/tasks/{id}", {"title": ""}, {}),
    ("DELETE", "/api/tasks/{id}", None, {}),
    ("DELETE", "/api/tasks/{id}", None, {"If-Match": '"7"'}),
    ("POST", "/api/tasks/{id}/complete", None, {}),
    ("POST", "/api/tasks/{id}/reopen", None, {}),
    ("PATCH", "/api/tasks/{id}/toggle", None, {}),
    ("GET", "/api/{me}/tasks/{id}", None, {}),
    ("PUT", "/api/{me}/tasks/{id}", {"title": "Mine"}, {}),
    ("PATCH", "/api/{me}/tasks/{id}", {"title": "Mine"}, {}),
    ("PATCH", "/api/{me}/tasks/{id}/complete", None, {}),
    ("DELETE", "/api/{me}/tasks/{id}", None, {}),
]


@pytest.fixture
async def other(new_account: NewAccount) -> Account:
    return await new_account()


@pytest.fixture
async def theirs(client: httpx.AsyncClient, other: Account) -> Any:
    """A task of the other user's."""
    body = {"title": "Theirs", "due": {"date": "2026-11-30"}, "priority": "high"}
    answer = await client.post("/api/tasks", json=body, headers=other.headers)
    return answer.json()


async def _rows(runtime: Runtime) -> list[tuple[Any, ...]]:
    """Every task there is, with every column."""
    columns = Task.__table__.columns
    async with runtime.database.reading() as session:
        found = await session.execute(select(*columns).order_by(*columns))
        return [tuple(row) for row in found]


def _without_instance(answer: httpx.Response) -> tuple[int, list[str], Any]:
    body = answer.json() | {"instance": ""} if answer.content else None
    return answer.status_code, sorted(answer.headers), body


def _name(route: tuple[str, str, Any, dict[str, str]]) -> str:
    method, path, body, headers = route
    return " ".join([method, path, *(f"{body}" if body else "",), *(f"{k}:{v}" for k, v in headers.items())])


@pytest.mark.parametrize("route", ROUTES, ids=_name)
async def test_what_is_somebody_elses_answers_as_what_never_was(
    client: httpx.AsyncClient, account: Account, theirs: Any, runtime: Runtime, route: Any
) -> None:
    method, path, body, headers = route
    before = await _rows(runtime)
    answers = [
        await client.request(
            method, path.format(id=identity, me=account.id), json=body, headers={**account.headers, **headers}
        )
        for identity in (theirs["id"], str(uuid4()))
    ]
    expected = {"PUT": 412}.get(method, 404) if "If-Match" in headers else 404
    assert answers[0].status_code == (422 if body == {"title": ""} else expected)
    assert _without_instance(answers[0]) == _without_instance(answers[1])
    assert theirs["title"] not in answers[0].text
    assert await _rows(runtime) == before


async def test_what_is_somebody_elses_is_in_no_list(client: httpx.AsyncClient, account: Account, theirs: Any) -> None:
    filters = [
        {},
        {"status": "pending"},
        {"priority": "high"},
        {"due_from": "2026-11-30"},
        {"due_to": "2026-11-30"},
        {"updated_since": "2020-01-01T00:00:00Z"},
        {"sort": "-due"},
    ]
    for path in ("/api/tasks", f"/api/{account.id}/tasks"):
        for params in filters:
            answer = await client.get(path, params={**params, "count": "true"}, headers=account.headers)
            assert (answer.json(), answer.headers["X-Total-Count"]) == ([], "0"), (path, params)


async def test_two_users_lists_do_not_mix(client: httpx.AsyncClient, account: Account, other: Account) -> None:
    for number in range(6):
        owner = (account, other)[number % 2]
        await client.post("/api/tasks", json={"title": f"{number}"}, headers=owner.headers)
    for owner, titles in ((account, ["0", "2", "4"]), (other, ["1", "3", "5"])):
        url, seen = "/api/tasks?limit=1", []
        while url:
            answer = await client.get(url, headers=owner.headers)
            seen += answer.json()
            url = answer.links.get("next", {}).get("url", "")
            assert len(seen) <= 3
        assert [task["title"] for task in seen] == titles
        assert {task["user_id"] for task in seen} == {owner.id}


async def test_positions_are_ones_own(client: httpx.AsyncClient, account: Account, theirs: Any) -> None:
    answer = await client.post("/api/tasks", json={"title": "Mine"}, headers=account.headers)
    assert answer.json()["position"] == theirs["position"] == "a0"


async def test_what_one_user_does_leaves_the_other_ones_rows(
    client: httpx.AsyncClient, account: Account, theirs: Any, runtime: Runtime
) -> None:
    before = await _rows(runtime)
    path = f"/api/tasks/{theirs['id']}"
    for method, url, body in (
        ("PUT", path, {"title": "Mine"}),
        ("PATCH", path, {"title": "Mine too", "due": {"date": "2026-12-01"}}),
        ("PATCH", f"{path}/toggle", None),
        ("PATCH", "/api/auth/me", {"time_zone": "Asia/Tokyo"}),
        ("DELETE", path, None),
        ("PUT", path, {"title": "Mine again"}),
    ):
        answer = await client.request(method, url, json=body, headers=account.headers)
        assert answer.is_success, (method, url, answer.text)
    after = await _rows(runtime)
    mine = [row for row in after if row[0] == UUID(account.id)]
    assert len(mine) == 1
    assert [row for row in after if row not in mine] == before
