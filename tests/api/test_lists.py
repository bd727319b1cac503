"""The list: every order both ways, the plain filters, the count, and what a query may say."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize
from uuid import uuid4

import httpx
import pytest

from tests.conftest import Apps, client_of
from tests.support.accounts import register

START = datetime(2026, 11, 30, 8, 0, 0, 123_456, tzinfo=UTC)
PRIORITIES = ["none", "low", "medium", "high"]
# Titles in the order wanted; those in one row are equal to whoever looks for them.
ALPHABET = [
    ["1 apple"],
    ["Apple", "apple", "\u00c1pple", "A\N{COMBINING GRAVE ACCENT}pple", "\N{FULLWIDTH LATIN CAPITAL LETTER A}pple"],
    ["Apple pie", "apple   PIE"],
    ["apples"],
    ["Stra\u00dfe", "STRASSE"],
    ["zebra"],
    ["\u6771\u4eac"],
    ["\N{PARTY POPPER}"],
]
DUES: list[dict[str, Any] | None] = [
    None,
    {"date": "2026-11-30"},
    {"date": "2026-11-30", "time": "00:00"},
    {"date": "2026-11-30", "time": "01:00", "time_zone": "Europe/Berlin"},
    {"date": "1901-01-01"},
    {"date": "8999-12-31", "time": "23:59"},
]


@dataclass
class Hand:
    """A clock that stands until somebody moves it."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
