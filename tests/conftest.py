"""One suite, three databases: every test that takes `backend` runs on each of them."""

import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.config.settings import Settings
from app.database.urls import Backend
from app.main import create_app
from app.services.clock import Clock, system_clock
from app.services.ids import Ids
from app.services.runtime import Runtime
from tests.support.accounts import Account, NewAccount, register
from tests.support.browsers import BROWSERS, browser
from tests.support.databases import BACKENDS, migrated_database, missing
from tests.support.poolers import pgbouncer
from tests.support.servers import SECRET, RunningServer, environment, running


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-all",
        action="store_true",
        help="what is missing is a failure: a database, Node.js, a browser, PgBouncer",
    )
    parser.addoption("--databases", default=",".join(BACKENDS), help="which databases to run on, by commas")


def _chosen(config: pytest.Config) -> list[Backend]:
    names = config.getoption("--databases").split(",")
    return [backend for backend in BACKENDS if backend in names]


def _missing(config: pytest.Config) -> dict[str, str]:
    reasons: dict[str, str] = {backend: reason for backend in _chosen(config) if (reason := missing(backend))}
    if shutil.which("node") is None or shutil.which("npm") is None:
        reasons["node"] = "Node.js with npm is not installed"
    if pgbouncer() is None:
        reasons["pgbouncer"] = "PgBouncer is not installed"
    if browser() is None:
        reasons["browser"] = f"neither {' nor '.join(BROWSERS)} is installed"
    return reasons


def pytest_configure(config: pytest.Config) -> None:
    for name in Settings.model_fields:  # the tester's own settings are not what is under test
        os.environ.pop(name.upper(), None)
    reasons = _missing(config)
    if reasons and config.getoption("--require-all"):
        raise pytest.UsageError("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("backends")
        wanted = [b for b in _chosen(metafunc.config) if mark is None or b in mark.args]
        metafunc.parametrize("backend", wanted, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reasons = _missing(config)
    for item in items:
        callspec = getattr(item, "callspec", None)
        needs = {name for name in ("node", "browser", "pgbouncer") if item.get_closest_marker(name)}
        if callspec and callspec.params.get("backend") in BACKENDS:
            needs.add(callspec.params["backend"])
            item.user_properties.append(("backend", callspec.params["backend"]))
        for name in sorted(needs & reasons.keys()):
            item.add_marker(pytest.mark.skip(reason=f"NOT RUN, {name}: {reasons[name]}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    passed = Counter(
        dict(report.user_properties).get("backend", "without a database")
        for report in terminalreporter.stats.get("passed", [])
    )
    terminalreporter.section("databases")
    for name, count in sorted(passed.items()):
        terminalreporter.line(f"{name}: {count} passed")
    for name, reason in _missing(config).items():
        terminalreporter.line(f"!!! NOT RUN: {name} — {reason}", red=True, bold=True)


@pytest.fixture(scope="session")
def database_url(backend: Backend, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """A database at the newest schema, one a process, so that two runs do not meet."""
    folder = tmp_path_factory.mktemp(backend)
    with migrated_database(backend, folder, f"todo_test_{worker_id}_{os.getpid()}") as url:
        yield url


def settings_for(url: str, **values: object) -> Settings:
    """Settings that owe nothing to the tester's environment but the URL."""
    return Settings(_env_file=None, **{"database_url": url, "jwt_secret": SECRET, **values})  # type: ignore[arg-type]


class Apps:
    """Applications on the database under test, with the clock and the ids a test wants."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._made: list[FastAPI] = []

    def make(self, clock: Clock = system_clock, ids: Ids | None = None, **values: object) -> FastAPI:
        app = create_app(settings_for(self.url, **values), clock, ids)
        self._made.append(app)
        return app

    async def stop(self) -> None:
        for app in self._made:
            await app.state.runtime.stop()


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A client that talks ASGI to an application; an exception there is a 500 here."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://todo.test")


@pytest.fixture(scope="session")
async def shared_app(database_url: str) -> AsyncIterator[FastAPI]:
    apps = Apps(database_url)
    yield apps.make()
    await apps.stop()


@pytest.fixture
async def runtime(shared_app: FastAPI) -> AsyncIterator[Runtime]:
    """The application's runtime; afterwards every row is gone, by cascade from the users."""
    runtime: Runtime = shared_app.state.runtime
    yield runtime
    async with runtime.database.writing() as session:
        await session.execute(text("DELETE FROM users"))


@pytest.fixture
async def apps(database_url: str, runtime: Runtime) -> AsyncIterator[Apps]:
    apps = Apps(database_url)
    yield apps
    await apps.stop()


@pytest.fixture
async def client(shared_app: FastAPI, runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(shared_app) as client:
        yield client


@pytest.fixture
def new_account(client: httpx.AsyncClient) -> NewAccount:
    """Call it for one more account."""
    return lambda: register(client)


@pytest.fixture
async def account(client: httpx.AsyncClient) -> Account:
    return await register(client)


@pytest.fixture
async def me(client: httpx.AsyncClient, account: Account) -> httpx.AsyncClient:
    """The client, logged in."""
    client.headers.update(account.headers)
    return client


@pytest.fixture(scope="session")
def session_server(
    backend: Backend, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with running(environment(database_url), tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(session_server: RunningServer, runtime: Runtime) -> RunningServer:
    """A real server process on the database under test."""
    return session_server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
