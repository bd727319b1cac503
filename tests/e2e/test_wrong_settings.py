"""A wrong setting stops every command that reads it: exit code 1, one line that says what is wrong, no secret."""

import socket
from pathlib import Path
from typing import Final

import pytest

from app.database.urls import Backend
from tests.e2e.refusals import CANARY, on_server, refusal
from tests.support.servers import environment, todo

GOOD: Final = "sqlite:///todo.db"
commands = pytest.mark.parametrize("command", ["serve", "migrate", "check"])


def refused(command: str, folder: Path, url: str, **variables: str) -> str:
    return refusal(todo(command, env=environment(url, **variables), folder=folder))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param(f"oracle://ada:{CANARY}@db/todo", "unknown scheme oracle", id="unknown scheme"),
        pytest.param(f"//ada:{CANARY}@db/todo", "does not start with a known scheme", id="no scheme"),
        pytest.param("sqlite:///:memory:", "':memory:' would keep nothing", id="memory"),
        pytest.param(f"postgresql://ada:{CANARY}@db", "no database name", id="no database"),
        pytest.param(f"mysql://ada:{CANARY}@db/todo?colour={CANARY}", "colour", id="unknown parameter"),
    ],
)
def test_an_address_that_cannot_be_read(folder: Path, url: str, reason: str) -> None:
    line = refused("serve", folder, url)
    assert line.startswith("DATABASE_URL: ")
    assert reason in line
    assert list(folder.iterdir()) == []


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@commands
@pytest.mark.backends("postgresql", "mysql")  # a file is no server
def test_a_server_that_does_not_answer(backend: Backend, folder: Path, command: str, closed_port: int) -> None:
    url = f"{backend}://ada:{CANARY}@127.0.0.1:{closed_port}/todo"
    line = refused(command, folder, url)
    assert line.startswith("cannot use ")
    assert f"ada:***@127.0.0.1:{closed_port}/todo: " in line


@pytest.mark.backends("postgresql", "mysql")  # a file has no name on a server
def test_a_database_that_the_server_does_not_know(backend: Backend, folder: Path) -> None:
    line = refused("serve", folder, on_server(backend, database="todo_nowhere"))
    assert line.startswith("cannot use ")
    assert "todo_nowhere" in line.partition("todo_nowhere: ")[2]


@pytest.mark.backends("postgresql", "mysql")  # a file has no password
def test_a_user_that_the_server_does_not_let_in(backend: Backend, folder: Path) -> None:
    line = refused("serve", folder, on_server(backend, username="todo_nobody", password=CANARY))
    assert line.startswith("cannot use ")
    assert "todo_nobody" in line.partition(": ")[2]


@pytest.mark.backends("mysql")  # a PostgreSQL that trusts its own machine takes any password
def test_a_wrong_password(backend: Backend, folder: Path) -> None:
    assert "Access denied" in refused("serve", folder, on_server(backend, password=CANARY))


@pytest.mark.parametrize(
    "path", ["file/todo.db", "file/folder/todo.db", "/proc/todo.db", "/proc/folder/todo.db", "folder", "file"]
)
def test_a_file_that_cannot_be_a_database(folder: Path, path: str) -> None:
    (folder / "file").write_text("This is a letter and no database. " * 300, encoding="utf-8")
    (folder / "folder").mkdir()
    line = refused("serve", folder, f"sqlite:///{path}")
    assert line.startswith(("DATABASE_URL: ", "cannot prepare "))
    assert path in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("JWT_SECRET", CANARY[:31], id="short secret"),
        pytest.param("CORS_ORIGINS", "todo.example", id="origin without scheme"),
        pytest.param("CORS_ORIGINS", "https://todo.example/app", id="origin with path"),
        pytest.param("CORS_ORIGINS", '["https://todo.example"', id="half a list"),
        pytest.param("CORS_ORIGINS", "*,https://todo.example", id="any origin and one more"),
        pytest.param("PORT", "abc", id="port abc"),
        pytest.param("PORT", "70000", id="port 70000"),
        pytest.param("PORT", "-1", id="port -1"),
        pytest.param("WORKERS", "0", id="no workers"),
        pytest.param("LOG_LEVEL", "loud", id="log level"),
        pytest.param("ENVIRONMENT", "staging", id="environment"),
        pytest.param("ACCESS_TOKEN_MINUTES", "0", id="no minutes"),
        pytest.param("DB_POOL_SIZE", "many", id="pool"),
    ],
)
def test_a_value_that_is_out_of_bounds_is_named_and_not_shown(folder: Path, name: str, value: str) -> None:
    line = refused("serve", folder, GOOD, **{name: value})
    assert line.startswith(f"{name}: ")
    assert value not in line
    assert list(folder.iterdir()) == []


def test_an_option_is_held_to_the_bounds_of_its_setting(folder: Path) -> None:
    run = todo("serve", "--port", "70000", env=environment(GOOD), folder=folder)
    assert refusal(run).startswith("PORT: ")


def test_a_wrong_value_in_the_settings_file_is_one_line_too(folder: Path) -> None:
    (folder / ".env").write_text(f"PORT=abc\nDATABASE_URL=postgresql://ada:{CANARY}@db/todo\n", encoding="utf-8")
    env = environment(GOOD)
    del env["DATABASE_URL"]
    assert refusal(todo("check", env=env, folder=folder)).startswith("PORT: ")


@pytest.mark.parametrize("variables", [{"ENVIRONMENT": "production"}, {"SPACE_ID": "ada/todo"}], ids=lambda v: str(*v))
def test_production_and_spaces_need_a_secret_of_their_own(folder: Path, variables: dict[str, str]) -> None:
    env = environment(GOOD, **variables)
    del env["JWT_SECRET"]
    assert refusal(todo("serve", env=env, folder=folder)).startswith("JWT_SECRET: is not set")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.backends("postgresql", "mysql")  # only beside a file is there a place to keep a secret
def test_a_server_database_needs_a_secret(backend: Backend, database_url: str, folder: Path, command: str) -> None:
    env = environment(database_url)
    del env["JWT_SECRET"]
    assert refusal(todo(command, env=env, folder=folder)).startswith("JWT_SECRET: is not set")


@pytest.mark.parametrize("content", ["", "short"])
def test_a_kept_secret_that_was_spoiled_is_not_used(folder: Path, content: str) -> None:
    (folder / "todo.db.jwt-secret").write_text(content, encoding="utf-8")
    env = environment(GOOD)
    del env["JWT_SECRET"]
    line = refusal(todo("serve", env=env, folder=folder))
    assert line.startswith("JWT_SECRET: todo.db.jwt-secret has under 32 bytes")
