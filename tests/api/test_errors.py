"""Errors: every one is a problem of RFC 9457, in one shape, whoever raised it."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.api.problems import KINDS
from app.config.logging import JsonFormatter
from app.database.urls import Backend
from tests.conftest import Apps, client_of
from tests.support.accounts import Account, NewAccount, register
from tests.support.databases import migrated_database
from tests.support.servers import RunningServer

JSON: Final = {"Content-Type": "application/json"}
LIMIT: Final = 1_048_576
ORIGIN: Final = "http://localhost:3000"
CANARY: Final = "canary-4f1d"
ALLOWED: Final = {
    "/": "GET, HEAD, OPTIONS",
    "/livez": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
    "/problems/not-found": "GET, HEAD, OPTIONS",
    "/api/auth/login": "OPTIONS, POST",
    "/api/auth/me": "GET, HEAD, OPTIONS, PATCH",
    "/api/tasks": "GET, HEAD, OPTIONS, POST",
    "/api/tasks/": "GET, HEAD, OPTIONS, POST",
    "/api/tasks/some": "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
    "/api/tasks/some/complete": "OPTIONS, POST",
    "/api/tasks/some/toggle": "OPTIONS, PATCH",
    "/api/somebody/tasks": "GET, HEAD, OPTIONS, POST",
    "/api/somebody/tasks/some": "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
    "/api/somebody/tasks/some/complete": "OPTIONS, PATCH",
    # Two routes have this path: a task named "tasks", and the tasks of a user named "tasks".
    "/api/tasks/tasks": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
}
# A row that the schema refuses and the code does not expect to be refused.
BREAKAGE: Final[dict[Backend, str]] = {
    "sqlite": "CREATE TRIGGER broken BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'broken'); END",
    "postgresql": "ALTER TABLE tasks ADD CONSTRAINT broken CHECK (title = 'nothing')",
    "mysql": "ALTER TABLE tasks ADD CONSTRAINT broken CHECK (title = 'nothing')",
}


def _assert_problem(answer: httpx.Response, code: str) -> dict[str, Any]:
    """The members that every problem has, and those that go with its status; gives the body."""
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    more = {"validation_failed": {"errors"}, "precondition_failed": {"current"}}.get(code, set())
    assert set(body) == {"type", "title", "status", "detail", "instance", "code"} | more
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["title"]) == (KINDS[code].status,) * 2 + (KINDS[code].title,)
    assert body["type"] == f"/problems/{code.replace('_', '-')}"
    assert body["instance"] == f"urn:request:{answer.headers['X-Request-ID']}"
    assert body["detail"]
    assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)
    assert ("Allow" in answer.headers) == (answer.status_code == 405)
    assert ("Retry-After" in answer.headers) == (answer.status_code == 503)
    return body


def _alike(answer: httpx.Response) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers without what differs between any two requests."""
    body = {name: value for name, value in answer.json().items() if name != "instance"}
    return body, {name: value for name, value in answer.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize(
    "path", ["/nothing", "/api", "/api/nothing", "/api/auth", "/api/tasks/a/b/c", "/problems", "/%ff"]
)
async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    _assert_problem(await client.get(path), "not_found")


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items(), ids=ALLOWED)
async def test_405_names_every_method_there_is(client: httpx.AsyncClient, path: str, allowed: str) -> None:
    for method in ("TRACE", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "NONSENSE"):
        answer = await client.request(method, path)
        assert (answer.status_code != 405) == (method in allowed.split(", ")), method
        if answer.status_code == 405:
            assert answer.headers["Allow"] == allowed
    _assert_problem(await client.request("TRACE", path), "method_not_allowed")


async def test_options_names_them_too(client: httpx.AsyncClient) -> None:
    for path, allowed in ALLOWED.items():
        answer = await client.options(path)
        assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, allowed, b""), path


@pytest.mark.parametrize(
    ("method", "suffix"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/complete"), ("POST", "/reopen"), ("PATCH", "/toggle")],
)
async def test_somebody_elses_task_looks_like_one_that_never_was(
    client: httpx.AsyncClient, account: Account, new_account: NewAccount, method: str, suffix: str
) -> None:
    other = await new_account()
    task = (await client.post("/api/tasks", json={"title": "Theirs"}, headers=other.headers)).json()
    for headers in ({}, {"If-Match": '"1"'}, {"If-None-Match": '"1"'}):
        body = {"title": "Mine"} if (method, suffix) == ("PATCH", "") else None
        theirs, nobodys = [
            await client.request(method, f"/api/tasks/{known}{suffix}", headers=account.headers | headers, json=body)
            for known in (task["id"], uuid4())
        ]
        _assert_problem(theirs, "not_found")
        assert _alike(theirs) == _alike(nobodys)
    assert (await client.get(f"/api/tasks/{task['id']}", headers=other.headers)).json() == task


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 65_536):
        yield b" " * min(65_536, size - start)


