"""Faults of the input in our words: pydantic's messages may repeat what was sent, ours never do."""

from collections.abc import Sequence
from typing import Any, Final

from app.services.errors import FieldFault

# pydantic's error type → our stable code and a sentence, filled from the error's context (limits, never input).
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("missing", "is required"),
    "extra_forbidden": ("unknown_field", "is not known here"),
    "json_invalid": ("malformed_json", "is not JSON"),
    "string_type": ("wrong_type", "must be a string"),
    "bool_type": ("wrong_type", "must be true or false"),
    "bool_parsing": ("wrong_type", "must be true or false"),
    "int_type": ("wrong_type", "must be a whole number"),
    "int_parsing": ("wrong_type", "must be a whole number"),
    "int_parsing_size": ("out_of_range", "is too large"),
    "int_from_float": ("wrong_type", "must be a whole number"),
    "model_type": ("wrong_type", "must be an object"),
    "model_attributes_type": ("wrong_type", "must be an object"),
    "dict_type": ("wrong_type", "must be an object"),
    "uuid_type": ("not_a_uuid", "must be a UUID"),
    "uuid_parsing": ("not_a_uuid", "must be a UUID"),
    "string_too_short": ("too_short", "must have at least {min_length} characters"),
    "string_too_long": ("too_long", "must have at most {max_length} characters"),
    "string_pattern_mismatch": ("wrong_form", "does not have the right form"),
    "greater_than_equal": ("out_of_range", "must be at least {ge}"),
    "less_than_equal": ("out_of_range", "must be at most {le}"),
    "literal_error": ("not_a_choice", "must be one of {expected}"),
    "enum": ("not_a_choice", "must be one of {expected}"),
    "value_error": ("wrong_form", "does not have the right form"),
}
_LONGEST_STEP: Final = 64
_OURS: Final = frozenset(
    {
        "empty_patch",
        "forbidden_character",
        "not_a_date",
        "not_an_instant",
        "out_of_range",
        "time_missing",
        "too_long",
        "unknown_time_zone",
    }
)


def field_faults(found: Sequence[Any]) -> list[FieldFault]:
    """The faults that pydantic or FastAPI found, each once."""
    return list(dict.fromkeys(_fault(error) for error in found))


def _fault(error: dict[str, Any]) -> FieldFault:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _OURS:
        code, detail = kind, str(error["msg"])
    elif kind == "string_too_short" and context.get("min_length") == 1:
        code, detail = "too_short", "must not be empty"
    else:
        code, template = _WORDS.get(kind, ("invalid", "is not valid"))
        detail = template.format_map(context)
    return FieldFault(_pointer(error["loc"], is_json=kind == "json_invalid"), code, detail)


def _pointer(location: Sequence[str | int], *, is_json: bool) -> str:
    """A JSON pointer as a fragment (RFC 6901, section 6) for the body; `query/limit` for a parameter."""
    place, *steps = (str(step) for step in location)
    if place != "body":
        return "/".join([place, *(step[:_LONGEST_STEP] for step in steps)])
    # A field that we do not know has the client's name for it, which may be of any length.
    escaped = [step[:_LONGEST_STEP].replace("~", "~0").replace("/", "~1") for step in steps]
    return "#" if is_json or not escaped else "#/" + "/".join(escaped)
