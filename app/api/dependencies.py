"""What routes ask for. `Unit` is the one session dependency."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from app.api.etag import Conditions, conditions
from app.services.errors import ForbiddenError
from app.services.runtime import Runtime, Work
from app.services.session import Principal, authenticate

_bearer = OAuth2PasswordBearer(tokenUrl="/api/auth/token", auto_error=False, scheme_name="AccessToken")


async def _unit_of_work(request: Request) -> AsyncIterator[Work]:
    """Reading for GET, one transaction for everything else: ended before the answer's first byte is sent."""
    runtime: Runtime = request.app.state.runtime
    database = runtime.database
    async with database.reading() if request.method == "GET" else database.writing() as session:
        yield Work(session, runtime)


# scope="function": by default the code behind `yield` runs when the answer has been sent, so that a
# failing commit would still have said 200.
Unit = Annotated[Work, Depends(_unit_of_work, scope="function")]


async def _owner(request: Request, work: Unit, token: Annotated[str | None, Depends(_bearer)]) -> Principal:
    principal = await authenticate(work, token, writes=request.method != "GET")
    request.scope["user_id"] = str(principal.id)
    return principal


Owner = Annotated[Principal, Depends(_owner)]


async def _owner_named(user_id: str, owner: Owner) -> Principal:
    if user_id.lower() != str(owner.id):
        raise ForbiddenError
    return owner


OwnerNamed = Annotated[Principal, Depends(_owner_named)]
"""The owner, when the path's `user_id` is the token's."""

Conditional = Annotated[Conditions, Depends(conditions)]
