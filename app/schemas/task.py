"""Tasks: what goes in and out."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.base import OMITTED, Answer, Body, Clean, Day, Instant, Patch, TimeZone, trimmed

Title = Annotated[str, trimmed(1, 200), Clean]
Description = Annotated[str, StringConstraints(max_length=10_000), Clean]
PriorityName = Literal["none", "low", "medium", "high"]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


Sort = Literal[
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "due",
    "-due",
    "priority",
    "-priority",
    "title",
    "-title",
    "position",
    "-position",
]


class Due(Body):
    """When a task is due: on a day, at a time on the wall, or at a time in a zone."""

    date: Day
    time: Clock | None = OMITTED
    time_zone: TimeZone | None = OMITTED

    @model_validator(mode="after")
    def _zone_needs_time(self) -> Self:
        if self.time_zone is not None and self.time is None:
            raise PydanticCustomError("time_missing", "a time zone needs a time")
        return self


class TaskIn(Body):
    """A whole task: for POST, and for PUT, which clears what is not sent."""

    title: Title
    description: Description | None = OMITTED
    completed: StrictBool = OMITTED
    priority: PriorityName = OMITTED
    due: Due | None = OMITTED


class TaskPatch(Patch):
    """A JSON Merge Patch (RFC 7396) of a task; within `due` too, what is not sent stays."""

    title: Title = OMITTED
    description: Description | None = OMITTED
    completed: StrictBool = OMITTED
    priority: PriorityName = OMITTED
    due: "DuePatch | None" = OMITTED


class DuePatch(Patch):
    """A JSON Merge Patch (RFC 7396) of a due; what stands afterwards must be a whole one."""

    date: Day = OMITTED
    time: Clock | None = OMITTED
    time_zone: TimeZone | None = OMITTED


class DueOut(Answer):
    """A due as it was given: a day, a time on the wall `HH:MM`, a zone of the IANA database."""

    date: date
    time: str | None
    time_zone: str | None


class TaskOut(Answer):
    """A task. `due_at` is the instant that `due` stands for; date-only and floating ones in the user's zone."""

    id: UUID
    user_id: UUID
    title: str
    description: str | None
    completed: bool
    completed_at: datetime | None
    priority: PriorityName
    due: DueOut | None
    due_at: datetime | None
    position: str
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class Status(StrEnum):
    """Which tasks to list: all, open ones or done ones."""

    all = "all"
    pending = "pending"
    completed = "completed"


class DueFilter(StrEnum):
    """Which tasks to list, by the user's today; `overdue` ones are open."""

    today = "today"
    overdue = "overdue"
    upcoming = "upcoming"
    none = "none"


class TaskQuery(Body):
    """The query of a list. An unknown parameter is an error: a filter ignored would show what was not asked for."""

    status: Status = Status.all
    priority: PriorityName | None = None
    due: DueFilter | None = None
    due_from: Day | None = None
    due_to: Day | None = None
    updated_since: Instant | None = None
    sort: Sort = "position"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=2000)] | None = None
    count: bool = False
