"""A user and the sessions of that user: one row a login."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.types import Id, UtcDateTime
from app.models.base import OWNED_TABLE_OPTIONS, TABLE_OPTIONS, Base


class User(Base):
    """An account. `email_key` is the address folded, so that a change of case is no new account."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("email_key <> ''", name="email_key"),
        TABLE_OPTIONS,
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(255))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __mapper_args__ = {"version_id_col": version}


class UserSession(Base):
    """A login. Its access tokens are good while the row stands and `expires_at` has not passed."""

    __tablename__ = "sessions"
    __table_args__ = (OWNED_TABLE_OPTIONS,)

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
