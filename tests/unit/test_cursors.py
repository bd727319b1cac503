"""Cursors: what goes in comes out, for the same user and order and in one spelling alone."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest

from app.api.pagination import decode, encode
from app.models.task import NEVER
from app.services.errors import InvalidError
from app.services.keys import Keyring
from app.services.task_list import Key

OLD: Final = Keyring(b"the secret before, of 32 bytes and more")
RING: Final = Keyring(b"the newest secret, of 32 bytes and more", b"the secret before, of 32 bytes and more")
USER: Final = UUID("0193a6c8-7b1e-7c3a-8d2f-0123456789ab")
ID: Final = UUID("0193a6c8-7b1e-7c3a-8d2f-ba9876543210")
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 11, 30, 8, 0, 0, 123_456, tzinfo=UTC),
        datetime(2026, 11, 30, 8, tzinfo=UTC),
        datetime(1901, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(8999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        NEVER,
        0,
        3,
        "",
        "a0",
        'quote " and \\ and \N{PARTY POPPER} and \u6771',
        "x" * 200,
        "\N{PARTY POPPER}" * 200,
    ],
    ids=[
        "microseconds",
        "full second",
        "before 1970",
        "last",
        "never",
        "zero",
        "number",
        "empty",
        "position",
        "odd text",
        "long text",
        "longest text",
    ],
)
def test_what_goes_in_comes_out(value: datetime | int | str) -> None:
    cursor = encode(RING, USER, "-due", Key(value, ID))
    assert set(cursor) <= set(ALPHABET)
    assert decode(RING, USER, "-due", cursor) == Key(value, ID)


def test_the_longest_cursor_is_one_that_a_query_takes() -> None:
    assert len(encode(RING, USER, "-created_at", Key("\N{PARTY POPPER}" * 200, ID))) <= 2000


def test_a_cursor_survives_a_change_of_keys() -> None:
    assert decode(RING, USER, "title", encode(OLD, USER, "title", Key("a", ID))) == Key("a", ID)


@pytest.mark.parametrize(
    ("keyring", "user", "sort"),
    [(OLD, USER, "title"), (RING, UUID(int=USER.int ^ 1), "title"), (RING, USER, "-title"), (RING, USER, "priority")],
    ids=["another key", "another user", "the other way", "another order"],
)
def test_a_cursor_is_good_for_one_user_and_one_order(keyring: Keyring, user: UUID, sort: str) -> None:
    cursor = encode(RING, USER, "title", Key("a", ID))
    with pytest.raises(InvalidError):
        decode(keyring, user, sort, cursor)


@pytest.mark.parametrize("text", ["a", "ab", "abc"])
def test_no_character_can_be_changed(text: str) -> None:
    cursor = encode(RING, USER, "title", Key(text, ID))
    for place, letter in enumerate(cursor):
        for other in ALPHABET.replace(letter, ""):
            with pytest.raises(InvalidError):
                decode(RING, USER, "title", cursor[:place] + other + cursor[place + 1 :])


@pytest.mark.parametrize("text", ["a", "ab", "abc"])
@pytest.mark.parametrize("tail", ["=", "==", "===", "====", "A", "\n", " ", "\u00e9", "."])
def test_nothing_can_be_added(text: str, tail: str) -> None:
    with pytest.raises(InvalidError):
        decode(RING, USER, "title", encode(RING, USER, "title", Key(text, ID)) + tail)


@pytest.mark.parametrize(("ours", "theirs"), ["-+", "_/"], ids=["+", "/"])
def test_the_other_alphabet_is_not_taken(ours: str, theirs: str) -> None:
    start = datetime(2026, 11, 30, tzinfo=UTC)
    cursors = (encode(RING, USER, "due", Key(start + timedelta(seconds=n), ID)) for n in range(1000))
    cursor = next(cursor for cursor in cursors if ours in cursor)
    with pytest.raises(InvalidError):
        decode(RING, USER, "due", cursor.replace(ours, theirs))


@pytest.mark.parametrize("size", range(1, 24))
def test_no_part_of_a_cursor_is_one(size: int) -> None:
    cursor = encode(RING, USER, "title", Key("a", ID))
    for part in (cursor[:size], cursor[:-size], cursor[size:], cursor[-size:]):
        with pytest.raises(InvalidError):
            decode(RING, USER, "title", part)
