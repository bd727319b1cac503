"""Clients at work while things happen: writers who remember what was acknowledged, and a reader."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final, Self
from uuid import uuid4

from image.client import Client
from image.report import ImageError

_PAUSE_SECONDS: Final = 0.05  # after a refusal
_PATIENCE_SECONDS: Final = 60


class Traffic:
    """Threads that work until the end of the block; what one of them did not expect is raised there."""

    def __init__(self, threads: int) -> None:
        self._is_over = threading.Event()
        self._faults: list[str] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        if self._faults and kind is None:
            raise ImageError(self._faults[0])

    def _run(self) -> None:
        try:
            self._work()
        except ImageError as error:
            self._faults.append(str(error))

    def _work(self) -> None:
        raise NotImplementedError


@dataclass
class Written:
    """What was acknowledged, in this order and when, by the ids; the titles; and how long clients were refused."""

    titles: dict[str, str] = field(default_factory=dict)
    at: dict[str, float] = field(default_factory=dict)
    ports: set[int] = field(default_factory=set)
    refused: list[float] = field(default_factory=list)


class Writers(Traffic):
    """Each puts one task after another at its share of `rate` a second, every one again until it is acknowledged.

    They write to the first of the ports until it says that it is superseded, and then to the next. That a server is
    gone ends them, unless there is one to change to.
    """

    def __init__(self, ports: Sequence[int], token: str, *, threads: int, rate: float) -> None:
        super().__init__(threads)
        self.written = Written()
        self._ports, self._token, self._pause = ports, token, threads / rate

    def _work(self) -> None:
        clients = [Client(port, self._token) for port in self._ports]
        begin_at = time.monotonic()
        while clients and not self._is_over.is_set():
            clients = self._write(clients, str(uuid4()))
            begin_at = max(begin_at + self._pause, time.monotonic() - 1)
            self._is_over.wait(max(0, begin_at - time.monotonic()))

    def _write(self, clients: list[Client], name: str) -> list[Client]:
        """The clients that are left once it has been acknowledged."""
        asked_at, was_refused = time.monotonic(), False
        while clients:
            try:
                answer = clients[0].put(name, f"task {name}")
            except (OSError, HTTPException):
                if len(self._ports) == 1:
                    return []
            else:
                if answer.status in {200, 201}:
                    self._note(name, clients[0].port, time.monotonic() - asked_at if was_refused else None)
                    return clients
                if answer.status != 503:
                    raise ImageError(f"a write was answered {answer.code}")
                if answer.code[1] == "superseded" and len(clients) > 1:
                    clients = clients[1:]
            was_refused = True
            if self._is_over.is_set():
                break
            if time.monotonic() - asked_at > _PATIENCE_SECONDS:
                raise ImageError(f"a write was refused for more than {_PATIENCE_SECONDS} s")
            time.sleep(_PAUSE_SECONDS)
        return clients

    def _note(self, name: str, port: int, refused: float | None) -> None:
        self.written.titles[name] = f"task {name}"
        self.written.at[name] = time.monotonic()
        self.written.ports.add(port)
        if refused is not None:
            self.written.refused.append(refused)


class Reader(Traffic):
    """Reads its list of tasks all the time; every answer must be 200."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(threads=1)
        self.reads = 0
        self._client = Client(port, token)

    def _work(self) -> None:
        while not self._is_over.is_set():
            try:
                answer = self._client.ask("GET", "/api/tasks?limit=5")
            except (OSError, HTTPException) as error:
                raise ImageError(f"a read was not answered: {error!r}") from None
            if answer.status != 200:
                raise ImageError(f"a read was answered {answer.code}")
            self.reads += 1
            self._is_over.wait(0.05)