async def mine(apps: Apps, hand: Hand) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is logged in where the clock stands."""
    async with client_of(apps.make(clock=hand)) as client:
        client.headers.update((await register(client)).headers)
        yield client


async def _put(mine: httpx.AsyncClient, **fields: Any) -> Any:
    # Ids by chance, so that their order is not that of the making.
    answer = await mine.put(f"/api/tasks/{uuid4()}", json={"title": "Pay rent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
async def tasks(mine: httpx.AsyncClient, hand: Hand) -> list[Any]:
    """Tasks that are equal in every respect to some others."""
    made = []
    for number, title in enumerate(title for row in ALPHABET for title in row):
        hand.now = START + timedelta(microseconds=number // 3)
        priority, due = PRIORITIES[number % 4], DUES[number % 6]
        made.append(await _put(mine, title=title, priority=priority, due=due, completed=number % 2 == 0))
    for number, task in enumerate(made[::2]):
        hand.now = START + timedelta(seconds=number // 2)
        made[2 * number] = (await mine.patch(f"/api/tasks/{task['id']}", json={"description": "Changed"})).json()
    return made


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _letters(task: Any) -> int:
    return next(place for place, row in enumerate(ALPHABET) if task["title"] in [normalize("NFC", t) for t in row])


KEYS: dict[str, Callable[[Any], Any]] = {
    "created_at": lambda task: _instant(task["created_at"]),
    "updated_at": lambda task: _instant(task["updated_at"]),
    "due": lambda task: _instant(task["due_at"]) if task["due_at"] else datetime.max.replace(tzinfo=UTC),
    "priority": lambda task: PRIORITIES.index(task["priority"]),
    "title": _letters,
    "position": lambda task: task["position"].encode(),
}


@pytest.mark.parametrize("sign", ["", "-"], ids=["up", "down"])
@pytest.mark.parametrize("field", KEYS)
async def test_every_order_goes_both_ways_and_ties_are_broken_by_id(
    mine: httpx.AsyncClient, tasks: list[Any], field: str, sign: str
) -> None:
    answer = await mine.get("/api/tasks", params={"sort": f"{sign}{field}"})
    assert answer.status_code == 200
    wanted = sorted(tasks, key=lambda task: (KEYS[field](task), task["id"]), reverse=sign == "-")
    assert [task["title"] for task in answer.json()] == [task["title"] for task in wanted]
    assert answer.json() == wanted


async def test_the_list_comes_by_position_unless_told_otherwise(mine: httpx.AsyncClient, tasks: list[Any]) -> None:
    assert [task["id"] for task in (await mine.get("/api/tasks")).json()] == [task["id"] for task in tasks]


async def test_nobody_has_tasks_at_first(me: httpx.AsyncClient) -> None:
    answer = await me.get("/api/tasks", params={"count": "true"})
    assert answer.status_code == 200
    assert answer.json() == []
    assert answer.headers["X-Total-Count"] == "0"
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, "abcd"),
        ({"status": "all"}, "abcd"),
        ({"status": "pending"}, "ac"),
        ({"status": "completed"}, "bd"),
        ({"priority": "none"}, "ab"),
        ({"priority": "low"}, ""),
        ({"priority": "high"}, "cd"),
        ({"priority": "high", "status": "pending"}, "c"),
        ({"priority": "none", "status": "completed", "sort": "-title"}, "b"),
    ],
    ids=lambda value: "&".join(f"{name}={text}" for name, text in value.items()) if isinstance(value, dict) else value,
)
async def test_filters_leave_what_was_asked_for(me: httpx.AsyncClient, params: dict[str, str], wanted: str) -> None:
    for title in "abcd":
        body = {"title": title, "completed": title in "bd", "priority": "high" if title in "cd" else "none"}
        await me.post("/api/tasks", json=body)
    answer = await me.get("/api/tasks", params={**params, "count": "true"})
    assert "".join(task["title"] for task in answer.json()) == wanted
    assert answer.headers["X-Total-Count"] == str(len(wanted))


@pytest.mark.parametrize(
    ("since", "wanted"),
    [
        ("2026-11-30T08:00:00.123456Z", ["old", "new"]),
        ("2026-11-30t08:00:00.123456z", ["old", "new"]),
        ("2026-11-30T08:00:00.123457Z", ["new"]),
        ("2026-11-30T08:00:00.123456789Z", ["old", "new"]),
        ("2026-11-30T13:45:00.123456+05:45", ["old", "new"]),
        ("2026-11-30T13:45:00.123457+05:45", ["new"]),
        ("2026-11-29T21:00:00.123457-11:00", ["new"]),
        ("2026-11-30T08:00:01.123456Z", ["new"]),
        ("2026-11-30T08:00:02Z", []),
        ("1901-01-01T00:00:00Z", ["old", "new"]),
        ("8999-12-31T23:59:59Z", []),
    ],
)
async def test_updated_since_is_inclusive_to_the_microsecond(
    mine: httpx.AsyncClient, hand: Hand, since: str, wanted: list[str]
) -> None:
    await _put(mine, title="old")
    new = await _put(mine, title="was old")
    hand.now += timedelta(seconds=1)
    await mine.patch(f"/api/tasks/{new['id']}", json={"title": "new"})
    answer = await mine.get("/api/tasks", params={"updated_since": since})
    assert [task["title"] for task in answer.json()] == wanted


async def test_a_plus_that_nobody_escaped_is_understood(mine: httpx.AsyncClient) -> None:
    await _put(mine)
    for since, count in (("09:00:00.123456+01:00", 1), ("09:00:00.123457+01:00", 0)):
        answer = await mine.get(f"/api/tasks?updated_since=2026-11-30T{since}")
        assert len(answer.json()) == count


@pytest.mark.parametrize("spelling", ["true", "True", "TRUE", "1", "yes", "on", "t", "y"])
async def test_a_count_comes_when_asked_for(me: httpx.AsyncClient, spelling: str) -> None:
    for title in "abc":
        await me.post("/api/tasks", json={"title": title})
    answer = await me.get("/api/tasks", params={"count": spelling, "limit": "2"})
    assert answer.headers["X-Total-Count"] == "3"
    behind = await me.get(answer.links["next"]["url"])
    assert behind.headers["X-Total-Count"] == "3"
    assert [task["title"] for task in answer.json() + behind.json()] == ["a", "b", "c"]


@pytest.mark.parametrize("spelling", ["false", "False", "0", "no", "off", "f", "n", None])
async def test_no_count_comes_when_none_is_asked_for(me: httpx.AsyncClient, spelling: str | None) -> None:
    answer = await me.get("/api/tasks", params={} if spelling is None else {"count": spelling})
    assert answer.status_code == 200
    assert "X-Total-Count" not in answer.headers


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("limit", "0", "out_of_range"),
        ("limit", "201", "out_of_range"),
        ("limit", "-1", "out_of_range"),
        ("limit", "ten", "wrong_type"),
        ("limit", "1" * 30, "out_of_range"),
        ("status", "done", "not_a_choice"),
        ("status", "", "not_a_choice"),
        ("priority", "urgent", "not_a_choice"),
        ("due", "tomorrow", "not_a_choice"),
        ("due_from", "30.11.2026", "not_a_date"),
        ("due_from", "2026-02-29", "not_a_date"),
        ("due_from", "1900-12-31", "out_of_range"),
        ("due_to", "9000-01-01", "out_of_range"),
        ("due_to", "2026-11-30T00:00:00Z", "not_a_date"),
        ("updated_since", "2026-11-30", "not_an_instant"),
        ("updated_since", "2026-11-30T08:00:00", "not_an_instant"),
        ("updated_since", "2026-11-30T25:00:00Z", "not_an_instant"),
        ("updated_since", "1900-12-31T23:59:59Z", "out_of_range"),
        ("sort", "id", "not_a_choice"),
        ("sort", "+title", "not_a_choice"),
        ("sort", "--title", "not_a_choice"),
        ("count", "maybe", "wrong_type"),
        ("statsu", "pending", "unknown_field"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(me: httpx.AsyncClient, name: str, value: str, code: str) -> None:
    answer = await me.get("/api/tasks", params={name: value})
    assert answer.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]] == [(f"query/{name}", code)]
