"""What an operator does with the histories in a replica: look at them, and bring one back."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.config.settings import Settings
from app.database.dialects.sqlite import damage
from app.database.urls import Target
from app.replication.errors import HistoryError, LitestreamError
from app.replication.generations import Generation, Ledger, history
from app.replication.guard import timing_of
from app.replication.litestream import restore
from app.replication.local import LocalFile
from app.replication.place import Place
from app.replication.store import Store

_LIVE: Final = ("running", "starting")


class Histories:
    """Raises ReplicationError, in one line, for what cannot be done."""

    def __init__(self, settings: Settings, target: Target, place: Place, clock: Callable[[], datetime]) -> None:
        self._settings, self._target, self._place, self._clock = settings, target, place, clock
        self._ledger = Ledger(Store(place, settings))
        self._silence = timing_of(settings, place).silence

    async def all(self) -> list[tuple[Generation, str]]:
        """Every generation, the oldest first, with its state in a word."""
        return [(each, self._state(each)) for each in await self._ledger.generations()]

    def _state(self, generation: Generation) -> str:
        if not generation.is_over(self._clock(), self._silence):
            return _LIVE[0] if generation.ready_at else _LIVE[1]
        if not generation.ready_at:
            return "abandoned"
        return "ended" if generation.stopped_at is None else "stopped"

    async def bring_back(self, at: datetime | None, output: Path | None) -> Generation:
        """Write the newest state, or that of a moment, to a new file; the generation that it comes from.

        Without an output it becomes the service's own file, which the next start goes on from: then no instance may
        be running.
        """
        seen = await self._ledger.generations()
        ready = [each for each in seen if each.ready_at is not None]
        if not ready:
            raise HistoryError(f"{self._place}: nothing has been replicated there")
        if output is None and (
            running := [each for each, state in await self.all() if state in {"running", "starting"}]
        ):
            raise HistoryError(f"generation {running[-1].name} is running: stop it first, or write to another file")
        file = LocalFile(self._target, self._place, self._settings)
        path = output or file.path
        if path.exists():
            raise HistoryError(f"{path} is there already: move it away first")
        source = _covering(ready, at)
        await self._restore(source, at, path)
        if output is None:
            file.belongs_to(ready[-1].name)
        return source

    async def _restore(self, source: Generation, at: datetime | None, path: Path) -> None:
        name = history(source.name)
        if at is not None:
            moment = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
            try:
                await restore(self._place, self._settings, name, path, "-timestamp", moment)
            except LitestreamError as error:
                if "timestamp does not exist" not in str(error):
                    raise
                at = None  # later than all that was written: the newest state is the one of that moment
        if at is None:
            await restore(self._place, self._settings, name, path)
        if (found := damage(path)) is not None:
            raise HistoryError(f"{path} is damaged: {found}")


def _covering(ready: list[Generation], at: datetime | None) -> Generation:
    """The generation whose history was the one that counted at that moment."""
    if at is None:
        return ready[-1]
    before = [each for each in ready if each.ready_at is not None and each.ready_at <= at]
    if not before:
        first = ready[0].ready_at
        raise HistoryError(f"the replica goes back to {first:%Y-%m-%dT%H:%M:%SZ} only")
    return before[-1]
