"""Who follows whom: what a start may do, by the generations that it sees. Pure, and so table-tested.

A start announces itself, waits as long as another's announcement may take to show, and then until every lower
generation is over: stopped, or silent for too long. Of two that start at once at least one then sees the other; the
lower one makes way and waits until the higher one is over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.replication.generations import Generation


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds. `delay`: how late a file in the replica may show; `elder`: the silence on top of that."""

    delay: float
    elder: float

    @property
    def silence(self) -> float:
        """After this much of it an instance counts as dead, and all that it wrote shows."""
        return self.delay + self.elder

    @property
    def lease(self) -> float:
        """An instance that could not say that it lives for this long must not take what it writes for kept.

        Half of `elder`: the other half is for clocks that differ.
        """
        return self.elder / 2

    @property
    def beat(self) -> float:
        """The pause between two signs of life."""
        return min(2.0, self.elder / 8)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet, and for whom."""

    reason: str


@dataclass(frozen=True, slots=True)
class MakeWay:
    """A higher generation is there: another try, with a higher number, when that is over."""

    other: Generation


@dataclass(frozen=True, slots=True)
class Follow:
    """Go on from the history of that generation; of None, when there is none yet."""

    source: Generation | None


def decide(
    me: str, announced_at: datetime, seen: Iterable[Generation], now: datetime, timing: Timing
) -> Wait | MakeWay | Follow:
    """What the start that announced itself as `me` may do now."""
    others = sorted((each for each in seen if each.name != me), key=lambda each: each.name)
    if (other := successor(me, others, now, timing)) is not None:
        return MakeWay(other)
    if (now - announced_at).total_seconds() < timing.delay:
        return Wait("for another start to show")
    for other in others:
        if not other.is_over(now, timing.silence):
            return Wait(f"for {other.name} to stop")
    return Follow(max((each for each in others if each.ready_at), key=lambda each: each.name, default=None))


def above(me: str, seen: Iterable[Generation], now: datetime, timing: Timing) -> Generation | None:
    """A higher generation that lives: it is its turn, or will be."""
    return next((each for each in seen if each.name > me and not each.is_over(now, timing.silence)), None)


def successor(me: str, seen: Iterable[Generation], now: datetime, timing: Timing) -> Generation | None:
    """A higher generation that lives, or whose history others go on from: ours is over."""
    others = tuple(seen)
    return above(me, others, now, timing) or next((each for each in others if each.name > me and each.ready_at), None)


def forgettable(me: str, seen: Iterable[Generation], now: datetime, timing: Timing, *, keep: timedelta) -> list[str]:
    """Lower generations that are over and of no more use: half-way starts, and histories older than what is kept.

    Twice the silence is kept in any case: what followed may not have left this machine yet.
    """
    names = []
    for other in seen:
        if other.name < me and other.is_over(now, timing.silence):
            ended_at = other.stopped_at or other.beat_at
            kept = keep + timedelta(seconds=2 * timing.silence) if other.ready_at else timedelta()
            if now - ended_at > kept:
                names.append(other.name)
    return names
