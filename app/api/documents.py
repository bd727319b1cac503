"""What a route declares in the OpenAPI document besides its types: every status it can answer, with headers."""

from collections import defaultdict
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.api.problems import KINDS, MEDIA_TYPE, Problem

_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_MERGE_PATCH: Final = "application/merge-patch+json"  # RFC 7396, section 4

Responses = dict[int | str, dict[str, Any]]


def answers(
    *codes: str, login: bool = False, writes: bool = False, body: bool = False, given: bool = False
) -> Responses:
    """The problems a route can answer: those named, and those that come with a login, a write, a body, parameters."""
    all_codes = [*codes, "internal_error", "database_unavailable"]
    if login:
        all_codes += ["unauthenticated", "invalid_token"]
    if body or writes:
        all_codes += ["busy", "replica_stalled", "superseded", "storage_full"]
    if body:
        all_codes += ["body_too_large", "unsupported_media_type"]
    if body or given:
        all_codes.append("validation_failed")
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in dict.fromkeys(all_codes):
        by_status[KINDS[code].status].append(code)
    return {
        status: {"description": ", ".join(f"`{code}`" for code in names), "content": _PROBLEM}
        for status, names in sorted(by_status.items())
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


_ETAG: Final = {"ETag": _header("the version in quotes")}


def tagged(status: int) -> Responses:
    """An answer with an ETag."""
    return {status: {"headers": _ETAG}}


def created(model: type[BaseModel]) -> Responses:
    """201 with what was made and its place."""
    headers = {**_ETAG, "Location": _header("where it is, a relative reference")}
    return {201: {"description": "Made", "model": model, "headers": headers}}


def conditional() -> Responses:
    """304 without a body."""
    return {304: {"description": "The client's copy is still good", "headers": _ETAG}}


def paged() -> Responses:
    """A page of a list."""
    count = {"description": "with `count=true`: how many there are in all", "schema": {"type": "integer"}}
    return {200: {"headers": {"Link": _header('the next page, `<…>; rel="next"`'), "X-Total-Count": count}}}


def install(app: FastAPI) -> None:
    """Make `/openapi.json` say what FastAPI does not know of."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                servers=app.servers,
                license_info=app.license_info,
            )
            app.openapi_schema = _completed(made)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _completed(made: dict[str, Any]) -> dict[str, Any]:
    schemas = made["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in made["paths"].values():
        for method, operation in path.items():
            _complete_operation(method, operation)
    return made


def _complete_operation(method: str, operation: dict[str, Any]) -> None:
    content = operation.get("requestBody", {}).get("content", {})
    if method == "patch" and "application/json" in content:
        content[_MERGE_PATCH] = content["application/json"]
    # FastAPI adds a 422 of its own where a parameter could be wrong; ours are declared where one can.
    responses = operation["responses"]
    operation["responses"] = {s: r for s, r in responses.items() if "HTTPValidationError" not in str(r)}
    for status, response in operation["responses"].items():
        headers = response.setdefault("headers", {})
        headers["X-Request-ID"] = _header("the request's id: the client's own or a new one")
        if status == "401":
            headers["WWW-Authenticate"] = _header("`Bearer`, with the error")
        if status == "503":
            headers["Retry-After"] = {"description": "seconds", "schema": {"type": "integer"}}
        if MEDIA_TYPE in response.get("content", {}):
            response["content"] = _PROBLEM
