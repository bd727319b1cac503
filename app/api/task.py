"""Tasks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response

from app.api.dependencies import Conditional, Owner, Unit
from app.api.documents import answers, conditional, created, paged, tagged
from app.api.etag import etag, not_modified
from app.api.pagination import decode, encode, next_link
from app.api.routing import router
from app.schemas.task import TaskIn, TaskOut, TaskPatch, TaskQuery
from app.services import task, task_list
from app.services.runtime import Work
from app.services.session import Principal

routes = router("/api/tasks", "tasks")

TaskId = Annotated[UUID, Path(description="the task's id; with PUT one of the client's own choosing")]
CHANGED = {**tagged(200), **answers("not_found", "precondition_failed", login=True, writes=True, given=True)}
CHANGED_BY_BODY = {**tagged(200), **answers("not_found", "precondition_failed", login=True, body=True)}


@routes.get("", responses={**paged(), **answers(login=True, given=True)})
async def list_tasks(
    request: Request, query: Annotated[TaskQuery, Query()], work: Unit, owner: Owner, response: Response
) -> list[TaskOut]:
    """The tasks outside the trash, a page at a time. `Link` has the next page, if there is one."""
    return await page(request, query, work, owner, response)


async def page(request: Request, query: TaskQuery, work: Work, owner: Principal, response: Response) -> list[TaskOut]:
    """A page, with its headers set."""
    keyring = work.runtime.keyring
    after = None if query.cursor is None else decode(keyring, owner.id, query.sort, query.cursor)
    found = await task_list.list_tasks(work, owner, query, after)
    if found.next is not None:
        response.headers["Link"] = next_link(request, encode(keyring, owner.id, query.sort, found.next))
    if found.total is not None:
        response.headers["X-Total-Count"] = str(found.total)
    return found.tasks


@routes.post("", status_code=201, responses={**created(TaskOut), **answers(login=True, body=True)})
async def create(body: TaskIn, work: Unit, owner: Owner, response: Response) -> TaskOut:
    """Make a task, behind all others."""
    return located(await task.create(work, owner, body), response)


@routes.get(
    "/{task_id}",
    responses={**tagged(200), **answers("not_found", login=True, given=True), **conditional()},
    response_model=TaskOut,
)
async def get(task_id: TaskId, work: Unit, owner: Owner, conditions: Conditional, response: Response) -> Any:
    """One task."""
    found = await task.get(work, owner, task_id)
    if conditions.is_fresh(found.version):
        return not_modified(found.version)
    return tag(found, response)


@routes.put(
    "/{task_id}",
    responses={**tagged(200), **created(TaskOut), **answers("precondition_failed", login=True, body=True)},
)
async def put(
    task_id: TaskId, body: TaskIn, work: Unit, owner: Owner, conditions: Conditional, response: Response
) -> TaskOut:
    """Replace the task, or make it under this id; what is not sent is cleared."""
    saved, is_new = await task.put(work, owner, task_id, body, conditions.precondition)
    if is_new:
        response.status_code = 201
        return located(saved, response)
    return tag(saved, response)


@routes.patch("/{task_id}", responses=CHANGED_BY_BODY)
async def patch(
    task_id: TaskId, body: TaskPatch, work: Unit, owner: Owner, conditions: Conditional, response: Response
) -> TaskOut:
    """Change the fields sent and no other: a JSON Merge Patch."""
    return tag(await task.patch(work, owner, task_id, body, conditions.precondition), response)


@routes.delete(
    "/{task_id}",
    status_code=204,
    responses=answers("not_found", "precondition_failed", login=True, writes=True, given=True),
    response_class=Response,
)
async def trash(task_id: TaskId, work: Unit, owner: Owner, conditions: Conditional) -> None:
    """Move the task to the trash."""
    await task.trash(work, owner, task_id, conditions.precondition)


@routes.post("/{task_id}/complete", responses=CHANGED)
async def complete(task_id: TaskId, work: Unit, owner: Owner, conditions: Conditional, response: Response) -> TaskOut:
    """Say that the task is done; saying it twice changes nothing."""
    return tag(await task.set_completed(work, owner, task_id, True, conditions.precondition), response)


@routes.post("/{task_id}/reopen", responses=CHANGED)
async def reopen(task_id: TaskId, work: Unit, owner: Owner, conditions: Conditional, response: Response) -> TaskOut:
    """Say that the task is not done; saying it twice changes nothing."""
    return tag(await task.set_completed(work, owner, task_id, False, conditions.precondition), response)


@routes.patch("/{task_id}/toggle", responses=CHANGED)
async def toggle(task_id: TaskId, work: Unit, owner: Owner, conditions: Conditional, response: Response) -> TaskOut:
    """Flip done and open. A retry flips back: send `If-Match`, or use `complete` and `reopen`."""
    return tag(await task.set_completed(work, owner, task_id, None, conditions.precondition), response)


def tag(saved: TaskOut, response: Response) -> TaskOut:
    """The task, with its ETag set."""
    response.headers["ETag"] = etag(saved.version)
    return saved


def located(saved: TaskOut, response: Response) -> TaskOut:
    """A new task, with its ETag and its place set."""
    response.headers["Location"] = f"/api/tasks/{saved.id}"
    return tag(saved, response)
