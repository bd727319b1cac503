"""A task, and the one place where the owner's filter stands."""

from datetime import UTC, date, datetime
from enum import IntEnum
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Select,
    SmallInteger,
    String,
    Text,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Id, UtcDateTime, sorted_by_bytes
from app.models.base import OWNED_TABLE_OPTIONS, Base

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""`due_key` of a task that is not due: one column serves filter, order and paging, without NULLs in between."""


class Priority(IntEnum):
    """Stored as its rank, so that an index gives the order."""

    none = 0
    low = 1
    medium = 2
    high = 3


class Task(Base):
    """A task. Done when `completed_at` is set, in the trash when `deleted_at` is."""

    __tablename__ = "tasks"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    title_key: Mapped[str] = mapped_column(sorted_by_bytes(200))
    description: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[int] = mapped_column(SmallInteger)
    due_date: Mapped[date | None]
    due_time: Mapped[str | None] = mapped_column(String(5))
    due_time_zone: Mapped[str | None] = mapped_column(String(64))
    due_key: Mapped[datetime] = mapped_column(UtcDateTime)
    position: Mapped[str] = mapped_column(sorted_by_bytes(200))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __mapper_args__ = {"version_id_col": version}
    # Every order of the list has its index, with the id behind it as the tie-break that paging needs.
    __table_args__ = (
        Index("ix_tasks_created", "user_id", "created_at", "id"),
        Index("ix_tasks_updated", "user_id", "updated_at", "id"),
        Index("ix_tasks_due", "user_id", "due_key", "id"),
        Index("ix_tasks_priority", "user_id", "priority", "id"),
        Index("ix_tasks_title", "user_id", "title_key", "id"),
        Index("ix_tasks_position", "user_id", "position", "id"),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint("priority BETWEEN 0 AND 3", name="priority"),
        CheckConstraint("due_time IS NULL OR due_date IS NOT NULL", name="due_time"),
        CheckConstraint("due_time_zone IS NULL OR due_time IS NOT NULL", name="due_time_zone"),
        CheckConstraint("version >= 1", name="version"),
        OWNED_TABLE_OPTIONS,
    )


Owner = UUID | BindParameter[UUID]


def owned_tasks(user_id: Owner) -> Select[Task]:
    """The user's tasks outside the trash. Every look at tasks starts here or at `all_owned_tasks`."""
    return all_owned_tasks(user_id).where(Task.deleted_at.is_(None))


def all_owned_tasks(user_id: Owner) -> Select[Task]:
    """The user's tasks, those in the trash too."""
    return select(Task).where(Task.user_id == user_id)
