"""Short questions to a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.engine import create_engine
from app.database.urls import parse


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection such as the application's."""
    engine = create_engine(parse(url))
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def ask(url: str, question: str) -> Any:
    """The first row's last column."""
    async with connected(url) as connection:
        row = (await connection.execute(text(question))).one()
        return row[-1]
