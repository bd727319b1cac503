"""Rows of users and tasks with everything that must be there."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from app.models.task import NEVER, Task
from app.models.user import User

NOW: Final = datetime(2026, 11, 23, 16, 20, 30, 123_456, tzinfo=UTC)


def a_user(**values: Any) -> User:
    """A user whom nobody else is."""
    key = uuid4()
    address = f"{key.hex}@example.com"
    kept: dict[str, Any] = {"id": key, "email": address, "email_key": address, "time_zone": "UTC"}
    kept |= {"password_hash": "none", "created_at": NOW, "updated_at": NOW}
    return User(**kept | values)


def a_task(user_id: UUID, **values: Any) -> Task:
    """A task of a user's."""
    kept: dict[str, Any] = {"user_id": user_id, "id": uuid4(), "title": "Pay rent", "title_key": "pay rent"}
    kept |= {"priority": 0, "due_key": NEVER, "position": "a0", "created_at": NOW, "updated_at": NOW}
    return Task(**kept | values)
