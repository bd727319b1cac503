"""Lists of tasks: filters, orders, and pages by keyset."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_

from app.models.task import NEVER, Priority, Task, owned_tasks
from app.schemas.task import DueFilter, Status, TaskOut, TaskQuery
from app.services.due import start_of, today
from app.services.runtime import Work
from app.services.session import Principal
from app.services.task import shown

_COLUMNS: Final = {
    "created_at": Task.created_at,
    "updated_at": Task.updated_at,
    "due": Task.due_key,
    "priority": Task.priority,
    "title": Task.title_key,
    "position": Task.position,
}


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page ended: the value that the list is sorted by, and the id."""

    value: datetime | int | str
    id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """A page, the key to the next one (None on the last), and how many there are in all, if asked."""

    tasks: list[TaskOut]
    next: Key | None
    total: int | None


async def list_tasks(work: Work, owner: Principal, query: TaskQuery, after: Key | None) -> Page:
    """The page of the owner's tasks behind a key, or the first one."""
    chosen = _filtered(owned_tasks(owner.id), query, owner, work.clock())
    total = None
    if query.count:
        counted = chosen.with_only_columns(func.count())
        total = await work.session.scalar(counted)
    column, descending = _COLUMNS[query.sort.lstrip("-")], query.sort.startswith("-")
    statement = chosen
    if after is not None:
        seek = work.runtime.database.behind((column, Task.id), (after.value, after.id), descending=descending)
        statement = chosen.where(seek)
    order = (column.desc(), Task.id.desc()) if descending else (column.asc(), Task.id.asc())
    # One row more than asked for tells whether there is a next page.
    rows = (await work.session.scalars(statement.order_by(*order).limit(query.limit + 1))).all()
    page, more = rows[: query.limit], len(rows) > query.limit
    key = Key(getattr(page[-1], column.key), page[-1].id) if more else None
    return Page([shown(row) for row in page], key, total)


def _filtered(statement: Select[Task], query: TaskQuery, owner: Principal, now: datetime) -> Select[Task]:
    if query.status is Status.pending:
        statement = statement.where(Task.completed_at.is_(None))
    elif query.status is Status.completed:
        statement = statement.where(Task.completed_at.is_not(None))
    if query.priority is not None:
        statement = statement.where(Task.priority == Priority[query.priority])
    if query.updated_since is not None:
        statement = statement.where(Task.updated_at >= query.updated_since)
    if query.due_from is not None:
        statement = statement.where(Task.due_key >= start_of(query.due_from, owner.time_zone))
    if query.due_to is not None:
        end = start_of(query.due_to + timedelta(days=1), owner.time_zone)
        statement = statement.where(Task.due_key < end)
    if query.due_from is not None and query.due_to is None:
        statement = statement.where(Task.due_key < NEVER)
    return statement if query.due is None else statement.where(*_due(query.due, owner, now))


def _due(due: DueFilter, owner: Principal, now: datetime) -> tuple[ColumnElement[bool], ...]:
    morning, midnight = today(now, owner.time_zone)
    match due:
        case DueFilter.none:
            return (Task.due_key == NEVER,)
        case DueFilter.today:
            return Task.due_key >= morning, Task.due_key < midnight
        case DueFilter.upcoming:
            return Task.due_key >= midnight, Task.due_key < NEVER
        case DueFilter.overdue:
            # A day alone is overdue when it has passed, a time when it has.
            passed = or_(Task.due_key < morning, and_(Task.due_key < now, Task.due_time.is_not(None)))
            return Task.completed_at.is_(None), Task.due_key < now, passed
