"""Accounts: register one, read and change one's own."""

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.database.faults import Fault, classify
from app.models.user import User
from app.schemas.user import Login, ProfilePatch, Registration, UserOut, email_key
from app.services import task
from app.services.errors import EmailTakenError, FieldFault, InvalidError, NotFoundError
from app.services.precondition import Precondition
from app.services.runtime import Work
from app.services.session import Principal, begin_session

_DEFAULT_ZONE = "UTC"


async def register(work: Work, data: Registration) -> Login:
    """A new account and its first session; raises EmailTakenError, and InvalidError for a short password."""
    user = await create_user(work, data)
    login = begin_session(work, user)
    await work.session.flush()
    return login


async def create_user(work: Work, data: Registration) -> User:
    """A new account, flushed; raises as `register` does. The password is hashed before any statement."""
    password = data.password.get_secret_value()
    minimum = work.runtime.settings.password_min_length
    if len(password) < minimum:
        raise InvalidError(FieldFault("#/password", "too_short", f"must have at least {minimum} characters"))
    password_hash = await work.runtime.passwords.hash(password)
    user = User(
        id=work.ids(),
        email=data.email,
        email_key=email_key(data.email),
        name=data.name,
        time_zone=_DEFAULT_ZONE,
        password_hash=password_hash,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(user)
    try:
        await work.session.flush()
    except DBAPIError as error:
        if classify(error) is Fault.UNIQUE:
            raise EmailTakenError from None
        raise
    return user


async def change_profile(work: Work, principal: Principal, patch: ProfilePatch, precondition: Precondition) -> UserOut:
    """The account as changed; a new zone moves what is due by the user's own clock."""
    user = await work.session.scalar(select(User).where(User.id == principal.id))
    if user is None:  # deleted since the token was checked
        raise NotFoundError
    precondition.check(user.version, UserOut.of(user))
    changes = patch.model_dump(exclude_unset=True)
    rezoned = changes.get("time_zone", user.time_zone) != user.time_zone
    for field, value in changes.items():
        setattr(user, field, value)
    if work.session.is_modified(user):
        user.updated_at = work.now
    await work.session.flush()
    if rezoned:
        await task.rezone(work, user.id, user.time_zone)
    return UserOut.of(user)
