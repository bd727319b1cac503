"""The instants that days and times stand for, where a zone skips an hour or has one twice."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.models.task import NEVER
from app.services.due import instant_of, start_of, today

ZONES = [
    "Africa/Cairo",
    "America/Havana",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
]


@pytest.mark.parametrize(
    ("zone", "day", "clock", "instant"),
    [
        ("America/New_York", "2026-03-08", "01:59", "2026-03-08T06:59"),
        ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08", "02:59", "2026-03-08T07:59"),
        ("America/New_York", "2026-03-08", "03:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01", "00:59", "2026-11-01T04:59"),
        ("America/New_York", "2026-11-01", "01:00", "2026-11-01T05:00"),
        ("America/New_York", "2026-11-01", "01:59", "2026-11-01T05:59"),
        ("America/New_York", "2026-11-01", "02:00", "2026-11-01T07:00"),
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30"),
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45"),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45"),
        ("Africa/Cairo", "2026-04-24", "00:30", "2026-04-23T22:30"),
        ("Africa/Cairo", "2026-10-29", "23:30", "2026-10-29T20:30"),
        ("America/Havana", "2026-03-08", "00:30", "2026-03-08T05:30"),
        ("America/Havana", "2026-11-01", "00:30", "2026-11-01T04:30"),
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T22:00"),
        ("Europe/Dublin", "2026-10-25", "01:30", "2026-10-25T00:30"),
    ],
)
def test_a_skipped_time_has_the_offset_before_and_a_doubled_one_is_the_first(
    zone: str, day: str, clock: str, instant: str
) -> None:
    expected = datetime.fromisoformat(f"{instant}:00+00:00")
    as_own_zone = instant_of(date.fromisoformat(day), clock, zone, "Pacific/Kiritimati")
    as_users_zone = instant_of(date.fromisoformat(day), clock, None, zone)
    assert as_own_zone == as_users_zone == expected
    assert as_own_zone.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00"),
    ],
    ids=["midnight skipped", "midnight twice", "skipped too", "23 o'clock twice", "day skipped", "plain"],
)
def test_a_day_is_its_first_moment(zone: str, day: str, instant: str) -> None:
    expected = datetime.fromisoformat(f"{instant}:00+00:00")
    assert start_of(date.fromisoformat(day), zone) == expected
    assert instant_of(date.fromisoformat(day), None, None, zone) == expected


def test_without_a_day_it_is_never() -> None:
    assert instant_of(None, None, None, "Europe/Berlin") == NEVER


@pytest.mark.parametrize("zone", ZONES)
def test_every_moment_is_within_the_bounds_of_its_own_day(zone: str) -> None:
    first = datetime(2011, 12, 1, tzinfo=UTC)
    # Half hours, since that is where zones change their offset; and the last moment before.
    for half_hours in range(48 * 400):
        for moment in (first + timedelta(minutes=30 * half_hours), first + timedelta(minutes=30 * half_hours - 0.001)):
            begin, end = today(moment, zone)
            assert begin <= moment < end, moment


@pytest.mark.parametrize("zone", ZONES)
def test_days_follow_one_another_without_gap_or_overlap(zone: str) -> None:
    day = date(2026, 1, 1)
    for _ in range(730):
        begin, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
        assert begin.astimezone(ZoneInfo(zone)).date() == day
        assert (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == day
        day += timedelta(days=1)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("day", [date(1901, 1, 1), date(8999, 12, 31)])
def test_the_ends_of_time_have_an_instant_before_never(zone: str, day: date) -> None:
    assert instant_of(day, "23:59", zone, "UTC") < start_of(day + timedelta(days=2), "UTC") < NEVER
