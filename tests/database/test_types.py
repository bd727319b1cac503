"""Instants, ids and sorted text: the same in and out, and in the same order, on every database."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError

from app.database.session import Database
from app.database.types import Id, UtcDateTime, sorted_by_bytes
from app.database.urls import Backend
from app.models.base import TABLE_OPTIONS
from tests.database.conftest import MakeDatabase

SCRATCH: Final = MetaData()
VALUES: Final = Table(
    "type_values",
    SCRATCH,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("key", Id),
    Column("word", sorted_by_bytes(200)),
    **TABLE_OPTIONS,
)
# Microseconds since 1970 and the bytes of an id, as the database itself counts and shows them.
MICROSECONDS: Final[dict[Backend, str]] = {
    "sqlite": "CAST(strftime('%s', substr(at, 1, 19)) AS INTEGER) * 1000000 + CAST(substr(at, 21) AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM at) * 1000000 AS bigint)",
    "mysql": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', at)",
}
BYTES: Final[dict[Backend, str]] = {
    "sqlite": "lower(hex(key))",
    "postgresql": "encode(uuid_send(key), 'hex')",
    "mysql": "lower(hex(`key`))",
}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
async def database(databases: MakeDatabase) -> AsyncIterator[Database]:
    """One with an empty table of values."""
    database = databases()
    async with database.engine.begin() as connection:
        await connection.run_sync(SCRATCH.create_all)
    yield database
    async with database.engine.begin() as connection:
        await connection.run_sync(SCRATCH.drop_all)


async def _put(database: Database, **columns: list[Any]) -> None:
    names = list(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    async with database.writing() as session:
        await session.execute(insert(VALUES), [{"number": number, **row} for number, row in enumerate(rows, 1)])


async def _get(database: Database, what: Any, order: Any = VALUES.c.number) -> list[Any]:
    async with database.reading() as session:
        return list(await session.scalars(select(what).select_from(VALUES).order_by(order)))


INSTANTS: Final = [
    datetime(2026, 11, 23, 16, 20, 30, 123_456, tzinfo=UTC),
    datetime(2026, 11, 23, 16, 20, 30, 999_999, tzinfo=UTC),
    datetime(2026, 11, 23, 16, 20, 30, 1, tzinfo=UTC),
    datetime(2026, 11, 23, 16, 20, 30, tzinfo=UTC),
    datetime(1901, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(8999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=UTC),
]
ELSEWHERE: Final = [
    datetime(2026, 11, 23, 16, 20, 30, 123_456, tzinfo=ZoneInfo("America/New_York")),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    datetime(2026, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=14))),
    datetime(2026, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=-5, minutes=-45))),
]


async def test_an_instant_comes_back_whole_and_in_utc(database: Database) -> None:
    await _put(database, at=INSTANTS)
    found = await _get(database, VALUES.c.at)
    assert found == INSTANTS
    assert {instant.tzinfo for instant in found} == {UTC}


async def test_an_instant_of_another_zone_is_the_same_instant(database: Database) -> None:
    await _put(database, at=ELSEWHERE)
    found = await _get(database, VALUES.c.at)
    assert found == [instant.astimezone(UTC) for instant in ELSEWHERE]
    assert {instant.tzinfo for instant in found} == {UTC}
    assert found[2] - found[1] == timedelta(hours=1)  # both stand at 02:30 on the wall


async def test_the_database_means_the_same_instant(backend: Backend, database: Database) -> None:
    later = [instant for instant in INSTANTS + ELSEWHERE if instant >= EPOCH]
    await _put(database, at=later)
    counted = [int(number) for number in await _get(database, text(MICROSECONDS[backend]))]
    assert counted == [(instant - EPOCH) // timedelta(microseconds=1) for instant in later]


async def test_instants_sort_as_time_goes(database: Database) -> None:
    mixed = random.sample(INSTANTS + ELSEWHERE, len(INSTANTS + ELSEWHERE))
    await _put(database, at=mixed)
    assert await _get(database, VALUES.c.at, VALUES.c.at) == sorted(instant.astimezone(UTC) for instant in mixed)


@pytest.mark.parametrize("instant", INSTANTS + ELSEWHERE, ids=lambda instant: instant.isoformat())
async def test_an_instant_is_found_by_itself_and_not_by_its_neighbour(database: Database, instant: datetime) -> None:
    step = timedelta(microseconds=1)
    await _put(database, at=[instant])
    async with database.reading() as session:
        for wanted, count in ((instant, 1), (instant.astimezone(UTC) - step, 0)):
            assert len((await session.scalars(select(VALUES.c.at).where(VALUES.c.at == wanted))).all()) == count
        assert (await session.scalars(select(VALUES.c.at).where(VALUES.c.at > instant.astimezone(UTC) - step))).all()


async def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="an instant needs a time zone"):
        await _put(database, at=[datetime(2026, 11, 23)])  # noqa: DTZ001 (that is the point)
    assert await _get(database, VALUES.c.at) == []


async def test_nothing_stays_nothing(database: Database) -> None:
    await _put(database, at=[None], key=[None], word=[None])
    for column in (VALUES.c.at, VALUES.c.key, VALUES.c.word):
        assert await _get(database, column) == [None]


IDS: Final = [
    UUID(int=0),
    UUID(int=1),
    UUID("00000000-0000-0000-0100-000000000000"),
    UUID("0192f0c1-1234-7abc-8def-00ff00ff00ff"),
    UUID("7fffffff-ffff-ffff-ffff-ffffffffffff"),
    UUID("80000000-0000-0000-0000-000000000000"),
    UUID("c0a80101-5c27-2025-0d0a-000000000000"),  # bytes that quoting or an encoding would change
    UUID(int=2**128 - 1),
]


async def test_an_id_comes_back_and_lies_there_in_its_own_bytes(backend: Backend, database: Database) -> None:
    ids = IDS + [uuid4() for _ in range(20)]
    await _put(database, key=ids)
    found = await _get(database, VALUES.c.key)
    assert found == ids
    assert {type(key) for key in found} == {UUID}
    assert await _get(database, text(BYTES[backend])) == [key.hex for key in ids]


async def test_ids_sort_as_uuids_do(database: Database) -> None:
    ids = IDS + [uuid4() for _ in range(50)]
    await _put(database, key=random.sample(ids, len(ids)))
    assert await _get(database, VALUES.c.key, VALUES.c.key) == sorted(ids)
    assert await _get(database, VALUES.c.key, VALUES.c.key.desc()) == sorted(ids, reverse=True)
    async with database.reading() as session:
        behind = select(VALUES.c.key).where(VALUES.c.key > IDS[3]).order_by(VALUES.c.key)
        assert list(await session.scalars(behind)) == sorted(key for key in ids if key > IDS[3])


# None ends in a blank, which MySQL does not tell from nothing: positions and the titles' keys never do.
WORDS: Final = ["a", "B", "Z", "é", "ä", "aa", "0", "~", "😀", "A", "z", "ß", "a0", "a b", "Zz", "\ufffd", "\u0430"]


async def test_text_sorts_by_its_bytes(database: Database) -> None:
    by_bytes = sorted(WORDS, key=lambda word: word.encode())
    await _put(database, word=random.sample(WORDS, len(WORDS)))
    assert await _get(database, VALUES.c.word, VALUES.c.word) == by_bytes
    assert await _get(database, VALUES.c.word, VALUES.c.word.desc()) == by_bytes[::-1]


async def test_text_compares_by_its_bytes(database: Database) -> None:
    await _put(database, word=WORDS)
    async with database.reading() as session:
        for word in WORDS:
            behind = await session.scalars(select(VALUES.c.word).where(VALUES.c.word > word))
            assert set(behind) == {other for other in WORDS if other.encode() > word.encode()}, word
            same = await session.scalars(select(VALUES.c.word).where(VALUES.c.word == word))
            assert list(same) == [word]


@pytest.mark.backends("postgresql")  # there a database may have any locale, and the one under test has but one
async def test_text_sorts_by_its_bytes_whatever_the_locale(database: Database) -> None:
    column = "SELECT collation_name FROM information_schema.columns WHERE table_name = 'type_values'"
    async with database.reading() as session:
        assert await session.scalar(text(f"{column} AND column_name = 'word'")) == "C"
