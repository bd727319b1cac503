"""The three databases under test: which are here, and a fresh database of our own on each."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from sqlalchemy import text

from app.database import schema
from app.database.engine import create_engine
from app.database.urls import Backend, Target, parse

BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)


@dataclass(frozen=True)
class Server:
    """Where a server's URL comes from: a variable, or its standard local port."""

    variable: str
    port: int
    default_url: str


SERVERS: Final[dict[Backend, Server]] = {
    "postgresql": Server("TEST_POSTGRESQL_URL", 5432, "postgresql://postgres@127.0.0.1:5432/test"),
    "mysql": Server("TEST_MYSQL_URL", 3306, "mysql://root@127.0.0.1:3306/test"),
}


def server_url(backend: Backend) -> str | None:
    """The URL of a database server, or None when none is named and none answers."""
    server = SERVERS[backend]
    if url := os.environ.get(server.variable):
        return url
    with socket.socket() as probe:
        probe.settimeout(2)
        return server.default_url if probe.connect_ex(("127.0.0.1", server.port)) == 0 else None


def missing(backend: Backend) -> str | None:
    """Why a database cannot be tested here, or None."""
    if backend == "sqlite" or server_url(backend):
        return None
    server = SERVERS[backend]
    return f"{server.variable} is not set and nothing answers on 127.0.0.1:{server.port}"


async def _on_server(target: Target, *statements: str) -> None:
    engine = create_engine(target).execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


@contextmanager
def fresh_database(backend: Backend, folder: Path, name: str) -> Iterator[str]:
    """The URL of an empty database that nothing else uses; it is gone afterwards."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / name}.db"
        return
    url = server_url(backend)
    assert url is not None
    server = parse(url)
    drop = f"DROP DATABASE IF EXISTS {name}" + (" WITH (FORCE)" if backend == "postgresql" else "")
    asyncio.run(_on_server(server, drop, f"CREATE DATABASE {name}"))
    own = server.url.set(database=name, drivername=backend)
    yield own.render_as_string(hide_password=False)
    asyncio.run(_on_server(server, drop))


@contextmanager
def migrated_database(backend: Backend, folder: Path, name: str) -> Iterator[str]:
    """A fresh database at the newest schema."""
    with fresh_database(backend, folder, name) as url:
        schema.upgrade(parse(url))
        yield url
