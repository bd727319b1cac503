"""Sessions: one for reading, one for writing. The only place that commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.database.engine import PoolLimits, create_engine, reading_options
from app.database.urls import Target


class Database:
    """The engine and the two kinds of session on it; connects with the first statement."""

    def __init__(self, target: Target, limits: PoolLimits | None = None) -> None:
        self.target = target
        self.engine: AsyncEngine = create_engine(target, limits)
        reader = self.engine.execution_options(**reading_options(target))
        self._write = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        self._read = async_sessionmaker(reader, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that takes no lock; what it changes is lost."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        async with self._write() as session:
            yield session
            await session.commit()

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
