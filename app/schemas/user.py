"""Accounts: what goes in and out."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, EmailStr, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from app.schemas.base import OMITTED, Answer, Body, Clean, Patch, TimeZone, trimmed

Name = Annotated[str, trimmed(1, 200), Clean]


def _normal(password: SecretStr) -> SecretStr:
    """One form for what two keyboards may type as different code points (NIST SP 800-63B, 3.1.1.2)."""
    text = password.get_secret_value()
    if len(text) > 256:
        raise PydanticCustomError("too_long", "must have at most 256 characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise PydanticCustomError("forbidden_character", "must not contain lone surrogates")
    return SecretStr(unicodedata.normalize("NFC", text))


Password = Annotated[SecretStr, AfterValidator(_normal)]
"""Taken as it is: nothing trimmed, nothing cut. The shortest allowed is a setting, checked at registration."""


def email_key(address: str) -> str:
    """The form in which two spellings of one address are equal: compatibility forms and case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address.strip()).casefold())


def _key_fits(address: str) -> str:
    """A compatibility form can be many times as long as the character it stands for."""
    if len(email_key(address)) > 254:
        raise PydanticCustomError("too_long", "must have at most 254 characters")
    return address


class Registration(Body):
    """A new account."""

    email: Annotated[EmailStr, AfterValidator(_key_fits)]
    password: Password
    name: Name | None = OMITTED


Address = Annotated[str, StringConstraints(max_length=320), Clean]


class Credentials(Body):
    """A login. The address is not checked for its form: a wrong one is simply nobody's."""

    email: Address
    password: Password


class PasswordForm(BaseModel):
    """The OAuth2 password form (RFC 6749, section 4.3.2); what else a client sends along is not used."""

    username: Address
    password: Password
    grant_type: Literal["password"] = OMITTED


class ProfilePatch(Patch):
    """A JSON Merge Patch (RFC 7396) of one's own account."""

    name: Name | None = OMITTED
    time_zone: TimeZone = OMITTED


class UserOut(Answer):
    """An account as its owner sees it."""

    id: UUID
    email: str
    name: str | None
    time_zone: str
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Any) -> Self:
        """From a User or a row with its columns."""
        return cls(
            id=row.id,
            email=row.email,
            name=row.name,
            time_zone=row.time_zone,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class TokenOut(Answer):
    """An access token by the names of RFC 6749, section 5.1; `expires_in` in seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (the type's name, no secret)
    expires_in: int


class Login(TokenOut):
    """A login: the token and whose it is."""

    user: UserOut
