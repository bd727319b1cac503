"""The guard of a replicated SQLite file: starts from the newest history, keeps the replica, hands over to a newer one.

It is the gate that every write passes: what may not count as kept is not answered as done.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final

from app.config.settings import Settings
from app.database import schema
from app.database.gate import ReplicaStalledError, ReplicaStatus, SupersededError
from app.database.urls import Target
from app.replication.acknowledger import TICK_SECONDS, Acknowledger
from app.replication.errors import LitestreamError, ReplicationError, StoreError
from app.replication.generations import Generation, Ledger, history
from app.replication.litestream import Litestream
from app.replication.local import LocalFile
from app.replication.place import Place
from app.replication.presence import Presence
from app.replication.store import Store
from app.replication.succession import Timing, forgettable

log = logging.getLogger(__name__)

_SPACE_DELAY_SECONDS: Final = 10.0  # what a bucket that is mounted as a folder takes to show a file
_SYNC_SECONDS: Final = 30  # what one sync may take before it is asked for again
_LAST_SYNC_SECONDS: Final = 3
_RESTART_SECONDS: Final = 1.0
_SHOW_SECONDS: Final = 5.0  # on top of twice the delay: how long a history that shows in parts is waited for
_FORGET_EVERY_SECONDS: Final = 600.0


def timing_of(settings: Settings, place: Place) -> Timing:
    """The times that the settings ask for in that place."""
    delay = settings.replica_delay
    if delay is None:
        delay = _SPACE_DELAY_SECONDS if settings.is_space and place.kind == "folder" else 0.0
    return Timing(delay, settings.replica_elder)


class Guard:
    """`boot`, then serve while `watch` runs, then `stop`. Raises ReplicationError for what makes serving impossible."""

    def __init__(self, settings: Settings, target: Target, place: Place, clock: Callable[[], datetime]) -> None:
        self._settings, self._target, self._clock = settings, target, clock
        self._store = Store(place, settings)
        self._ledger = Ledger(self._store)
        self._presence = Presence(self._ledger, timing_of(settings, place), clock)
        self._file = LocalFile(target, place, settings)
        self._litestream = Litestream(self._file.path, place, settings)
        self._acknowledger = Acknowledger(lambda: self._litestream.sync(_SYNC_SECONDS))
        self._is_serving = self._is_superseded = False
        self._commits = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []

    async def boot(self) -> None:
        """Return when the newest history is here, migrated, and replicated as a generation of our own."""
        await self._store.probe()
        while not self._is_serving:
            source = await self._presence.settle()
            await self._prepare(source)
            await self._file.verify()
            await asyncio.to_thread(schema.upgrade, self._target)
            await self._litestream.start(history(self._presence.name))
            await self._litestream.sync(_SYNC_SECONDS)  # carries a snapshot of all that is here
            self._file.belongs_to(self._presence.name)
            await self._become_ready(source)

    async def _prepare(self, source: Generation | None) -> None:
        """The newest state is here. A history that does not show whole yet is waited for, never cut short."""
        deadline = time.monotonic() + 2 * self._presence.timing.delay + _SHOW_SECONDS
        while True:
            try:
                await self._file.prepare(source)
                return
            except LitestreamError as error:
                if time.monotonic() > deadline:
                    raise
                log.info("the history does not show whole yet: %s", error)
                await asyncio.sleep(self._presence.timing.beat)

    async def _become_ready(self, source: Generation | None) -> None:
        """Say that ours is the history from now on, unless somebody has come in between: then it is not our turn."""
        await self._presence.next_round()
        other = self._presence.successor
        if other is not None:
            await self._litestream.stop()
            await self._presence.make_way(other)
            return
        await self._presence.say_ready(source)
        self._is_serving = True
        self._acknowledger.start()
        self._tasks += [asyncio.create_task(work) for work in (self._acknowledger.run(), self._tend(), self._forget())]
        log.info("generation %s is ready, replicated to %s", self._presence.name, self._store.place)

    async def watch(self) -> None:
        """While serving: hand over to a newer start. Returns when that is gone again: then it is ours to start anew."""
        while True:
            await self._presence.next_round()
            other = self._presence.successor
            if other is not None and not self._is_superseded:
                log.warning("generation %s takes over: no more writes here", other.name)
                self._is_superseded = True
                await self._hand_over()
            elif self._is_superseded and self._presence.above is None:
                log.warning("nobody is left that has taken over: starting anew")
                return

    async def _hand_over(self) -> None:
        """Let the commits under way end, carry the last page, and say at which transaction we stopped."""
        await self._idle.wait()
        while True:
            try:
                await self._say_stopped(_SYNC_SECONDS)
            except ReplicationError as error:
                log.warning("not handed over yet: %s", error)
                await asyncio.sleep(self._presence.timing.beat)
            else:
                break
        await self._end_tasks()
        await self._litestream.stop()

    async def _say_stopped(self, seconds: float) -> None:
        txid = await self._litestream.sync(seconds)
        await self._presence.say_stopped(txid)
        log.info("generation %s stopped at transaction %d", self._presence.name, txid)

    async def _tend(self) -> None:
        """Start Litestream again whenever it ends of its own accord."""
        while True:
            code = await self._litestream.ended()
            log.error("litestream has ended with code %d and is started again", code)
            await asyncio.sleep(_RESTART_SECONDS)
            with suppress(LitestreamError):
                await self._litestream.start(history(self._presence.name))

    async def _forget(self) -> None:
        """Remove what no start will go on from any more."""
        while True:
            keep = timedelta(hours=self._settings.replica_keep_hours)
            presence = self._presence
            for name in forgettable(presence.name, presence.seen, self._clock(), presence.timing, keep=keep):
                with suppress(StoreError):
                    await self._ledger.forget(name)
                    log.info("generation %s is removed from the replica", name)
            await asyncio.sleep(_FORGET_EVERY_SECONDS)

    async def stop(self) -> None:
        """Carry the last pages and say where we stopped; the server takes no more requests."""
        await self._end_tasks()
        await self._presence.stop()
        try:
            if self._is_serving and not self._is_superseded:
                await self._say_stopped(_LAST_SYNC_SECONDS)
            elif self._presence.name and not self._is_serving:
                await self._presence.say_stopped(None)
        except ReplicationError as error:
            log.error("the last pages may not be in the replica: %s", error)  # noqa: TRY400 (one line says it)
        await self._litestream.stop()
        self._litestream.close()

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def check(self) -> None:
        """Raises SupersededError, and ReplicaStalledError while what is written would not be kept."""
        if self._is_superseded:
            raise SupersededError
        if self._is_stalled:
            raise ReplicaStalledError

    @asynccontextmanager
    async def commit(self) -> AsyncIterator[None]:
        """Around a commit; returns once it is in the replica, where writes are to be durable."""
        self.check()
        self._commits += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._commits -= 1
            if not self._commits:
                self._idle.set()
        if self._settings.durable_writes:
            await self._kept()

    async def _kept(self) -> None:
        """Wait until what is committed is in the replica, in a history that will be gone on from."""
        try:
            async with asyncio.timeout(self._settings.replica_timeout):
                await self._acknowledger.wait()
                is_kept = await self._presence.confirm()
        except TimeoutError:
            raise ReplicaStalledError from None
        if not is_kept:
            raise ReplicaStalledError

    def status(self) -> ReplicaStatus:
        """How the replica does."""
        lag = self._acknowledger.lag
        if self._is_superseded:
            return ReplicaStatus("superseded", lag)
        return ReplicaStatus("stalled" if self._is_stalled else "replicating", lag)

    @property
    def _is_stalled(self) -> bool:
        patience = self._settings.replica_timeout
        return (
            self._acknowledger.lag > patience + TICK_SECONDS
            or self._presence.silence > self._presence.timing.lease + patience
        )
