"""One instance among others: it announces itself, gives signs of life, sees the others, and waits for its turn."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime

from app.replication.errors import StoreError
from app.replication.generations import Generation, Ledger, following
from app.replication.succession import Follow, MakeWay, Timing, above, decide, successor

log = logging.getLogger(__name__)


class Presence:
    """A generation of ours, taken by `settle`; raises StoreError where a note cannot be written."""

    def __init__(self, ledger: Ledger, timing: Timing, clock: Callable[[], datetime]) -> None:
        self.name = ""
        self.seen: list[Generation] = []
        self.timing = timing
        self._ledger, self._clock = ledger, clock
        self._announced_at = clock()
        self._is_over = self._was_taken_for_dead = False
        self._round = asyncio.Condition()
        self._round_at = _now()
        self._living: asyncio.Task[None] | None = None

    @property
    def above(self) -> Generation | None:
        """A newer start that lives."""
        return above(self.name, self.seen, self._clock(), self.timing)

    @property
    def successor(self) -> Generation | None:
        """A newer start that lives, or that others go on from."""
        return successor(self.name, self.seen, self._clock(), self.timing)

    @property
    def silence(self) -> float:
        """Seconds since our last sign of life."""
        return _now() - self._round_at

    async def confirm(self) -> bool:
        """Whether what is committed by now is in the history that goes on.

        A newer start waits for what we hand over, unless we were silent for so long that it took us for dead. After
        such a silence we look at the others first.
        """
        while self.silence > self.timing.lease:
            await self.next_round()
        return not self._was_taken_for_dead

    async def settle(self) -> Generation | None:
        """Announce ourselves and wait for our turn; the generation to go on from, None where there is none."""
        while True:
            await self._announce()
            decision = await self._decision()
            if isinstance(decision, Follow):
                return decision.source
            await self.make_way(decision.other)

    async def make_way(self, other: Generation) -> None:
        """Say that we do not go on, and wait until the other is over: it may be the one that stays."""
        log.info("generation %s makes way for %s", self.name, other.name)
        await self.say_stopped(None)
        while self.above is not None:
            await self.next_round()

    async def say_ready(self, source: Generation | None) -> None:
        """Ours is the history from now on."""
        await self._ledger.say(self.name, "ready", self._clock(), source=source.name if source else None)

    async def say_stopped(self, txid: int | None) -> None:
        """Our history ends with that transaction; None: it never began. No sign of life is given any more."""
        await self._ledger.say(self.name, "stopped", self._clock(), txid=txid)
        self._is_over = True

    async def next_round(self) -> None:
        """Wait until the others have been looked at once more."""
        async with self._round:
            await self._round.wait()

    async def stop(self) -> None:
        """Give no more signs of life."""
        if self._living is not None:
            self._living.cancel()
            await asyncio.gather(self._living, return_exceptions=True)

    async def _announce(self) -> None:
        name, now = following(await self._ledger.generations()), self._clock()
        await self._ledger.say(name, "boot", now)
        self.name, self._announced_at, self._is_over = name, now, False
        log.info("generation %s begins", name)
        if self._living is None:
            self._living = asyncio.create_task(self._live())

    async def _decision(self) -> Follow | MakeWay:
        waits_for = ""
        while True:
            await self.next_round()
            found = decide(self.name, self._announced_at, self.seen, self._clock(), self.timing)
            if isinstance(found, Follow | MakeWay):
                return found
            if found.reason != waits_for:
                waits_for = found.reason
                log.info("waiting %s", waits_for)

    async def _live(self) -> None:
        failed = False
        while True:
            try:
                await self._look_around()
                failed = False
            except StoreError as error:
                if not failed:
                    log.warning("no sign of life could be given: %s", error)
                failed = True
            await asyncio.sleep(self.timing.beat)

    async def _look_around(self) -> None:
        began_at = _now()
        if not self._is_over:
            await self._ledger.say(self.name, "beat", self._clock())
        self.seen = await self._ledger.generations()
        if began_at - self._round_at > self.timing.lease and self.successor is not None:
            self._was_taken_for_dead = True
        self._round_at = began_at
        async with self._round:
            self._round.notify_all()


def _now() -> float:
    """Seconds that also count while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
