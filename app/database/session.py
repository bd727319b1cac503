"""Sessions: one for reading, one for writing. The only place that commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.database.engine import PoolLimits, create_engine, reading_options
from app.database.gate import Gate, OpenGate
from app.database.urls import Backend, Target


class Database:
    """The engine, the same engine for reading only, and a kind of session on each; connects when it must."""

    def __init__(
        self,
        target: Target,
        limits: PoolLimits | None = None,
        gate: Gate | None = None,
        *,
        replicated: bool = False,
    ) -> None:
        self.target = target
        self.gate: Gate = gate or OpenGate()
        self.engine: AsyncEngine = create_engine(target, limits, replicated=replicated)
        self.reader: AsyncEngine = self.engine.execution_options(**reading_options(target))
        self._write = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._read = async_sessionmaker(self.reader, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that takes no lock and opens no transaction: nothing may be changed through it."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Raises WriteRefusedError where the gate lets no write pass.
        """
        self.gate.check()
        async with self._write() as session:
            yield session
            async with self.gate.commit():
                await self._commit(session)

    @staticmethod
    async def _commit(session: AsyncSession) -> None:
        try:
            await session.commit()
        except BaseException:
            # SQLAlchemy takes the transaction for ended whatever COMMIT said, and would pool a connection
            # on which SQLite still has it open, with its lock and its rows in every reader's sight.
            await session.invalidate()
            raise

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def behind(backend: Backend, key: tuple[Any, Any], value: tuple[Any, Any], *, descending: bool) -> ColumnElement[bool]:
    """The rows behind a pair of values, in the form by which the database seeks straight to them in an index."""
    (first, second), (one, two) = key, value
    if backend == "mysql":  # which makes no range of a comparison of rows
        if descending:
            return or_(first < one, and_(first == one, second < two))
        return or_(first > one, and_(first == one, second > two))
    return tuple_(*key) < tuple_(*value) if descending else tuple_(*key) > tuple_(*value)
