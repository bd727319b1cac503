"""When a task is due: the instant behind each form of `due`, and what a move of the user to another zone does to it."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.models.task import Task
from app.services.runtime import Runtime
from tests.support.accounts import NewAccount

DAY = {"date": "2026-11-30", "time": None, "time_zone": None}
FLOATING = DAY | {"time": "09:00"}
ZONED = FLOATING | {"time_zone": "Asia/Tokyo"}


async def _make(me: httpx.AsyncClient, due: Any, title: str = "Pay rent") -> Any:
    answer = await me.post("/api/tasks", json={"title": title, "due": due})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _move(me: httpx.AsyncClient, zone: str) -> None:
    answer = await me.patch("/api/auth/me", json={"time_zone": zone})
    assert answer.status_code == 200, answer.text


async def _get(me: httpx.AsyncClient, task: Any) -> Any:
    return (await me.get(f"/api/tasks/{task['id']}")).json()


@pytest.mark.parametrize(
    ("zone", "due", "due_at"),
    [
        ("UTC", ("2026-11-30", None, None), "2026-11-30T00:00:00Z"),
        ("Pacific/Kiritimati", ("2026-11-30", None, None), "2026-11-29T10:00:00Z"),
        ("Pacific/Pago_Pago", ("2026-11-30", None, None), "2026-11-30T11:00:00Z"),
        ("Asia/Kathmandu", ("2026-11-30", "09:00", None), "2026-11-30T03:15:00Z"),
        ("Asia/Kathmandu", ("2026-11-30", "09:00", "Europe/Berlin"), "2026-11-30T08:00:00Z"),
        ("Africa/Cairo", ("2026-04-24", None, None), "2026-04-23T22:00:00Z"),
        ("America/Havana", ("2026-11-01", None, None), "2026-11-01T04:00:00Z"),
        ("America/New_York", ("2026-03-08", "01:59", None), "2026-03-08T06:59:00Z"),
        ("America/New_York", ("2026-03-08", "02:30", None), "2026-03-08T07:30:00Z"),
        ("America/New_York", ("2026-03-08", "03:00", None), "2026-03-08T07:00:00Z"),
        ("America/New_York", ("2026-11-01", "01:30", None), "2026-11-01T05:30:00Z"),
        ("America/New_York", ("2026-11-01", "02:00", None), "2026-11-01T07:00:00Z"),
        ("UTC", ("2026-03-29", "02:30", "Europe/Berlin"), "2026-03-29T01:30:00Z"),
        ("UTC", ("2026-10-25", "02:30", "Europe/Berlin"), "2026-10-25T00:30:00Z"),
        ("UTC", ("2026-10-04", "02:15", "Australia/Lord_Howe"), "2026-10-03T15:45:00Z"),
        ("UTC", ("2026-04-05", "01:45", "Australia/Lord_Howe"), "2026-04-04T14:45:00Z"),
        ("UTC", ("1901-01-01", "00:00", "UTC"), "1901-01-01T00:00:00Z"),
        ("Pacific/Kiritimati", ("8999-12-31", "23:59", None), "8999-12-31T09:59:00Z"),
    ],
    ids=[
        "day",
        "day at UTC+14",
        "day at UTC-11",
        "floating",
        "zoned",
        "day whose midnight is skipped",
        "day whose midnight comes twice",
        "floating before a gap",
        "floating in a gap",
        "floating behind a gap",
        "floating in an overlap",
        "floating behind an overlap",
        "zoned in a gap",
        "zoned in an overlap",
        "zoned in a gap of half an hour",
        "zoned in an overlap of half an hour",
        "first",
        "last",
    ],
)
async def test_due_stands_for_an_instant(
    me: httpx.AsyncClient, zone: str, due: tuple[str, str | None, str | None], due_at: str
) -> None:
    await _move(me, zone)
    sent = dict(zip(("date", "time", "time_zone"), due, strict=True))
    task = await _make(me, sent)
    assert (task["due"], task["due_at"]) == (sent, due_at)
    assert await _get(me, task) == task


@pytest.mark.parametrize(
    ("due", "due_at"),
    [(DAY, "2026-11-30T05:00:00Z"), (FLOATING, "2026-11-30T14:00:00Z")],
    ids=["day", "floating"],
)
async def test_a_move_of_the_user_moves_what_is_due_by_the_users_clock(
    me: httpx.AsyncClient, due: Any, due_at: str
) -> None:
    task = await _make(me, due)
    await _move(me, "America/New_York")
    moved = await _get(me, task)
    assert moved["updated_at"] > task["updated_at"]
    assert moved == task | {"due_at": due_at, "version": 2, "updated_at": moved["updated_at"]}
    stale = await me.patch(f"/api/tasks/{task['id']}", json={"title": "Mine"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


@pytest.mark.parametrize("due", [ZONED, None], ids=["zoned", "never"])
async def test_a_move_of_the_user_leaves_what_has_a_zone_or_none_at_all(me: httpx.AsyncClient, due: Any) -> None:
    task = await _make(me, due)
    await _move(me, "America/New_York")
    assert await _get(me, task) == task


@pytest.mark.parametrize("before", ["Europe/Berlin", "Europe/Paris"], ids=["the same", "another with the same hours"])
async def test_a_move_to_the_same_hours_changes_no_task(me: httpx.AsyncClient, before: str) -> None:
    await _move(me, before)
    task = await _make(me, FLOATING)
    await _move(me, "Europe/Berlin")
    assert await _get(me, task) == task


async def test_a_move_touches_those_alone_whose_instant_it_changes(me: httpx.AsyncClient) -> None:
    await _move(me, "Europe/London")
    winter, summer = await _make(me, {"date": "2026-12-01"}), await _make(me, {"date": "2026-07-01"})
    await _move(me, "Africa/Abidjan")
    assert await _get(me, winter) == winter
    assert (await _get(me, summer))["due_at"] == "2026-07-01T00:00:00Z"


async def test_a_move_reaches_every_day_and_time(me: httpx.AsyncClient) -> None:
    times = [None, "00:00", "02:30", "09:00", "23:59"]
    dues = [{"date": f"2026-{month}-29", "time": time} for month in ("03", "10") for time in times * 2]
    tasks = [await _make(me, due) for due in dues]
    await _move(me, "Europe/Berlin")
    moved = [await _get(me, task) for task in tasks]
    made_there = [await _make(me, due) for due in dues]
    assert [task["due_at"] for task in moved] == [task["due_at"] for task in made_there]
    assert [task["version"] for task in moved] == [2] * len(tasks)


async def test_a_move_reaches_what_is_in_the_trash(me: httpx.AsyncClient, runtime: Runtime) -> None:
    day, zoned = await _make(me, DAY), await _make(me, ZONED)
    for task in (day, zoned):
        await me.delete(f"/api/tasks/{task['id']}")
    await _move(me, "America/New_York")
    async with runtime.database.reading() as session:
        rows = {str(row.id): row for row in await session.scalars(select(Task))}
    moved, left = rows[day["id"]], rows[zoned["id"]]
    assert moved.due_key.isoformat() == "2026-11-30T05:00:00+00:00"
    assert moved.deleted_at is not None
    assert moved.updated_at > moved.deleted_at
    assert (moved.version, left.version) == (3, 2)
    assert left.due_key.isoformat() == "2026-11-30T00:00:00+00:00"


async def test_a_move_is_ones_own(client: httpx.AsyncClient, new_account: NewAccount) -> None:
    mover, other = await new_account(), await new_account()
    body = {"title": "Pay rent", "due": DAY}
    task = (await client.post("/api/tasks", json=body, headers=other.headers)).json()
    await client.patch("/api/auth/me", json={"time_zone": "Asia/Tokyo"}, headers=mover.headers)
    assert (await client.get(f"/api/tasks/{task['id']}", headers=other.headers)).json() == task


async def test_what_comes_after_a_move_is_by_the_new_clock(me: httpx.AsyncClient) -> None:
    old = await _make(me, None)
    await _move(me, "Asia/Tokyo")
    patched = await me.patch(f"/api/tasks/{old['id']}", json={"due": FLOATING})
    replaced = await me.put(f"/api/tasks/{old['id']}", json={"title": "Pay rent", "due": DAY})
    made = await _make(me, FLOATING)
    assert patched.json()["due_at"] == made["due_at"] == "2026-11-30T00:00:00Z"
    assert replaced.json()["due_at"] == "2026-11-29T15:00:00Z"


async def test_a_move_that_is_refused_moves_nothing(me: httpx.AsyncClient) -> None:
    task = await _make(me, DAY)
    stale = await me.patch("/api/auth/me", json={"time_zone": "Asia/Tokyo"}, headers={"If-Match": '"7"'})
    unknown = await me.patch("/api/auth/me", json={"time_zone": "Asia/Atlantis"})
    assert (stale.status_code, unknown.status_code) == (412, 422)
    assert await _get(me, task) == task


async def test_what_is_never_due_comes_last_and_backwards_first(me: httpx.AsyncClient) -> None:
    await _move(me, "Asia/Tokyo")
    never, last, zoned, day, floating, again, first = [
        (await _make(me, due))["id"]
        for due in (None, {"date": "8999-12-31", "time": "23:59"}, ZONED, DAY, FLOATING, None, {"date": "1901-01-01"})
    ]
    tasks = (await me.get("/api/tasks", params={"sort": "due"})).json()
    # The zoned one and the floating one stand for the same instant.
    wanted = [first, day, *sorted([zoned, floating]), last, *sorted([never, again])]
    assert [task["id"] for task in tasks] == wanted
    assert (await me.get("/api/tasks", params={"sort": "-due"})).json() == tasks[::-1]
