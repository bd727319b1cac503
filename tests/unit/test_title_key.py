"""What titles are sorted by."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.task import title_key


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Pay rent", "pay rent"),
        ("PAY RENT", "pay rent"),
        ("  Pay \t\n rent ", "pay rent"),
        ("Pay\u00a0\u3000rent", "pay rent"),
        ("Caf\u00e9", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("\u00c5ngstr\u00f6m", "angstrom"),
        ("Stra\u00dfe", "strasse"),
        ("\N{LATIN SMALL LIGATURE FI}ne", "fine"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}", "a"),
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}stanbul", "istanbul"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3"),
        ("\u6771\u4eac", "\u6771\u4eac"),
        ("\N{PARTY POPPER}", "\N{PARTY POPPER}"),
        ("\u0301", ""),
        ("x" * 200, "x" * 200),
        ("\N{LATIN SMALL LIGATURE FFI}" * 200, "ffi" * 66 + "ff"),
        ("x" * 199 + "\N{LATIN SMALL LETTER SHARP S}", "x" * 199 + "s"),
        ("x" * 199 + " y", "x" * 199),
    ],
)
def test_case_accents_and_blanks_do_not_count(title: str, key: str) -> None:
    assert title_key(title) == key


@given(st.text(max_size=200))
@settings(deadline=None, database=None)
def test_the_key_fits_its_column_and_is_the_same_for_all_spellings(title: str) -> None:
    key = title_key(title)
    assert len(key) <= 200
    assert key == key.strip()
    for form in ("NFC", "NFD"):
        assert title_key(unicodedata.normalize(form, title)) == key
