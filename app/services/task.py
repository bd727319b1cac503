"""Tasks: read, write, trash. Lists are in `task_list`."""

import re
import unicodedata
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.models.task import NEVER, Priority, Task, all_owned_tasks, owned_tasks
from app.schemas.task import Due, PriorityName, TaskIn, TaskOut, TaskPatch
from app.services import positions
from app.services.due import instant_of
from app.services.errors import FieldFault, InvalidError, NotFoundError
from app.services.precondition import ANY, Precondition
from app.services.runtime import Work
from app.services.session import Principal

_PRIORITY_NAMES: Final[tuple[PriorityName, ...]] = ("none", "low", "medium", "high")  # by rank
_TASKS_OUT: Final = TypeAdapter(list[TaskOut])
_NAMES: Final = (
    *("id", "title", "title_key", "description", "priority", "due_date", "due_time", "due_time_zone"),
    *("due_key", "position", "version", "created_at", "updated_at", "completed_at", "deleted_at"),
)
_VALUES_OF: Final = attrgetter(*_NAMES)
COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = _VALUES_OF(Task)
"""What `rows_shown` takes."""
_ONE: Final = owned_tasks(bindparam("owner_id")).where(Task.id == bindparam("task_id"))
_ONE_SHOWN: Final = _ONE.with_only_columns(*COLUMNS)
_ONE_OF_ALL: Final = all_owned_tasks(bindparam("owner_id")).where(Task.id == bindparam("task_id"))
_LAST_POSITION: Final = (
    all_owned_tasks(bindparam("owner_id")).with_only_columns(Task.position).order_by(Task.position.desc()).limit(1)
)


async def create(work: Work, owner: Principal, data: TaskIn, task_id: UUID | None = None) -> TaskOut:
    """A new task behind all others, under the id given or a new one."""
    task = Task(user_id=owner.id, id=task_id or work.ids(), position=await _last_position(work, owner))
    _fill(task, data, owner, work)
    work.session.add(task)
    return await _save(work, task)


async def get(work: Work, owner: Principal, task_id: UUID) -> TaskOut:
    """The task; raises NotFoundError when the owner has none of that id outside the trash."""
    for task in rows_shown(owner, await work.rows(_ONE_SHOWN, {"owner_id": owner.id, "task_id": task_id})):
        return task
    raise NotFoundError


async def put(
    work: Work, owner: Principal, task_id: UUID, data: TaskIn, precondition: Precondition
) -> tuple[TaskOut, bool]:
    """The task replaced, or made under that id, and whether it was made. An id in the trash is made anew."""
    task = await work.session.scalar(_ONE_OF_ALL, {"owner_id": owner.id, "task_id": task_id})
    if task is not None and task.deleted_at is None:
        precondition.check(task.version, shown(task))
        _fill(task, data, owner, work)
        return await _save(work, task), False
    precondition.check_missing()
    if task is not None:
        task.created_at, task.deleted_at, task.completed_at = work.now, None, None
        task.position = await _last_position(work, owner)
        _fill(task, data, owner, work)
        return await _save(work, task), True
    return await create(work, owner, data, task_id), True


async def patch(
    work: Work, owner: Principal, task_id: UUID, change: TaskPatch, precondition: Precondition = ANY
) -> TaskOut:
    """The task with the fields sent changed and no other."""
    task = await _for_change(work, owner, task_id, precondition)
    sent = change.model_fields_set
    if "title" in sent:
        _set_title(task, change.title)
    if "description" in sent:
        task.description = change.description
    if "priority" in sent:
        task.priority = Priority[change.priority]
    if "completed" in sent:
        _set_completed(task, change.completed, work)
    if "due" in sent:
        _set_due(task, _merged_due(task, change), owner)
    return await _save(work, task)


async def set_completed(
    work: Work, owner: Principal, task_id: UUID, completed: bool | None, precondition: Precondition
) -> TaskOut:
    """The task done, open, or (None) flipped. Idempotent unless flipped."""
    task = await _for_change(work, owner, task_id, precondition)
    _set_completed(task, task.completed_at is None if completed is None else completed, work)
    return await _save(work, task)


async def trash(work: Work, owner: Principal, task_id: UUID, precondition: Precondition) -> None:
    """Move the task to the trash."""
    task = await _for_change(work, owner, task_id, precondition)
    task.deleted_at = work.now
    await _save(work, task)


