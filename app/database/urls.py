"""Turns whatever stands in DATABASE_URL into one target, or into one clear error; opens no file.

There is no default: an address that cannot be read must never end as a fresh, empty SQLite file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL

from app.database.parameters import (
    MYSQL,
    POSTGRESQL,
    SQLITE,
    DatabaseUrlError,
    Parameters,
    Tls,
    TlsMode,
    decoded,
    fault,
    read,
)

__all__ = ["Backend", "DatabaseUrlError", "Target", "Tls", "TlsMode", "parse"]

Backend = Literal["sqlite", "postgresql", "mysql"]

_DRIVERS: dict[Backend, str] = {"sqlite": "aiosqlite", "postgresql": "asyncpg", "mysql": "aiomysql"}
_SCHEMES: dict[str, Backend] = {
    **dict.fromkeys(("sqlite", "sqlite+aiosqlite", "sqlite+pysqlite"), "sqlite"),
    **{
        name + driver: "postgresql"
        for name in ("postgres", "postgresql")
        for driver in ("", "+psycopg2", "+psycopg", "+asyncpg")
    },
    **{
        name + driver: "mysql"
        for name in ("mysql", "mariadb")
        for driver in (
            *("", "+pymysql", "+mysqldb", "+aiomysql", "+asyncmy"),
            *("+mariadbconnector", "+mysqlconnector"),
        )
    },
}
_FAMILIES = "sqlite:///file.db, postgresql://user:password@host/name or mysql://user:password@host/name"
_FILE_SPELLING = "sqlite:///file.db for a relative path, sqlite:////dir/file.db for an absolute one"
_ENCODE = "in a user name, password or parameter, write '@' as %40, '/' as %2F, '?' as %3F, '#' as %23"

# Blanks, and the quotes of shells, .env files and word processors.
_WRAPPING = " \t\r\n\f\v\u00a0\u200b\ufeff'\"`\u2018\u2019\u201c\u201d"
_COMMAND = re.compile(r"(?:psql\s+|(?:export\s+)?DATABASE_URL\s*=)")


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """One database. `connect_args` is for the driver's connect(), which gets the TLS context besides."""

    backend: Backend
    url: URL
    tls: Tls
    connect_args: Mapping[str, Any] = field(hash=False)
    statement_cache: bool  # False behind a pooler that gives every transaction another connection

    @property
    def path(self) -> Path | None:
        """The SQLite file."""
        return Path(self.url.database or "") if self.backend == "sqlite" else None

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        # Without connect_args: a server setting may hold a secret too.
        return f"Target({str(self)!r}, tls={self.tls.mode!r}, statement_cache={self.statement_cache})"


def parse(text: str) -> Target:
    """Raises DatabaseUrlError, and nothing else, for every text that is not one usable address."""
    address = _unwrapped(text)
    if not address:
        raise fault(f"it is empty; write {_FAMILIES}")
    if re.search("[\0-\x1f\x7f]", address):
        raise fault("there is a line break or a control character inside")
    scheme, separator, rest = address.partition("://")
    if not separator or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,31}", scheme):
        raise fault(f"it does not start with a known scheme; write {_FAMILIES}")
    backend = _SCHEMES.get(scheme.lower())
    if backend is None:
        raise fault(f"unknown scheme {scheme}; write {_FAMILIES}")
    return _file(rest) if backend == "sqlite" else _server(backend, rest)


def _unwrapped(text: str) -> str:
    while (bare := _COMMAND.sub("", text.strip(_WRAPPING), count=1)) != text:
        text = bare
    return text


def _file(rest: str) -> Target:
    location, _, query = rest.partition("?")
    if location and not location.startswith("/"):
        raise fault(f"SQLite has no host; count the slashes: {_FILE_SPELLING}")
    path = location[1:]
    if not path or path.endswith("/"):
        raise fault(f"no file is named; write {_FILE_SPELLING}")
    if path.lower().startswith((":memory:", "file:")):
        raise fault(f"':memory:' would keep nothing and 'file:' is not read; write {_FILE_SPELLING}")
    if "#" in path:
        raise fault("a '#' in the path of the file; choose a path without it")
    # The path is no URL text to its user: a '%' in it is a '%'.
    found = read(query, SQLITE, "SQLite")
    url = URL.create("sqlite+aiosqlite", database=path)
    return Target("sqlite", url, Tls("disable"), found.connect_args, statement_cache=True)


