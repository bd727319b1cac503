"""Instances of the service that share one replica, each with a disk of its own."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx

from tests.support.accounts import PASSWORD
from tests.support.servers import RunningServer, environment, running

EMAIL = "ada@example.com"
ELDER_SECONDS = "2"


@dataclass
class Replica:
    """Where the instances replicate to, and what each of them is told besides."""

    folder: Path
    url: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.url = self.url or str(self.folder / "replica")

    def disk(self, name: str) -> Path:
        """An instance's own folder; it need not exist."""
        return self.folder / name

    def environment(self, name: str, **variables: str) -> dict[str, str]:
        """What the instance of that name is told."""
        url = f"sqlite:///{self.disk(name)}/todo.db"
        return environment(
            url, **{"REPLICA_URL": self.url, "REPLICA_ELDER": ELDER_SECONDS, **self.variables, **variables}
        )

    @contextmanager
    def starting(self, name: str = "one", **variables: str) -> Iterator["Instance"]:
        """An instance that listens; it may have to wait for its turn."""
        with running(self.environment(name, **variables), self.folder) as server:
            yield Instance(server, self.disk(name))

    @contextmanager
    def instance(self, name: str = "one", **variables: str) -> Iterator["Instance"]:
        """An instance that is ready, and somebody logged in."""
        with self.starting(name, **variables) as instance:
            instance.log_in()
            yield instance


@dataclass
class Instance:
    """One instance and somebody who talks to it."""

    server: RunningServer
    disk: Path
    token: str = ""

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The answer to one request."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.request(method, self.server.url + path, json=body, headers=headers, timeout=30)

    def log_in(self) -> None:
        """Wait until it is ready; the same person everywhere."""
        self.server.said("is ready")
        person = {"email": EMAIL, "password": PASSWORD}
        answer = self.ask("POST", "/api/auth/login", person)
        if answer.status_code == 401:
            answer = self.ask("POST", "/api/auth/register", person)
        self.token = answer.json()["access_token"]

    def put(self, task_id: str | None = None) -> httpx.Response:
        """Write a task under an id of the client's own choosing."""
        return self.ask("PUT", f"/api/tasks/{task_id or uuid4()}", {"title": "Rent"})

    def has(self, task_id: str) -> bool:
        """Whether the task is there."""
        return self.ask("GET", f"/api/tasks/{task_id}").status_code == 200

    def kill(self) -> None:
        """End everything at once, as a machine does that goes."""
        children = self.children()
        self.server.process.kill()
        self.server.process.wait(10)
        for child in children:
            os.kill(child, signal.SIGKILL)

    def wipe(self) -> None:
        """What is on its disk is gone."""
        shutil.rmtree(self.disk)

    def children(self) -> list[int]:
        """The process that replicates, while it runs."""
        pid = self.server.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
