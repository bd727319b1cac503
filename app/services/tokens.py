"""Access tokens: JWTs after RFC 9068, signed with HMAC-SHA256."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import jwt

from app.services.errors import UnauthenticatedError
from app.services.keys import Keyring

ISSUER: Final = "todo"
AUDIENCE: Final = "todo"
_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"
_CLAIMS: Final = ["iss", "aud", "sub", "exp", "iat", "jti", "sid", "user_id", "email"]
_LONGEST_SECONDS: Final = 86_400  # ACCESS_TOKEN_MINUTES admits no more
# The 43rd character of an HS256 signature carries four bits; with any other two a decoder is lenient about.
_LAST_CHARACTERS: Final = frozenset("AEIMQUYcgkosw048")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a good token says: who, and by which login."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that we signed, good from and until an instant in seconds since 1970."""

    grant: Grant
    expires: int
    not_before: int


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token is made for."""

    user_id: UUID
    email: str
    session_id: UUID


def issue(keyring: Keyring, subject: Subject, token_id: UUID, now: datetime, lifetime: timedelta) -> str:
    """A token good from now on for its lifetime."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(subject.user_id),
        "exp": int((now + lifetime).timestamp()),
        "iat": int(now.timestamp()),
        "jti": str(token_id),
        "sid": str(subject.session_id),
        "user_id": str(subject.user_id),
        "email": subject.email,
    }
    key = keyring.find(keyring.newest)
    assert key is not None  # noqa: S101 (the newest key is in the ring by construction)
    return jwt.encode(claims, key, _ALGORITHM, headers={"typ": _TYPE, "kid": keyring.newest})


def read(keyring: Keyring, token: str, now: datetime) -> Grant:
    """What the token grants; raises UnauthenticatedError for anything but a good one.

    Times are checked here and not by the library, so that there is one clock.
    """
    try:
        found = _verified(keyring, token)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        raise UnauthenticatedError(sent=True) from None
    moment = int(now.timestamp())
    if not moment < found.expires <= moment + _LONGEST_SECONDS or found.not_before > moment:
        raise UnauthenticatedError(sent=True)
    return found.grant


@lru_cache(maxsize=4096)  # of good ones alone, since what raises is not kept
def _verified(keyring: Keyring, token: str) -> _Verified:
    """All that time does not change: the signature, the claims and their types."""
    header = jwt.get_unverified_header(token)
    key = keyring.find(str(header.get("kid")))
    if key is None or header.get("typ") != _TYPE or token[-1] not in _LAST_CHARACTERS:
        raise UnauthenticatedError(sent=True)
    claims = jwt.decode(
        token,
        key,
        [_ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    if not all(type(claims.get(name, 0)) is int for name in ("exp", "iat", "nbf")):
        raise UnauthenticatedError(sent=True)
    return _Verified(Grant(UUID(claims["sub"]), UUID(claims["sid"])), claims["exp"], claims.get("nbf", 0))
