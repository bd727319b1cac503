"""The paths that a family of todo SPAs already uses, over the same services. Deprecated: use `/api/tasks`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from app.api.dependencies import Conditional, OwnerNamed, Unit
from app.api.documents import answers, conditional, created, paged, tagged
from app.api.etag import not_modified
from app.api.routing import router
from app.api.task import located, page, tag
from app.schemas.task import TaskIn, TaskOut, TaskPatch, TaskQuery
from app.services import task

routes = router("/api/{user_id}/tasks", "family", deprecated=True)

_WRITTEN = answers("forbidden", "not_found", "precondition_failed", login=True, writes=True, given=True)
_CHANGED = {**tagged(200), **answers("forbidden", "not_found", "precondition_failed", login=True, body=True)}


@routes.get("", responses={**paged(), **answers("forbidden", login=True, given=True)})
async def list_tasks(
    request: Request, query: Annotated[TaskQuery, Query()], work: Unit, owner: OwnerNamed, response: Response
) -> list[TaskOut]:
    """As `GET /api/tasks`."""
    return await page(request, query, work, owner, response)


@routes.post("", status_code=201, responses={**created(TaskOut), **answers("forbidden", login=True, body=True)})
async def create(body: TaskIn, work: Unit, owner: OwnerNamed, response: Response) -> TaskOut:
    """As `POST /api/tasks`."""
    return located(await task.create(work, owner, body), response)


@routes.get(
    "/{task_id}",
    responses={**tagged(200), **answers("forbidden", "not_found", login=True, given=True), **conditional()},
    response_model=TaskOut,
)
async def get(task_id: UUID, work: Unit, owner: OwnerNamed, conditions: Conditional, response: Response) -> Any:
    """As `GET /api/tasks/{task_id}`."""
    found = await task.get(work, owner, task_id)
    if conditions.is_fresh(found.version):
        return not_modified(found.version)
    return tag(found, response)


@routes.put("/{task_id}", responses=_CHANGED)
@routes.patch("/{task_id}", responses=_CHANGED)
async def change(
    task_id: UUID, body: TaskPatch, work: Unit, owner: OwnerNamed, conditions: Conditional, response: Response
) -> TaskOut:
    """As `PATCH /api/tasks/{task_id}`: PUT too touches only the fields sent, as these clients expect."""
    return tag(await task.patch(work, owner, task_id, body, conditions.precondition), response)


@routes.delete(
    "/{task_id}",
    status_code=204,
    responses=_WRITTEN,
    response_class=Response,
)
async def trash(task_id: UUID, work: Unit, owner: OwnerNamed, conditions: Conditional) -> None:
    """As `DELETE /api/tasks/{task_id}`."""
    await task.trash(work, owner, task_id, conditions.precondition)


@routes.patch(
    "/{task_id}/complete",
    responses={**tagged(200), **_WRITTEN},
)
async def flip(task_id: UUID, work: Unit, owner: OwnerNamed, conditions: Conditional, response: Response) -> TaskOut:
    """As `PATCH /api/tasks/{task_id}/toggle`."""
    return tag(await task.set_completed(work, owner, task_id, None, conditions.precondition), response)
