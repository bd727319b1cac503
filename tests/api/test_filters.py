"""What is due: today, overdue, upcoming or never, by the user's own calendar."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from tests.conftest import Apps, client_of
from tests.support.accounts import register

Dues = dict[str, dict[str, Any] | None]

YEAR_END: Final[Dues] = {
    "never": None,
    "29": {"date": "2026-11-29"},
    "30": {"date": "2026-11-30"},
    "30 09:00": {"date": "2026-11-30", "time": "09:00"},
    "30 23:59": {"date": "2026-11-30", "time": "23:59"},
    "30 12:00 UTC": {"date": "2026-11-30", "time": "12:00", "time_zone": "UTC"},
    "1": {"date": "2026-12-01"},
    "1 00:00": {"date": "2026-12-01", "time": "00:00"},
}
# In New York the 8th of March has 23 hours, and 02:30 never comes: it stands for 03:30.
SPRING: Final[Dues] = {
    "7": {"date": "2026-03-07"},
    "8": {"date": "2026-03-08"},
    "8 02:30": {"date": "2026-03-08", "time": "02:30"},
    "8 23:59": {"date": "2026-03-08", "time": "23:59"},
    "9": {"date": "2026-03-09"},
}
# The 1st of November has 25 hours, and 01:30 comes twice: it stands for the first.
AUTUMN: Final[Dues] = {
    "1": {"date": "2026-11-01"},
    "1 01:30": {"date": "2026-11-01", "time": "01:30"},
    "1 23:59": {"date": "2026-11-01", "time": "23:59"},
    "2": {"date": "2026-11-02"},
}


@dataclass
class Hand:
    """A clock that stands until somebody moves it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand(datetime(2026, 11, 30, 12, tzinfo=UTC))


