"""The server process: its socket, uvicorn, and the guard of a replicated file."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.config.logging import configure_logging
from app.config.settings import Settings, SettingsError
from app.database.urls import DatabaseUrlError, Target
from app.main import create_app, create_waiting_room
from app.replication.guard import Guard
from app.replication.place import Place
from app.replication.situation import Situation
from app.services.clock import system_clock

log = logging.getLogger(__name__)

# A platform kills some 30 s after SIGTERM; the last pages want some of it.
_GRACE_SECONDS: Final = 20
_GUARDED_GRACE_SECONDS: Final = 10
_START_SECONDS: Final = 60  # a worker that takes longer to import the application would be killed and begun anew


class ListenError(Exception):
    """The address cannot be listened on; one line."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections; raises ListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ListenError(f"cannot listen on {host} port {port}: {reason}") from None


def tell(settings: Settings, situation: Situation, place: Place | None, listener: socket.socket) -> None:
    """Say in the log what becomes of the data, and where the service can be reached."""
    log.info("situation: %s%s", situation, f", replica at {place}" if place else "")
    if situation is Situation.ephemeral:
        log.warning(situation.sentence)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    log.info("listening on http://%s:%d", host, listener.getsockname()[1])


def serve(settings: Settings, listener: socket.socket) -> int:
    """Serve until told to stop; the exit code."""
    if settings.workers > 1:
        return _serve_by_workers(settings, listener)
    server = uvicorn.Server(_config(settings, "app.main:create_app", factory=True))
    server.run(sockets=[listener])
    return 0 if server.started else 1


def worker_app() -> Any:
    """What a worker serves; ends it with the code that says that another would not do better."""
    configure_logging("info")  # until the settings are read
    try:
        return create_app()
    except Exception as error:
        is_told = isinstance(error, SettingsError | DatabaseUrlError)
        log.critical("a worker cannot start: %s", error, exc_info=None if is_told else error)
        sys.exit(STARTUP_FAILURE)


def _serve_by_workers(settings: Settings, listener: socket.socket) -> int:
    config = _config(settings, "app.serve:worker_app", factory=True, workers=settings.workers)
    if settings.metrics_token is None:
        return _ended(_Workers(config, [listener]))
    from app.services.metrics import counted_together

    with counted_together() as forget:
        return _ended(_Workers(config, [listener], forget))


def _ended(workers: Multiprocess) -> int:
    workers.run()
    return 1 if any(process.exitcode == STARTUP_FAILURE for process in workers.processes) else 0


class _Workers(Multiprocess):
    """uvicorn's; the end of a worker is noticed at once, and what it said of the present is forgotten."""

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], forget: Callable[[int], object] = lambda _: None
    ) -> None:
        super().__init__(config, sockets)
        self._forget = forget
        self._known: set[int] = set()

    def keep_subprocess_alive(self) -> None:
        for process in self.processes:
            # The worker has its own; with this one open, a worker that ends during a check is waited for in vain.
            process.child_conn.close()
        super().keep_subprocess_alive()
        running = {process.pid for process in self.processes if process.pid is not None}
        for gone in self._known - running:
            self._forget(gone)
        self._known = running


def serve_guarded(settings: Settings, target: Target, place: Place, listener: socket.socket) -> int:
    """The same for a replicated file; raises ReplicationError and SettingsError. May begin the process anew."""
    if settings.workers > 1:
        raise SettingsError("WORKERS: a replicated file is served by one worker; set it to 1 or unset REPLICA_URL")
    door = _Door(create_waiting_room(settings))
    config = _config(settings, door, lifespan="off", timeout_graceful_shutdown=_GUARDED_GRACE_SECONDS)
    server = uvicorn.Server(config)

    is_told = False

    def leave(*_: Any) -> None:  # uvicorn raises the signal once more when it has stopped: it has been heard
        nonlocal is_told
        is_told = server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        is_anew = runner.run(_guarded(settings, target, place, door, server, listener))
    for number in (signal.SIGTERM, signal.SIGINT):  # from here on nothing is left to do in due order
        signal.signal(number, signal.SIG_DFL)
    if is_anew and not is_told:
        listener.close()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 (ourselves, with the same words)
    return 0


class _Door:
    """The application that answers just now."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


async def _guarded(
    settings: Settings, target: Target, place: Place, door: _Door, server: uvicorn.Server, listener: socket.socket
) -> bool:
    """Boot, serve and stop, in this order; whether the process is to begin anew."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    is_anew = False
    async with AsyncExitStack() as stack:
        try:
            guard = Guard(settings, target, place, system_clock)
            stack.push_async_callback(guard.stop)
            if await _done_first(guard.boot(), serving):
                app = create_app(settings, gate=guard)
                await stack.enter_async_context(app.router.lifespan_context(app))
                door.app = app
                is_anew = await _done_first(guard.watch(), serving)
        finally:
            server.should_exit = True
            await serving  # the requests under way are answered before anything they need is closed
    return is_anew


async def _done_first(work: Coroutine[Any, Any, None], serving: asyncio.Task[None]) -> bool:
    """Whether the work was done before the server stopped; raises what the work raises."""
    working = asyncio.create_task(work)
    await asyncio.wait((working, serving), return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        await working
        return True
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return False


def _config(settings: Settings, app: Any, **options: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # Of X-Forwarded-For the last entry counts that is no trusted proxy: what stands left of it may be made up.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_worker_healthcheck=_START_SECONDS,
        **{"timeout_graceful_shutdown": _GRACE_SECONDS, **options},
    )
