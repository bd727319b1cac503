"""What is said around the resources: life, problems, paths and methods, browsers' questions, outages.

`/readyz` and `/` of a server that is well are left out: they say what keeps the data, which differs.
"""

import asyncio
from collections.abc import AsyncIterator

from tests.contract.transcript import Recorder
from tests.support.accounts import PASSWORD

ORIGIN = "https://app.example"


async def service(say: Recorder) -> None:
    await say("GET /livez")
    await say("HEAD /livez")
    await say("GET /livez/", note="a trailing slash is no redirect")
    await say("GET /problems/validation-failed")
    await say("GET /problems/validation_failed", note="as `code` has it")
    await say("GET /problems/precondition-failed/")
    await say("HEAD /problems/not-found")
    await say("GET /problems/no-such-problem")
    await say("GET /problems/%00")


async def paths(say: Recorder) -> None:
    ada = await say.join("ada")
    for path in ("/nowhere", "/api", "/api/nowhere", "/api/auth", "/api/auth/nowhere", "/API/tasks", "/api//tasks"):
        await say(f"GET {path}", who=ada)
    await say("HEAD /nowhere")
    await say("POST /nowhere", {"title": "Rent"})
    await say("GET /api/tasks/%2e%2e/auth/me", who=ada)
    for request in (
        "POST /livez",
        "DELETE /",
        "PUT /health",
        "GET /api/auth/register",
        "GET /api/auth/login",
        "DELETE /api/auth/token",
        "PUT /api/auth/logout",
        "DELETE /api/auth/me",
        "PUT /api/tasks",
        "PATCH /api/tasks/",
        "DELETE /api/tasks",
        "POST /api/tasks/018f0000-0000-7000-8000-000000000001",
        "GET /api/tasks/018f0000-0000-7000-8000-000000000001/complete",
        "PUT /api/tasks/018f0000-0000-7000-8000-000000000001/reopen",
        "POST /api/tasks/018f0000-0000-7000-8000-000000000001/toggle",
        f"PUT /api/{ada.id}/tasks",
        f"POST /api/{ada.id}/tasks/018f0000-0000-7000-8000-000000000001",
        "OPTIONS /api/tasks",
        "TRACE /api/tasks",
        "PURGE /api/tasks",
        "OPTIONS /",
        "OPTIONS /api/auth/me/",
        "OPTIONS /nowhere",
    ):
        await say(request, who=ada)


async def request_ids(say: Recorder) -> None:
    await say("GET /livez", note="the client's own id comes back", X_Request_ID="a.client-made_id.1")
    await say("GET /livez", note="as long as one may be", X_Request_ID="x" * 128)
    await say("GET /livez", note="too long: a new one", X_Request_ID="x" * 129)
    await say("GET /livez", note="with what may not be in a log line", X_Request_ID='"} {"')
    await say("GET /livez", note="empty", X_Request_ID="")
    await say("GET /nowhere", note="in a problem too", X_Request_ID="mine")


async def browsers(say: Recorder) -> None:
    asks = {"Origin": ORIGIN, "Access_Control_Request_Method": "PATCH"}
    await say("GET /livez", Origin=ORIGIN)
    await say("GET /livez", note="an origin not named", Origin="https://evil.example")
    await say("GET /livez", note="no origin of a page", Origin="null")
    await say("GET /api/tasks", note="a problem carries the headers too", Origin=ORIGIN)
    await say("GET /nowhere", Origin=ORIGIN)
    await say("OPTIONS /api/tasks", **asks)
    await say("OPTIONS /api/tasks/", note="with a trailing slash", **asks)
    wanted = "authorization, content-type, if-match, if-none-match, x-request-id, x-requested-with"
    await say("OPTIONS /api/tasks", Access_Control_Request_Headers=wanted, **asks)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        await say("OPTIONS /api/tasks", Origin=ORIGIN, Access_Control_Request_Method=method)
    await say("OPTIONS /api/tasks", Origin=ORIGIN, Access_Control_Request_Method="PURGE")
    await say("OPTIONS /api/tasks", Access_Control_Request_Headers="x-secret", **asks)
    await say("OPTIONS /api/tasks", Origin="https://evil.example", Access_Control_Request_Method="GET")
    await say("OPTIONS /api/tasks", note="a subdomain is another origin", **{**asks, "Origin": "https://a.app.example"})
    async with say.talking(cors_origins=("*",)):
        await say("GET /livez", note="where any origin may ask: without credentials", Origin="https://any.example")
        await say("OPTIONS /api/tasks", **{**asks, "Origin": "https://any.example"})


async def large_bodies(say: Recorder) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"title": "'
        for _ in range(30):
            yield b"x" * 100
        yield b'"}'

    async with say.talking(max_body_bytes=1024):
        ada = await say.join("ada")
        await say("POST /api/tasks", {"title": "Rent", "description": "x" * 960}, who=ada)
        await say("POST /api/tasks", {"title": "Rent", "description": "x" * 1024}, who=ada)
        await say("POST /api/tasks", {"title": "x" * 1024}, note="before anybody asks who it is")
        await say("POST /api/tasks", content=chunks(), who=ada, Content_Type="application/json")
        await say("POST /api/auth/login", {"email": "ada@example.com", "password": "x" * 1024}, Origin=ORIGIN)
        await say("GET /api/tasks", who=ada, content=b"x" * 1025, note="where no body is read")
        await say("GET /api/tasks?count=true", who=ada)


async def outages(say: Recorder) -> None:
    ada = await say.join("ada")
    async with say.talking(database_url=say.broken_url):
        await say("GET /livez")
        await say("GET /readyz")
        await say("HEAD /readyz")
        await say("GET /health", Origin=ORIGIN)
        await say("GET /api/tasks", who=ada)
        await say("GET /api/tasks", note="a token is asked for first")
        await say("POST /api/tasks", {"title": "Rent"}, who=ada)
        await say("POST /api/auth/login", {"email": "ada@example.com", "password": PASSWORD})
        await say("POST /api/auth/register", {"email": "bob@example.com", "password": PASSWORD})
        await say("POST /api/tasks", {"title": ""}, who=ada, note="and a body that is no good")
    await say("GET /api/tasks", who=ada, note="elsewhere nothing has happened")


async def crowds(say: Recorder) -> None:
    """More passwords at once than the queue takes: the last of them finds it full."""
    bodies = [{"email": f"{number}@example.com", "password": PASSWORD} for number in range(60)]
    asked = (say.ask("POST /api/auth/register", body, X_Request_ID="one-of-60") for body in bodies)
    say.exchanges.append((await asyncio.gather(*asked))[-1])
