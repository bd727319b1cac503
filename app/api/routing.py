"""Routes that read JSON strictly: the right type, UTF-8, no NaN, no lone surrogates, bounded depth."""

from collections.abc import Callable, Coroutine
from email.message import Message
from json import JSONDecodeError
from typing import Any

from fastapi import APIRouter, Request
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.responses import Response


class JsonRequest(Request):
    """A request whose JSON comes from pydantic's parser: the standard one takes NaN and overflows its stack."""

    async def json(self) -> Any:
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError:
            raise JSONDecodeError("not JSON", "", 0) from None


class JsonRoute(APIRoute):
    """A route with a JSON body answers 415 to any other type (RFC 9110, section 15.5.16)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, Form)

        async def handle_json(request: Request) -> Response:
            request = JsonRequest(request.scope, request.receive)
            if takes_json and not _is_json(request) and await request.body():
                raise HTTPException(415)
            return await handle(request)

        return handle_json


def _is_json(request: Request) -> bool:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    return message.get_content_type() in {"application/json", "application/merge-patch+json"}


def router(prefix: str, tag: str, **options: Any) -> APIRouter:
    """A router of such routes; the prefix is whole, so that a log line has the whole template."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=JsonRoute, **options)
