"""Alembic's entry: the application's own engine, one upgrader at a time, all or nothing where DDL allows."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from app.config.settings import load_settings
from app.database import schema
from app.database.engine import create_engine
from app.database.types import Id, UtcDateTime
from app.database.urls import Target, parse
from app.models import Base


def _render_item(kind: str, item: Any, _autogen_context: Any) -> str | Literal[False]:
    """Write plain types into revisions: they must still run when the application has changed."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "INSTANT"
    if kind == "type" and isinstance(item, Id):
        return "IDENTIFIER"
    return False


def _run(connection: Connection) -> None:
    with connection.begin(), schema.exclusively(connection):
        context.configure(
            target_metadata=Base.metadata,
            render_item=_render_item,
            **schema.context_options(connection),
        )
        with context.begin_transaction():
            context.run_migrations()


async def _connect(target: Target) -> None:
    engine = create_engine(target, migrating=True)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


def _target() -> Target:
    target: Target | None = context.config.attributes.get("target")
    return target or parse(load_settings().database_url.get_secret_value())


if context.is_offline_mode():
    raise SystemExit("migrations need a live database: SQLite's are made by reading the tables")
asyncio.run(_connect(_target()))
