"""Logins: begin one, end one, and tell who a token's bearer is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, delete, select

from app.models.user import User, UserSession
from app.schemas.user import Credentials, Login, UserOut, email_key
from app.services import tokens
from app.services.errors import UnauthenticatedError, WrongCredentialsError
from app.services.runtime import Work


@dataclass(frozen=True, slots=True)
class Principal:
    """The user a request acts for, as read for this request, and the login it came by."""

    id: UUID
    session_id: UUID
    email: str
    name: str | None
    time_zone: str
    version: int
    created_at: datetime
    updated_at: datetime


_WHO: Final = (
    select(
        User.id,
        UserSession.id.label("session_id"),
        User.email,
        User.name,
        User.time_zone,
        User.version,
        User.created_at,
        User.updated_at,
        UserSession.expires_at,
    )
    .join(UserSession, UserSession.user_id == User.id)
    .where(User.id == bindparam("user_id"), UserSession.id == bindparam("session_id"))
)


# Whoever writes holds the user's row until the transaction ends, so that the writes of one owner come one after
# another: two new tasks get two places, a change of zone meets every task, and InnoDB finds no deadlock.
_WHO_WRITES: Final = _WHO.with_for_update(of=User, key_share=True)


async def authenticate(work: Work, token: str | None, *, writes: bool) -> Principal:
    """Who bears the token; raises UnauthenticatedError unless signature, time, user and session are all good."""
    if token is None:
        raise UnauthenticatedError(sent=False)
    now = work.clock()
    grant = tokens.read(work.runtime.keyring, token, now)
    who = _WHO_WRITES if writes else _WHO
    rows = await work.rows(who, {"user_id": grant.user_id, "session_id": grant.session_id})
    if not rows or rows[0].expires_at <= now:
        raise UnauthenticatedError(sent=True)
    return Principal(*list(rows[0])[:-1])


_USER: Final = select(User)


async def log_in(work: Work, credentials: Credentials) -> Login:
    """A new session, in place of those that are over; raises WrongCredentialsError, known address or not alike.

    The hash is read and verified before this request's transaction begins: argon2 takes longer than any
    lock may be held. So the hash must still be the one verified when the session is written.
    """
    key = email_key(credentials.email)
    async with work.runtime.database.reading() as session:
        user = await session.scalar(_USER.where(User.email_key == key))
    stored = None if user is None else user.password_hash
    right = await work.runtime.passwords.verify(stored, credentials.password.get_secret_value())
    if not right:
        raise WrongCredentialsError
    user = await work.session.scalar(_USER.where(User.email_key == key).with_for_update(key_share=True))
    if user is None or user.password_hash != stored:
        raise WrongCredentialsError
    over = (UserSession.user_id == user.id, UserSession.expires_at <= work.now)
    await work.session.execute(delete(UserSession).where(*over))
    login = begin_session(work, user)
    await work.session.flush()
    return login


def begin_session(work: Work, user: User) -> Login:
    """Add a session's row to the transaction and make its first token."""
    settings, now = work.runtime.settings, work.now
    session = UserSession(
        user_id=user.id, id=work.ids(), created_at=now, expires_at=now + timedelta(days=settings.session_days)
    )
    work.session.add(session)
    lifetime = timedelta(minutes=settings.access_token_minutes)
    subject = tokens.Subject(user.id, user.email, session.id)
    return Login(
        access_token=tokens.issue(work.runtime.keyring, subject, work.ids(), now, lifetime),
        expires_in=int(lifetime.total_seconds()),
        user=UserOut.of(user),
    )


async def log_out(work: Work, principal: Principal) -> None:
    """End the session that the request came by, at once."""
    await work.session.execute(
        delete(UserSession).where(UserSession.user_id == principal.id, UserSession.id == principal.session_id)
    )
