"""Ids: UUIDs of version 7 that sort by the time they were made."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

import pytest

from app.services.clock import system_clock
from app.services.ids import time_ordered_ids

NOON = datetime(2026, 11, 30, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize(
    "now",
    [NOON, NOON.replace(microsecond=0), NOON.replace(microsecond=999_999), datetime(1970, 1, 1, tzinfo=UTC)],
    ids=["microseconds", "full second", "last of a second", "epoch"],
)
def test_an_id_is_of_version_7_and_has_its_millisecond(now: datetime) -> None:
    made = time_ordered_ids(lambda: now)()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def test_ids_of_following_microseconds_ascend() -> None:
    moments = (NOON + timedelta(microseconds=number) for number in range(5_000))
    new = time_ordered_ids(lambda: next(moments))
    made = [new() for _ in range(5_000)]
    assert made == sorted(made)
    assert [one.bytes for one in made] == sorted(one.bytes for one in made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_ids_of_one_moment_differ() -> None:
    new = time_ordered_ids(lambda: NOON)
    made = {new() for _ in range(10_000)}
    assert len(made) == 10_000
    assert len({one.int >> 64 for one in made}) == 1


def test_ids_by_the_machines_clock_tell_when_they_were_made() -> None:
    before = system_clock()
    made = time_ordered_ids(system_clock)()
    after = system_clock()
    assert _milliseconds(before) <= made.int >> 80 <= _milliseconds(after)


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def test_every_random_bit_is_now_one_and_now_the_other() -> None:
    new, every_bit = time_ordered_ids(lambda: NOON), (1 << 62) - 1
    once_one, once_zero = 0, 0
    for _ in range(200):
        number = new().int
        once_one |= number
        once_zero |= ~number
    assert once_one & once_zero & every_bit == every_bit
