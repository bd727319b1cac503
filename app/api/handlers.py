"""Every exception that reaches the edge, as a problem."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from app.api.faults import field_faults
from app.api.problems import KINDS, problem
from app.database.faults import Fault, classify
from app.database.gate import SupersededError, WriteRefusedError
from app.services import errors

log = logging.getLogger(__name__)

_BY_STATUS: Final = {
    400: "bad_request",
    404: "not_found",
    413: "body_too_large",
    415: "unsupported_media_type",
}
_BY_FAULT: Final = {
    Fault.CONTENTION: "busy",
    Fault.UNAVAILABLE: "database_unavailable",
    Fault.FULL: "storage_full",
}
_BY_ERROR: Final[dict[type[errors.ServiceError], str]] = {
    errors.NotFoundError: "not_found",
    errors.EmailTakenError: "email_taken",
    errors.WrongCredentialsError: "wrong_credentials",
    errors.ForbiddenError: "forbidden",
    errors.OverloadedError: "overloaded",
}


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(errors.ServiceError, _typed(_service_error))
    app.add_exception_handler(RequestValidationError, _typed(_validation_error))
    app.add_exception_handler(HTTPException, _typed(_http_error))


def _typed(handler: Callable[[Request, Any], Response]) -> Callable[[Request, Exception], Any]:
    async def handle(request: Request, error: Exception) -> Response:
        return handler(request, error)

    return handle


def _service_error(_request: Request, error: errors.ServiceError) -> Response:
    match error:
        case errors.InvalidError(faults=faults):
            return invalid(list(faults))
        case errors.UnauthenticatedError(sent=sent):
            return problem("invalid_token" if sent else "unauthenticated")
        case errors.PreconditionFailedError(current=current):
            shown = None if current is None else current.model_dump(mode="json")
            return problem("precondition_failed", current=shown)
    code = _BY_ERROR[type(error)]
    if KINDS[code].status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning(code, exc_info=error)
    return problem(code)


def invalid(faults: list[errors.FieldFault]) -> Response:
    """422 with every fault, the first of them in the sentence."""
    where = faults[0].pointer.removeprefix("#/").removeprefix("#") or "body"
    listed = [{"pointer": fault.pointer, "code": fault.code, "detail": fault.detail} for fault in faults]
    return problem("validation_failed", f"{where}: {faults[0].detail}", errors=listed)


def _validation_error(_request: Request, error: RequestValidationError) -> Response:
    return invalid(field_faults(error.errors()))


def _http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allow = {"Allow": ", ".join(_allowed(request))}
        if request.method == "OPTIONS":  # RFC 9110, section 9.3.7
            return Response(status_code=204, headers=allow)
        return problem("method_not_allowed", headers=allow)
    return problem(_BY_STATUS.get(error.status_code, "bad_request"))


def _allowed(request: Request) -> list[str]:
    """Every method that some route has for the path; the router itself names those of the first match only."""
    path, methods = request.scope["path"], {"OPTIONS"}
    for route in iter_route_contexts(request.app.routes):
        if route.path is not None and compile_path(route.path)[0].match(path):
            methods |= route.methods or set()
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def failure_code(error: Exception) -> str:
    """The code for what no route expects: the database's failures are told apart, anything else is a bug."""
    if isinstance(error, WriteRefusedError):
        return "superseded" if isinstance(error, SupersededError) else "replica_stalled"
    fault = classify(error)
    return "internal_error" if fault is None else _BY_FAULT.get(fault, "internal_error")