@pytest.fixture
async def mine(apps: Apps, hand: Hand) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose user logs in when the clock is set."""
    async with client_of(apps.make(clock=hand, access_token_minutes=1440)) as client:
        yield client


async def _settle(mine: httpx.AsyncClient, zone: str, dues: Dues) -> None:
    mine.headers.update((await register(mine)).headers)
    assert (await mine.patch("/api/auth/me", json={"time_zone": zone})).status_code == 200
    for title, due in dues.items():
        assert (await mine.post("/api/tasks", json={"title": title, "due": due})).status_code == 201


async def _titles(mine: httpx.AsyncClient, **params: str) -> list[str]:
    answer = await mine.get("/api/tasks", params=params)
    assert answer.status_code == 200, answer.text
    return [task["title"] for task in answer.json()]


@pytest.mark.parametrize(
    ("zone", "now", "dues", "wanted"),
    [
        pytest.param(
            "Pacific/Kiritimati",
            "2026-11-30T09:59:59.999999Z",
            YEAR_END,
            {
                "today": ["30", "30 09:00", "30 23:59"],
                "overdue": ["29", "30 09:00", "30 23:59"],
                "upcoming": ["30 12:00 UTC", "1", "1 00:00"],
            },
            id="last moment of the 30th at UTC+14",
        ),
        pytest.param(
            "Pacific/Kiritimati",
            "2026-11-30T10:00:00Z",
            YEAR_END,
            {
                "today": ["30 12:00 UTC", "1", "1 00:00"],
                "overdue": ["29", "30", "30 09:00", "30 23:59"],
                "upcoming": [],
            },
            id="first moment of the 1st at UTC+14",
        ),
        pytest.param(
            "Pacific/Pago_Pago",
            "2026-11-30T10:59:59.999999Z",
            YEAR_END,
            {
                "today": ["29"],
                "overdue": [],
                "upcoming": ["30", "30 09:00", "30 23:59", "30 12:00 UTC", "1", "1 00:00"],
            },
            id="last moment of the 29th at UTC-11",
        ),
        pytest.param(
            "Pacific/Pago_Pago",
            "2026-11-30T12:00:00.000001Z",
            YEAR_END,
            {
                "today": ["30", "30 09:00", "30 23:59", "30 12:00 UTC"],
                "overdue": ["29", "30 12:00 UTC"],
                "upcoming": ["1", "1 00:00"],
            },
            id="an hour into the 30th at UTC-11",
        ),
        pytest.param(
            "America/New_York",
            "2026-03-08T07:30:00.000001Z",
            SPRING,
            {"today": ["8", "8 02:30", "8 23:59"], "overdue": ["7", "8 02:30"], "upcoming": ["9"]},
            id="just after the time that never comes",
        ),
        pytest.param(
            "America/New_York",
            "2026-03-09T03:59:59Z",
            SPRING,
            {"today": ["8", "8 02:30", "8 23:59"], "overdue": ["7", "8 02:30", "8 23:59"], "upcoming": ["9"]},
            id="end of the day of 23 hours",
        ),
        pytest.param(
            "America/New_York",
            "2026-03-09T04:00:00Z",
            SPRING,
            {"today": ["9"], "overdue": ["7", "8", "8 02:30", "8 23:59"], "upcoming": []},
            id="day after the day of 23 hours",
        ),
        pytest.param(
            "America/New_York",
            "2026-11-01T05:30:00.000001Z",
            AUTUMN,
            {"today": ["1", "1 01:30", "1 23:59"], "overdue": ["1 01:30"], "upcoming": ["2"]},
            id="between the two half past one",
        ),
        pytest.param(
            "America/New_York",
            "2026-11-02T04:59:59Z",
            AUTUMN,
            {"today": ["1", "1 01:30", "1 23:59"], "overdue": ["1 01:30", "1 23:59"], "upcoming": ["2"]},
            id="end of the day of 25 hours",
        ),
        pytest.param(
            "America/New_York",
            "2026-11-02T05:00:00Z",
            AUTUMN,
            {"today": ["2"], "overdue": ["1", "1 01:30", "1 23:59"], "upcoming": []},
            id="day after the day of 25 hours",
        ),
    ],
)
async def test_today_is_the_users_today(
    mine: httpx.AsyncClient, hand: Hand, zone: str, now: str, dues: Dues, wanted: dict[str, list[str]]
) -> None:
    hand.now = datetime.fromisoformat(now)
    await _settle(mine, zone, dues)
    assert {due: await _titles(mine, due=due) for due in wanted} == wanted
    assert await _titles(mine, due="none") == [title for title in dues if title == "never"]


async def test_a_day_is_overdue_when_it_has_passed_and_a_time_when_it_has(mine: httpx.AsyncClient, hand: Hand) -> None:
    noon = hand.now
    times = {"day": {"date": "2026-11-30"}, "time": {"date": "2026-11-30", "time": "12:00"}}
    await _settle(mine, "UTC", {**times, "zoned": {**times["time"], "time_zone": "Etc/GMT"}})
    assert await _titles(mine, due="overdue") == []
    hand.now = noon + timedelta(microseconds=1)
    assert await _titles(mine, due="overdue") == ["time", "zoned"]
    hand.now = noon + timedelta(hours=12) - timedelta(microseconds=1)
    assert await _titles(mine, due="overdue") == ["time", "zoned"]
    hand.now = noon + timedelta(hours=12)
    assert await _titles(mine, due="overdue") == ["day", "time", "zoned"]


async def test_what_is_done_is_never_overdue(mine: httpx.AsyncClient) -> None:
    await _settle(mine, "UTC", {"done": {"date": "2026-11-29"}, "open": {"date": "2026-11-29"}})
    (done, *_) = (await mine.get("/api/tasks")).json()
    await mine.post(f"/api/tasks/{done['id']}/complete")
    assert await _titles(mine, due="overdue") == ["open"]
    assert await _titles(mine, due="overdue", status="completed") == []


async def test_what_is_done_was_due_all_the_same(mine: httpx.AsyncClient) -> None:
    await _settle(mine, "UTC", {"today": {"date": "2026-11-30"}, "upcoming": {"date": "2026-12-24"}, "none": None})
    for task in (await mine.get("/api/tasks")).json():
        await mine.post(f"/api/tasks/{task['id']}/complete")
    for due in ("today", "upcoming", "none"):
        assert await _titles(mine, due=due) == [due]
        assert await _titles(mine, due=due, status="pending") == []


async def test_a_range_has_its_first_and_last_day_in_the_users_zone(mine: httpx.AsyncClient, hand: Hand) -> None:
    hand.now = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
    await _settle(mine, "Pacific/Kiritimati", YEAR_END)
    last, first = ["30", "30 09:00", "30 23:59"], ["30 12:00 UTC", "1", "1 00:00"]
    for params, wanted in (
        ({"due_from": "2026-11-30", "due_to": "2026-11-30"}, last),
        ({"due_from": "2026-11-30", "due_to": "2026-12-01"}, last + first),
        ({"due_from": "2026-12-01", "due_to": "2026-12-01"}, first),
        ({"due_from": "2026-12-01"}, first),
        ({"due_to": "2026-11-29"}, ["29"]),
        ({"due_to": "2026-11-30"}, ["29", *last]),
        ({"due_from": "1901-01-01", "due_to": "8999-12-31"}, ["29", *last, *first]),
        ({"due_from": "1901-01-01"}, ["29", *last, *first]),
        ({"due_from": "2026-12-01", "due_to": "2026-11-29"}, []),
        ({"due_from": "2026-11-30", "due": "overdue"}, ["30 09:00"]),
        ({"due_to": "2026-11-30", "due": "today"}, last),
        ({"due_from": "2026-11-30", "due": "none"}, []),
        ({"due_to": "2026-11-30", "sort": "-due"}, ["30 23:59", "30 09:00", "30", "29"]),
    ):
        assert await _titles(mine, **params) == wanted, params


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Africa/Cairo", "2026-04-24", 23),
        ("America/Havana", "2026-11-01", 25),
        ("Pacific/Apia", "2011-12-29", 24),
    ],
    ids=["spring", "autumn", "half an hour", "midnight skipped", "midnight twice", "before the day that never was"],
)
async def test_a_day_begins_and_ends_with_the_zones_own_midnights(
    mine: httpx.AsyncClient, zone: str, day: str, length: float
) -> None:
    await _settle(mine, zone, {"day": {"date": day}})
    (task,) = (await mine.get("/api/tasks")).json()
    begin = datetime.fromisoformat(task["due_at"])
    minute, end = timedelta(minutes=1), begin + timedelta(hours=length)
    for title, moment in (("before", begin - minute), ("first", begin), ("last", end - minute), ("after", end)):
        due = {"date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M}", "time_zone": "UTC"}
        await mine.post("/api/tasks", json={"title": title, "due": due})
    assert await _titles(mine, due_from=day, due_to=day) == ["day", "first", "last"]
