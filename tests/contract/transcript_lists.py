"""What is said about many tasks: filters, orders, pages; and by the paths of the family."""

import re
from datetime import timedelta
from typing import Any, Final

import httpx

from tests.contract.transcript import Person, Recorder
from tests.contract.transcript_tasks import OTHER, OWN

# Today is the 30th of November 2026.
_TASKS: Final[tuple[dict[str, Any], ...]] = (
    {"title": "banana", "priority": "high", "due": {"date": "2026-11-30"}},
    {"title": "Apple", "priority": "low", "due": {"date": "2026-11-30", "time": "07:00"}},
    {"title": "\u00e4pfel", "priority": "medium", "due": {"date": "2026-11-30", "time": "23:30", "time_zone": "UTC"}},
    {"title": "apple", "completed": True, "due": {"date": "2026-11-29"}},
    {"title": "Zebra", "due": {"date": "2026-11-29"}},
    {"title": "10", "priority": "high", "due": {"date": "2026-12-01"}},
    {"title": "9", "due": {"date": "2027-01-31", "time": "12:00", "time_zone": "Asia/Tokyo"}},
    {"title": "\u65e5\u672c", "priority": "low", "completed": True},
    {"title": "stra\u00dfe", "priority": "medium"},
    {"title": "STRASSE"},
)
_SORTS: Final = ("position", "created_at", "updated_at", "due", "priority", "title")
_QUERIES: Final = (
    "status=all",
    "status=pending",
    "status=completed",
    "priority=none",
    "priority=high",
    "due=today",
    "due=overdue",
    "due=upcoming",
    "due=none",
    "due_from=2026-11-30",
    "due_to=2026-11-30",
    "due_from=2026-11-30&due_to=2026-12-01",
    "due_from=2026-12-02&due_to=2026-12-01",
    "status=pending&priority=low&due=today&sort=-title&count=true&limit=200",
    "status=completed&due=overdue",
    "updated_since=2026-11-30T08:00:20Z",
    "updated_since=2026-11-30T09:00:20%2B01:00",
    "updated_since=2026-11-30T09:00:20+01:00",
    "updated_since=2026-11-30t08:00:20.123456789z",
    "count=true&limit=1",
    "count=false",
    "count=1&priority=medium",
)
_BAD_QUERIES: Final = (
    *("limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=99999999999999999999"),
    *("status=open", "status=", "status=ALL", "priority=4", "due=tomorrow", "sort=id", "sort=--title", "sort="),
    *("due_from=today", "due_to=2026-02-30", "due_from=1900-12-31", "due_to=9000-01-01", "due_to="),
    *("updated_since=2026-11-30", "updated_since=2026-11-30T08:00:20", "updated_since=1764489600"),
    *("updated_since=2026-11-30T25:00:00Z", "updated_since=0001-01-01T00:00:00Z", "updated_since="),
    *("cursor=", "cursor=x", "cursor=%00", "cursor=AAAA", f"cursor={'A' * 2001}", "cursor=%C3%A9"),
    *("count=maybe", "offset=10", "search=rent", "user_id=x", "a%00b=1", "limit=1&sort=x&page=2"),
)


async def _some_tasks(say: Recorder) -> Person:
    ada = await say.join("ada")
    for task in _TASKS:
        await say.ask("POST /api/tasks", task, who=ada)
    return ada


def _next(answer: httpx.Response) -> str:
    match = re.fullmatch('<(.+)>; rel="next"', answer.headers["Link"])
    assert match is not None
    return match[1]


async def lists(say: Recorder) -> None:
    ada = await say.join("ada")
    for request in ("GET /api/tasks", "GET /api/tasks/", "GET /api/tasks?count=true", "HEAD /api/tasks?count=true"):
        await say(request, who=ada, note="nothing yet")
    for task in _TASKS[:2]:
        await say("POST /api/tasks", task, who=ada)
    await say("GET /api/tasks", who=ada)
    await say("HEAD /api/tasks", who=ada)
    await say("GET /api/tasks/?count=true&limit=1", who=ada)
    await say("GET /api/tasks?limit=2", who=ada, note="as many as there are: no further page")
    await say("GET /api/tasks?limit=1&limit=2", who=ada, note="a parameter twice")
    await say("GET /api/tasks")


async def orders(say: Recorder) -> None:
    ada = await _some_tasks(say)
    for sort in _SORTS:
        await say(f"GET /api/tasks?sort={sort}", who=ada)
        await say(f"GET /api/tasks?sort=-{sort}", who=ada)


async def filters(say: Recorder) -> None:
    ada = await _some_tasks(say)
    for query in _QUERIES:
        await say(f"GET /api/tasks?{query}", who=ada)
    await say("PATCH /api/auth/me", {"time_zone": "Pacific/Kiritimati"}, who=ada, note="fourteen hours ahead")
    for due in ("today", "overdue", "upcoming"):
        await say(f"GET /api/tasks?due={due}", who=ada)


async def bad_queries(say: Recorder) -> None:
    ada = await say.join("ada")
    for query in _BAD_QUERIES:
        await say(f"GET /api/tasks?{query}", who=ada)


