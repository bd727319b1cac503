"""The two promises that everything else stands on, over a real uvicorn: a commit comes before the answer's first
byte, and a commit that fails reaches the client."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import event, select
from starlette.types import Message, Receive, Scope, Send

from app.models import Task
from app.services.runtime import Runtime
from tests.conftest import Apps
from tests.support.accounts import register


class Watched:
    """An application, with what happened at its edge and in its database in the order it happened."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.events: list[str] = []
        runtime: Runtime = app.state.runtime
        event.listen(runtime.database.engine.sync_engine, "commit", self._on_commit)

    def _on_commit(self, _connection: Any) -> None:
        self.events.append("commit")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watch(message: Message) -> None:
            self.events.append(message["type"])
            await send(message)

        await self.app(scope, receive, watch if scope["type"] == "http" else send)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A uvicorn on a free port and a client that talks to it over TCP."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
        yield client
    server.should_exit = True
    await running


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/tasks", {"title": "one"}),
        ("PUT", "/api/tasks/0192f000-0000-7000-8000-000000000001", {"title": "one"}),
        ("PATCH", "/api/auth/me", {"name": "Ada"}),
        ("POST", "/api/auth/logout", None),
    ],
)
async def test_the_commit_comes_before_the_first_byte(apps: Apps, method: str, path: str, body: Any) -> None:
    watched = Watched(apps.make())
    async with served(watched) as client:
        account = await register(client)
        watched.events.clear()
        answer = await client.request(method, path, json=body, headers=account.headers)
    assert answer.is_success
    assert watched.events.index("commit") < watched.events.index("http.response.start")


async def test_a_commit_that_fails_reaches_the_client(apps: Apps) -> None:
    app = apps.make()
    runtime: Runtime = app.state.runtime

    def refuse(_connection: Any) -> None:
        raise OSError("the disk is gone")

    async with served(app) as client:
        account = await register(client)
        event.listen(runtime.database.engine.sync_engine, "commit", refuse)
        answer = await client.post("/api/tasks", json={"title": "lost"}, headers=account.headers)
        event.remove(runtime.database.engine.sync_engine, "commit", refuse)
    assert answer.status_code == 503
    assert answer.json()["code"] == "database_unavailable"
    async with runtime.database.reading() as session:
        assert (await session.scalars(select(Task))).all() == []
