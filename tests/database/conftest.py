"""Servers of our own, and more databases on the URL under test."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert

from app.database.engine import PoolLimits
from app.database.session import Database
from app.database.urls import parse
from app.services.runtime import Runtime
from tests.database.items import ITEMS, Base
from tests.database.items import Make as MakeItemDatabase
from tests.database.private import PrivateServer, private_server, programs

MakeDatabase = Callable[..., Database]


@pytest.fixture(scope="session", params=["postgresql", "mysql"])
def private(request: pytest.FixtureRequest) -> Iterator[PrivateServer]:
    """A server with TLS that only this process knows. It needs the server's programs and nothing else."""
    backend = request.param
    if backend not in request.config.getoption("--databases").split(","):
        pytest.skip(f"{backend} is not among the databases chosen")
    if programs(backend) is None:
        pytest.skip(f"NOT RUN, {backend}: the server's programs are not installed, so it cannot be started with TLS")
    with private_server(backend) as server:
        yield server


@pytest.fixture
async def databases(database_url: str, runtime: Runtime) -> AsyncIterator[MakeDatabase]:
    """Call it for one more Database on the URL under test, with other parameters or limits."""
    made: list[Database] = []

    def make(query: str = "", limits: PoolLimits | None = None) -> Database:
        made.append(Database(parse(f"{database_url}?{query}"), limits))
        return made[-1]

    yield make
    for database in made:
        await database.dispose()


@pytest.fixture
async def item_databases(tmp_path: Path) -> AsyncIterator[MakeItemDatabase]:
    """Call it for one more Database on one file; in it, `thread()` is the thread that it is called in."""
    made: list[Database] = []

    def new(query: str = "", *, is_ours: bool = True, size: int = 10) -> Database:
        database = Database(parse(f"sqlite:///{tmp_path}/items.db?{query}"), PoolLimits(size=size, sqlite_fast=is_ours))
        made.append(database)

        @event.listens_for(database.engine.sync_engine, "connect")
        def add_function(connection: Any, _record: object) -> None:
            connection.create_function("thread", 0, threading.get_ident)

        return database

    database = new()
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(ITEMS), [{"id": n, "name": f"item {n}"} for n in range(1, 11)])
    yield new
    for database in made:
        writers = getattr(database.engine.dialect.dbapi, "writers", None)
        assert writers is None or not writers.locked()  # nobody stays in the queue
        await database.dispose()
