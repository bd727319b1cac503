"""The schema's revision: which one the database has, which one the code wants, and the way there."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.urls import Target

_MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"
_LOCK: Final = 0x746F646F  # "todo": the advisory lock that lets one upgrader in
_LOCK_SECONDS: Final = 60


class SchemaError(RuntimeError):
    """A migration that must not stand: it left rows that refer to nothing, or another one is under way."""


def configuration(target: Target) -> Config:
    """Alembic's configuration for a target, independent of the working folder."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["target"] = target
    return config


@cache
def head() -> str:
    """The newest revision among the migrations."""
    script = ScriptDirectory(str(_MIGRATIONS))
    revision = script.get_current_head()
    if revision is None:
        raise SchemaError("there are no migrations")
    return revision


def is_known(revision: str | None) -> bool:
    """Whether the code has that revision; one that it has not is a newer version's."""
    return revision is None or revision in {
        each.revision for each in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()
    }


def remedy(revision: str | None) -> str:
    """What to do about a schema that is not at head, in a sentence."""
    advice = "run `todo migrate`" if is_known(revision) else "it belongs to a newer version: run that one"
    return f"the schema is at {revision or 'nothing'} and must be at {head()}: {advice}"


async def current(reader: AsyncEngine) -> str | None:
    """The revision that the database is at; None when it has no schema yet."""

    def read(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with reader.connect() as connection:
        return await connection.run_sync(read)


def upgrade(target: Target) -> None:
    """Bring the database to the newest revision; must not run inside an event loop."""
    command.upgrade(configuration(target), "head")


def context_options(connection: Connection) -> dict[str, Any]:
    """What `alembic.context.configure` needs on this database besides the metadata."""
    options: dict[str, Any] = {
        "connection": connection,
        "render_as_batch": True,
        "compare_type": True,
        "include_name": _is_ours,
    }
    if connection.dialect.name == "sqlite":
        options["transactional_ddl"] = True  # true since every BEGIN is ours
    return options


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Litestream keeps tables of its own in a replicated file."""
    return kind != "table" or name is None or not name.startswith("_litestream_")


@contextmanager
def exclusively(connection: Connection) -> Iterator[None]:
    """Keep a second upgrader out; a migration on SQLite ends with a check of every foreign key."""
    match connection.dialect.name:
        case "sqlite":  # BEGIN IMMEDIATE has locked the file already
            yield
            if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
                raise SchemaError("the migration would leave rows that refer to nothing; nothing was changed")
        case "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield
        case _:
            taken = connection.execute(text("SELECT GET_LOCK('todo.migrate', :wait)"), {"wait": _LOCK_SECONDS})
            if taken.scalar() != 1:
                raise SchemaError("another upgrade is under way")
            yield  # the lock goes with the connection, and so after the commit
