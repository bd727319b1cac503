"""One sync for all who wait: a commit counts as kept once a sync that began after it has ended."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from app.replication.errors import LitestreamError

log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 0.25  # after a sync that failed
TICK_SECONDS: Final = 1.0
"""Without anybody waiting it syncs as often as this, to know how far the replica is behind."""


class Acknowledger:
    """Runs syncs one after another, each for all who wait when it begins."""

    def __init__(self, sync: Callable[[], Awaitable[int]]) -> None:
        self._sync = sync
        self._asked = asyncio.Event()
        self._next: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._kept_at = time.monotonic()

    @property
    def lag(self) -> float:
        """Seconds: everything that was committed that long ago is in the replica."""
        return time.monotonic() - self._kept_at

    async def wait(self) -> int:
        """Wait for what is committed by now to be in the replica; its last transaction's number."""
        following = self._next
        self._asked.set()
        return await asyncio.shield(following)

    def start(self) -> None:
        """What has been committed so far is in the replica."""
        self._kept_at = time.monotonic()

    async def run(self) -> None:
        """Sync whenever somebody waits, and now and then, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            following, self._next = self._next, asyncio.get_running_loop().create_future()
            txid = await self._until_synced()
            following.set_result(txid)

    async def _until_synced(self) -> int:
        failed = False
        while True:
            began_at = time.monotonic()
            try:
                txid = await self._sync()
            except LitestreamError as error:
                if not failed:
                    log.warning("the replica does not take what is written: %s", error)
                failed = True
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if failed:
                log.info("the replica takes what is written again")
            self._kept_at = began_at
            return txid
