"""Two containers on one replica, which each sees late: the younger takes over from the elder amid the writing."""

import random
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from image.client import Client, register
from image.container import PORT, Image
from image.mount import Mount, mount
from image.replicated import Server, expect_kept, wiped
from image.report import ImageError, expect, expect_within, say, spread
from image.traffic import Reader, Writers

_DELAY_SECONDS: Final = 3
_REFUSED_SECONDS: Final = 2 * _DELAY_SECONDS + 10
_THREADS: Final = 4
_RATE: Final = 40


@dataclass
class Succession:
    """Who serves, and what must be there by now."""

    image: Image
    mount: Mount
    stack: ExitStack
    kept: dict[str, str] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    token: str = ""

    def start(self, number: int) -> Server:
        """A container on its own side of the mount, and on its own port."""
        side = number % 2
        replica = self.mount.sides[side].path
        settings = {"REPLICA_DELAY": str(_DELAY_SECONDS), "REPLICA_KEEP_HOURS": "0"}
        return self.stack.enter_context(wiped(self.image, replica, settings, port=PORT + side))

    def hand_over(self, elder: Server, number: int) -> Server:
        """The younger, once it serves and the elder has ended."""
        with (
            Writers((elder.port, PORT + number % 2), self.token, threads=_THREADS, rate=_RATE) as writers,
            Reader(elder.port, self.token),
        ):
            time.sleep(random.uniform(0.2, 1))  # noqa: S311 (no secret)
            younger = self.start(number)
            self.starts.append(younger.ready())
            time.sleep(0.5)
        written = writers.written
        expect("ports that acknowledged writes", written.ports, {elder.port, younger.port})
        longest = max(written.refused)
        expect_within("writes refused", longest, _REFUSED_SECONDS)
        self.refused.append(longest)
        self.kept |= written.titles
        self._check_one_history(elder, younger)
        elder.container.stop()
        return younger

    def _check_one_history(self, elder: Server, younger: Server) -> None:
        """The elder reads and does not write; all that it has is where the younger goes on from."""
        client = Client(elder.port, self.token)
        for name in (str(uuid4()), next(iter(self.kept))):
            expect("a write to the elder", client.put(name, "too late").code, (503, "superseded"))
        before, after = client.tasks(), expect_kept(Client(younger.port, self.token), self.kept)
        expect("rows of the elder that the younger has not", dict(before.items() - after.items()), {})

    def finish(self, last: Server) -> None:
        """What a later start finds on the side where the last one did not run."""
        there = Client(last.port, self.token).tasks()
        last.container.stop()
        other = self.mount.sides[1 - (last.port - PORT)].path
        with wiped(self.image, other, {"REPLICA_DELAY": str(_DELAY_SECONDS)}) as server:
            server.ready()
            expect("the tasks of a later start", Client(server.port, self.token).tasks() == there, True)
            server.container.stop()


def check_handovers(image: Image, rounds: int) -> None:
    """A chain of containers, each taking over from the one before."""
    with mount(_DELAY_SECONDS) as between, ExitStack() as stack:
        succession = Succession(image, between, stack)
        server = succession.start(0)
        server.ready()
        succession.token = register(server.port)
        for number in range(1, rounds + 1):
            server = succession.hand_over(server, number)
        succession.finish(server)
        histories = len({path.parts[1] for path in map(Path, between.sides[0].states()) if path.parts[0] == "history"})
        if between.latest > _DELAY_SECONDS:
            raise ImageError(f"the mount's stand-in was late itself: {between.latest:.2f} s")
    say(
        f"two at once on a mount that shows files up to {_DELAY_SECONDS} s late: {rounds} rounds, "
        f"{len(succession.kept)} writes acknowledged, none lost, one history; "
        f"writes refused {spread(succession.refused)}; start {spread(succession.starts)}; "
        f"{histories} histories left; {between.carried} files carried, the latest after {between.latest:.2f} s"
    )
