"""Health, version and the explanations of problems."""

from typing import Annotated, Any, Literal

from fastapi import Path, Request

from app import __version__
from app.api.documents import answers
from app.api.problems import KINDS, problem
from app.api.routing import router
from app.database.gate import ReplicaState
from app.replication.situation import Situation
from app.schemas.base import Answer
from app.services.errors import NotFoundError
from app.services.health import obstacle
from app.services.runtime import Runtime

routes = router("", "service")


class Live(Answer):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Replica(Answer):
    """`lag_seconds`: everything that was committed that long ago is in the replica."""

    state: ReplicaState
    lag_seconds: float


class Ready(Answer):
    """`durable`: whether what is written outlives the container that this runs in; `situation` says by what.

    `degraded`: reads are answered and writes are not, since the replica has stalled or a newer instance has taken over.
    """

    status: Literal["healthy", "degraded"]
    durable: bool
    situation: Situation
    replica: Replica | None

    @classmethod
    def of(cls, runtime: Runtime) -> "Ready":
        """What holds now."""
        found, situation = runtime.database.gate.status(), runtime.situation
        return cls(
            status="healthy" if found is None or found.state == "replicating" else "degraded",
            durable=situation is not Situation.ephemeral,
            situation=situation,
            replica=None if found is None else Replica(state=found.state, lag_seconds=round(found.lag, 3)),
        )


class Version(Answer):
    """What runs here; `commit` is `unknown` outside of an image."""

    version: str
    commit: str
    database: Literal["sqlite", "postgresql", "mysql"]


class Explanation(Answer):
    """What a problem's `code` means."""

    code: str
    status: int
    title: str
    explanation: str


@routes.get("/livez")
async def live() -> Live:
    """Whether the process runs; touches nothing."""
    return Live()


@routes.get("/readyz", responses=answers("not_ready"), response_model=Ready)
@routes.get("/health", responses=answers("not_ready"), response_model=Ready)
async def ready(request: Request) -> Any:
    """Whether the database answers within a second and its schema is the one the code wants."""
    runtime: Runtime = request.app.state.runtime
    reason = await obstacle(runtime)
    return Ready.of(runtime) if reason is None else problem("not_ready", reason)


@routes.get("/version")
async def version(request: Request) -> Version:
    """What runs here."""
    runtime: Runtime = request.app.state.runtime
    return Version(version=__version__, commit=runtime.settings.commit_sha, database=runtime.database.target.backend)


@routes.get("/problems/{code}", responses=answers("not_found"))
async def explain(
    code: Annotated[str, Path(description="with dashes, as in `type`, or as `code` has it")],
) -> Explanation:
    """What a problem means and what to do."""
    name = code.replace("-", "_")
    kind = KINDS.get(name)
    if kind is None:
        raise NotFoundError
    return Explanation(code=name, status=kind.status, title=kind.title, explanation=kind.explanation)
