"""Errors as RFC 9457 problems: the kinds there are, and the one shape they have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.responses import Response

from app.config.logging import request_id

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: what it answers and how a person is told."""

    status: int
    title: str
    explanation: str


KINDS: Final[dict[str, Kind]] = {
    "bad_request": Kind(400, "The request cannot be read", "Its form is broken: check headers and body."),
    "cors_refused": Kind(
        400, "The origin may not call this API", "Add it to CORS_ORIGINS, or use a method and headers that are allowed."
    ),
    "unauthenticated": Kind(
        401, "A token is needed", "Send `Authorization: Bearer …` with an access token from a login."
    ),
    "invalid_token": Kind(
        401, "The token is not good", "It is forged, has expired, or its session has ended: log in again."
    ),
    "wrong_credentials": Kind(401, "E-mail or password is wrong", "Which of the two is not said, on purpose."),
    "forbidden": Kind(403, "This is not yours", "The token belongs to somebody else than the one named in the path."),
    "not_found": Kind(404, "There is no such thing", "Or it is somebody else's, which looks the same from outside."),
    "method_not_allowed": Kind(405, "The method is not allowed here", "The Allow header lists those that are."),
    "email_taken": Kind(
        409, "The e-mail address is taken", "An account has it already, perhaps in another case: log in."
    ),
    "precondition_failed": Kind(
        412, "The thing has changed", "If-Match or If-None-Match does not hold; `current` has what is there now."
    ),
    "body_too_large": Kind(413, "The body is too large", "Send less: the limit is the setting MAX_BODY_BYTES."),
    "unsupported_media_type": Kind(415, "The body's type is not understood", "Send `Content-Type: application/json`."),
    "validation_failed": Kind(
        422, "The request is not valid", "`errors` names every fault, with a pointer to the field."
    ),
    "internal_error": Kind(500, "Something went wrong here", "It has been logged under the id in `instance`."),
    "busy": Kind(503, "Somebody else is writing", "Another transaction was in the way: try again."),
    "database_unavailable": Kind(503, "The database does not answer", "Nothing was changed: try again shortly."),
    "not_ready": Kind(503, "The service is not ready", "`detail` says what it is waiting for."),
    "overloaded": Kind(503, "Too much is waiting", "The queue for passwords is full: try again shortly."),
    "replica_stalled": Kind(
        503,
        "The replica does not take what is written",
        "Whether the row is there, a retry with the same id tells. `GET /readyz` says when writes are taken again.",
    ),
    "superseded": Kind(
        503, "A newer instance is taking over", "Nothing was changed: try again shortly. Reading still works here."
    ),
    "storage_full": Kind(507, "There is no room left to write", "Nothing was changed. Reading still works."),
}
_RETRY_SECONDS: Final = {
    "busy": 1,
    "database_unavailable": 2,
    "not_ready": 2,
    "overloaded": 1,
    "replica_stalled": 2,
    "superseded": 2,
}


class FieldError(BaseModel):
    """One fault of the input. `code` is stable; `detail` never repeats what was sent."""

    pointer: str = Field(description="where: a JSON pointer into the body, or `query/…`, `path/…`, `header/…`")
    code: str
    detail: str


class Problem(BaseModel):
    """A problem as of RFC 9457. `code` is stable; `errors` comes with 422 only, `current` with 412 only."""

    type: str = Field(description="a relative reference to the explanation, `/problems/…`")
    title: str
    status: int
    detail: str
    instance: str = Field(description="`urn:request:` and the request's id, which the log has too")
    code: str
    errors: list[FieldError] | None = Field(default_factory=lambda: None)
    current: dict[str, Any] | None = Field(default_factory=lambda: None)


def problem(
    code: str, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """The answer for a code, with the headers that its status demands; `members` are `errors` or `current`."""
    kind = KINDS[code]
    body = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail or kind.explanation,
        "instance": f"urn:request:{request_id.get()}",
        "code": code,
        **members,
    }
    return Response(to_json(body), kind.status, headers={**_demanded(code), **(headers or {})}, media_type=MEDIA_TYPE)


def _demanded(code: str) -> dict[str, str]:
    if code == "invalid_token":
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    if KINDS[code].status == 401:
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": str(_RETRY_SECONDS[code])} if code in _RETRY_SECONDS else {}
