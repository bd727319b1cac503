"""Passwords: argon2id off the event loop, by two threads and with a short queue.

m=19 MiB, t=2, p=1 is OWASP's figure. Without the bound a flood of logins takes a thread and 19 MiB each.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from app.services.errors import OverloadedError

_THREADS: Final = 2
_QUEUE: Final = 20
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
# A hash of nothing anybody knows, so that an unknown address takes as long as a wrong password.
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$hmxqqa+ID8PP2XksbZ8VEQ$TDP7Jue5Ir5biWIoNJGckhS/OM9dk3IVmWjj08RbEkU"

T = TypeVar("T")


class Passwords:
    """Hashes and verifies; raises OverloadedError when the queue is full.

    `pending` is what is being computed or waits, `refused` what has found the queue full so far.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
        self.pending = 0
        self.refused = 0

    async def hash(self, password: str) -> str:
        """The PHC string to store."""
        return await self._run(lambda: _HASHER.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; without a stored one the same work, and no."""
        return await self._run(lambda: _verify(stored, password))

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self.pending >= _THREADS + _QUEUE:
            self.refused += 1
            raise OverloadedError
        self.pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.pending -= 1


def _verify(stored: str | None, password: str) -> bool:
    try:
        return _HASHER.verify(stored or _NOBODY, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
