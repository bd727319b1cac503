"""Entity tags: the version in quotes, so that a client can make one from any representation it has."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request, Response

from app.services.precondition import Precondition


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def _tags(header: str) -> frozenset[str]:
    return frozenset(tag.strip().removeprefix('"').removesuffix('"') for tag in header.split(","))


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditional headers of a request (RFC 9110, section 13.1)."""

    if_match: str | None
    if_none_match: str | None

    @property
    def precondition(self) -> Precondition:
        """What a write demands. A weak tag never matches: its `W/` keeps it from being a version."""
        match = None
        if self.if_match is not None:
            match = frozenset() if self.if_match.strip() == "*" else _tags(self.if_match)
        return Precondition(match, absent=self.if_none_match is not None and self.if_none_match.strip() == "*")

    def is_fresh(self, version: int) -> bool:
        """Whether the client has this version already, by weak comparison."""
        if self.if_none_match is None:
            return False
        if self.if_none_match.strip() == "*":
            return True
        return str(version) in {tag.removeprefix('W/"') for tag in _tags(self.if_none_match)}


async def conditions(  # async, since FastAPI gives a plain function to a thread
    request: Request,
    _if_match: Annotated[
        str | None, Header(alias="If-Match", description="write only over this version: its ETag")
    ] = None,
    _if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", description="read only when newer; `*` with PUT: only create")
    ] = None,
) -> Conditions:
    """Both headers whole: a list may come in several lines (RFC 9110, section 5.3), of which FastAPI gives one."""
    return Conditions(*(_whole(request.headers.getlist(name)) for name in ("if-match", "if-none-match")))


def _whole(lines: list[str]) -> str | None:
    return ", ".join(lines) if lines else None


def not_modified(version: int) -> Response:
    """304: the client's copy is still good."""
    return Response(status_code=304, headers={"ETag": etag(version)})
