"""What broke in other todo backends when they started. tests/architecture/test_siblings.py has the whole list."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import httpx
import pytest

from app.database import schema
from app.database.urls import Backend
from tests.e2e.refusals import CANARY, output, refusal
from tests.support.accounts import PASSWORD
from tests.support.databases import fresh_database
from tests.support.servers import SECRET, RunningServer, environment, running, todo
from tests.support.tokens import Token

URL: Final = "sqlite:///new/todo.db"
CREDENTIALS: Final = {"email": "ada@example.com", "password": PASSWORD}
WAIT: Final = 30.0


def _token(server: RunningServer) -> str:
    made = httpx.post(f"{server.url}/api/auth/register", json=CREDENTIALS, timeout=WAIT)
    assert made.status_code == 201, made.text
    return str(made.json()["access_token"])


def _status(server: RunningServer, token: str) -> int:
    answer = httpx.get(f"{server.url}/api/tasks", headers={"Authorization": f"Bearer {token}"}, timeout=WAIT)
    return answer.status_code


def test_the_first_request_finds_its_tables(folder: Path) -> None:
    with running(environment(URL), folder) as server:
        assert _status(server, _token(server)) == 200


def test_the_schema_is_made_on_every_database(backend: Backend, folder: Path, worker_id: str) -> None:
    with fresh_database(backend, folder, f"todo_siblings_{worker_id}") as url:
        made = output(todo("migrate", env=environment(url), folder=folder))
        assert made.endswith(f"schema none → {schema.head()}\n")
        with running(environment(url), folder) as server:
            assert httpx.get(f"{server.url}/readyz", timeout=WAIT).status_code == 200
            assert _status(server, _token(server)) == 200


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is ours, so that nobody listens on it."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    "spelling",
    [
        "postgres://{}",
        "postgresql://{}",
        "postgresql+psycopg2://{}",
        "  postgresql://{}",
        "psql 'postgresql://{}'",
    ],
)
def test_no_spelling_of_an_address_becomes_a_file_in_silence(folder: Path, spelling: str, closed_port: int) -> None:
    url = spelling.format(f"ada:{CANARY}@127.0.0.1:{closed_port}/todo")
    line = refusal(todo("serve", "--port", "0", env=environment(url), folder=folder))
    assert line.startswith("cannot use postgresql")
    assert f"127.0.0.1:{closed_port}/todo" in line
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_password_in_an_address_is_in_no_line(folder: Path, scheme: str, closed_port: int) -> None:
    env = environment(f"{scheme}://ada:{CANARY}@127.0.0.1:{closed_port}/todo", LOG_LEVEL="debug")
    for command in ("serve", "migrate", "check"):
        run = todo(command, env=env, folder=folder)
        assert "ada:***@" in run.stderr
        assert CANARY not in run.stdout + run.stderr


def test_sslmode_require_is_no_type_error(folder: Path, closed_port: int) -> None:
    url = f"postgresql://ada@127.0.0.1:{closed_port}/todo?sslmode=require&channel_binding=prefer&connect_timeout=5"
    assert "Connect call failed" in refusal(todo("check", env=environment(url), folder=folder))


def test_origins_by_commas_are_a_list(folder: Path) -> None:
    origins = ["https://a.example", "https://b.example"]
    with running(environment(URL, CORS_ORIGINS=",".join(origins)), folder) as server:
        answers = [httpx.get(f"{server.url}/livez", headers={"Origin": each}, timeout=WAIT) for each in origins]
    assert [answer.headers["Access-Control-Allow-Origin"] for answer in answers] == origins


def test_there_is_no_default_secret(folder: Path) -> None:
    env = environment(URL)
    del env["JWT_SECRET"]
    with running(env, folder) as server:
        token = _token(server)
        guesses = ("", "secret", "changeme", "your-secret-key-here", "todo", SECRET)
        forged = [Token.of(token).signed(guess) for guess in guesses]
        assert [_status(server, each) for each in (token, *forged)] == [200, *[401] * len(forged)]
    output(todo("check", env=environment("sqlite:///other.db") | {"JWT_SECRET": ""}, folder=folder))
    made = [file.read_bytes() for file in folder.rglob("*.jwt-secret")]
    assert len(set(made)) == 2
    refused = todo("serve", env={**env, "ENVIRONMENT": "production"}, folder=folder)
    assert refusal(refused).startswith("JWT_SECRET: is not set")


def test_a_password_is_hashed_by_neither_passlib_nor_bcrypt(folder: Path) -> None:
    """Where bcrypt 5 is asked through passlib, every password is refused as too long."""
    with running(environment(URL), folder) as server:
        long = CREDENTIALS | {"password": "correct horse battery staple " * 4}
        assert httpx.post(f"{server.url}/api/auth/register", json=long, timeout=WAIT).status_code == 201
