"""`todo serve` as a process: its first answer, its restart, its workers, its end, and when it will not start."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.database import schema
from app.database.urls import Backend
from tests.e2e.refusals import output, refusal
from tests.support.accounts import PASSWORD
from tests.support.databases import fresh_database
from tests.support.servers import RunningServer, environment, running, todo

CREDENTIALS = {"email": "ada@example.com", "password": PASSWORD}
URL = "sqlite:///data/new/todo.db"
WAIT = 30.0  # the socket listens before the application is up, and workers take their time


def keyless(url: str) -> dict[str, str]:
    """An environment without JWT_SECRET."""
    env = environment(url)
    del env["JWT_SECRET"]
    return env


def test_the_first_start_makes_folder_file_schema_and_key_and_the_second_keeps_them(folder: Path) -> None:
    env = keyless(URL)
    with running(env, folder) as server, httpx.Client(base_url=server.url, timeout=WAIT) as client:
        assert client.get("/readyz").json()["status"] == "healthy"
        token = client.post("/api/auth/register", json=CREDENTIALS).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        task = client.post("/api/tasks", json={"title": "Pay rent"}).json()
        assert server.stop() == 0
    kept = folder / "data/new/todo.db.jwt-secret"
    secret = kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    with (
        running(env, folder) as server,
        httpx.Client(base_url=server.url, headers=client.headers, timeout=WAIT) as client,
    ):
        assert client.get(f"/api/tasks/{task['id']}").json() == task
        assert server.stop() == 0
    assert kept.read_bytes() == secret


@pytest.mark.backends("postgresql", "mysql")  # a file's schema is made by `serve`
def test_a_server_database_is_migrated_by_hand_first(backend: Backend, folder: Path, worker_id: str) -> None:
    with fresh_database(backend, folder, f"todo_e2e_{worker_id}") as url:
        env = environment(url)
        told = f"the schema is at nothing and must be at {schema.head()}: run `todo migrate`"
        assert refusal(todo("serve", "--port", "0", env=env, folder=folder)) == told
        output(todo("migrate", env=env, folder=folder))
        with running(env, folder) as server:
            assert httpx.get(f"{server.url}/readyz", timeout=WAIT).status_code == 200


def test_a_taken_port_is_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = todo("serve", "--port", port, env=environment(URL), folder=folder)
    assert refusal(run).startswith(f"cannot listen on 127.0.0.1 port {port}: Address already in use")


def workers(server: RunningServer) -> list[int]:
    """The processes that have said that they serve."""
    started = "Started server process ["
    messages = [line["message"] for line in list(server.lines)]
    return [int(message.removeprefix(started).rstrip("]")) for message in messages if message.startswith(started)]


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """A process that does nothing for a while."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_two_workers_make_one_key_and_each_accepts_the_tokens_of_both(folder: Path) -> None:
    with running(keyless(URL), folder, "--workers", "2") as server:
        while len(workers(server)) < 2:
            assert httpx.get(f"{server.url}/livez", timeout=WAIT).status_code == 200
        tokens = []
        first, second = workers(server)
        for busy, address in ((first, "ada@example.com"), (second, "bob@example.com")):
            with stopped(busy):
                made = httpx.post(
                    f"{server.url}/api/auth/register", json=CREDENTIALS | {"email": address}, timeout=WAIT
                )
            tokens.append(made.json()["access_token"])
        for busy in (first, second):
            with stopped(busy):
                for token in tokens:
                    headers = {"Authorization": f"Bearer {token}"}
                    assert httpx.get(f"{server.url}/api/auth/me", headers=headers, timeout=WAIT).status_code == 200
        assert server.stop() == 0


def test_a_connection_that_nobody_uses_does_not_hold_up_the_end(folder: Path) -> None:
    with running(environment(URL), folder) as server, httpx.Client(base_url=server.url, timeout=WAIT) as client:
        assert client.get("/livez").status_code == 200
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port or 0)):
            assert server.stop() == 0


def test_a_request_under_way_is_answered_before_the_end(folder: Path) -> None:
    """The server has read the head of the request when it is told to end, and gets the body afterwards."""
    body = b'{"email": "ada@example.com", "password": "correct horse battery staple"}'
    head = (
        "POST /api/auth/register HTTP/1.1\r\nHost: todo.test\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with running(environment(URL), folder) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port or 0), timeout=20) as connection:
            connection.sendall(head.encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
            server.process.send_signal(signal.SIGTERM)
            while not any(line["message"] == "Shutting down" for line in list(server.lines)):
                assert server.process.poll() is None
            connection.sendall(body)
            assert connection.recv(1000).startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(20) == 0
