"""What every body and every text in it has in common."""

import re
import unicodedata
from datetime import date, datetime
from importlib.resources import files
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

FIRST_YEAR: Final = 1901
LAST_YEAR: Final = 8999

OMITTED: Final[Any] = Field(default_factory=lambda: None)
"""Default of a field that need not be sent. A factory keeps `default` out of the document, where it would make
generators of typed clients demand the field."""


class Body(BaseModel):
    """A request body: an unknown field is an error, so that a typing mistake loses nothing silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(Body):
    """A JSON Merge Patch (RFC 7396): `model_fields_set` says what was sent, and nothing else is touched."""

    @model_validator(mode="after")
    def _refuse_empty(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("empty_patch", "must change at least one field")
        return self


class Answer(BaseModel):
    """A response body: every field is always there, and the document says so."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _clean(value: Any) -> Any:
    """NFC, with Windows line ends (what a form's text area sends) made plain ones."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n")
    if _CONTROL.search(text):
        raise PydanticCustomError("forbidden_character", "must not contain control characters or lone surrogates")
    return unicodedata.normalize("NFC", text)


Clean: Final = BeforeValidator(_clean)
"""Stands last in an annotation, so that it runs first: NFC changes the length."""


def trimmed(minimum: int, maximum: int) -> Any:
    """Metadata of a text field: clean, without blanks around it, its length counted in characters."""
    return StringConstraints(strip_whitespace=True, min_length=minimum, max_length=maximum)


# The list of the tzdata package, not the machine's, which differs from one to the next and has `localtime`.
_ZONES: Final = frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def _time_zone(name: str) -> str:
    if name not in _ZONES:
        raise PydanticCustomError("unknown_time_zone", "must be a time zone of the IANA database, as Europe/Berlin")
    return name


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_time_zone)]


def _parse_date(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is not None:
            if not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise PydanticCustomError("out_of_range", "must lie in the years 1901 to 8999")
            return day
    raise PydanticCustomError("not_a_date", "must be a calendar date, as 2026-11-30")


Day = Annotated[
    date, BeforeValidator(_parse_date), WithJsonSchema({"type": "string", "format": "date"}, mode="validation")
]
"""A calendar date `YYYY-MM-DD` in the years 1901 to 8999 and in no other spelling."""

_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+\- ][0-9]{2}:[0-9]{2})"
)


def _parse_instant(value: Any) -> Any:
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        day, time, fraction, offset = match.groups()
        # A "+" that nobody escaped arrives in a query as a blank.
        offset = "+00:00" if offset in "Zz" else offset.replace(" ", "+")
        try:
            instant = datetime.fromisoformat(f"{day}T{time}{(fraction or '')[:7]}{offset}")
        except ValueError:
            instant = None
        if instant is not None:
            if not FIRST_YEAR <= instant.year <= LAST_YEAR:
                raise PydanticCustomError("out_of_range", "must lie in the years 1901 to 8999")
            return instant
    raise PydanticCustomError("not_an_instant", "must be an RFC 3339 instant with its offset, as 2026-11-30T09:00:00Z")


Instant = Annotated[
    datetime,
    BeforeValidator(_parse_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="validation"),
]
"""An RFC 3339 instant in the years 1901 to 8999, microseconds kept."""