def _server(backend: Backend, rest: str) -> Target:
    before, _, query = rest.partition("?")
    authority, _, path = before.partition("/")
    # The host ends the authority, so an '@' behind it is the rest of a password that was cut in two.
    if "#" in rest or "@" in path + query or re.search(r"\s", before):
        raise fault(f"a character must be percent-encoded: {_ENCODE}, a blank as %20")
    if backend == "postgresql":
        found = read(query, POSTGRESQL, "PostgreSQL")
    else:
        found = read(query, MYSQL, "MySQL and MariaDB")
    account, _, location = authority.rpartition("@")
    name, _, word = account.partition(":")
    user = _either(decoded(name, "user name"), found, "user")
    password = _either(decoded(word, "password"), found, "password")
    if password and not user:
        raise fault("there is a password but no user name")
    host, port = _host_and_port(location, found)
    database = _either(_database(path), found, "dbname")
    if not database:
        raise fault("no database name: it follows the host, as in //host/name")
    on_socket = host.startswith("/")
    if on_socket:
        found.connect_args["host" if backend == "postgresql" else "unix_socket"] = host
    url = URL.create(
        f"{backend}+{_DRIVERS[backend]}",
        username=user or None,
        password=password or None,
        host=None if on_socket else host,
        port=port,
        database=database,
    )
    cache = backend == "mysql" or (found.statement_cache and not _is_pooled(host, port))
    return Target(backend, url, found.tls(on_socket=on_socket), found.connect_args, statement_cache=cache)


def _either(here: str, found: Parameters, key: str) -> str:
    there = found.address.get(key, "")
    if here and there:
        raise fault(f"the {key} is given twice, in the address and as a parameter")
    return here or there


def _database(path: str) -> str:
    name = path.removesuffix("/")
    if "/" in name:
        raise fault("a '/' in the database name must be percent-encoded as %2F")
    return decoded(name, "database name")


def _host_and_port(location: str, found: Parameters) -> tuple[str, int | None]:
    """The host (localhost for none, a path for a socket) and the port (None for the driver's own)."""
    if "," in location or "," in found.address.get("host", "") + found.address.get("port", ""):
        raise fault("there must be one host only, without a comma")
    if match := re.fullmatch(r"\[([^\]]*:[^\]]*)\](?::(.*))?", location):
        name, digits = match[1], match[2] or ""
    elif location.count(":") > 1 or "[" in location:
        raise fault("the host is not valid; an IPv6 address stands in brackets, as in //[::1]/name")
    else:
        name, _, digits = location.partition(":")
    name = decoded(name, "host")
    # Beside a socket, some hosts' manuals write localhost to fill the place of the host.
    if found.address.get("host", "").startswith("/") and name.lower() in ("localhost", "127.0.0.1", "::1"):
        name = ""
    host = _either(name, found, "host") or "localhost"
    if not host.startswith("/") and not _is_host(host):
        raise fault("the host is not a host name, an IP address or the absolute path of a socket")
    digits = _either(digits, found, "port")
    if not digits:
        return host, None
    if not re.fullmatch("[0-9]{1,5}", digits) or not 0 < int(digits) < 65536:
        raise fault("the port is not a number from 1 to 65535")
    return host, int(digits)


def _is_host(host: str) -> bool:
    if ":" not in host:
        return bool(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}", host))
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def _is_pooled(host: str, port: int | None) -> bool:
    """In transaction mode: Neon tells by the host, Supabase by the port (its 5432 is session mode)."""
    return host.partition(".")[0].lower().endswith("-pooler") or port == 6543
