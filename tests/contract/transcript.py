"""The recorder of the transcript: it talks to applications and writes down what was said, in a form people can read."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from fastapi import FastAPI

from tests.support.accounts import PASSWORD

START: Final = datetime(2026, 11, 30, 8, 0, 0, 123456, tzinfo=UTC)
"""A Monday, when every chapter begins; with a fraction, which no database may lose."""

_LONG: Final = 1000
_NOTHING: Final = object()
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e]")


class SteppingClock:
    """Each look at it is a second later than the one before."""

    def __init__(self) -> None:
        self._now = START

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def skip(self, time: timedelta) -> None:
        """Let time pass."""
        self._now += time


class CountingIds:
    """Ids that count from one in every chapter; the chapter stands in front, and some letters in the middle."""

    def __init__(self, chapter: int) -> None:
        self._chapter = chapter
        self._count = 0

    def __call__(self) -> UUID:
        self._count += 1
        return UUID(f"{self._chapter:08d}-0000-7000-8abc-{self._count:012d}")


@dataclass(frozen=True)
class Person:
    """Somebody who talks to the service."""

    name: str
    id: str
    token: str


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. `headers` are those beside the token of `who` and the type of a JSON body."""

    note: str
    who: str
    request: str
    headers: Mapping[str, str]
    content: bytes | AsyncIterator[bytes] | None
    answer: httpx.Response


class Recorder:
    """Call it with what to send: it gives the answer and writes down both."""

    def __init__(self, make_app: Callable[..., FastAPI], broken_url: str, chapter: int) -> None:
        self.clock = SteppingClock()
        self.broken_url = broken_url
        self.exchanges: list[Exchange] = []
        self._ids = CountingIds(chapter)
        self._make_app = make_app
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def talking(self, **settings: object) -> AsyncIterator[None]:
        """Talk to an application with these settings, and to the one before again afterwards."""
        app = self._make_app(clock=self.clock, ids=self._ids, **settings)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        before = self._client
        async with httpx.AsyncClient(transport=transport, base_url="http://todo.test") as self._client:
            yield
        self._client = before

    async def join(self, name: str) -> Person:
        """Somebody new."""
        answer = await self("POST /api/auth/register", {"email": f"{name}@example.com", "password": PASSWORD})
        return person(name, answer)

    async def __call__(self, request: str, *arguments: Any, **options: Any) -> httpx.Response:
        """Ask and write it down; the arguments are those of `ask`."""
        self.exchanges.append(await self.ask(request, *arguments, **options))
        return self.exchanges[-1].answer

    async def ask(
        self,
        request: str,
        body: Any = _NOTHING,
        *,
        who: Person | None = None,
        note: str = "",
        content: bytes | AsyncIterator[bytes] | None = None,
        **headers: str,
    ) -> Exchange:
        """Send "METHOD path" with `body` as JSON, or with `content` as it is; headers by their names in snake case."""
        method, path = request.split(" ", 1)
        sent = {name.replace("_", "-").title(): value for name, value in headers.items()}
        if body is not _NOTHING:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        implied = {} if body is _NOTHING else {"Content-Type": "application/json"}
        implied |= {} if who is None else {"Authorization": f"Bearer {who.token}"}
        assert self._client is not None
        answer = await self._client.request(method, path, content=content, headers=implied | sent)
        return Exchange(note, who.name if who else "somebody", request, sent, content, answer)


def person(name: str, login: httpx.Response) -> Person:
    """Who has just logged in."""
    return Person(name, login.json()["user"]["id"], login.json()["access_token"])


def written(exchange: Exchange) -> list[str]:
    """The exchange in lines: who asks what; then the answer, each line of its head behind a ">"."""
    lines = [f"-------- {exchange.note}".rstrip(), f"{exchange.who}: {exchange.request}"]
    lines += [f"{name}: {value}" for name, value in exchange.headers.items()]
    if exchange.content is not None:
        lines.append(_text(exchange.content) if isinstance(exchange.content, bytes) else "(a body in chunks)")
    answer = exchange.answer
    lines.append(f"> {answer.status_code}")
    lines += [f"> {name}: {value}" for name, value in sorted(answer.headers.multi_items())]
    return [*lines, *_body(answer.content, answer.headers.get("content-type", ""))]


def _body(body: bytes, media_type: str) -> list[str]:
    """The body as it is; but an item of a list has its line, and a page is only counted."""
    if not body:
        return []
    if media_type.startswith("text/html"):
        return [f"({len(body)} bytes of HTML)"]
    if not body.startswith(b"[{"):
        return [_text(body)]
    items = [json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in json.loads(body)]
    assert f"[{','.join(items)}]".encode() == body
    return ["[", *(_cut(f"{item},") for item in items[:-1]), _cut(items[-1]), "]"]


def _text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _cut(repr(body))
    return _cut(repr(body) if _UNPRINTABLE.search(text) else text)


def _cut(text: str) -> str:
    """The text, or the beginning of a long one with its length and its digest."""
    if len(text) <= _LONG:
        return text
    return f"{text[:60]}… ({len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()[:16]})"
