"""Positions: each behind the one before, as bytes."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.positions import after

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTHS = {chr(ord("a") + n): n + 1 for n in range(26)} | {chr(ord("Z") - n): n + 1 for n in range(26)}


@pytest.mark.parametrize("first", [None, "Z0", "Y00", "X000", "bzz", "czzz"])
def test_ten_thousand_keys_ascend(first: str | None) -> None:
    keys = [after(first)]
    for _ in range(10_000):
        keys.append(after(keys[-1]))
    in_bytes = [key.encode() for key in keys]
    assert all(one < following for one, following in pairwise(in_bytes))
    assert max(map(len, keys)) <= 5


@pytest.mark.parametrize(
    ("last", "following"),
    [
        (None, "a0"),
        ("a0", "a1"),
        ("a9", "aA"),
        ("aZ", "aa"),
        ("ay", "az"),
        ("az", "b00"),
        ("b0z", "b10"),
        ("bzy", "bzz"),
        ("bzz", "c000"),
        ("c0zz", "c100"),
        ("y" + "z" * 25, "z" + "0" * 26),
        ("A" + "z" * 26, "B" + "0" * 25),
        ("X0zz", "X100"),
        ("Xzzz", "Y00"),
        ("Yzz", "Z0"),
        ("Z0", "Z1"),
        ("Zz", "a0"),
        ("a0V", "a1"),
        ("azV", "b00"),
        ("ZzV", "a0"),
    ],
)
def test_a_key_carries_into_the_next_length(last: str | None, following: str) -> None:
    assert after(last) == following


@st.composite
def keys(draw: st.DrawFn) -> str:
    """Any key, with the fraction that a move between two others leaves."""
    head = draw(st.sampled_from(sorted(LENGTHS.keys() - {"z"})))
    digits = draw(st.text(DIGITS, min_size=LENGTHS[head], max_size=LENGTHS[head]))
    return head + digits + draw(st.text(DIGITS, max_size=8).filter(lambda text: not text.endswith("0")))


@given(keys())
@settings(deadline=None, database=None)
def test_the_key_behind_any_key_is_greater_and_whole(key: str) -> None:
    following = after(key)
    assert following.encode() > key.encode()
    assert len(following) == 1 + LENGTHS[following[0]]
    assert set(following[1:]) <= set(DIGITS)
