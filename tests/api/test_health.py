"""Health: what a platform asks before it sends anybody here."""

import asyncio
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import httpx
import pytest
from alembic import command
from fastapi import FastAPI
from sqlalchemy import make_url
from starlette.types import Message

from app import __version__
from app.database import schema
from app.database.urls import Backend, parse
from tests.conftest import Apps, client_of
from tests.support.accounts import Account
from tests.support.databases import fresh_database, migrated_database

READY: Final = ("/readyz", "/health")


@pytest.mark.parametrize("path", READY)
async def test_ready_with_a_database_at_the_newest_schema(
    client: httpx.AsyncClient, path: str, backend: Backend
) -> None:
    answer = await client.get(path)
    situation = "local" if backend == "sqlite" else "server"
    assert answer.status_code == 200
    assert answer.json() == {"status": "healthy", "durable": True, "situation": situation, "replica": None}


async def test_a_space_that_keeps_its_file_on_its_own_disk_says_so(apps: Apps, backend: Backend) -> None:
    async with client_of(apps.make(space_id="somebody/todo")) as client:
        ready = (await client.get("/readyz")).json()
    assert ready["durable"] is (backend != "sqlite")
    assert ready["situation"] == ("ephemeral" if backend == "sqlite" else "server")


async def test_the_process_is_alive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_version_says_what_runs_here(apps: Apps, client: httpx.AsyncClient, backend: Backend) -> None:
    what = {"version": __version__, "commit": "unknown", "database": backend}
    assert (await client.get("/version")).json() == what
    async with client_of(apps.make(commit_sha="89883c4")) as built:
        assert (await built.get("/version")).json() == what | {"commit": "89883c4"}


async def test_head_sends_no_body_whoever_serves_the_application(shared_app: FastAPI) -> None:
    """Asked without a server or a client in between, which would drop a body of their own accord."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "HEAD", "path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
    await shared_app(scope, receive, send)
    assert sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in sent) == b""


async def _assert_not_ready(url: str, *words: str) -> None:
    """The process lives, and both routes say what it waits for, long before the driver would give up."""
    apps = Apps(url)
    async with client_of(apps.make(db_connect_timeout=60)) as client, asyncio.timeout(50):
        await _refused_by(client, *words)
    await apps.stop()


async def _refused_by(client: httpx.AsyncClient, *words: str) -> None:
    for path in READY:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Retry-After"]) >= 1
        assert [word for word in words if word not in answer.json()["detail"]] == []
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/version")).status_code == 200


@pytest.fixture
def empty_url(backend: Backend, tmp_path: Path, worker_id: str) -> Iterator[str]:
    with fresh_database(backend, tmp_path, f"todo_empty_{worker_id}") as url:
        yield url


@pytest.fixture
def behind_url(backend: Backend, tmp_path: Path, worker_id: str) -> Iterator[str]:
    """A database one revision behind."""
    with migrated_database(backend, tmp_path, f"todo_behind_{worker_id}") as url:
        command.downgrade(schema.configuration(parse(url)), "-1")
        yield url


async def test_not_ready_without_a_schema(empty_url: str) -> None:
    await _assert_not_ready(empty_url, "nothing", schema.head(), "todo migrate")


async def test_not_ready_one_revision_behind(behind_url: str) -> None:
    await _assert_not_ready(behind_url, f"{int(schema.head()) - 1:04}", schema.head(), "todo migrate")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is ours, so that nobody listens on it."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def _at(port: int, database_url: str) -> str:
    """The same database on another port."""
    return make_url(database_url).set(port=port).render_as_string(hide_password=False)


@pytest.mark.backends("postgresql", "mysql")  # an SQLite file has no port
@pytest.mark.parametrize("port", ["closed_port", "silent_port"])
async def test_not_ready_while_the_database_does_not_answer(
    database_url: str, port: str, request: pytest.FixtureRequest
) -> None:
    await _assert_not_ready(_at(request.getfixturevalue(port), database_url), "the database does not answer")


@pytest.mark.backends("postgresql", "mysql")
async def test_nothing_else_works_while_the_database_is_away(
    database_url: str, closed_port: int, account: Account
) -> None:
    apps = Apps(_at(closed_port, database_url))
    async with client_of(apps.make()) as client:
        answers = [
            await client.get("/api/tasks", headers=account.headers),
            await client.post("/api/tasks", json={"title": "A"}, headers=account.headers),
            await client.post("/api/auth/login", json={"email": account.email, "password": "12345678"}),
        ]
    await apps.stop()
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1


async def test_not_ready_when_the_folder_of_the_file_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    apps = Apps(f"sqlite:///{folder}/todo.db")
    async with client_of(apps.make()) as client:
        shutil.rmtree(folder)
        await _refused_by(client, "the database does not answer")
    await apps.stop()
    assert not folder.exists()
