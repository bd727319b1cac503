"""Databases that are not there, go away or say nothing; what an operator then reads is one line without a password."""

import asyncio
import shutil
import socket
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select, text

from app.database.faults import Fault, classify, explain
from app.database.session import Database
from app.database.urls import Backend, DatabaseUrlError, parse
from app.models.user import User
from tests.database.asking import ask
from tests.database.conftest import MakeDatabase
from tests.database.private import PASSWORD, PrivateServer
from tests.database.rows import a_user
from tests.support.faulty import silent_server

SERVERS: Final[tuple[Backend, ...]] = ("postgresql", "mysql")
WHO: Final[dict[Backend, str]] = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _fault(url: str) -> BaseException:
    """What connecting there comes to."""
    attempt = asyncio.create_task(ask(url, "SELECT 1"))
    _, waiting = await asyncio.wait({attempt}, timeout=10)
    attempt.cancel()
    assert not waiting, "it still waits"
    error = attempt.exception()
    assert error is not None
    return error


def _is_one_safe_line(line: str) -> bool:
    return bool(line.strip()) and "\n" not in line and PASSWORD not in line and len(line) < 250


@pytest.mark.parametrize("kind", SERVERS)
async def test_nothing_listens(kind: Backend) -> None:
    error = await _fault(f"{kind}://todo:{PASSWORD}@127.0.0.1:{_closed_port()}/todo")
    assert classify(error) is Fault.UNAVAILABLE
    assert _is_one_safe_line(explain(error))


@pytest.mark.parametrize("kind", SERVERS)
async def test_the_host_has_no_address(kind: Backend) -> None:
    error = await _fault(f"{kind}://todo:{PASSWORD}@no-such-host.invalid/todo")
    assert classify(error) is Fault.UNAVAILABLE
    assert _is_one_safe_line(explain(error))


@pytest.mark.parametrize("kind", SERVERS)
async def test_there_is_no_socket(kind: Backend, tmp_path: Path) -> None:
    name = "host" if kind == "postgresql" else "unix_socket"
    error = await _fault(f"{kind}://todo:{PASSWORD}@/todo?{name}={tmp_path}/none")
    assert classify(error) is Fault.UNAVAILABLE
    assert _is_one_safe_line(explain(error))


@pytest.mark.parametrize("kind", SERVERS)
async def test_a_server_that_takes_the_connection_and_says_nothing(kind: Backend) -> None:
    async with silent_server() as server:
        url = f"{kind}://todo:{PASSWORD}@127.0.0.1:{server.port}/todo?connect_timeout=0.1"
        error = await _fault(url)
    assert classify(error) is Fault.UNAVAILABLE
    assert _is_one_safe_line(explain(error))


async def test_the_path_of_the_file_is_a_folder(tmp_path: Path) -> None:
    error = await _fault(f"sqlite:///{tmp_path}")
    assert isinstance(error, DatabaseUrlError)
    assert _is_one_safe_line(str(error))


async def test_the_folder_of_the_file_goes_away(tmp_path: Path) -> None:
    database = Database(parse(f"sqlite:///{tmp_path}/disk/todo.db"))
    shutil.rmtree(tmp_path / "disk")
    with pytest.raises(Exception, match="unable to open") as caught:
        async with database.reading() as session:
            await session.scalar(text("SELECT 1"))
    await database.dispose()
    assert classify(caught.value) is Fault.UNAVAILABLE
    assert explain(caught.value) == "unable to open database file"


async def test_the_file_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    path.write_bytes(b"something else entirely " * 100)
    assert explain(await _fault(f"sqlite:///{path}")) == "file is not a database"


@pytest.mark.parametrize("wrong", ["password", "user", "database"])
async def test_the_server_turns_us_away(private: PrivateServer, wrong: str) -> None:
    mode = "sslmode=require" if private.backend == "postgresql" else "ssl_mode=require"
    url = private.url(mode, password=f"{PASSWORD}-wrong" if wrong == "password" else PASSWORD)
    url = url.replace("//todo:", "//nobody:") if wrong == "user" else url
    url = url.replace("/todo?", "/nothing?") if wrong == "database" else url
    line = explain(await _fault(url))
    assert _is_one_safe_line(line)
    assert {"password": "todo", "user": "nobody", "database": "nothing"}[wrong] in line


async def _pid(database: Database) -> int:
    async with database.reading() as session:
        found = await session.scalar(text(WHO[database.target.backend]))
    assert isinstance(found, int)
    return found


async def _end(database: Database, pid: int) -> None:
    """As an administrator or a restart does."""
    kill = "SELECT pg_terminate_backend(:pid)" if database.target.backend == "postgresql" else f"KILL {pid}"
    async with database.writing() as session:
        await session.execute(text(kill), {"pid": pid} if ":pid" in kill else {})


@pytest.mark.backends("postgresql", "mysql")  # a file ends nobody's connection
@pytest.mark.parametrize("last", ["statement", "commit"])
async def test_a_connection_that_ends_within_a_transaction(databases: MakeDatabase, last: str) -> None:
    database, administrator = databases(), databases()
    with pytest.raises(Exception, match=r".") as caught:
        await _cut_off(database, administrator, last)
    assert classify(caught.value) is Fault.UNAVAILABLE
    async with database.writing() as session:
        assert list(await session.scalars(select(User.id))) == []


async def _cut_off(database: Database, administrator: Database, last: str) -> None:
    async with database.writing() as session:
        pid = await session.scalar(text(WHO[database.target.backend]))
        session.add(a_user())
        await session.flush()
        await _end(administrator, int(pid))
        if last == "statement":
            await session.execute(select(User.id))


@pytest.mark.backends("postgresql", "mysql")  # a file ends nobody's connection
async def test_a_connection_that_ended_in_the_pool_is_replaced(databases: MakeDatabase) -> None:
    database, administrator = databases(), databases()
    pid = await _pid(database)
    await _end(administrator, pid)
    async with database.writing() as session:
        session.add(a_user())
    assert await _pid(database) != pid


def test_a_secret_in_a_parameter_is_not_said() -> None:
    """The only thing that shows an address hides its password."""
    target = parse(f"postgres://todo:{PASSWORD}@h/d?options=-c%20a.b%3D{PASSWORD}")
    assert PASSWORD not in f"{target} {target!r}"
