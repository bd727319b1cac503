"""Accounts: register; read and change one's own."""

from typing import Annotated, Any

from fastapi import Body, Response

from app.api.dependencies import Conditional, Owner, Unit
from app.api.documents import answers, conditional, tagged
from app.api.etag import etag, not_modified
from app.api.routing import router
from app.schemas.user import Login, ProfilePatch, Registration, UserOut
from app.services import user

routes = router("/api/auth", "account")


@routes.post("/register", status_code=201, responses=answers("email_taken", "overloaded", body=True))
async def register(body: Registration, work: Unit) -> Login:
    """Make an account and log in."""
    return await user.register(work, body)


@routes.get("/me", responses={**tagged(200), **answers(login=True), **conditional()}, response_model=UserOut)
async def read_me(owner: Owner, conditions: Conditional, response: Response) -> Any:
    """One's own account."""
    if conditions.is_fresh(owner.version):
        return not_modified(owner.version)
    response.headers["ETag"] = etag(owner.version)
    return UserOut.of(owner)


@routes.patch("/me", responses={**tagged(200), **answers("precondition_failed", login=True, body=True)})
async def change_me(
    body: Annotated[ProfilePatch, Body()], work: Unit, owner: Owner, conditions: Conditional, response: Response
) -> UserOut:
    """Change one's name or time zone: a JSON Merge Patch."""
    changed = await user.change_profile(work, owner, body, conditions.precondition)
    response.headers["ETag"] = etag(changed.version)
    return changed
