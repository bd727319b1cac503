"""Running the migrations one way and the other, and looking at what they leave."""

import asyncio
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, table, text

from app.database import schema
from app.database.engine import create_engine
from app.database.urls import Target
from tests.migrations.samples import fill
from tests.support.servers import ROOT

MIGRATIONS: Final = ROOT / "migrations"
VERSIONS: Final = MIGRATIONS / "versions"
REVISIONS: Final = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
"""From the first to the newest."""

Rows = dict[str, list[dict[str, Any]]]
"""Every row of every table, as the driver gives it."""

T = TypeVar("T")


class Steps:
    """The migrations on one database; `folder` is a copy of them, or the real ones."""

    def __init__(self, target: Target, folder: Path = MIGRATIONS) -> None:
        self.target = target
        self.folder = folder

    def _config(self) -> Config:
        config = schema.configuration(self.target)
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        return config

    def upgrade(self, revision: str = "head") -> None:
        command.upgrade(self._config(), revision)

    def downgrade(self, revision: str) -> None:
        command.downgrade(self._config(), revision)

    def check(self) -> None:
        """Raises when the models want another schema than the database has."""
        command.check(self._config())

    def look(self, work: Callable[[Connection], T]) -> T:
        """What `work` finds or does, in a transaction of its own that is kept."""
        return asyncio.run(self._look(work))

    async def _look(self, work: Callable[[Connection], T]) -> T:
        engine = create_engine(self.target)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    def revision(self) -> str | None:
        found = self.look(lambda connection: connection.scalar(text("SELECT version_num FROM alembic_version")))
        return None if found is None else str(found)

    def tables(self) -> set[str]:
        """The tables, Alembic's own left out."""
        return self.look(tables_of)

    def rows(self) -> Rows:
        return self.look(rows_of)

    def fill(self, tables: Set[str]) -> None:
        """Put the sample rows into these tables."""
        self.look(lambda connection: fill(connection, tables))


def tables_of(connection: Connection) -> set[str]:
    """The tables, Alembic's own left out."""
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def rows_of(connection: Connection) -> Rows:
    """Every row; sorted, since no order is promised."""
    found: Rows = {}
    for name in tables_of(connection):
        rows = connection.execute(select(text("*")).select_from(table(name))).mappings()
        found[name] = sorted((dict(row) for row in rows), key=repr)
    return found


def projected(rows: Rows, like: Rows) -> Rows:
    """Only the tables and columns that `like` has."""
    return {
        name: sorted(({column: row[column] for column in like[name][0]} for row in rows[name]), key=repr)
        for name in like
    }
