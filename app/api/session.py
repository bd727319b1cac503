"""Logins."""

from typing import Annotated

from fastapi import Form, Response

from app.api.dependencies import Owner, Unit
from app.api.documents import answers
from app.api.routing import router
from app.schemas.user import Credentials, Login, PasswordForm, TokenOut
from app.services import session

routes = router("/api/auth", "account")

_FORM_ANSWERS = answers("bad_request", "wrong_credentials", "overloaded", "body_too_large", writes=True, given=True)


@routes.post("/login", responses=answers("wrong_credentials", "overloaded", body=True))
async def log_in(body: Credentials, work: Unit) -> Login:
    """Log in with e-mail and password."""
    return await session.log_in(work, body)


@routes.post("/token", responses=_FORM_ANSWERS)
async def log_in_by_form(form: Annotated[PasswordForm, Form()], work: Unit) -> TokenOut:
    """The same as the OAuth2 password form (RFC 6749, section 4.3), for "Authorize" in `/docs`."""
    login = await session.log_in(work, Credentials.model_construct(email=form.username, password=form.password))
    return TokenOut(access_token=login.access_token, expires_in=login.expires_in)


@routes.post("/logout", status_code=204, responses=answers(login=True, writes=True), response_class=Response)
async def log_out(work: Unit, owner: Owner) -> None:
    """End this session: its tokens are worth nothing from now on."""
    await session.log_out(work, owner)
