"""The paths of the older clients: the same tasks, under the user's id."""

from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from tests.support.accounts import Account, NewAccount

ROUTES: Final[list[tuple[str, str, Any]]] = [
    ("GET", "", None),
    ("POST", "", {"title": "Mine"}),
    ("GET", "/{id}", None),
    ("PUT", "/{id}", {"title": "Mine"}),
    ("PATCH", "/{id}", {"title": "Mine"}),
    ("PATCH", "/{id}/complete", None),
    ("DELETE", "/{id}", None),
]
WHOLE: Final[dict[str, Any]] = {
    "title": "Pay rent",
    "description": "To the landlord",
    "completed": True,
    "priority": "high",
    "due": {"date": "2026-11-30", "time": "09:00", "time_zone": "Europe/Berlin"},
}


@pytest.fixture
def base(account: Account) -> str:
    return f"/api/{account.id}/tasks"


async def test_both_styles_show_the_same_tasks(me: httpx.AsyncClient, base: str) -> None:
    made = await me.post(base, json=WHOLE)
    task = made.json()
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/tasks/{task['id']}"
    assert made.headers["ETag"] == '"1"'
    assert {name: task[name] for name in WHOLE} == WHOLE
    for path in (f"{base}/{task['id']}", f"/api/tasks/{task['id']}"):
        answer = await me.get(path)
        assert (answer.status_code, answer.headers["ETag"], answer.json()) == (200, '"1"', task)
    other = (await me.post("/api/tasks", json={"title": "Second"})).json()
    assert (await me.get(base)).json() == (await me.get("/api/tasks")).json() == [task, other]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("sent", "changed"),
    [
        ({"title": "Pay the rent"}, {"title": "Pay the rent"}),
        ({"description": None}, {"description": None}),
        ({"completed": False}, {"completed": False, "completed_at": None}),
        ({"due": {"time": "10:00"}}, {"due": WHOLE["due"] | {"time": "10:00"}, "due_at": "2026-11-30T09:00:00Z"}),
    ],
    ids=["title", "description null", "completed", "part of due"],
)
async def test_put_touches_what_is_sent_and_nothing_else_as_patch_does(
    me: httpx.AsyncClient, base: str, method: str, sent: dict[str, Any], changed: dict[str, Any]
) -> None:
    task = (await me.post(base, json=WHOLE)).json()
    answer = await me.request(method, f"{base}/{task['id']}", json=sent)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert answer.json() == task | changed | {"version": 2, "updated_at": answer.json()["updated_at"]}
    assert (await me.get(f"{base}/{task['id']}")).json() == answer.json()


async def test_put_that_changes_nothing_leaves_version_and_time(me: httpx.AsyncClient, base: str) -> None:
    task = (await me.post(base, json=WHOLE)).json()
    assert (await me.put(f"{base}/{task['id']}", json=WHOLE)).json() == task


async def test_put_makes_nothing(me: httpx.AsyncClient, base: str) -> None:
    answer = await me.put(f"{base}/{uuid4()}", json={"title": "Mine"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await me.get(base)).json() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_change_of_nothing_is_refused(me: httpx.AsyncClient, base: str, method: str) -> None:
    task = (await me.post(base, json=WHOLE)).json()
    answer = await me.request(method, f"{base}/{task['id']}", json={})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "empty_patch"


async def test_complete_flips_each_time(me: httpx.AsyncClient, base: str) -> None:
    task = (await me.post(base, json={"title": "Pay rent"})).json()
    flips = [await me.patch(f"{base}/{task['id']}/complete") for _ in range(3)]
    assert [answer.status_code for answer in flips] == [200] * 3
    assert [answer.json()["completed"] for answer in flips] == [True, False, True]
    assert [answer.headers["ETag"] for answer in flips] == ['"2"', '"3"', '"4"']


async def test_what_is_deleted_is_gone_in_both_styles(me: httpx.AsyncClient, base: str) -> None:
    task = (await me.post(base, json={"title": "Pay rent"})).json()
    answer = await me.delete(f"{base}/{task['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    for path in (f"{base}/{task['id']}", f"/api/tasks/{task['id']}"):
        assert (await me.get(path)).status_code == 404
    assert (await me.delete(f"{base}/{task['id']}")).status_code == 404


async def test_pages_and_filters_stay_in_their_style(me: httpx.AsyncClient, base: str) -> None:
    for title in "abcd":
        await me.post(base, json={"title": title, "completed": title == "b"})
    params = {"status": "pending", "sort": "-title", "limit": "2", "count": "true"}
    answer = await me.get(base, params=params)
    assert answer.headers["X-Total-Count"] == "3"
    url = answer.links["next"]["url"]
    assert url.startswith(f"{base}?status=pending&sort=-title&limit=2&count=true&cursor=")
    rest = await me.get(url)
    assert [task["title"] for task in answer.json() + rest.json()] == ["d", "c", "a"]
    assert "Link" not in rest.headers


async def test_conditions_hold_in_this_style_too(me: httpx.AsyncClient, base: str) -> None:
    task = (await me.post(base, json={"title": "Pay rent"})).json()
    path = f"{base}/{task['id']}"
    fresh = await me.get(path, headers={"If-None-Match": '"1"'})
    assert (fresh.status_code, fresh.content, fresh.headers["ETag"]) == (304, b"", '"1"')
    for method, route, body in ROUTES[3:]:
        url = base + route.format(id=task["id"])
        answer = await me.request(method, url, json=body, headers={"If-Match": '"7"'})
        assert (answer.status_code, answer.json()["current"]) == (412, task), (method, route)
    assert (await me.get(path)).json() == task
    assert (await me.put(path, json={"title": "Mine"}, headers={"If-Match": '"1"'})).status_code == 200


@pytest.mark.parametrize(("method", "route", "body"), ROUTES, ids=[f"{method} {route}" for method, route, _ in ROUTES])
async def test_another_users_id_in_the_path_is_forbidden(
    client: httpx.AsyncClient, new_account: NewAccount, method: str, route: str, body: Any
) -> None:
    mine, other = await new_account(), await new_account()
    theirs = (await client.post("/api/tasks", json={"title": "Theirs"}, headers=other.headers)).json()
    own = (await client.post("/api/tasks", json={"title": "Own"}, headers=mine.headers)).json()
    answers = [
        await client.request(method, f"/api/{user}/tasks{route.format(id=task)}", json=body, headers=mine.headers)
        for user in (other.id, str(uuid4()), "me")
        for task in (theirs["id"], own["id"], str(uuid4()))
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    bodies = [answer.json() | {"instance": ""} for answer in answers]
    assert bodies[0]["code"] == "forbidden"
    assert all(problem == bodies[0] for problem in bodies)
    assert (await client.get("/api/tasks", headers=other.headers)).json() == [theirs]
    assert (await client.get("/api/tasks", headers=mine.headers)).json() == [own]


@pytest.mark.parametrize(("method", "route", "body"), ROUTES, ids=[f"{method} {route}" for method, route, _ in ROUTES])
async def test_without_a_token_nobody_is_told_whose_it_is(
    client: httpx.AsyncClient, account: Account, method: str, route: str, body: Any
) -> None:
    for user in (account.id, str(uuid4())):
        answer = await client.request(method, f"/api/{user}/tasks{route.format(id=uuid4())}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_the_document_says_that_these_routes_are_deprecated_and_no_others(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    deprecated = {
        (method.upper(), path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation.get("deprecated")
    }
    base = "/api/{user_id}/tasks"
    assert deprecated == {(method, base + route.replace("{id}", "{task_id}")) for method, route, _ in ROUTES}