async def pages(say: Recorder) -> None:
    ada = await _some_tasks(say)
    for sort in ("title", "-due", "priority", "-position", "created_at"):
        answer = await say(f"GET /api/tasks?limit=4&sort={sort}", who=ada)
        while "Link" in answer.headers:
            answer = await say(f"GET {_next(answer)}", who=ada)
    answer = await say("GET /api/tasks?status=pending&count=true&limit=3&sort=-updated_at", who=ada)
    path = _next(answer)
    await say("POST /api/tasks", {"title": "new, in front of the page"}, who=ada)
    await say(f"GET {path}", who=ada, note="nothing skipped, nothing twice")
    await say(f"GET {path.replace('/api/tasks?', '/api/tasks/?')}", who=ada, note="with a trailing slash")
    await say(f"HEAD {path}", who=ada)


async def foreign_cursors(say: Recorder) -> None:
    ada = await _some_tasks(say)
    eve = await say.join("eve")
    cursor = _next(await say("GET /api/tasks?limit=9&sort=title", who=ada)).rpartition("cursor=")[2]
    await say(f"GET /api/tasks?sort=title&cursor={cursor}", who=ada)
    await say(f"GET /api/tasks?sort=-title&cursor={cursor}", who=ada, note="made for another order")
    await say(f"GET /api/tasks?cursor={cursor}", who=ada)
    await say(f"GET /api/tasks?sort=title&cursor={cursor}", who=eve, note="made for another user")
    forged = f"{'A' if cursor[0] != 'A' else 'B'}{cursor[1:]}"
    await say(f"GET /api/tasks?sort=title&cursor={forged}", who=ada, note="one character changed")
    await say(f"GET /api/tasks?sort=title&cursor={cursor[:-4]}", who=ada, note="cut off")
    await say(f"GET /api/{ada.id}/tasks?sort=title&cursor={cursor}", who=ada, note="good by the other path too")
    say.clock.skip(timedelta(minutes=5))
    await say(f"GET /api/tasks?sort=title&status=completed&cursor={cursor}", who=ada, note="with another filter")


async def family(say: Recorder) -> None:
    ada = await say.join("ada")
    base = f"/api/{ada.id}/tasks"
    made = await say(f"POST {base}", {"title": "Rent", "due": {"date": "2026-12-24"}}, who=ada)
    path = f"{base}/{made.json()['id']}"
    for request in (f"GET {base}", f"GET {base}/", f"HEAD {base}", f"GET {base}?count=true&limit=1&status=pending"):
        await say(request, who=ada)
    await say(f"POST {base}/", {"title": "Second"}, who=ada)
    await say(f"GET {await _link(say, base, ada)}", who=ada, note="the next page is by the same path")
    for request in (f"GET {path}", f"GET {path}/", f"HEAD {path}", f"GET {base}/{OTHER}", f"GET {base}/x"):
        await say(request, who=ada)
    await say(f"GET {path}", who=ada, If_None_Match='"1"')
    await say(f"PUT {path}", {"priority": "high"}, who=ada, note="PUT touches only the fields sent")
    await say(f"PUT {path}", {}, who=ada)
    await say(f"PUT {base}/{OWN}", {"title": "Rent"}, who=ada, note="and makes nothing")
    await say(f"PATCH {path}/", {"description": "x"}, who=ada)
    await say(f"PATCH {path}", {"title": ""}, who=ada)
    await say(f"PATCH {path}", {"title": "a"}, who=ada, If_Match='"1"')
    for _ in range(2):
        await say(f"PATCH {path}/complete", who=ada)
    await say(f"PATCH {path}/complete/", who=ada, If_Match='"1"')
    await say(f"PATCH {base}/{OTHER}/complete", who=ada)
    await say(f"DELETE {path}", who=ada, If_Match='"1"')
    await say(f"DELETE {path}/", who=ada)
    await say(f"DELETE {path}", who=ada)
    await say(f"POST {base}", {"title": " "}, who=ada)
    await say(f"GET {base}?limit=0", who=ada)


async def _link(say: Recorder, base: str, ada: Person) -> str:
    return _next(await say(f"GET {base}?limit=1", who=ada))


async def strangers_in_the_family(say: Recorder) -> None:
    ada, eve = await say.join("ada"), await say.join("eve")
    made = await say(f"POST /api/{ada.id}/tasks", {"title": "Ada's"}, who=ada)
    task = made.json()["id"]
    for name in (ada.id, OTHER, "x", "%00"):
        await say(f"GET /api/{name}/tasks", who=eve)
        await say(f"POST /api/{name}/tasks", {"title": "Eve's"}, who=eve)
    for method in ("GET", "HEAD", "DELETE"):
        await say(f"{method} /api/{ada.id}/tasks/{task}", who=eve)
    for method in ("PUT", "PATCH"):
        await say(f"{method} /api/{ada.id}/tasks/{task}", {"title": "Eve's"}, who=eve)
        await say(f"{method} /api/{ada.id}/tasks/{task}", {"title": ""}, who=eve)
    await say(f"PATCH /api/{ada.id}/tasks/{task}/complete", who=eve)
    await say(f"GET /api/{eve.id}/tasks/{task}", who=eve, note="her own path, Ada's task")
    await say(f"GET /api/{ada.id.upper()}/tasks/{task}", who=ada, note="in capitals")
    await say(f"GET /api/{ada.id}/tasks")
    await say(f"GET /api/{ada.id}/tasks/{task}", who=ada)
