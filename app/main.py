"""The application: its rooms wired together. `create_app` is the factory that servers and tests call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp

from app import __version__
from app.api import documents, family, handlers, health, page, session, task, user
from app.api.middleware import (
    BodyLimitMiddleware,
    CorsMiddleware,
    LastNetMiddleware,
    Observe,
    RequestMiddleware,
    SlashMiddleware,
)
from app.api.waiting import waiting_room
from app.config.logging import configure_logging
from app.config.settings import Settings, load_settings
from app.config.tracing import start_tracing
from app.database.gate import Gate
from app.services.clock import Clock, system_clock
from app.services.ids import Ids, time_ordered_ids
from app.services.runtime import Runtime

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from app.services.metrics import Metrics

_DESCRIPTION = """Accounts and tasks for a single-page app.

Errors are problems as of RFC 9457 (`application/problem+json`); `code` is stable. Every resource has a `version` and
an `ETag`: `If-None-Match` saves a transfer, `If-Match` keeps two people from overwriting each other.
PATCH is a JSON Merge Patch (RFC 7396). Lists are paged: follow the `Link` header."""

_ALLOWED_HEADERS = ("Authorization", "If-Match", "If-None-Match", "X-Request-ID", "X-Requested-With")
_EXPOSED_HEADERS = ("ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-Request-ID", "X-Total-Count")


def create_app(
    settings: Settings | None = None,
    clock: Clock = system_clock,
    ids: Ids | None = None,
    gate: Gate | None = None,
) -> FastAPI:
    """An application with its own runtime; raises SettingsError or DatabaseUrlError for a wrong setting."""
    if settings is None:
        settings = load_settings()
        configure_logging(settings.log_level)
    tracing = start_tracing(settings)
    runtime = Runtime.start(settings, clock, ids, gate)
    metrics = _metrics(runtime)
    hosts = settings.space_host
    app = FastAPI(
        title="todo backend",
        version=__version__,
        summary="Accounts and tasks for a single-page app",
        description=_DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": f"https://{hosts[0]}"}] if hosts else None,
        lifespan=_lifespan(runtime, metrics, tracing),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_telemetry(tracing),
    )
    app.state.runtime = runtime
    for room in (page, health, user, session, task, family):
        app.include_router(room.routes)
    if metrics is not None:
        _show(metrics, app)
    handlers.install(app)
    documents.install(app)
    for kind, options in _middleware(runtime.settings, runtime.ids, metrics.observe_request if metrics else None):
        app.add_middleware(kind, **options)
    return app


def create_waiting_room(settings: Settings) -> ASGIApp:
    """What answers while the newest state is being fetched: 503 to all but `/livez`."""
    app: ASGIApp = waiting_room
    for kind, options in _middleware(settings, time_ordered_ids(system_clock)):
        app = kind(app, **options)
    return app


def _metrics(runtime: Runtime) -> "Metrics | None":
    """What measures, where somebody may see it; otherwise not even the library is read."""
    token = runtime.settings.metrics_token
    if token is None:
        return None
    from app.services.metrics import Metrics

    return Metrics(runtime, token)


def _show(metrics: "Metrics", app: FastAPI) -> None:
    from app.api.metrics import routes

    app.state.metrics = metrics
    app.include_router(routes)


def _telemetry(tracing: "TracerProvider | None") -> TelemetryConfig:
    """FastAPI's own spans and nothing else of it; without a provider it costs nothing."""
    return {
        "tracing": tracing is not None,
        "tracer_provider": tracing,
        "metrics": False,
        "logs": False,
        "auto_configure": False,
    }


def _lifespan(
    runtime: Runtime, metrics: "Metrics | None", tracing: "TracerProvider | None"
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with metrics.watching() if metrics else nullcontext():
            yield
        await runtime.stop()
        if tracing is not None:
            await asyncio.to_thread(tracing.shutdown)  # sends what is left

    return lifespan


def _middleware(settings: Settings, ids: Ids, observe: Observe | None = None) -> list[tuple[Any, dict[str, Any]]]:
    """What wraps every request, innermost first, with its options."""
    origins = settings.cors_origins
    cors: dict[str, Any] = {
        "allow_origins": origins,
        "allow_methods": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        "allow_headers": _ALLOWED_HEADERS,
        "allow_credentials": "*" not in origins,
        "expose_headers": _EXPOSED_HEADERS,
        "max_age": 7200,
    }
    return [
        (SlashMiddleware, {}),
        (BodyLimitMiddleware, {"limit": settings.max_body_bytes}),
        (LastNetMiddleware, {}),
        (CorsMiddleware, cors),
        (RequestMiddleware, {"ids": ids, "observe": observe}),
    ]
