"""Lists of tasks: filters, orders, and pages by keyset."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from app.database.session import behind
from app.database.types import UtcDateTime
from app.database.urls import Backend
from app.models.task import NEVER, Priority, Task, owned_tasks
from app.schemas.task import DueFilter, Status, TaskOut, TaskQuery
from app.services.due import start_of, today
from app.services.runtime import Work
from app.services.session import Principal
from app.services.task import COLUMNS, rows_shown

_COLUMNS: Final[dict[str, InstrumentedAttribute[Any]]] = {
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


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the text of a list's statements depends on; `given` are the names of the values that they take."""

    status: Status
    due: DueFilter | None
    sort: str
    given: frozenset[str]
    backend: Backend


async def list_tasks(work: Work, owner: Principal, query: TaskQuery, after: Key | None) -> Page:
    """The page of the owner's tasks behind a key, or the first one."""
    values = _values(query, owner, work.clock(), after)
    backend = work.runtime.database.target.backend
    paging, counting = _statements(_Shape(query.status, query.due, query.sort, frozenset(values), backend))
    total = (await work.rows(counting, values))[0][0] if query.count else None
    rows = await work.rows(paging, values)
    page, more = rows[: query.limit], len(rows) > query.limit
    key = Key(getattr(page[-1], _column(query.sort).key), page[-1].id) if more else None
    return Page(rows_shown(owner, page), key, total)


def _values(query: TaskQuery, owner: Principal, now: datetime, after: Key | None) -> dict[str, Any]:
    # One row more than asked for tells whether there is a next page.
    values: dict[str, Any] = {"owner_id": owner.id, "limit": query.limit + 1}
    if query.priority is not None:
        values["priority"] = Priority[query.priority]
    if query.updated_since is not None:
        values["updated_since"] = query.updated_since
    if query.due_from is not None:
        values["due_from"] = start_of(query.due_from, owner.time_zone)
    if query.due_to is not None:
        values["due_to"] = start_of(query.due_to + timedelta(days=1), owner.time_zone)
    if query.due is not None:
        values["now"] = now
        values["morning"], values["midnight"] = today(now, owner.time_zone)
    if after is not None:
        values["after"], values["after_id"] = after.value, after.id
    return values


@lru_cache(maxsize=256)
def _statements(shape: _Shape) -> tuple[Select[Any], Select[Any]]:
    """The page, and the count of the whole list: building them takes longer than executing them."""
    chosen = owned_tasks(bindparam("owner_id")).where(*_conditions(shape))
    paging, column, descending = chosen.with_only_columns(*COLUMNS), _column(shape.sort), shape.sort.startswith("-")
    if "after" in shape.given:
        place = bindparam("after", type_=column.type), bindparam("after_id", type_=Task.id.type)
        paging = paging.where(behind(shape.backend, (column, Task.id), place, descending=descending))
    order = (column.desc(), Task.id.desc()) if descending else (column.asc(), Task.id.asc())
    limit = bindparam("limit", type_=Integer)
    return paging.order_by(*order).limit(limit), chosen.with_only_columns(func.count())


def _column(sort: str) -> InstrumentedAttribute[Any]:
    return _COLUMNS[sort.lstrip("-")]


def _conditions(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    yield from _BY_STATUS[shape.status]
    for name, condition in _BY_VALUE.items():
        if name in shape.given:
            yield condition
    if "due_from" in shape.given and "due_to" not in shape.given:
        yield Task.due_key < NEVER
    if shape.due is not None:
        yield from _BY_DUE[shape.due]


_BY_STATUS: Final[dict[Status, tuple[ColumnElement[bool], ...]]] = {
    Status.all: (),
    Status.pending: (Task.completed_at.is_(None),),
    Status.completed: (Task.completed_at.is_not(None),),
}
_BY_VALUE: Final[dict[str, ColumnElement[bool]]] = {
    "priority": Task.priority == bindparam("priority"),
    "updated_since": Task.updated_at >= bindparam("updated_since"),
    "due_from": Task.due_key >= bindparam("due_from"),
    "due_to": Task.due_key < bindparam("due_to"),
}
_NOW: Final = bindparam("now", type_=UtcDateTime)
_MORNING: Final = bindparam("morning", type_=UtcDateTime)
_MIDNIGHT: Final = bindparam("midnight", type_=UtcDateTime)
_BY_DUE: Final[dict[DueFilter, tuple[ColumnElement[bool], ...]]] = {
    DueFilter.none: (Task.due_key == NEVER,),
    DueFilter.today: (Task.due_key >= _MORNING, Task.due_key < _MIDNIGHT),
    DueFilter.upcoming: (Task.due_key >= _MIDNIGHT, Task.due_key < NEVER),
    DueFilter.overdue: (
        Task.completed_at.is_(None),
        Task.due_key < _NOW,
        # A day alone is overdue when it has passed, a time when it has.
        or_(Task.due_key < _MORNING, and_(Task.due_key < _NOW, Task.due_time.is_not(None))),
    ),
}