async def _unread() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


async def test_a_length_over_one_mebibyte_is_refused_unread(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/auth/login", content=_unread(), headers=JSON | {"Content-Length": str(LIMIT + 1)})
    _assert_problem(answer, "body_too_large")


@pytest.mark.parametrize("path", ["/api/tasks", "/api/auth/login", "/api/auth/token"])
@pytest.mark.parametrize("chunked", [False, True], ids=["by its length", "by chunks"])
async def test_a_body_over_one_mebibyte_is_refused(me: httpx.AsyncClient, path: str, chunked: bool) -> None:
    form = "application/x-www-form-urlencoded"
    headers = {"Content-Type": form if path.endswith("token") else "application/json"}
    for size, status in ((LIMIT + 1, 413), (LIMIT, 422)):
        answer = await me.post(path, content=_chunks(size) if chunked else b" " * size, headers=headers)
        assert answer.status_code == status
        _assert_problem(answer, "body_too_large" if status == 413 else "validation_failed")


async def test_a_server_refuses_what_is_too_large(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        for content in (_chunks(LIMIT + 1), b" " * (LIMIT + 1)):
            _assert_problem(await client.post("/api/auth/login", content=content, headers=JSON), "body_too_large")
        _assert_problem(await client.post("/api/auth/login", content=_chunks(LIMIT), headers=JSON), "validation_failed")


@pytest.mark.parametrize(
    "kind",
    [None, "", "text/plain", "application/jsonx", "application/x+json", "application", "text/json", "*/*"],
)
async def test_a_body_of_another_type_is_refused(me: httpx.AsyncClient, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    for method, path in (("POST", "/api/tasks"), ("PATCH", "/api/auth/me"), ("POST", "/api/auth/login")):
        answer = await me.request(method, path, content=b'{"title": "A"}', headers=headers)
        _assert_problem(answer, "unsupported_media_type")
    assert (await me.get("/api/tasks")).json() == []


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
async def test_every_spelling_of_json_is_taken(me: httpx.AsyncClient, kind: str) -> None:
    answer = await me.patch("/api/auth/me", content=b'{"name": "Zoe"}', headers={"Content-Type": kind})
    assert answer.json()["name"] == "Zoe"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("#/title", "missing")]),
        ([], [("#", "wrong_type")]),
        ({"title": 1}, [("#/title", "wrong_type")]),
        ({"title": "A", "due": {"date": 1, "time": 9}}, [("#/due/date", "not_a_date"), ("#/due/time", "wrong_type")]),
        ({"title": "A", "due": {"date": "2026-11-30", "at": 1}}, [("#/due/at", "unknown_field")]),
        ({"title": "A", "due": {"date": "2026-11-30", "time_zone": "UTC"}}, [("#/due", "time_missing")]),
        ({"title": "", "completed": 1, "priority": 1}, [
            ("#/completed", "wrong_type"), ("#/priority", "not_a_choice"), ("#/title", "too_short")
        ]),
        ({"title": "A", "a/b~c": 1}, [("#/a~1b~0c", "unknown_field")]),
    ],
    ids=lambda value: str(value) if not isinstance(value, list) else "",
)  # fmt: skip
async def test_422_points_to_every_fault(me: httpx.AsyncClient, body: Any, faults: list[tuple[str, str]]) -> None:
    problem = _assert_problem(await me.post("/api/tasks", json=body), "validation_failed")
    assert sorted((fault["pointer"], fault["code"]) for fault in problem["errors"]) == faults
    assert all(set(fault) == {"pointer", "code", "detail"} for fault in problem["errors"])
    assert problem["detail"].endswith(problem["errors"][0]["detail"])


