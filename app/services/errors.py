"""What can go wrong for a caller, without HTTP. Errors are raised; raising rolls back."""

from dataclasses import dataclass
from typing import Any


class ServiceError(Exception):
    """Base of every error that a caller is told about."""


class NotFoundError(ServiceError):
    """There is no such thing, or it is somebody else's: nobody can tell which."""


class EmailTakenError(ServiceError):
    """Another account has this e-mail address."""


class WrongCredentialsError(ServiceError):
    """No account has this e-mail address with this password."""


class UnauthenticatedError(ServiceError):
    """No token, or one that is not good. `sent` says which."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent


class ForbiddenError(ServiceError):
    """The caller is known and may not do this."""


class OverloadedError(ServiceError):
    """More work is waiting than can be done in good time."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One fault of the input: a JSON pointer to the field, a stable code and a sentence."""

    pointer: str
    code: str
    detail: str


class InvalidError(ServiceError):
    """The input is well-formed and does not hold together."""

    def __init__(self, *faults: FieldFault) -> None:
        super().__init__()
        self.faults = faults


class PreconditionFailedError(ServiceError):
    """`If-Match` or `If-None-Match` does not hold; carries the current representation, or None."""

    def __init__(self, current: Any) -> None:
        super().__init__()
        self.current = current
