"""The service's clients: what they ask, over connections that are kept."""

import json
from collections.abc import Mapping
from email.message import Message
from http.client import HTTPConnection
from typing import Any, NamedTuple

_PASSWORD = "correct horse 9"  # noqa: S105 (of an account that lives as long as this run)


class Answer(NamedTuple):
    """Status, document and the rest of one answer."""

    status: int
    document: Any
    headers: Message

    @property
    def following(self) -> str | None:
        """The path of the next page."""
        link = self.headers.get("Link", "")
        return link.partition("<")[2].partition(">")[0] if 'rel="next"' in link else None

    @property
    def code(self) -> tuple[int, str | None]:
        """The status, with the problem's code."""
        return self.status, self.document.get("code") if isinstance(self.document, dict) else None


class Client:
    """One connection, for one thread."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port = port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=40)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """One request; raises OSError and HTTPException, and connects anew after that."""
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self._connection.getresponse()
            return Answer(answer.status, json.loads(answer.read()), answer.headers)
        except BaseException:
            self._connection.close()
            raise

    def put(self, name: str, title: str) -> Answer:
        """Make or replace the task of that id."""
        return self.ask("PUT", f"/api/tasks/{name}", {"title": title})

    def tasks(self) -> Mapping[str, str]:
        """The title of every task, by its id."""
        found: dict[str, str] = {}
        path: str | None = "/api/tasks?limit=200&sort=created_at"
        while path is not None:
            answer = self.ask("GET", path)
            if answer.status != 200:
                raise OSError(f"the list of tasks: {answer.code}")
            found |= {task["id"]: task["title"] for task in answer.document}
            path = answer.following
        return found


def register(port: int) -> str:
    """A new account's token."""
    answer = Client(port).ask("POST", "/api/auth/register", {"email": "a@example.com", "password": _PASSWORD})
    if answer.status != 201:
        raise OSError(f"registration: {answer.code}")
    return str(answer.document["access_token"])
