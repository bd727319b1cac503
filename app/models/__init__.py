"""The tables. Importing this package fills `Base.metadata`."""

from app.models.base import Base
from app.models.task import Task
from app.models.user import User, UserSession

__all__ = ["Base", "Task", "User", "UserSession"]
