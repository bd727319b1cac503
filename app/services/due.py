"""When something is due: wall clocks, zones and the instants they stand for."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.models.task import NEVER


def instant_of(day: date | None, clock: str | None, zone: str | None, user_zone: str) -> datetime:
    """The instant that a due stands for, NEVER without a day.

    A day alone is its first moment. A time that a zone skips is taken with the offset before the gap,
    one that it has twice is the first (RFC 5545, section 3.3.5).
    """
    if day is None:
        return NEVER
    at = time.fromisoformat(clock) if clock is not None else time()
    return datetime.combine(day, at, ZoneInfo(zone or user_zone)).astimezone(UTC)


def start_of(day: date, zone: str) -> datetime:
    """The first moment of a day in a zone."""
    return instant_of(day, None, None, zone)


def today(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """The bounds of the day that is today in a zone: from, and before."""
    day = now.astimezone(ZoneInfo(zone)).date()
    return start_of(day, zone), start_of(day + timedelta(days=1), zone)
