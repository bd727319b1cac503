"""A small table of its own, in an SQLite file of its own."""

from collections.abc import Callable
from typing import Final, cast

from sqlalchemy import CheckConstraint, ForeignKey, Table, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database.session import Database

Make = Callable[..., Database]
COUNTED: Final = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) {}"
"""A statement on the numbers from 1 up."""


class Base(DeclarativeBase):
    """Apart from the application's."""


class ItemList(Base):
    """What an item may refer to."""

    __tablename__ = "lists"

    id: Mapped[int] = mapped_column(primary_key=True)


class Item(Base):
    """Something with every kind of constraint."""

    __tablename__ = "items"
    __table_args__ = (CheckConstraint("name <> ''", name="name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str | None]
    list_id: Mapped[int | None] = mapped_column(ForeignKey("lists.id"))


ITEMS: Final = cast("Table", Item.__table__)


async def count(database: Database) -> int:
    """How many items are committed; ten at first."""
    async with database.reading() as session:
        return await session.scalar(text("SELECT count(*) FROM items")) or 0
