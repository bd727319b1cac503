"""`/metrics`: who may read it, what it counts, and that nothing is counted where nobody may."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app import __version__
from app.config.settings import SettingsError, load_settings
from app.database.urls import Backend
from tests.conftest import Apps, client_of
from tests.support.accounts import PASSWORD, register
from tests.support.metrics import HEADERS, TOKEN, Scraped

COUNT: Final = "todo_request_seconds_count"


@pytest.fixture
def app(apps: Apps) -> FastAPI:
    return apps.make(metrics_token=TOKEN, commit_sha="abc123")


@pytest.fixture
async def measured(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


async def scraped(client: httpx.AsyncClient) -> Scraped:
    answer = await client.get("/metrics", headers=HEADERS)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scraped(answer.text)


async def test_without_a_token_there_is_no_such_path_and_nothing_is_measured(
    shared_app: FastAPI, client: httpx.AsyncClient
) -> None:
    here, nowhere = await client.get("/metrics", headers=HEADERS), await client.get("/nowhere")
    assert (
        (here.status_code, here.json()["code"]) == (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    )
    events = shared_app.state.runtime.database.engine.sync_engine.dispatch
    assert list(events.before_cursor_execute) == list(events.after_cursor_execute) == []
    assert [each.kwargs["observe"] for each in shared_app.user_middleware if "observe" in each.kwargs] == [None]
    assert not shared_app._native_telemetry.enabled()
    assert not hasattr(shared_app.state, "metrics")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "unauthenticated"),
        ("Bearer", "invalid_token"),
        (f"Bearer {TOKEN}x", "invalid_token"),
        (f"Bearer {TOKEN[:-1]}", "invalid_token"),
        ("Bearer ä", "invalid_token"),
        (f"Basic {TOKEN}", "invalid_token"),
        (TOKEN, "invalid_token"),
    ],
)
async def test_it_opens_to_the_token_alone(measured: httpx.AsyncClient, given: str | None, code: str) -> None:
    headers = {} if given is None else {b"Authorization": given.encode()}
    answer = await measured.get("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_login_does_not_open_it(measured: httpx.AsyncClient) -> None:
    account = await register(measured)
    assert (await measured.get("/metrics", headers=account.headers)).status_code == 401


async def test_it_is_not_in_the_document(measured: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    assert (await measured.get("/openapi.json")).json() == (await client.get("/openapi.json")).json()


async def test_requests_are_counted_by_template_method_and_status(measured: httpx.AsyncClient) -> None:
    account = await register(measured)
    task = (await measured.post("/api/tasks", json={"title": "Rent"}, headers=account.headers)).json()["id"]
    for _ in range(3):
        await measured.get(f"/api/tasks/{task}", headers=account.headers)
    await measured.head(f"/api/tasks/{task}", headers=account.headers)
    await measured.get(f"/api/tasks/{task}")
    for path in ("/one", "/two", "/two/"):
        await measured.get(path)
    await measured.request("BREW", "/one")
    page = await scraped(measured)
    route = "/api/tasks/{task_id}"
    assert page.total(COUNT, route=route, method="GET", status="200") == 3
    assert page.total(COUNT, route=route, method="HEAD", status="200") == 1
    assert page.total(COUNT, route=route, method="GET", status="401") == 1
    assert page.total(COUNT, route="/api/tasks", method="POST", status="201") == 1
    assert page.total(COUNT, route="unmatched", method="GET", status="404") == 3
    assert page.total(COUNT, method="OTHER") == 1
    assert page.total("todo_request_seconds_sum", route=route) > 0
    assert page.labels(COUNT, "route") == {"/api/auth/register", "/api/tasks", route, "unmatched"}


async def test_statements_are_timed_of_readers_and_of_writers(app: FastAPI, measured: httpx.AsyncClient) -> None:
    counts = []
    for session in (app.state.runtime.database.reading, app.state.runtime.database.writing):
        before = (await scraped(measured)).total("todo_statement_seconds_count")
        async with session() as work:
            await work.execute(text("SELECT 1"))
        counts.append((await scraped(measured)).total("todo_statement_seconds_count") - before)
    assert min(counts) >= 1
    assert (await scraped(measured)).total("todo_statement_seconds_sum") > 0


async def test_connections_are_counted_while_they_are_lent(app: FastAPI, measured: httpx.AsyncClient) -> None:
    async with app.state.runtime.database.reading() as session:
        await session.execute(text("SELECT 1"))
        assert (await scraped(measured)).total("todo_pool_connections_in_use") == 1
    page = await scraped(measured)
    assert page.total("todo_pool_connections_in_use") == 0
    assert page.total("todo_pool_connections_max") == 10


async def test_a_flood_of_passwords_shows(measured: httpx.AsyncClient) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD}
    flood = [asyncio.create_task(measured.post("/api/auth/register", json=body)) for _ in range(40)]
    longest = 0.0
    while not all(task.done() for task in flood):
        longest = max(longest, (await scraped(measured)).total("todo_password_queue_length"))
    refused = [task.result().status_code for task in flood].count(503)
    page = await scraped(measured)
    assert 0 < longest <= 22
    assert refused > 0
    assert page.total("todo_password_refusals_total") == refused
    assert page.total("todo_password_queue_length") == 0


async def test_it_says_what_runs(backend: Backend, measured: httpx.AsyncClient) -> None:
    page = await scraped(measured)
    assert page.total("todo_build_info", version=__version__, commit_sha="abc123", database=backend) == 1
    assert page.total("todo_workers") == 1
    assert "todo_replication_lag_seconds" not in page.names


@pytest.mark.parametrize("token", ["fifteen-letters", "sixteen and blank", "sechzehn-zeichen-ä"])
def test_a_token_that_could_be_guessed_or_not_be_sent_stops_the_start(token: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(metrics_token=token)
    assert str(caught.value) == "METRICS_TOKEN: must have at least 16 characters, of ASCII and none of them blank"
