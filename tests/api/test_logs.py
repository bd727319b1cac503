"""The log of a real server: a JSON object a line, and in none of them what a client wrote."""

import json
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from app.database.urls import Backend
from tests.support.databases import migrated_database
from tests.support.servers import environment, running

CANARY: Final = "canary-5e2b"
PASSWORD: Final = f"{CANARY} password"
SECRETS: Final = (CANARY, "canary", "eyJ")  # "eyJ": every token begins with it


@dataclass
class Story:
    """What a server logged while it served some requests, each under an id of its own."""

    lines: list[dict[str, Any]]
    answers: dict[str, httpx.Response]
    user_id: str = ""

    def line(self, name: str) -> dict[str, Any]:
        """The one line of a request."""
        [line] = [line for line in self.lines if (line["request_id"], line["message"]) == (name, "request")]
        return line


class Teller:
    """Sends requests, each under the name that its line is found by."""

    def __init__(self, client: httpx.Client, story: Story) -> None:
        self.client = client
        self.story = story

    def send(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"X-Request-ID": name, **options.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **options)
        self.story.answers[name] = answer
        return answer


def _tell(teller: Teller) -> None:
    """Put canaries wherever a client can write something."""
    account = {"email": f"{CANARY}@example.com", "password": PASSWORD}
    login = teller.send("register", "POST", "/api/auth/register", json={**account, "name": CANARY}).json()
    mine = {"Authorization": f"Bearer {login['access_token']}"}
    teller.story.user_id = login["user"]["id"]
    teller.send("register-again", "POST", "/api/auth/register", json=account)
    teller.send("login", "POST", "/api/auth/login", json=account)
    teller.send("wrong-login", "POST", "/api/auth/login", json={**account, "password": f"{CANARY} wrong"})
    teller.send("form", "POST", "/api/auth/token", data={"username": account["email"], "password": PASSWORD})
    teller.send(
        "broken-form",
        "POST",
        "/api/auth/token",
        content=CANARY,
        headers={"Content-Type": "multipart/form-data; boundary=a"},
    )
    task = teller.send("create", "POST", "/api/tasks", json={"title": CANARY, "description": CANARY}, headers=mine)
    one = f"/api/tasks/{task.json()['id']}"
    teller.send("get", "GET", one, headers=mine)
    teller.send("head", "HEAD", one, headers=mine)
    teller.send("slash", "GET", "/api/tasks/", headers=mine)
    teller.send("family", "GET", f"/api/{teller.story.user_id}/tasks", headers=mine)
    teller.send("query", "GET", f"/api/tasks?search={CANARY}&cursor={CANARY}&sort={CANARY}", headers=mine)
    teller.send("open-query", "GET", f"/livez?token={CANARY}&access_token={login['access_token']}")
    teller.send("bad-id", "GET", f"/api/tasks/{CANARY}", headers=mine)
    teller.send("unknown", "GET", f"/{CANARY}")
    teller.send("bearer", "GET", "/api/tasks", headers={"Authorization": f"Bearer {CANARY}"})
    teller.send("forged", "GET", "/api/tasks", headers={"Authorization": mine["Authorization"][:-4] + "AAAA"})
    teller.send("basic", "GET", "/api/tasks", headers={"Authorization": f"Basic {CANARY}"})
    teller.send(
        "malformed",
        "POST",
        "/api/tasks",
        content=f'{{"title": "{CANARY}',
        headers={**mine, "Content-Type": "application/json"},
    )
    teller.send("type", "POST", "/api/tasks", content=CANARY, headers={**mine, "Content-Type": CANARY})
    teller.send("field", "PATCH", one, json={CANARY: CANARY}, headers=mine)
    teller.send("large", "POST", "/api/tasks", json={"title": CANARY * 100_000}, headers=mine)
    teller.send("method", "DELETE", "/livez", headers={"Origin": f"https://{CANARY}.example"})
    teller.send(CANARY + " is no id", "GET", "/livez", headers={"User-Agent": CANARY, "Cookie": CANARY})
    teller.send("logout", "POST", "/api/auth/logout", headers=mine)


