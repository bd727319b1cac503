"""Database servers of our own, with TLS and a socket, on free ports in a temporary folder."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final
from urllib.parse import quote

from sqlalchemy import text

from app.database.engine import create_engine
from app.database.urls import Backend, parse
from tests.support.tls import Authority, Certificate

HOST: Final = "localhost"
"""The one name that the servers' certificates are for."""
PASSWORD: Final = "S3cr3t-canary"
FOREIGN_PASSWORD: Final = "пароль é😀/@:?#%"
"""What a password may look like too."""
_STOP_SECONDS: Final = 60
_MYSQL_QUICK: Final = ("--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve")
_POSTGRESQL_HBA: Final = """
local all all trust
hostssl all holder all cert
hostssl all all all scram-sha-256
"""
_USERS: Final[dict[Backend, tuple[str, ...]]] = {
    "postgresql": (
        f"CREATE ROLE todo LOGIN PASSWORD '{PASSWORD}'",
        f"CREATE ROLE foreigner LOGIN PASSWORD '{FOREIGN_PASSWORD}'",
        "CREATE ROLE holder LOGIN",
        "CREATE DATABASE todo",
    ),
    "mysql": (
        f"CREATE USER todo IDENTIFIED BY '{PASSWORD}' REQUIRE SSL",
        f"CREATE USER foreigner IDENTIFIED BY '{FOREIGN_PASSWORD}' REQUIRE SSL",
        "CREATE USER holder REQUIRE X509",
        "CREATE DATABASE todo",
        "GRANT ALL ON todo.* TO todo, foreigner, holder",
    ),
}


@dataclass(frozen=True)
class PrivateServer:
    """A running server. `holder` signs in by `client`'s certificate, everybody else by password and TLS."""

    backend: Backend
    port: int
    socket: Path  # the folder of PostgreSQL's, the file of MariaDB's
    authority: Authority
    stranger: Authority  # whom nobody here trusts
    client: Certificate

    def url(self, query: str, *, user: str = "todo", password: str = PASSWORD, host: str = HOST) -> str:
        word = f":{quote(password, safe='')}" if password else ""
        return f"{self.backend}://{user}{word}@{host}:{self.port}/todo?{query}"

    def socket_url(self, database: str = "todo") -> str:
        """As the administrator, whom the socket lets in without a password."""
        if self.backend == "postgresql":
            return f"postgresql://postgres@:{self.port}/{database}?host={self.socket}"
        return f"mysql://root@/{database}?unix_socket={self.socket}"


def programs(backend: Backend) -> dict[str, Path] | None:
    """Where the server's programs are; None when one is not here."""
    wanted = ("initdb", "postgres") if backend == "postgresql" else ("mariadb-install-db", "mariadbd")
    folders = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", *folders])
    found = {name: shutil.which(name, path=path) for name in wanted}
    return {name: Path(file) for name, file in found.items() if file} if all(found.values()) else None


@contextmanager
def private_server(backend: Backend) -> Iterator[PrivateServer]:
    """A server that has TLS, refuses to do without, and is gone afterwards."""
    binaries = programs(backend)
    assert binaries is not None
    # Not pytest's folder: the servers refuse to run as root, and nobody else may look into that one.
    with tempfile.TemporaryDirectory(prefix="todo-") as name:
        folder = Path(name)
        server = _described(backend, folder)
        certificate = server.authority.server(HOST)
        _give_away(folder)
        command = _postgresql if backend == "postgresql" else _mariadb
        with _running(command(binaries, folder, server, certificate), folder):
            asyncio.run(_make_users(server))
            yield server


def _described(backend: Backend, folder: Path) -> PrivateServer:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    authority = Authority(folder, "authority")
    place = folder if backend == "postgresql" else folder / "mariadb.sock"
    return PrivateServer(backend, port, place, authority, Authority(folder, "stranger"), authority.client("holder"))


def _postgresql(
    binaries: dict[str, Path], folder: Path, server: PrivateServer, certificate: Certificate
) -> tuple[str, ...]:
    data = folder / "data"
    _run(folder, str(binaries["initdb"]), "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
    (data / "pg_hba.conf").write_text(_POSTGRESQL_HBA, encoding="utf-8")
    settings = {
        "port": server.port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": server.socket,
        "fsync": "off",
        "ssl": "on",
        "ssl_cert_file": certificate.file,
        "ssl_key_file": certificate.key_file,
        "ssl_ca_file": server.authority.file,
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return (str(binaries["postgres"]), "-D", str(data), *options)


def _mariadb(
    binaries: dict[str, Path], folder: Path, server: PrivateServer, certificate: Certificate
) -> tuple[str, ...]:
    data = f"--datadir={folder / 'data'}"
    root = "--auth-root-authentication-method=normal"
    install = str(binaries["mariadb-install-db"])
    _run(folder, install, "--no-defaults", data, root, "--skip-test-db", *_MYSQL_QUICK[:2])
    return (
        str(binaries["mariadbd"]),
        "--no-defaults",
        data,
        f"--port={server.port}",
        "--bind-address=127.0.0.1",
        f"--socket={server.socket}",
        f"--pid-file={folder / 'pid'}",
        f"--ssl-ca={server.authority.file}",
        f"--ssl-cert={certificate.file}",
        f"--ssl-key={certificate.key_file}",
        *_MYSQL_QUICK,
    )


def _user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None


def _give_away(folder: Path) -> None:
    if user := _user():
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user)


def _environment(folder: Path) -> dict[str, str]:
    # A MariaDB that starts clears what it takes for its own in the folder for temporary files: it gets one.
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TMPDIR": str(folder)}


def _run(folder: Path, *command: str) -> None:
    environment = _environment(folder)
    done = subprocess.run(
        command, user=_user(), env=environment, cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _running(command: tuple[str, ...], folder: Path) -> Iterator[None]:
    process = subprocess.Popen(
        command, user=_user(), env=_environment(folder), cwd="/", stderr=subprocess.PIPE, text=True, errors="replace"
    )
    log = process.stderr
    assert log is not None
    said = []
    # Whatever the server goes on to say is read away, or it would stop when the pipe is full.
    rest = Thread(target=log.read, daemon=True)
    try:
        for line in log:  # ends when the server does
            said.append(line)
            if "ready to accept connections" in line or "ready for connections" in line:
                break
        else:
            raise AssertionError("".join(said))
        rest.start()
        yield
    finally:
        process.send_signal(signal.SIGINT if "postgres" in command[0] else signal.SIGTERM)
        process.wait(_STOP_SECONDS)
        if rest.is_alive():
            rest.join(_STOP_SECONDS)
        log.close()


async def _make_users(server: PrivateServer) -> None:
    administration = server.socket_url("postgres" if server.backend == "postgresql" else "mysql")
    engine = create_engine(parse(administration)).execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in _USERS[server.backend]:
            await connection.execute(text(statement.replace(":", r"\:")))
    await engine.dispose()