async def rezone(work: Work, user_id: UUID, zone: str) -> None:
    """Move what is due by the user's own clock to another zone: one statement a distinct day and time."""
    floating = (Task.user_id == user_id, Task.due_date.is_not(None), Task.due_time_zone.is_(None))
    days = await work.session.execute(select(Task.due_date, Task.due_time).where(*floating).distinct())
    for day, clock in days.all():
        key = instant_of(day, clock, None, zone)
        same = Task.due_time.is_(None) if clock is None else Task.due_time == clock
        await work.session.execute(
            update(Task)
            .where(*floating, Task.due_date == day, same, Task.due_key != key)
            .values(due_key=key, version=Task.version + 1, updated_at=work.now)
        )


def shown(task: Task) -> TaskOut:
    """The representation of a task."""
    return TaskOut(**_fields(task.user_id, _VALUES_OF(task)))


def rows_shown(owner: Principal, rows: Iterable[Row[Any]]) -> list[TaskOut]:
    """The same of rows of the `COLUMNS`, at once."""
    return _TASKS_OUT.validate_python([_fields(owner.id, row) for row in rows])


def _fields(user_id: UUID, values: Iterable[Any]) -> dict[str, Any]:
    # In the order of _NAMES: a row's values come much faster by place than by name.
    task_id, title, _, description, priority, day, clock, zone, key, position, version, *instants = values
    created_at, updated_at, completed_at, deleted_at = instants
    return {
        "id": task_id,
        "user_id": user_id,
        "title": title,
        "description": description,
        "completed": completed_at is not None,
        "completed_at": completed_at,
        "priority": _PRIORITY_NAMES[priority],
        "due": None if day is None else {"date": day, "time": clock, "time_zone": zone},
        "due_at": None if key == NEVER else key,
        "position": position,
        "version": version,
        "created_at": created_at,
        "updated_at": updated_at,
        "deleted_at": deleted_at,
    }


async def _for_change(work: Work, owner: Principal, task_id: UUID, precondition: Precondition) -> Task:
    """The row. Nobody changes it in between: who writes holds the owner's row (see `session`)."""
    task = await work.session.scalar(_ONE, {"owner_id": owner.id, "task_id": task_id})
    if task is None:
        raise NotFoundError
    precondition.check(task.version, shown(task))
    return task


async def _save(work: Work, task: Task) -> TaskOut:
    """Every change of one task passes here (of many: `rezone`). What changes nothing leaves the version alone."""
    if work.session.is_modified(task):
        task.updated_at = work.now
        task.created_at = task.created_at or task.updated_at
    await work.session.flush()
    return shown(task)


async def _last_position(work: Work, owner: Principal) -> str:
    rows = await work.rows(_LAST_POSITION, {"owner_id": owner.id})
    return positions.after(rows[0][0] if rows else None)


def _fill(task: Task, data: TaskIn, owner: Principal, work: Work) -> None:
    _set_title(task, data.title)
    task.description = data.description
    task.priority = Priority[data.priority or "none"]
    _set_completed(task, bool(data.completed), work)
    _set_due(task, data.due, owner)


def _set_title(task: Task, title: str) -> None:
    task.title = title
    task.title_key = title_key(title)


def title_key(title: str) -> str:
    """What titles are sorted by: without case, accents and runs of blanks; 200 characters at most."""
    letters = unicodedata.normalize("NFKD", title).casefold()
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"\s+", " ", plain).strip()[:200].strip()


def _set_completed(task: Task, completed: bool, work: Work) -> None:
    if completed != (task.completed_at is not None):
        task.completed_at = work.now if completed else None


def _set_due(task: Task, due: Due | None, owner: Principal) -> None:
    task.due_date = due.date if due else None
    task.due_time = due.time if due else None
    task.due_time_zone = due.time_zone if due else None
    task.due_key = instant_of(task.due_date, task.due_time, task.due_time_zone, owner.time_zone)


def _merged_due(task: Task, change: TaskPatch) -> Due | None:
    """The due that a merge patch leaves: RFC 7396 merges objects within objects too."""
    if change.due is None:
        return None
    old = {"date": task.due_date, "time": task.due_time, "time_zone": task.due_time_zone} if task.due_date else {}
    merged = old | change.due.model_dump(exclude_unset=True)
    if "date" not in merged:
        raise InvalidError(FieldFault("#/due/date", "missing", "is required"))
    if merged.get("time_zone") is not None and merged.get("time") is None:
        raise InvalidError(FieldFault("#/due", "time_missing", "a time zone needs a time"))
    return Due.model_construct(date=merged["date"], time=merged.get("time"), time_zone=merged.get("time_zone"))
