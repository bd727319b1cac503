"""What is measured while METRICS_TOKEN is set, in families of the Prometheus client.

With several workers the client keeps every number in files of the folder that PROMETHEUS_MULTIPROC_DIR names, which
`todo serve` makes: whichever worker is asked adds up those of all.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from pydantic import SecretStr

from app import __version__
from app.database.gate import ReplicaState
from app.database.measures import pool_use, time_statements
from app.services.runtime import Runtime

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_TICK_SECONDS: Final = 0.25  # how often the loop's lag is taken, and how old what another worker says may be
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_STATEMENT_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_LAG_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)


@contextmanager
def counted_together() -> Iterator[Callable[[int], None]]:
    """A folder for the numbers of the workers that are started inside; tell the function of each that is gone."""
    with TemporaryDirectory(prefix="todo-metrics-") as folder:
        os.environ[_FOLDER] = folder
        yield mark_process_dead


class Metrics:
    """The families of one worker, and the page that a Prometheus server reads if it has the token."""

    def __init__(self, runtime: Runtime, token: SecretStr) -> None:
        self.token = token
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._runtime = runtime
        self._registry = registry = CollectorRegistry()
        self._requests = Histogram(
            "todo_request_seconds",
            "Time to answer a request; route is a template, or unmatched, and status 0 where the client went away",
            ("route", "method", "status"),
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        statements = Histogram(
            "todo_statement_seconds",
            "Time of a statement on the database",
            buckets=_STATEMENT_SECONDS,
            registry=registry,
        )
        self._lag = Histogram(
            "todo_event_loop_lag_seconds",
            "Time that the event loop came late to a timer",
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        self._in_use = self._gauge("todo_pool_connections_in_use", "Database connections lent to a request")
        self._size = self._gauge("todo_pool_connections_max", "Database connections that there may be")
        self._pending = self._gauge("todo_password_queue_length", "Password hashes being computed or waiting")
        self._refused = Counter(
            "todo_password_refusals", "Requests refused since that queue was full", registry=registry
        )
        self._refused_before = 0
        self._gauge("todo_workers", "Server processes that run").set(1)
        self._build().set(1)
        self._replica = None if runtime.database.gate.status() is None else _Replica(registry)
        time_statements(runtime.database.engine, statements.observe)

    def observe_request(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count a request that has been answered."""
        known = method if method in _METHODS else "OTHER"
        self._requests.labels(route or "unmatched", known, str(status)).observe(seconds)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Measure what no request measures, until the block ends."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def page(self) -> bytes:
        """Every family in the text format, of all the workers."""
        self._sample()
        return await asyncio.to_thread(self._written)

    async def _watch(self) -> None:
        while True:
            self._sample()
            due = time.perf_counter() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            self._lag.observe(max(0.0, time.perf_counter() - due))

    def _sample(self) -> None:
        """Take down what has a value at any time."""
        in_use, size = pool_use(self._runtime.database.engine)
        self._in_use.set(in_use)
        self._size.set(size)
        passwords = self._runtime.passwords
        self._pending.set(passwords.pending)
        self._refused.inc(passwords.refused - self._refused_before)
        self._refused_before = passwords.refused
        status = self._runtime.database.gate.status()
        if self._replica is not None and status is not None:
            self._replica.take(status.state, status.lag)

    def _written(self) -> bytes:
        registry = self._registry
        if _FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self._registry, multiprocess_mode="livesum")

    def _build(self) -> Gauge:
        gauge = Gauge(
            "todo_build_info",
            "What runs here; always 1",
            ("version", "commit_sha", "database"),
            registry=self._registry,
            multiprocess_mode="max",
        )
        return gauge.labels(__version__, self._runtime.settings.commit_sha, self._runtime.database.target.backend)


class _Replica:
    """How the replica does; there is one worker then."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag = Gauge("todo_replication_lag_seconds", "Age of what is not yet in the replica", registry=registry)
        self._state = Gauge("todo_replication_state", "1 for the state that holds", ("state",), registry=registry)

    def take(self, state: ReplicaState, lag: float) -> None:
        """What holds now."""
        self._lag.set(lag)
        for each in get_args(ReplicaState):
            self._state.labels(each).set(each == state)
