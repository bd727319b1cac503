"""What wraps every request, as plain ASGI: identity and log, CORS, the last net, the limit, the path's form."""

import logging
import re
import time
from collections.abc import Callable
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.handlers import failure_code
from app.api.problems import problem
from app.config.logging import request_id, with_fields
from app.services.ids import Ids

log = logging.getLogger("app.request")

# Takes the template of the route, the method, the status and the seconds.
Observe = Callable[[str | None, str, int, float], None]
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestMiddleware:
    """Outermost: the request's id in and out, HEAD as a GET without a body, one line in the log, and its measure."""

    def __init__(self, app: ASGIApp, ids: Ids, observe: Observe | None = None) -> None:
        self.app = app
        self.ids = ids
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        identity = given if _REQUEST_ID.fullmatch(given) else str(self.ids())
        request_id.set(identity)
        is_head = scope["method"] == "HEAD"
        # A copy, since the server too looks at the method: it must go on seeing HEAD.
        inner = {**scope, "method": "GET"} if is_head else scope
        status, started = 0, time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = identity
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(inner, receive, answer)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(inner.get("route"), "path", None)
            if self.observe is not None:
                self.observe(route, scope["method"], status, seconds)
            fields = with_fields(
                method=scope["method"],
                route=route,
                status=status,
                client=scope["client"][0] if scope.get("client") else None,
                scheme=scope.get("scheme"),
                duration_ms=round(seconds * 1000, 3),
                user_id=inner.get("user_id"),
            )
            log.info("request", extra=fields)


class CorsMiddleware(CORSMiddleware):
    """Starlette's, with a refusal in the shape of every other error."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        kept = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
        return problem("cors_refused", headers=kept)


class LastNetMiddleware:
    """Inside CORS, so that even the answer to a bug carries its headers: what nobody caught becomes a 5xx."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_started = False

        async def watch(message: Message) -> None:
            nonlocal is_started
            is_started = is_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if scope["type"] != "http" or is_started:
                raise
            code = failure_code(error)
            log.exception(code)
            await problem(code)(scope, receive, send)


class BodyLimitMiddleware:
    """413 for a body over the limit, by its declared length at once and otherwise as it is received."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._declared(scope) > self.limit:
            await problem("body_too_large")(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise HTTPException(413)
            return message

        await self.app(scope, counted, send)

    @staticmethod
    def _declared(scope: Scope) -> int:
        length = Headers(scope=scope).get("content-length", "")
        return int(length) if re.fullmatch("[0-9]{1,18}", length) else 0


class SlashMiddleware:
    """`/api/tasks/` is `/api/tasks`: a redirect would lose `Authorization` and, behind a proxy, `https`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: Any = scope.get("path")
        if path and len(path) > 1 and path.endswith("/"):
            scope["path"] = path.rstrip("/") or "/"
            scope["raw_path"] = scope["path"].encode()
        await self.app(scope, receive, send)