async def test_422_points_into_query_and_path_too(me: httpx.AsyncClient) -> None:
    listed = _assert_problem(await me.get("/api/tasks?limit=0&sort=size"), "validation_failed")
    assert {fault["pointer"] for fault in listed["errors"]} == {"query/limit", "query/sort"}
    one = _assert_problem(await me.get("/api/tasks/some"), "validation_failed")
    assert [(fault["pointer"], fault["code"]) for fault in one["errors"]] == [("path/task_id", "not_a_uuid")]


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "1" * 128, str(uuid4())], ids=["1", "punctuation", "128", "uuid"])
async def test_a_requests_id_comes_back(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/nothing", headers={"X-Request-ID": given})
    assert answer.headers.get_list("X-Request-ID") == [given]
    assert _assert_problem(answer, "not_found")["instance"] == f"urn:request:{given}"


@pytest.mark.parametrize("given", ["", "a b", "1" * 129, "é", "a\tb", "<script>", "a,b", "../a", '"a"'])
async def test_a_requests_id_that_is_no_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    made = []
    for _ in range(2):
        answer = await client.get("/nothing", headers=[(b"X-Request-ID", given.encode())])
        _assert_problem(answer, "not_found")
        made.append(UUID(answer.headers["X-Request-ID"]).version)
    assert made == [7, 7]


def _paths(app: FastAPI, account: Account, task_id: str) -> list[str]:
    """Every path with a GET, filled in."""
    found = [path for path, item in app.openapi()["paths"].items() if "get" in item]
    filled = [path.format(user_id=account.id, task_id=task_id, code="not-found") for path in found]
    return [*filled, "/docs", "/openapi.json", "/nothing", "/api/tasks/some", "/api/auth/login"]


async def test_head_is_a_get_without_its_body(me: httpx.AsyncClient, account: Account, shared_app: FastAPI) -> None:
    task = (await me.post("/api/tasks", json={"title": "A"})).json()
    for path in _paths(shared_app, account, task["id"]):
        got, head = await me.get(path), await me.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert {**head.headers, "x-request-id": ""} == {**got.headers, "x-request-id": ""}, path


async def test_a_slash_at_the_end_answers_alike_and_never_redirects(
    me: httpx.AsyncClient, account: Account, shared_app: FastAPI
) -> None:
    task = (await me.post("/api/tasks/", json={"title": "A"})).json()
    assert (await me.patch(f"/api/tasks/{task['id']}/", json={"title": "B"})).json()["title"] == "B"
    assert (await me.post(f"/api/tasks/{task['id']}/complete/")).json()["completed"] is True
    for path in _paths(shared_app, account, task["id"]):
        with_slash, without = await me.get(path.rstrip("/") + "/"), await me.get(path)
        assert (with_slash.status_code, with_slash.headers.get("Location")) == (without.status_code, None), path
    assert (await me.get("/api/tasks/?status=pending")).json() == []


@pytest.mark.parametrize("code", KINDS)
async def test_every_problem_is_explained_under_its_type(client: httpx.AsyncClient, code: str) -> None:
    for name in {code, code.replace("_", "-")}:
        answer = await client.get(f"/problems/{name}")
        kind = KINDS[code]
        assert answer.status_code == 200
        assert answer.json() == {
            "code": code,
            "status": kind.status,
            "title": kind.title,
            "explanation": kind.explanation,
        }


async def test_an_unknown_problem_is_a_problem(client: httpx.AsyncClient) -> None:
    _assert_problem(await client.get("/problems/nothing"), "not_found")


@pytest.fixture
def own_url(backend: Backend, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """A database that a test may break."""
    with migrated_database(backend, tmp_path, f"todo_errors_{worker_id}") as url:
        yield url


@pytest.mark.parametrize("breakage", ["a table is gone", "a row is refused"])
async def test_what_nobody_expected_is_a_problem_and_its_trace_is_in_the_log(
    own_url: str, backend: Backend, breakage: str, caplog: pytest.LogCaptureFixture
) -> None:
    apps = Apps(own_url)
    app = apps.make()
    async with client_of(app) as client:
        account = await register(client)
        async with app.state.runtime.database.writing() as session:
            await session.execute(text("DROP TABLE tasks" if breakage == "a table is gone" else BREAKAGE[backend]))
        headers = account.headers | {"Origin": ORIGIN, "X-Request-ID": "the-one"}
        answer = await client.post("/api/tasks", json={"title": CANARY}, headers=headers)
    await apps.stop()
    _assert_problem(answer, "internal_error")
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    logged = JsonFormatter().format(record)
    assert re.search(r"Traceback .*app/services/task.py.*tasks", logged)
    assert CANARY not in logged + answer.text
    assert account.token not in logged
