"""Generations: each start of an instance writes a history of its own, never a path that another start writes.

What instances tell one another are notes, each written once and whole, but for the heartbeat. A note may show late and
in any order (a bucket that is mounted as a folder); one that is not there yet is as one that was not written yet, and
nothing is decided on its absence but after the time that it may take to show.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from app.replication.store import Store

_NOTES: Final = "notes"
_HISTORY: Final = "history"
_PATH: Final = re.compile(rf"{_NOTES}/(?P<name>[0-9]{{8}}-[0-9a-f]{{8}})/(?P<kind>boot|beat|ready|stopped)\.json")


@dataclass(frozen=True, slots=True)
class Generation:
    """What its notes say. Its names sort by number; of two with one number, one is higher all the same."""

    name: str
    started_at: datetime
    beat_at: datetime
    ready_at: datetime | None = None
    """Since when its history can be restored."""
    stopped_at: datetime | None = None
    txid: int | None = None
    """The transaction at which it stopped; None when it stopped without ever having written."""

    @property
    def number(self) -> int:
        """Which in the row of starts."""
        return int(self.name.partition("-")[0])

    def is_over(self, now: datetime, silence: float) -> bool:
        """Whether it has said that it stopped, or has been silent for more than `silence` seconds."""
        return self.stopped_at is not None or (now - self.beat_at).total_seconds() > silence


def following(seen: Iterable[Generation]) -> str:
    """The name of a generation that is higher than all of these, and nobody else's."""
    highest = max((generation.number for generation in seen), default=0)
    return f"{highest + 1:08d}-{secrets.token_hex(4)}"


def history(name: str) -> str:
    """Where the database's history of a generation is, below the replica's place."""
    return f"{_HISTORY}/{name}"


class Ledger:
    """The notes in the replica's place; raises StoreError when that does not answer."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._kept: dict[str, dict[str, Any]] = {}

    async def generations(self) -> list[Generation]:
        """Every generation that can be seen, the lowest first."""
        notes: dict[str, dict[str, dict[str, Any]]] = {}
        for path in await self.store.names(_NOTES):
            if (match := _PATH.fullmatch(path)) is None:
                continue  # somebody else's file
            content = await self._read(path, match["kind"])
            if content is not None:
                notes.setdefault(match["name"], {})[match["kind"]] = content
        return [_generation(name, found) for name, found in sorted(notes.items())]

    async def _read(self, path: str, kind: str) -> dict[str, Any] | None:
        if path in self._kept:
            return self._kept[path]
        content = await self.store.read(path)
        if content is None or not _is_dated(content):
            return None
        if kind != "beat":
            self._kept[path] = content
        return content

    async def say(self, name: str, note: str, now: datetime, **fields: Any) -> None:
        """Write one of a generation's notes: `boot`, `beat`, `ready` or `stopped`."""
        await self.store.write(f"{_NOTES}/{name}/{note}.json", {"at": now.isoformat(), **fields})

    async def forget(self, name: str) -> None:
        """Remove a generation: first its notes, so that nobody takes the rest for a history."""
        await self.store.remove(f"{_NOTES}/{name}")
        await self.store.remove(history(name))


def _is_dated(content: dict[str, Any]) -> bool:
    try:
        return datetime.fromisoformat(content["at"]).tzinfo is not None
    except (KeyError, TypeError, ValueError):
        return False


def _generation(name: str, notes: dict[str, dict[str, Any]]) -> Generation:
    at = {kind: datetime.fromisoformat(content["at"]).astimezone(UTC) for kind, content in notes.items()}
    made = Generation(
        name=name,
        started_at=at.get("boot", min(at.values())),
        beat_at=max(at.values()),
        ready_at=at.get("ready"),
    )
    if "stopped" not in notes:
        return made
    return replace(made, stopped_at=at["stopped"], txid=notes["stopped"].get("txid"))