def _talk_nonsense(url: str) -> None:
    """Bytes that are no HTTP at all."""
    address = urlsplit(url)
    for sent in (
        f"{CANARY} / HTTP/9.9\r\n\r\n",
        f"GET /{CANARY} HTTP/1.1\r\nHost{CANARY}\r\n\r\n",
        f"\0{CANARY}\r\n\r\n",
    ):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(sent.encode())
            while connection.recv(4096):
                pass


@pytest.fixture(scope="session", params=["info", "debug"])
def story(
    request: pytest.FixtureRequest, backend: Backend, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Story:
    """The server has ended when the story is read, so that every line is there."""
    story, folder = Story([], {}), tmp_path_factory.mktemp("logs")
    with migrated_database(backend, folder, f"todo_logs_{worker_id}") as url:
        with running(environment(url, LOG_LEVEL=request.param), folder) as server:
            with httpx.Client(base_url=server.url) as client:
                _tell(Teller(client, story))
            _talk_nonsense(server.url)
        story.lines += server.lines
    return story


EXPECTED: Final = {
    "register": ("POST", "/api/auth/register", 201, False),
    "register-again": ("POST", "/api/auth/register", 409, False),
    "login": ("POST", "/api/auth/login", 200, False),
    "wrong-login": ("POST", "/api/auth/login", 401, False),
    "form": ("POST", "/api/auth/token", 200, False),
    "broken-form": ("POST", "/api/auth/token", 400, False),
    "create": ("POST", "/api/tasks", 201, True),
    "get": ("GET", "/api/tasks/{task_id}", 200, True),
    "head": ("HEAD", "/api/tasks/{task_id}", 200, True),
    "slash": ("GET", "/api/tasks", 200, True),
    "family": ("GET", "/api/{user_id}/tasks", 200, True),
    "query": ("GET", "/api/tasks", 422, True),
    "open-query": ("GET", "/livez", 200, False),
    "bad-id": ("GET", "/api/tasks/{task_id}", 422, True),
    "unknown": ("GET", None, 404, False),
    "bearer": ("GET", "/api/tasks", 401, False),
    "forged": ("GET", "/api/tasks", 401, False),
    "basic": ("GET", "/api/tasks", 401, False),
    "malformed": ("POST", "/api/tasks", 422, False),
    "type": ("POST", "/api/tasks", 415, False),
    "field": ("PATCH", "/api/tasks/{task_id}", 422, True),
    "large": ("POST", None, 413, False),
    "logout": ("POST", "/api/auth/logout", 204, True),
}


def test_every_line_is_an_object_with_the_same_members(story: Story) -> None:
    assert len(story.lines) > len(EXPECTED)
    for line in story.lines:
        assert {"at", "level", "logger", "message", "request_id"} <= line.keys()
        assert datetime.fromisoformat(line["at"]).utcoffset() is not None
        assert line["level"] in {"debug", "info", "warning", "error"}


def test_every_request_has_one_line(story: Story) -> None:
    assert {name: answer.status_code for name, answer in story.answers.items() if name in EXPECTED} == {
        name: status for name, (_, _, status, _) in EXPECTED.items()
    }
    for name, (method, route, status, is_known) in EXPECTED.items():
        line = story.line(name)
        assert (line["method"], line["route"], line["status"]) == (method, route, status), name
        assert line["user_id"] == (story.user_id if is_known else None), name
        assert (line["level"], line["logger"]) == ("info", "app.request")
        assert isinstance(line["duration_ms"], float)
    assert len([line for line in story.lines if line["message"] == "request"]) == len(story.answers)


def test_an_id_that_the_server_made_is_in_the_log_too(story: Story) -> None:
    [answer] = [answer for name, answer in story.answers.items() if name not in {*EXPECTED, "method"}]
    assert story.line(answer.headers["X-Request-ID"])["status"] == 200


def test_nothing_that_a_client_wrote_is_in_any_line(story: Story) -> None:
    text = [json.dumps(line, ensure_ascii=False) for line in story.lines]
    assert [line for line in text if any(secret in line for secret in SECRETS)] == []


def test_no_failure_was_logged(story: Story) -> None:
    assert [line for line in story.lines if line["level"] == "error" or "exception" in line] == []
