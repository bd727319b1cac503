"""New ids: UUIDs of version 7 (RFC 9562, section 5.7), which sort by the time they were made."""

import secrets
from collections.abc import Callable
from uuid import UUID

from app.services.clock import Clock

Ids = Callable[[], UUID]


def time_ordered_ids(clock: Clock) -> Ids:
    """Ids by a clock: 48 bits of milliseconds, 12 of the fraction (section 6.2, method 3), 62 at random."""

    def new() -> UUID:
        microseconds = int(clock().timestamp() * 1_000_000)
        milliseconds, rest = divmod(microseconds, 1000)
        fraction = rest * 4096 // 1000
        random = secrets.randbits(62)
        return UUID(int=milliseconds << 80 | 7 << 76 | fraction << 64 | 0b10 << 62 | random)

    return new
