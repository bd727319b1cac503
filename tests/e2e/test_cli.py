"""The commands beside `serve`, each as a process of its own: what they do and how they refuse."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url

from app.database import schema
from app.database.urls import Backend
from tests.e2e.refusals import CANARY, on_server, output, refusal
from tests.support.accounts import PASSWORD, Account
from tests.support.databases import fresh_database
from tests.support.servers import SECRET, environment, todo

CREATE = ("user", "create", "--password-stdin")


@pytest.fixture
def empty_url(backend: Backend, folder: Path, worker_id: str) -> Iterator[str]:
    """A database without a schema."""
    with fresh_database(backend, folder, f"todo_e2e_{worker_id}") as url:
        yield url


def test_migrate_says_from_where_to_where_and_does_nothing_twice(empty_url: str, folder: Path) -> None:
    env = environment(empty_url)
    assert output(todo("migrate", env=env, folder=folder)).endswith(f": schema none → {schema.head()}\n")
    assert output(todo("migrate", env=env, folder=folder)).endswith(f": schema {schema.head()} → {schema.head()}\n")


def test_check_says_what_would_be_used(backend: Backend, database_url: str, folder: Path) -> None:
    origins = "https://todo.example, https://www.todo.example"
    env = environment(database_url, CORS_ORIGINS=origins, PORT="8123", WORKERS="3")
    shown = output(todo("check", env=env, folder=folder))
    assert f"({backend}, TLS " in shown
    assert "127.0.0.1:8123, 3 worker(s)" in shown
    assert origins in shown
    assert "from JWT_SECRET" in shown
    assert f"schema       {schema.head()}, wanted {schema.head()}" in shown
    assert SECRET not in shown
    assert (make_url(database_url).password or SECRET) not in shown


@pytest.mark.backends("sqlite")  # a file's schema is made by `serve`
def test_check_passes_on_a_file_that_serve_will_make(backend: Backend, empty_url: str, folder: Path) -> None:
    assert f"schema       none, wanted {schema.head()}" in output(
        todo("check", env=environment(empty_url), folder=folder)
    )


@pytest.mark.backends("postgresql", "mysql")  # a file's schema is made by `serve`
def test_check_fails_on_a_schema_that_is_behind(backend: Backend, empty_url: str, folder: Path) -> None:
    run = todo("check", env=environment(empty_url), folder=folder)
    assert f"schema       none, wanted {schema.head()}" in run.stdout
    assert refusal(run) == f"the schema is at nothing and must be at {schema.head()}: run `todo migrate`"


@pytest.mark.backends("postgresql", "mysql")  # a file has no password
def test_check_shows_no_password_even_of_an_address_that_is_refused(backend: Backend, folder: Path) -> None:
    run = todo("check", env=environment(on_server(backend, username="todo_nobody", password=CANARY)), folder=folder)
    assert "todo_nobody:***@" in run.stdout
    assert "todo_nobody:***@" in refusal(run)


def test_check_names_the_file_that_keeps_the_key(folder: Path) -> None:
    env = environment("sqlite:///new/todo.db")
    del env["JWT_SECRET"]
    shown = output(todo("check", env=env, folder=folder))
    assert "the file beside the database" in shown
    kept = folder / "new" / "todo.db.jwt-secret"
    secret = kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert secret.decode() not in shown
    output(todo("check", env=env, folder=folder))
    assert kept.read_bytes() == secret


async def test_an_account_made_by_command_can_log_in(
    client: httpx.AsyncClient, database_url: str, folder: Path
) -> None:
    email, password = "ada@example.com", "pässwörd of Ada 🌱"
    run = todo(*CREATE, email, "--name", "Ada", env=environment(database_url), folder=folder, text=f"{password}\n")
    answer = await client.post("/api/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200
    assert answer.json()["user"]["name"] == "Ada"
    assert output(run) == f"{answer.json()['user']['id']} {email}\n"


async def test_a_taken_address_is_refused(account: Account, database_url: str, folder: Path) -> None:
    address = account.email.upper()
    run = todo(*CREATE, address, env=environment(database_url), folder=folder, text=f"{CANARY}\n")
    assert refusal(run) == "email: an account has it already"


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        pytest.param("ada@example.com", "short", "password: must have at least 8 characters", id="short password"),
        pytest.param("ada@example.com", "", "password: must have at least 8 characters", id="no password"),
        pytest.param("ada@example.com", CANARY * 6, "password: must have at most 256 characters", id="long password"),
        pytest.param("ada.example.com", CANARY, "email: value is not a valid email address", id="no address"),
    ],
)
def test_what_registration_refuses_the_command_refuses(folder: Path, email: str, password: str, reason: str) -> None:
    env = environment("sqlite:///todo.db")
    output(todo("migrate", env=env, folder=folder))
    assert refusal(todo(*CREATE, email, env=env, folder=folder, text=password)).startswith(reason)


def test_an_account_needs_a_schema(folder: Path) -> None:
    run = todo(*CREATE, "ada@example.com", env=environment("sqlite:///todo.db"), folder=folder, text=PASSWORD)
    assert "run `todo migrate`" in refusal(run)


def test_a_database_that_refuses_the_account_is_one_line(folder: Path) -> None:
    env = environment("sqlite:///todo.db")
    output(todo("migrate", env=env, folder=folder))
    connection = sqlite3.connect(folder / "todo.db")
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'no room'); END")
    connection.close()
    assert "no room" in refusal(todo(*CREATE, "ada@example.com", env=env, folder=folder, text=CANARY))


@pytest.mark.parametrize("place", ["/proc/openapi.json", "file/openapi.json", "missing/openapi.json", "."])
def test_a_document_that_cannot_be_written_is_one_line(folder: Path, place: str) -> None:
    (folder / "file").touch()
    run = todo("openapi", "--output", place, env=environment(""), folder=folder)
    assert refusal(run).startswith(f"cannot write {place}: ")


def test_the_document_needs_neither_a_database_nor_a_secret(folder: Path) -> None:
    env = environment(f"postgresql://nobody:{CANARY}@localhost:1/none", ENVIRONMENT="production", SPACE_ID="a/b")
    del env["JWT_SECRET"]
    assert output(todo("openapi", env=env, folder=folder)).startswith('{\n  "openapi": "3.1.')
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="no command"),
        pytest.param(("dance",), id="no such command"),
        pytest.param(("user",), id="half a command"),
        pytest.param(("user", "create"), id="no address"),
        pytest.param(("serve", "--port", "abc"), id="no number"),
        pytest.param(("migrate", "--fast"), id="no such option"),
    ],
)
def test_wrong_usage_is_exit_code_2(folder: Path, arguments: tuple[str, ...]) -> None:
    run = todo(*arguments, env=environment("sqlite:///todo.db"), folder=folder)
    assert run.returncode == 2
    assert run.stderr.startswith("usage: todo ")
    assert "Traceback" not in run.stderr
    assert list(folder.iterdir()) == []
