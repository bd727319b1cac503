"""What a conditional request demands of the version it meets (RFC 9110, section 13.1)."""

from dataclasses import dataclass
from typing import Any

from app.services.errors import PreconditionFailedError


@dataclass(frozen=True, slots=True)
class Precondition:
    """`match`: the versions of If-Match (empty for `*`), None without the header. `absent`: If-None-Match is `*`."""

    match: frozenset[str] | None = None
    absent: bool = False

    def check(self, version: int, current: Any) -> None:
        """Raise PreconditionFailedError, with the current representation, unless an existing thing satisfies it."""
        if self.absent or (self.match and str(version) not in self.match):
            raise PreconditionFailedError(current)

    def check_missing(self) -> None:
        """The same for a thing that does not exist: any If-Match fails."""
        if self.match is not None:
            raise PreconditionFailedError(None)


ANY = Precondition()
