"""The database goes away while the server runs, and comes back: nobody has to restart anything."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import make_url

from app.database.urls import Backend
from app.services.runtime import Runtime
from tests.e2e.cable import Cable, cable
from tests.support.accounts import PASSWORD
from tests.support.servers import RunningServer, environment, running

PORTS: Final[dict[str, int]] = {"postgresql": 5432, "mysql": 3306}
CREDENTIALS: Final = {"email": "ada@example.com", "password": PASSWORD}
POOLED: Final = 5

pytestmark = pytest.mark.backends("postgresql", "mysql")  # a file does not go away


@pytest.fixture(scope="module")
def whole_line(backend: Backend, database_url: str) -> Iterator[Cable]:
    url = make_url(database_url)
    with cable(url.host or "127.0.0.1", url.port or PORTS[backend]) as made:
        yield made


@pytest.fixture(scope="module")
def far_server(
    whole_line: Cable, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server whose way to the database is the cable; no test starts it anew."""
    url = make_url(database_url).set(host="127.0.0.1", port=whole_line.port)
    env = environment(url.render_as_string(hide_password=False))
    with running(env, tmp_path_factory.mktemp("outage")) as server:
        yield server


@pytest.fixture
def line(whole_line: Cable, runtime: Runtime) -> Iterator[Cable]:
    """The cable, which is whole when a test begins."""
    yield whole_line
    whole_line.mend()


@pytest.fixture
async def user(far_server: RunningServer, line: Cable) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody logged in, and as many connections in the server's pool as several requests at once need."""
    async with httpx.AsyncClient(base_url=far_server.url, timeout=30) as client:
        made = await client.post("/api/auth/register", json=CREDENTIALS)
        client.headers["Authorization"] = f"Bearer {made.json()['access_token']}"
        answers = await asyncio.gather(*(client.post("/api/tasks", json={"title": "A"}) for _ in range(POOLED)))
        assert {answer.status_code for answer in answers} == {201}
        yield client


REQUESTS: Final[list[tuple[str, str, Any]]] = [
    ("GET", "/api/tasks", None),
    ("POST", "/api/tasks", {"title": "Lost"}),
    ("GET", "/api/auth/me", None),
    ("POST", "/api/auth/login", CREDENTIALS),
    ("POST", "/api/auth/register", {**CREDENTIALS, "email": "bob@example.com"}),
    ("POST", "/api/auth/logout", None),
]


async def test_requests_get_503_while_the_database_is_away(user: httpx.AsyncClient, line: Cable) -> None:
    line.cut()
    for method, path, body in REQUESTS * 2:
        answer = await user.request(method, path, json=body)
        assert answer.status_code == 503, f"{method} {path}: {answer.text}"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "database_unavailable"
        assert int(answer.headers["Retry-After"]) > 0


async def test_the_process_says_that_it_lives_and_is_not_ready(user: httpx.AsyncClient, line: Cable) -> None:
    assert (await user.get("/readyz")).status_code == 200
    line.cut()
    assert (await user.get("/livez")).status_code == 200
    for path in ("/readyz", "/health"):
        answer = await user.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert answer.json()["detail"] == "the database does not answer"
        assert int(answer.headers["Retry-After"]) > 0


async def test_it_works_at_once_when_the_database_is_back(user: httpx.AsyncClient, line: Cable) -> None:
    line.cut()
    assert (await user.get("/api/tasks")).status_code == 503
    line.mend()
    answers = await asyncio.gather(*(user.get("/api/tasks") for _ in range(POOLED * 2)))
    assert [(answer.status_code, len(answer.json())) for answer in answers] == [(200, POOLED)] * POOLED * 2
    assert (await user.post("/api/tasks", json={"title": "B"})).status_code == 201
    assert (await user.get("/readyz")).status_code == 200


async def test_a_break_between_two_requests_is_not_noticed(user: httpx.AsyncClient, line: Cable) -> None:
    line.cut()
    line.mend()
    answers = await asyncio.gather(*(user.post("/api/tasks", json={"title": "B"}) for _ in range(POOLED)))
    assert {answer.status_code for answer in answers} == {201}
    assert len((await user.get("/api/tasks")).json()) == POOLED * 2


async def test_a_database_that_hangs_is_not_ready_either(user: httpx.AsyncClient, line: Cable) -> None:
    line.freeze()
    assert (await user.get("/livez")).status_code == 200
    answer = await user.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    line.thaw()
    assert (await user.get("/readyz")).status_code == 200
    assert (await user.get("/api/tasks")).status_code == 200
