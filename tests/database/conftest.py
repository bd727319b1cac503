"""Servers of our own, and more databases on the URL under test."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from app.database.engine import PoolLimits
from app.database.session import Database
from app.database.urls import parse
from app.services.runtime import Runtime
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
