"""Write, end it, wipe the disk, start: what was acknowledged is there."""

import random
import signal
import time
from pathlib import Path
from typing import Final

from image.client import Client, register
from image.container import Image, folder
from image.replicated import Server, expect_kept, wiped
from image.report import ImageError, expect, expect_within, say, spread
from image.traffic import Writers, Written

_RATE: Final = 100
_THREADS: Final = 8
_MOST_LOST_SECONDS: Final = 2


class Story:
    """One replica through many starts, each on an empty disk, and what must be there by now."""

    def __init__(self, image: Image, replica: Path, *, durable: bool = True) -> None:
        self.kept: dict[str, str] = {}
        self.starts: list[float] = []
        self.token = ""
        self._image, self._replica, self._settings = image, replica, {"DURABLE_WRITES": str(int(durable))}

    def rounds(self, number: int, threads: int, end: signal.Signals) -> list[tuple[Written, float]]:
        """What was written in each round and the end's moment; each is ended amid the writing."""
        return [self._round(threads, end) for _ in range(number)]

    def _round(self, threads: int, end: signal.Signals) -> tuple[Written, float]:
        with wiped(self._image, self._replica, self._settings) as server:
            self.look(server)
            with Writers((server.port,), self.token, threads=threads, rate=_RATE) as writers:
                time.sleep(random.uniform(1.5, 3))  # noqa: S311 (no secret)
                ended_at = time.monotonic()
                if end is signal.SIGKILL:
                    server.container.kill()
                else:
                    server.container.stop()
        if len(writers.written.titles) < 10:
            raise ImageError(f"only {len(writers.written.titles)} writes were acknowledged; {threads} threads")
        self.settle(writers.written, ended_at)
        return writers.written, ended_at

    def look(self, server: Server) -> None:
        """The start is in order, and everything is there."""
        self.starts.append(server.ready())
        self.token = self.token or register(server.port)
        expect_kept(Client(server.port, self.token), self.kept)

    def settle(self, written: Written, _ended_at: float) -> None:
        """What of it must be there from now on: all."""
        self.kept |= written.titles

    def close(self) -> None:
        """See that the last round is there too."""
        with wiped(self._image, self._replica, self._settings) as server:
            self.look(server)
            server.container.stop()


def check_stops(image: Image, rounds: int) -> None:
    """SIGTERM amid the writing: it ends in time with code 0, and nothing is lost."""
    with folder() as replica:
        story = Story(image, replica)
        done = story.rounds(rounds, _THREADS, signal.SIGTERM)
        story.close()
    say(f"SIGTERM, disk wiped, started again: {_totals(done)}, none lost; start {spread(story.starts)}; integrity ok")


def check_kills(image: Image, rounds: int) -> None:
    """SIGKILL of everything amid the writing: nothing that was acknowledged is lost."""
    with folder() as replica:
        story = Story(image, replica)
        done = story.rounds(rounds, _THREADS, signal.SIGKILL)
        story.close()
    say(f"SIGKILL of everything, disk wiped: {_totals(done)}, none lost; start {spread(story.starts)}; integrity ok")


def _totals(done: list[tuple[Written, float]]) -> str:
    writes = sum(len(written.titles) for written, _ in done)
    seconds = sum(ended_at - min(written.at.values()) for written, ended_at in done)
    return f"{len(done)} rounds, {writes} writes acknowledged, {writes / seconds:.0f} a second"


class Hasty(Story):
    """With writes that are answered before they are in the replica: the last may be lost, from some moment on."""

    def __init__(self, image: Image, replica: Path) -> None:
        super().__init__(image, replica, durable=False)
        self.lost: list[int] = []
        self.lost_seconds: list[float] = []
        self._last: tuple[Written, float] | None = None

    def settle(self, written: Written, ended_at: float) -> None:
        """That is seen at the next start."""
        self._last = written, ended_at

    def look(self, server: Server) -> None:
        """What survives of the last round is its beginning, without a hole."""
        super().look(server)
        if self._last is None:
            return
        written, ended_at = self._last
        there = Client(server.port, self.token).tasks()
        survives = [name in there for name in written.titles]
        survivors = sum(survives)
        expect("what survives has no hole", survives, sorted(survives, reverse=True))
        self.kept |= dict(list(written.titles.items())[:survivors])
        self.lost.append(len(survives) - survivors)
        if survivors < len(survives):
            seconds = ended_at - list(written.at.values())[survivors]
            expect_within("the oldest write that was lost", seconds, _MOST_LOST_SECONDS)
            self.lost_seconds.append(seconds)


def check_hasty_kills(image: Image, rounds: int) -> None:
    """SIGKILL with DURABLE_WRITES=0."""
    with folder() as replica:
        story = Hasty(image, replica)
        # One writer, so that the order is known.
        done = story.rounds(rounds, 1, signal.SIGKILL)
        story.close()
    seconds = spread(story.lost_seconds or [0.0])
    say(f"SIGKILL with DURABLE_WRITES=0: {_totals(done)}; lost {story.lost}, the oldest before the end: {seconds}")
