"""CORS: which web pages may call the API, and what they get to see of an answer."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import text

from app.database.urls import Backend
from tests.conftest import Apps, client_of
from tests.support.accounts import Account, register
from tests.support.databases import migrated_database

PAGE: Final = "https://app.example"
OTHER: Final = "https://evil.example"
EXPOSED: Final = {"ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-Request-ID", "X-Total-Count"}
ALLOWED_HEADERS: Final = "authorization, content-type, if-match, if-none-match, x-request-id, x-requested-with"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
async def client(apps: Apps) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that one page may call."""
    async with client_of(apps.make(cors_origins=PAGE)) as client:
        yield client


async def _preflight(
    client: httpx.AsyncClient, origin: str = PAGE, method: str = "PATCH", headers: str = ALLOWED_HEADERS
) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return await client.options("/api/tasks/some", headers=asked)


def _assert_readable(answer: httpx.Response) -> None:
    """The page may read the answer and the headers it needs, and may send credentials."""
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("method", METHODS)
async def test_a_preflight_of_the_page_is_granted(client: httpx.AsyncClient, method: str) -> None:
    answer = await _preflight(client, method=method)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = {name.lower() for name in answer.headers["Access-Control-Allow-Headers"].split(", ")}
    assert set(ALLOWED_HEADERS.split(", ")) <= allowed
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        (OTHER, "GET", "authorization"),
        ("http://app.example", "GET", "authorization"),
        ("https://app.example:8443", "GET", "authorization"),
        ("https://app.example.evil.example", "GET", "authorization"),
        ("https://evilapp.example", "GET", "authorization"),
        ("null", "GET", "authorization"),
        (PAGE, "TRACE", "authorization"),
        (PAGE, "GET", "x-unknown"),
    ],
)
async def test_any_other_preflight_is_refused_with_a_problem(
    client: httpx.AsyncClient, origin: str, method: str, headers: str
) -> None:
    answer = await _preflight(client, origin, method, headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "cors_refused")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["instance"] == f"urn:request:{answer.headers['X-Request-ID']}"
    assert answer.headers.get("Access-Control-Allow-Origin") == (PAGE if origin == PAGE else None)
    assert int(answer.headers["Content-Length"]) == len(answer.content)


async def test_the_page_can_read_every_answer(client: httpx.AsyncClient) -> None:
    account = await register(client)
    page = {"Origin": PAGE}
    mine = account.headers | page
    again = {"email": account.email, "password": "some password"}
    answers = {
        200: await client.get("/api/tasks", headers=mine),
        201: await client.post("/api/tasks", json={"title": "A"}, headers=mine),
        304: await client.get("/api/auth/me", headers=mine | {"If-None-Match": "*"}),
        401: await client.get("/api/tasks", headers=page),
        404: await client.get("/nothing", headers=page),
        405: await client.delete("/livez", headers=page),
        409: await client.post("/api/auth/register", json=again, headers=page),
        412: await client.patch("/api/auth/me", json={"name": "A"}, headers=mine | {"If-Match": '"9"'}),
        413: await client.post("/api/tasks", content=b" " * 1_048_577, headers=mine),
        415: await client.post("/api/tasks", content=b"A", headers=mine),
        422: await client.post("/api/tasks", json={}, headers=mine),
    }  # fmt: skip
    for status, answer in answers.items():
        assert answer.status_code == status
        _assert_readable(answer)
    assert (await client.delete(f"/api/tasks/{answers[201].json()['id']}", headers=mine)).status_code == 204


@pytest.fixture
def own_url(backend: Backend, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """A database that a test may break."""
    with migrated_database(backend, tmp_path, f"todo_cors_{worker_id}") as url:
        yield url


async def test_the_page_can_read_that_something_went_wrong(own_url: str) -> None:
    apps = Apps(own_url)
    app = apps.make(cors_origins=PAGE)
    async with client_of(app) as client:
        account = await register(client)
        async with app.state.runtime.database.writing() as session:
            await session.execute(text("DROP TABLE tasks"))
        answer = await client.get("/api/tasks", headers=account.headers | {"Origin": PAGE})
    await apps.stop()
    assert answer.status_code == 500
    _assert_readable(answer)


async def test_another_page_may_read_nothing(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/api/tasks", "/nothing"):
        answer = await client.get(path, headers={"Origin": OTHER})
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_who_is_no_page_gets_no_such_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/livez")
    assert [name for name in answer.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    "setting",
    [f"{PAGE}/", f" {PAGE} , http://localhost:3000/", f'["{PAGE}/", "http://localhost:3000"]', (f"{PAGE}//",)],
    ids=["slash", "commas", "JSON", "two slashes"],
)
async def test_the_setting_may_be_spelled_as_people_paste_it(apps: Apps, setting: object) -> None:
    async with client_of(apps.make(cors_origins=setting)) as client:
        assert (await _preflight(client)).status_code == 200
        _assert_readable(await client.get("/livez", headers={"Origin": PAGE}))
        assert (await _preflight(client, OTHER)).status_code == 400
        assert (await _preflight(client, f"{PAGE}/")).status_code == 400


async def test_any_page_may_call_when_all_are_allowed_but_without_credentials(apps: Apps) -> None:
    async with client_of(apps.make(cors_origins="*")) as client:
        for headers in ({"Origin": OTHER}, {"Origin": OTHER, "Cookie": "session=1"}):
            answer = await client.get("/livez", headers=headers)
            assert "Access-Control-Allow-Origin" in answer.headers
            assert "Access-Control-Allow-Credentials" not in answer.headers
        preflight = await _preflight(client, OTHER)
        assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, "*")
        assert "Access-Control-Allow-Credentials" not in preflight.headers


async def test_without_origins_no_page_may_call(apps: Apps) -> None:
    async with client_of(apps.make(cors_origins="")) as client:
        assert (await _preflight(client)).status_code == 400
        assert "Access-Control-Allow-Origin" not in (await client.get("/livez", headers={"Origin": PAGE})).headers


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://localhost:5173"])
async def test_the_usual_development_servers_may_call_by_default(apps: Apps, account: Account, origin: str) -> None:
    async with client_of(apps.make()) as client:
        answer = await client.get("/api/auth/me", headers=account.headers | {"Origin": origin})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)
