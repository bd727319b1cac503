"""What is answered before the service can be: the process is alive, and not ready."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.health import Live
from app.api.problems import problem


async def waiting_room(scope: Scope, receive: Receive, send: Send) -> None:
    """Only `/livez` is answered as ever; anything else is told to come again."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/livez" and scope["method"] == "GET":
        answer = Response(Live().model_dump_json(), media_type="application/json")
    else:
        answer = problem("not_ready", "the newest state is being fetched from the replica")
    await answer(scope, receive, send)
