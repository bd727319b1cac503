"""The file on this disk: where it comes from, and whether it may be gone on from."""

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Final

from app.config.settings import Settings
from app.database import schema
from app.database.dialects.sqlite import damage
from app.database.session import Database
from app.database.urls import Target
from app.replication.errors import HistoryError
from app.replication.generations import Generation, history
from app.replication.litestream import metadata_of, restore
from app.replication.place import Place

log = logging.getLogger(__name__)

_BESIDE: Final = ("", "-wal", "-shm")


class LocalFile:
    """The SQLite file, with a mark beside it that says which generation it belongs to."""

    def __init__(self, target: Target, place: Place, settings: Settings) -> None:
        assert target.path is not None  # noqa: S101 (a server has no replica)
        self.path = target.path
        self._target, self._place, self._settings = target, place, settings
        self._mark = self.path.with_name(f"{self.path.name}.generation")

    async def prepare(self, source: Generation | None) -> None:
        """Have the newest state here, restored if need be; raises HistoryError, and LitestreamError when that fails.

        A file that is behind is set aside, never deleted: nobody else can tell what it is worth.
        """
        shutil.rmtree(metadata_of(self.path), ignore_errors=True)  # it speaks of a history that is not gone on with
        if self._is_here():
            mark = self._mark.read_text(encoding="utf-8").strip() if self._mark.exists() else None
            if source is None or mark == source.name:
                return
            if mark is None:
                raise HistoryError(
                    f"{self.path} is a database and {self._place} has the history of another one: move one of them away"
                )
            self._set_aside(mark)
        if source is not None:
            await self._restore(source)

    def belongs_to(self, name: str) -> None:
        """From now on the file goes on as that generation."""
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False, encoding="utf-8") as file:
            file.write(name)
        Path(file.name).replace(self._mark)

    async def verify(self) -> None:
        """Raise HistoryError for a damaged file, and for one that a newer version of the service has changed."""
        if not self._is_here():
            return
        if (found := damage(self.path)) is not None:
            raise HistoryError(f"{self.path} is damaged: {found}")
        database = Database(self._target)
        try:
            revision = await schema.current(database.reader)
        finally:
            await database.dispose()
        if not schema.is_known(revision):
            raise HistoryError(f"{self.path}: {schema.remedy(revision)}")

    def _is_here(self) -> bool:
        return self.path.exists() and self.path.stat().st_size > 0

    def _set_aside(self, mark: str) -> None:
        for suffix in _BESIDE:
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.replace(self.path.with_name(f"{self.path.name}.{mark}{suffix}"))
        log.warning("the file here ends with generation %s and is set aside: a newer one has gone on", mark)

    async def _restore(self, source: Generation) -> None:
        options = () if source.txid is None else ("-txid", f"{source.txid:016x}")
        await restore(self._place, self._settings, history(source.name), self.path, *options)
        self.belongs_to(source.name)
        log.info("restored %s from generation %s", self.path, source.name)
