"""A stand-in for a bucket that two containers have mounted: each sees the other's files late and in any order."""

import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from image.container import UID, folder

_QUIET_SECONDS: Final = 0.1  # a file that has not changed for this long counts as closed
_PAUSE_SECONDS: Final = 0.05
_SPARE_SECONDS: Final = 1.0  # between a file's own delay and the promise: what looking and copying takes

State = tuple[int, int] | None
"""Size and time of a file; None where there is none."""


@dataclass
class Side:
    """One container's view, and what of it the other one has already, or is about to have."""

    path: Path
    known: dict[str, State] = field(default_factory=dict)
    fresh: dict[str, tuple[State, float]] = field(default_factory=dict)

    def states(self) -> dict[str, State]:
        """Every file in it."""
        found: dict[str, State] = {}
        for entry in _files(str(self.path)):
            with suppress(FileNotFoundError):
                state = entry.stat()
                found[entry.path.removeprefix(f"{self.path}/")] = (state.st_size, state.st_mtime_ns)
        return found

    def changes(self) -> Iterator[tuple[str, float]]:
        """The files that were written, or removed, and are closed by now, and since when they are so."""
        states, now = self.states(), time.monotonic()
        for name in states.keys() | self.known.keys():
            state = states.get(name)
            if state == self.known.get(name) or name.endswith(".tmp") or "#" in Path(name).name:
                self.fresh.pop(name, None)
                continue
            seen = self.fresh.get(name)
            if seen is None or seen[0] != state:
                self.fresh[name] = state, now
            elif now - seen[1] > _QUIET_SECONDS:
                del self.fresh[name]
                if state is None:
                    del self.known[name]
                else:
                    self.known[name] = state
                yield name, seen[1]


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                yield entry


class Mount:
    """Two folders and the thread that carries closed files both ways, each after its own delay of at most `delay` s."""

    def __init__(self, sides: tuple[Side, Side], staging: Path, delay: float) -> None:
        self.sides = sides
        self.carried = 0
        self.latest = 0.0
        self._staging, self._delay = staging, delay
        self._due: list[tuple[float, float, int, str]] = []
        self._is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def stop(self) -> None:
        """Carry nothing any more."""
        self._is_over.set()
        self.thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(_PAUSE_SECONDS):
            for number, side in enumerate(self.sides):
                for name, since in side.changes():
                    late = random.uniform(0, max(0.0, self._delay - _SPARE_SECONDS))  # noqa: S311 (no secret)
                    self._due.append((since + late, since, number, name))
            now = time.monotonic()
            self._due.sort()
            while self._due and self._due[0][0] <= now:
                _, since, number, name = self._due.pop(0)
                self._carry(name, self.sides[number], self.sides[1 - number])
                self.latest = max(self.latest, time.monotonic() - since)

    def _carry(self, name: str, source: Side, target: Side) -> None:
        """What the file is by now; as a whole, under its name at once."""
        self.carried += 1
        path = target.path / name
        try:
            copy = Path(shutil.copy2(source.path / name, self._staging / "copy"))
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            target.known.pop(name, None)
            return
        os.chown(copy, UID, UID)
        for parent in reversed(path.relative_to(target.path).parents):
            if not (target.path / parent).exists():
                (target.path / parent).mkdir()
                os.chown(target.path / parent, UID, UID)
        state = copy.stat()
        target.known[name] = (state.st_size, state.st_mtime_ns)
        copy.replace(path)


@contextmanager
def mount(delay: float) -> Iterator[Mount]:
    """The stand-in at work."""
    with tempfile.TemporaryDirectory() as staging, folder() as one, folder() as other:
        made = Mount((Side(one), Side(other)), Path(staging), delay)
        made.thread.start()
        try:
            yield made
        finally:
            made.stop()
