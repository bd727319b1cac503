"""Logs: one JSON object a line, and nothing in it that must not be there."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from app.config.logging import JsonFormatter, hide_secrets, request_id, with_fields
from tests.support.servers import environment

CANARY = "c4n4ry"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://todo:{CANARY}@db.example/todo",
        f"cannot use postgresql+asyncpg://todo:{CANARY}@db:5432/todo?ssl=require (timeout)",
        f"mysql://todo:x:{CANARY}:y@db/todo",
        f"mysql://todo:x@{CANARY}@db/todo",
        f"redis://:{CANARY}@cache:6379/0",
        f"https://user:{CANARY}@example.com:8443/path?x=1",
        f"two: a://b:{CANARY}@c/d and e://f:{CANARY}@g/h",
        f"Authorization: Bearer {CANARY}",
        f"authorization: bearer  {CANARY}",
        f"{{'authorization': 'Bearer {CANARY}'}}",
        f"(b'authorization', b'Bearer {CANARY}')",
        f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{CANARY}",
        f"token eyJhbGciOiJIUzI1NiJ9.{CANARY} is broken",
        f"eyJhbGci{CANARY}.x",
        f"duplicate key value\nDETAIL:  Key (email_key)=({CANARY}@example.com) already exists.\n[SQL: INSERT]",
        f"new row violates check constraint\nDETAIL:  Failing row contains (1, first line\nsecond line {CANARY}).",
        f"(1062, \"Duplicate entry '{CANARY}@example.com' for key 'users.email_key'\")",
        f"password={CANARY}",
        f"password = {CANARY}",
        f"PASSWORD={CANARY}",
        f"password: {CANARY}",
        f'{{"password": "{CANARY}"}}',
        f'{{"password":"two {CANARY} words"}}',
        f"{{'password': '{CANARY}'}}",
        f"{{'password': 'two {CANARY} words', 'email': 'a@example.com'}}",
        f"grant_type=password&username=a&password={CANARY}&scope=",
        f"access_token={CANARY}",
        f'{{"access_token": "{CANARY}", "token_type": "bearer"}}',
        f"JWT_SECRET={CANARY}",
        f"client_secret={CANARY}",
        f"PGPASSWORD={CANARY} psql",
        f"secret={CANARY},next=1",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    shown = hide_secrets(text)
    assert CANARY not in shown
    assert "[hidden]" in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "listening on http://127.0.0.1:8000",
        "https://app.example:8443/tasks?status=pending",
        "GET http://todo.test:80/@somebody",
        "postgresql://db.example:5432/todo",
        "postgresql://todo@db.example:5432/todo",
        "the token has expired",
        "the password is too short",
        "JWT_SECRET: is not set",
        "mail to ada@example.com at 10:30",
        "connection to server at 127.0.0.1, port 5432 failed",
        "details: none",
        "0009 tasks by position",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hide_secrets(text) == text


def test_what_follows_a_row_stays_readable() -> None:
    text = f"no\nDETAIL:  Row (1, one\n{CANARY}).\nHINT:  Try.\nDETAIL:  Key ({CANARY})\n[SQL: INSERT INTO users]\n"
    assert hide_secrets(text) == "no\nDETAIL: [hidden]\nHINT:  Try.\nDETAIL: [hidden]\n[SQL: INSERT INTO users]\n"


def test_the_rest_of_a_text_stays_readable() -> None:
    text = f"cannot use postgresql://todo:{CANARY}@db.example/todo: password={CANARY}&x=1"
    assert hide_secrets(text) == "cannot use postgresql://todo:[hidden]@db.example/todo: password=[hidden]&x=1"


@pytest.fixture
def request_named() -> Iterator[str]:
    token = request_id.set("request-1")
    yield "request-1"
    request_id.reset(token)


def formatted(record: logging.LogRecord) -> dict[str, Any]:
    """The line of a record, which must be a single one."""
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "\r" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def made(message: object, *arguments: object, **attributes: Any) -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": "app.test",
            "levelno": 30,
            "levelname": "WARNING",
            "msg": message,
            "args": arguments,
            "created": 1796025600.25,
            **attributes,
        }
    )


def test_a_line_says_when_how_bad_who_what_and_for_which_request(request_named: str) -> None:
    assert formatted(made("%d of %s", 2, "three")) == {
        "at": "2026-11-30T08:00:00.250000+00:00",
        "level": "warning",
        "logger": "app.test",
        "message": "2 of three",
        "pid": os.getpid(),
        "request_id": request_named,
    }


def test_outside_of_a_request_there_is_no_id() -> None:
    assert formatted(made("x"))["request_id"] is None


@pytest.mark.parametrize(
    "text", ["one\ntwo", "one\r\ntwo", "one\n", '"}\n{"level": "error"', "tab\tend", "\x1b[31mred"]
)
def test_a_message_cannot_break_its_line(text: str) -> None:
    assert formatted(made(text))["message"] == text


@pytest.mark.parametrize("text", ["\u00fcber", "\u65e5\u672c", "\U0001f600", "half \udc80 a character"])
def test_text_beyond_ascii_is_kept(text: str) -> None:
    assert formatted(made(text))["message"] == text


def test_fields_stand_beside_the_message() -> None:
    line = formatted(made("request", **with_fields(status=200, route="/api/tasks", user_id=None)))
    assert {name: line[name] for name in ("message", "status", "route", "user_id")} == {
        "message": "request",
        "status": 200,
        "route": "/api/tasks",
        "user_id": None,
    }


def test_a_field_that_json_does_not_know_is_written_as_text() -> None:
    assert formatted(made("x", **with_fields(kinds={1}, error=ValueError("no"))))["error"] == "no"


def test_an_exception_is_in_the_same_line_without_its_secrets() -> None:
    error = ValueError(f"cannot use mysql://todo:{CANARY}@db/todo\nDETAIL:  Key (id)=({CANARY})")
    line = formatted(made("it failed", exc_info=(ValueError, error, None)))
    assert line["message"] == "it failed"
    assert line["exception"].startswith("ValueError: cannot use mysql://todo:[hidden]@db/todo\nDETAIL: [hidden]")
    assert CANARY not in json.dumps(line)


def test_a_message_is_without_its_secrets_though_they_come_as_arguments() -> None:
    line = formatted(made("cannot use %s, token %s", f"mysql://todo:{CANARY}@db/todo", f"eyJ{CANARY}.x.y"))
    assert line["message"] == "cannot use mysql://todo:[hidden]@db/todo, token [hidden]"


_TALK = """
import logging, sys
from app.config.logging import configure_logging
logging.basicConfig()
uvicorn = logging.getLogger("uvicorn.error")
uvicorn.addHandler(logging.StreamHandler(sys.stdout))
uvicorn.propagate = False
configure_logging(sys.argv[1])
logging.getLogger("app.x").debug("debug\\nof ours")
logging.getLogger("app.x").info("info\\nof ours")
logging.getLogger("app.x").warning("warning of ours")
uvicorn.info("started")
logging.getLogger("uvicorn.access").info("GET /")
logging.getLogger("alembic.runtime.migration").info("upgrade")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("asyncio").exception("never retrieved")
"""


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["debug\nof ours", "info\nof ours", "warning of ours", "started", "upgrade", "never retrieved"]),
        ("info", ["info\nof ours", "warning of ours", "started", "never retrieved"]),
        ("warning", ["warning of ours", "never retrieved"]),
        ("error", ["never retrieved"]),
    ],
)
def test_every_logger_of_the_process_writes_such_lines_on_standard_error(level: str, expected: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TALK, level],
        env=environment("sqlite:///unused.db"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["message"] for line in lines] == expected
    assert "ZeroDivisionError" in lines[-1]["exception"]
    assert done.stdout == ""
