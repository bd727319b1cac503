"""Every spelling of DATABASE_URL that people paste, and every one that must stop the start.

In the tables PW stands for the password: plain in the first, plain and percent-encoded in the second.
"""

import importlib
import inspect
import sqlite3
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite

from app.database.urls import Backend, DatabaseUrlError, Target, Tls, parse

CANARY = "S3cr3t-canary"
ENCODED = "%53%33cr3t%2Dcanary"

OFF, PREFER, REQUIRE = Tls("disable"), Tls("prefer"), Tls("require")
CA, FULL = Tls("verify-ca"), Tls("verify-full")
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Good(NamedTuple):
    id: str
    text: str
    url: str
    tls: Tls = PREFER
    args: Mapping[str, Any] = NOTHING
    cache: bool = True


S, P, M = "sqlite+aiosqlite", "postgresql+asyncpg", "mysql+aiomysql"
P_HOST, M_HOST = f"{P}://u:PW@h/d", f"{M}://u:PW@h/d"


def lite(name: str, text: str, url: str, args: Mapping[str, Any] = NOTHING) -> Good:
    return Good(name, text, url, OFF, args)


def pg(query: str, tls: Tls = PREFER, args: Mapping[str, Any] = NOTHING, cache: bool = True) -> Good:
    return Good(f"pg?{query}", f"postgres://u:PW@h/d?{query}", P_HOST, tls, args, cache)


def my(query: str, tls: Tls = PREFER, args: Mapping[str, Any] = NOTHING) -> Good:
    return Good(f"my?{query}", f"mysql://u:PW@h/d?{query}", M_HOST, tls, args)


def settings(**values: str) -> dict[str, Any]:
    return {"server_settings": values}


SQLITE = [
    lite("relative", "sqlite:///rel.db", f"{S}:///rel.db"),
    lite("absolute", "sqlite:////data/abs.db", f"{S}:////data/abs.db"),
    lite("dot", "sqlite:///./data/a.db", f"{S}:///./data/a.db"),
    lite("aiosqlite", "sqlite+aiosqlite:///a.db", f"{S}:///a.db"),
    lite("pysqlite", "sqlite+pysqlite:///a.db", f"{S}:///a.db"),
    lite("capitals", "SQLite:///A.db", f"{S}:///A.db"),
    lite("blank-in-path", "sqlite:///my todos.db", f"{S}:///my todos.db"),
    lite("quoted", '"sqlite:///a.db"', f"{S}:///a.db"),
    lite("timeout", "sqlite:///a.db?timeout=2.5", f"{S}:///a.db", {"timeout": 2.5}),
    lite("thread", "sqlite:///a.db?check_same_thread=false", f"{S}:///a.db"),
    lite("rwc", "sqlite:///a.db?mode=rwc", f"{S}:///a.db"),
    lite("rw-private", "sqlite:///a.db?mode=rw&cache=private", f"{S}:///a.db"),
    lite("bare-question-mark", "sqlite:///a.db?", f"{S}:///a.db"),
]

POSTGRESQL = [
    *(
        Good(scheme, f"{scheme}://u:PW@h/d", P_HOST)
        for name in ("postgres", "postgresql")
        for scheme in (name, f"{name}+psycopg2", f"{name}+psycopg", f"{name}+asyncpg", name.upper())
    ),
    # What surrounds a pasted address.
    Good("blanks", "  postgres://u:PW@h/d \r\n", P_HOST),
    Good("quotes", "'postgres://u:PW@h/d'", P_HOST),
    Good("nested-quotes", "\" 'postgres://u:PW@h/d' \"\n", P_HOST),
    Good("curly-quotes", "\u201cpostgres://u:PW@h/d\u201d", P_HOST),
    Good("psql-single", "psql 'postgresql://u:PW@h/d?sslmode=require'", P_HOST, REQUIRE),
    Good("psql-double", 'psql "postgresql://u:PW@h/d"', P_HOST),
    Good("psql-bare", "psql   postgresql://u:PW@h/d", P_HOST),
    Good("psql-in-quotes", "\"psql 'postgresql://u:PW@h/d'\"", P_HOST),
    Good("assignment", "DATABASE_URL=postgres://u:PW@h/d", P_HOST),
    Good("export", "export DATABASE_URL='postgres://u:PW@h/d'", P_HOST),
    Good("export-psql", "export DATABASE_URL = \"psql 'postgres://u:PW@h/d'\"", P_HOST),
    # User, password, host, port and database name.
    Good("port", "postgres://u:PW@h:5433/d", f"{P}://u:PW@h:5433/d"),
    Good("empty-port", "postgres://u:PW@h:/d", P_HOST),
    Good("no-password", "postgres://u@h/d", f"{P}://u@h/d"),
    Good("empty-password", "postgres://u:@h/d", f"{P}://u@h/d"),
    Good("no-user", "postgres://h/d", f"{P}://h/d"),
    Good("many-at", "postgres://u:a@b@PW@h/d", f"{P}://u:a%40b%40PW@h/d"),
    Good("colon-in-password", "postgres://u:a:PW@h/d", f"{P}://u:a%3APW@h/d"),
    Good("escapes", "postgres://u%40x:PW%2F%3F%23%40@h/d%2Fe", f"{P}://u%40x:PW%2F%3F%23%40@h/d/e"),
    Good("plus-is-plus", "postgres://u:a+PW@h/d", f"{P}://u:a+PW@h/d"),
    Good("percent-sign", "postgres://u:50%25PW@h/d", f"{P}://u:50%25PW@h/d"),
    Good("trailing-slash", "postgres://u:PW@h/d/", P_HOST),
    Good("ipv4", "postgres://u:PW@127.0.0.1:5432/d", f"{P}://u:PW@127.0.0.1:5432/d"),
    Good("ipv6", "postgres://u:PW@[::1]/d", f"{P}://u:PW@[::1]/d"),
    Good("ipv6-port", "postgres://u:PW@[2001:db8::1]:5433/d", f"{P}://u:PW@[2001:db8::1]:5433/d"),
    Good("compose-host", "postgres://u:PW@my_db-1/d", f"{P}://u:PW@my_db-1/d"),
    Good("no-host", "postgresql:///d", f"{P}://localhost/d"),
    Good("user-no-host", "postgresql://u:PW@/d", f"{P}://u:PW@localhost/d"),
    Good("port-no-host", "postgresql://u:PW@:5433/d", f"{P}://u:PW@localhost:5433/d"),
    Good("all-in-query", "postgresql:///?host=h&port=1&user=u&password=PW&dbname=d", f"{P}://u:PW@h:1/d"),
    Good("query-without-path", "postgresql://?dbname=d&host=::1", f"{P}://[::1]/d"),
    # Unix sockets.
    Good("socket", "postgresql://u:PW@/d?host=/run/pg", f"{P}://u:PW@/d", OFF, {"host": "/run/pg"}),
    Good("socket-port", "postgresql://u@:5433/d?host=/run/pg", f"{P}://u@:5433/d", OFF, {"host": "/run/pg"}),
    Good("socket-localhost", "postgresql://u@localhost/d?host=/a:b", f"{P}://u@/d", OFF, {"host": "/a:b"}),
    Good("socket-in-authority", "postgresql://u@%2Frun%2Fpg/d", f"{P}://u@/d", OFF, {"host": "/run/pg"}),
    Good("socket-prefer", "postgresql:///d?host=/s&sslmode=prefer", f"{P}:///d", OFF, {"host": "/s"}),
    # TLS.
    pg("sslmode=disable", OFF),
    pg("sslmode=allow", PREFER),
    pg("sslmode=prefer", PREFER),
    pg("sslmode=require", REQUIRE),
    pg("sslmode=verify-ca", CA),
    pg("sslmode=verify-full", FULL),
    pg("SSLMODE=Require", REQUIRE),
    pg("ssl=verify-full", FULL),
    pg("ssl=true", REQUIRE),
    pg("ssl=1", REQUIRE),
    pg("ssl=on", REQUIRE),
    pg("ssl=false", OFF),
    pg("ssl=0&sslmode=disable", OFF),
    pg("ssl=true&sslmode=verify-full", FULL),
    pg("sslaccept=strict", FULL),
    pg("sslmode=require&sslaccept=strict", FULL),
    pg("sslaccept=accept_invalid_certs&sslmode=require", REQUIRE),
    pg("sslmode=require&sslrootcert=/ca.pem", Tls("verify-ca", "/ca.pem")),
    pg("sslmode=verify-full&sslrootcert=%2Fmy+ca.pem", Tls("verify-full", "/my+ca.pem")),
    pg("sslrootcert=/ca.pem", Tls("verify-ca", "/ca.pem")),
    pg("sslmode=verify-full&sslrootcert=system", FULL),
    pg("sslrootcert=system", FULL),
    pg("sslmode=require&sslcert=/c&sslkey=/k", Tls("require", None, "/c", "/k")),
    pg("sslmode=require&sslnegotiation=direct", REQUIRE, {"direct_tls": True}),
    pg("sslnegotiation=postgres", PREFER),
    # What the driver takes, and what it does not.
    pg("connect_timeout=10", PREFER, {"timeout": 10.0}),
    pg("connect_timeout=0", PREFER),
    pg("command_timeout=1.5", PREFER, {"command_timeout": 1.5}),
    pg("application_name=todo", PREFER, settings(application_name="todo")),
    pg("options=-c%20a.b%3D1", PREFER, settings(options="-c a.b=1")),
    pg("options=-c a=1&search_path=a,b", PREFER, settings(options="-c a=1", search_path="a,b")),
    pg("schema=public", PREFER, settings(search_path="public")),
    pg("schema=My%20App", PREFER, settings(search_path='"My App"')),
    pg("target_session_attrs=any"),
    pg("target_session_attrs=read-write", PREFER, {"target_session_attrs": "read-write"}),
    pg("target_session_attrs=primary", PREFER, {"target_session_attrs": "primary"}),
    pg("sslmode=require&channel_binding=require", REQUIRE),
    pg("gssencmode=disable&client_encoding=UTF8"),
    pg("keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=9"),
    pg("supa=base-pooler.x&workaround=y&uselibpqcompat=true&async_fallback=true&"),
    # Statement caches.
    pg("pgbouncer=true&connection_limit=1&pool_timeout=0", cache=False),
    pg("pgbouncer=false"),
    pg("statement_cache_size=0", cache=False),
    pg("prepared_statement_cache_size=0&statement_cache_size=50", cache=False),
    pg("statement_cache_size=100"),
    Good(
        "neon-pooler",
        "psql 'postgresql://u:PW@ep-a-b-pooler.eu.aws.neon.tech/d?sslmode=require&channel_binding=require'",
        f"{P}://u:PW@ep-a-b-pooler.eu.aws.neon.tech/d",
        REQUIRE,
        cache=False,
    ),
    Good("neon-direct", "postgres://u:PW@ep-a-b.neon.tech/d", f"{P}://u:PW@ep-a-b.neon.tech/d"),
    Good(
        "supabase-transaction",
        "postgres://postgres.x:PW@aws-0-eu.pooler.supabase.com:6543/postgres",
        f"{P}://postgres.x:PW@aws-0-eu.pooler.supabase.com:6543/postgres",
        cache=False,
    ),
    Good(
        "supabase-session",
        "postgres://postgres.x:PW@aws-0-eu.pooler.supabase.com:5432/postgres",
        f"{P}://postgres.x:PW@aws-0-eu.pooler.supabase.com:5432/postgres",
    ),
    Good("port-6543", "postgres://u:PW@h:6543/d", f"{P}://u:PW@h:6543/d", cache=False),
    Good("port-6543-in-query", "postgres://u:PW@h/d?port=6543", f"{P}://u:PW@h:6543/d", cache=False),
    Good("pooler-in-query", "postgres:///d?host=x-POOLER.y", f"{P}://x-POOLER.y/d", cache=False),
]

MYSQL = [
    *(
        Good(scheme, f"{scheme}://u:PW@h/d", M_HOST)
        for name in ("mysql", "mariadb")
        for driver in ("", "pymysql", "mysqldb", "aiomysql", "asyncmy", "mariadbconnector", "mysqlconnector")
        for scheme in (f"{name}+{driver}".removesuffix("+"),)
    ),
    Good("MariaDB", "MariaDB://u:PW@h/d", M_HOST),
    Good("port", "mysql://u:PW@h:3307/d", f"{M}://u:PW@h:3307/d"),
    Good("port-6543", "mysql://u:PW@h:6543/d", f"{M}://u:PW@h:6543/d"),
    Good("ipv6", "mysql://u:PW@[fe80::1%25eth0]:3307/d", f"{M}://u:PW@[fe80::1%eth0]:3307/d"),
    Good("many-at", "mysql://u:PW@@h/d", f"{M}://u:PW%40@h/d"),
    Good("no-host", "mysql://u:PW@/d", f"{M}://u:PW@localhost/d"),
    Good("export", 'export DATABASE_URL="mysql://u:PW@h/d"', M_HOST),
    Good("socket", "mysql://u:PW@/d?unix_socket=/s", f"{M}://u:PW@/d", OFF, {"unix_socket": "/s"}),
    Good("socket-local", "mysql://u@localhost/d?unix_socket=/s", f"{M}://u@/d", OFF, {"unix_socket": "/s"}),
    Good("socket-off", "mysql:///d?unix_socket=/s&useSSL=false", f"{M}:///d", OFF, {"unix_socket": "/s"}),
    my("ssl_mode=DISABLED", OFF),
    my("ssl-mode=PREFERRED", PREFER),
    my("ssl-mode=REQUIRED", REQUIRE),
    my("sslMode=VERIFY_CA", CA),
    my("ssl_mode=verify_identity", FULL),
    my("sslmode=require", REQUIRE),
    my("sslmode=verify-full", FULL),
    my("sslmode=allow", PREFER),
    my("ssl=true", REQUIRE),
    my("ssl=false", OFF),
    my('ssl={"rejectUnauthorized":true}', FULL),
    my("ssl=%7B%22rejectUnauthorized%22%3A%20false%7D", REQUIRE),
    my("sslaccept=strict", FULL),
    my("sslaccept=accept_invalid_certs", REQUIRE),
    my("useSSL=true", REQUIRE),
    my("useSSL=false&allowPublicKeyRetrieval=true&serverTimezone=UTC", OFF),
    my("tls=true", FULL),
    my("tls=skip-verify", REQUIRE),
    my("tls=preferred", PREFER),
    my("tls=false", OFF),
    my("ssl_disabled=true", OFF),
    my("ssl_disabled=false", PREFER),
    my("ssl_ca=/ca.pem", Tls("verify-ca", "/ca.pem")),
    my("ssl-ca=/ca.pem&ssl-mode=REQUIRED", Tls("verify-ca", "/ca.pem")),
    my("ssl-ca=/ca.pem&ssl-mode=VERIFY_IDENTITY", Tls("verify-full", "/ca.pem")),
    my("ssl_ca=/ca&ssl_cert=/c&ssl_key=/k", Tls("verify-ca", "/ca", "/c", "/k")),
    my("ssl-cert=/c&ssl-key=/k", Tls("prefer", None, "/c", "/k")),
    my("ssl_verify_cert=true", CA),
    my("ssl_verify_cert=true&ssl_verify_identity=true", FULL),
    my("ssl_verify_cert=true&ssl_verify_identity=false", CA),
    my("ssl_verify_cert=false", PREFER),
    my("charset=utf8mb4"),
    my("charset=utf8&use_unicode=1&binary_prefix=true"),
    my("charset=UTF8MB3&local_infile=0"),
    my("connect_timeout=5", PREFER, {"connect_timeout": 5.0}),
    my("connect_timeout=0&connection_limit=5&pool_timeout=2"),
]

TABLES: dict[Backend, list[Good]] = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MYSQL}
GOOD = [pytest.param(kind, row, id=f"{kind}-{row.id}"[:45]) for kind, rows in TABLES.items() for row in rows]


class Bad(NamedTuple):
    id: str
    text: str
    phrase: str


def bad_pg(query: str, phrase: str) -> Bad:
    return Bad(f"pg?{query}", f"postgres://u:PW@h/d?{query}", phrase)


def bad_my(query: str, phrase: str) -> Bad:
    return Bad(f"my?{query}", f"mysql://u:PW@h/d?{query}", phrase)


BAD = [
    Bad("empty", "", "empty"),
    Bad("blanks", " \n", "empty"),
    Bad("quotes", "\"''\"", "empty"),
    Bad("assignment-of-nothing", "export DATABASE_URL=", "empty"),
    Bad("no-scheme", "u:PW@h/d", "does not start with a known scheme"),
    Bad("one-slash", "postgres:/u:PW@h/d", "does not start with a known scheme"),
    Bad("file-name", "todo.db", "does not start with a known scheme"),
    Bad("conninfo", "host=h user=u password=PW", "does not start with a known scheme"),
    Bad("scheme-late", "u:PW@h/d?x=postgres://h", "does not start with a known scheme"),
    Bad("oracle", "oracle://u:PW@h/d", "unknown scheme oracle; write sqlite"),
    Bad("oracle-families", "oracle://u:PW@h/d", "postgresql://user:password@host/name or mysql://"),
    Bad("jdbc", "jdbc:postgresql://h/d?password=PW", "does not start with a known scheme"),
    Bad("line-break", "postgres://u:PW@h\n/d", "line break"),
    # SQLite.
    Bad("memory", "sqlite:///:memory:", "would keep nothing"),
    Bad("sqlite-nothing", "sqlite://", "no file is named"),
    Bad("sqlite-empty-path", "sqlite:///", "no file is named"),
    Bad("sqlite-folder", "sqlite:////data/", "no file is named"),
    Bad("sqlite-mode-memory", "sqlite:///a.db?mode=memory", "would keep nothing"),
    Bad("sqlite-mode-ro", "sqlite:///a.db?mode=ro", "mode must be one of: rw, rwc"),
    Bad("sqlite-file-uri", "sqlite:///file:a.db?uri=true", "'file:' is not read"),
    Bad("sqlite-two-slashes", "sqlite://rel.db", "sqlite:///file.db"),
    Bad("sqlite-account", "sqlite://u:PW@h/a.db", "SQLite has no host"),
    Bad("sqlite-shared", "sqlite:///a.db?cache=shared", "cache must be one of: private"),
    Bad("sqlite-timeout-0", "sqlite:///a.db?timeout=0", "timeout must be a number of seconds above 0"),
    Bad("sqlite-timeout-word", "sqlite:///a.db?timeout=PW", "timeout must be a number of seconds above 0"),
    Bad("sqlite-unknown", "sqlite:///a.db?key=PW", "unknown parameter key for SQLite"),
    Bad("sqlite-hash", "sqlite:///a#b.db", "'#' in the path"),
    # User, password, host, port and database name.
    Bad("hash", "postgres://u:PW#@h/d", "percent-encoded"),
    Bad("hash-first", "postgres://u:#PW@h/d", "'#' as %23"),
    Bad("hash-in-query", "postgres://u:PW@h/d?sslmode=require#x", "percent-encoded"),
    Bad("slash-in-password", "postgres://u:PW/x@h/d", "'/' as %2F"),
    Bad("slash-before", "mysql://u:x/PW@h/d", "'/' as %2F"),
    Bad("question-in-password", "postgres://u:PW?x@h/d", "'?' as %3F"),
    Bad("question-before", "postgres://u:?PW=x@h/d", "'?' as %3F"),
    Bad("at-and-slash", "mysql://u:x@PW/y@h/d", "percent-encoded"),
    Bad("blank", "postgres://u:PW x@h/d", "a blank as %20"),
    Bad("psql-arguments", "psql 'postgres://u:PW@h/d' -c 'select 1'", "a blank as %20"),
    Bad("not-utf8", "postgres://u:PW%ff@h/d", "the password is not UTF-8"),
    Bad("not-utf8-query", "postgres://u@h/d?password=PW%ff", "the value of password is not UTF-8"),
    Bad("null-byte", "mysql://u:PW%00@h/d", "the password is not UTF-8"),
    Bad("password-alone", "postgres://:PW@h/d", "no user name"),
    Bad("port-word", "postgres://u:PW@h:x/d", "the port is not a number"),
    Bad("port-is-password", "postgres://u:PW/d", "the port is not a number"),
    Bad("port-0", "mysql://u:PW@h:0/d", "the port is not a number from 1 to 65535"),
    Bad("port-65536", "postgres://u:PW@h:65536/d", "the port is not a number from 1 to 65535"),
    Bad("port-negative", "postgres://u:PW@h:-1/d", "the port is not a number"),
    Bad("port-digits", f"postgres://u:PW@h:{'9' * 5000}/d", "the port is not a number"),
    Bad("port-arabic", "postgres://u:PW@h:\u0665\u0664/d", "the port is not a number"),
    Bad("two-hosts", "postgres://u:PW@a:1,b:2/d", "one host only"),
    Bad("two-hosts-in-query", "postgres://u:PW@/d?host=a,b", "one host only"),
    Bad("ipv6-bare", "postgres://u:PW@::1/d", "brackets"),
    Bad("ipv6-open", "postgres://u:PW@[::1/d", "brackets"),
    Bad("ipv6-wrong", "mysql://u:PW@[12345::1]/d", "host is not a host name"),
    Bad("brackets-no-ipv6", "postgres://u:PW@[h]/d", "brackets"),
    Bad("host-wrong", "postgres://u:PW@h%20x/d", "host is not a host name"),
    Bad("no-database-pg", "postgres://u:PW@h", "no database name"),
    Bad("no-database-my", "mysql://u:PW@h/", "no database name"),
    Bad("no-database-socket", "postgres://u:PW@?host=/run/pg", "no database name"),
    Bad("slash-in-database", "postgres://u:PW@h/d/e", "the database name must be percent-encoded"),
    Bad("host-twice", "postgres://u:PW@h/d?host=i", "the host is given twice"),
    Bad("host-and-socket", "mysql://u:PW@h/d?unix_socket=/s", "the host is given twice"),
    Bad("socket-relative", "mysql://u:PW@/d?unix_socket=s.sock", "absolute path"),
    Bad("password-twice", "postgres://u:PW@h/d?password=PW", "the password is given twice"),
    Bad("user-twice", "postgres://u:PW@h/d?user=PW", "the user is given twice"),
    Bad("port-twice", "postgres://u:PW@h:5432/d?port=5432", "the port is given twice"),
    # Parameters.
    bad_pg("foo=PW", "unknown parameter foo for PostgreSQL"),
    bad_pg("sslcrl=/x", "unknown parameter sslcrl"),
    bad_pg("unix_socket=/x", "unknown parameter unix_socket"),
    bad_pg("PW", "must read name=value"),
    bad_pg("=PW", "must read name=value"),
    bad_pg("p%20w=PW", "must read name=value"),
    bad_pg("sslmode=require&sslmode=require", "sslmode is given twice"),
    bad_pg("search_path=a&schema=b", "schema gives search_path twice"),
    bad_pg("sslmode=", "sslmode needs a value"),
    bad_pg("application_name=", "application_name needs a value"),
    bad_pg("sslmode=PW", "sslmode must be one of: disable, allow, prefer, require, verify-ca, verify-full"),
    bad_pg("ssl=PW", "ssl must be one of"),
    bad_pg("ssl=true&sslmode=disable", "contradict each other: ssl, sslmode"),
    bad_pg("sslmode=prefer&sslaccept=strict", "contradict each other: sslmode, sslaccept"),
    bad_pg("sslmode=verify-full&sslaccept=accept_invalid_certs", "contradict"),
    bad_pg("sslmode=disable&sslrootcert=/ca", "contradict each other: sslmode, sslrootcert"),
    bad_pg("sslmode=disable&sslcert=/c&sslkey=/k", "contradict"),
    bad_pg("sslmode=verify-ca&sslrootcert=system", "contradict"),
    bad_pg("sslmode=require&sslkey=/k", "key needs its certificate"),
    bad_pg("sslnegotiation=direct", "needs sslmode=require"),
    bad_pg("sslmode=prefer&sslnegotiation=direct", "needs sslmode=require"),
    bad_pg("sslnegotiation=x", "sslnegotiation must be one of: postgres, direct"),
    Bad("socket-tls", "postgres://u:PW@/d?host=/run/pg&sslmode=require", "a Unix socket carries no TLS"),
    Bad("socket-cert", "mysql://u:PW@/d?unix_socket=/s&ssl_cert=/c", "a Unix socket carries no TLS"),
    Bad("socket-direct", "postgres://u:PW@/d?host=/run/pg&sslnegotiation=direct", "needs sslmode=require"),
    bad_pg("connect_timeout=-1", "connect_timeout must be a number of seconds"),
    bad_pg("connect_timeout=nan", "connect_timeout must be a number of seconds"),
    bad_pg("command_timeout=PW", "command_timeout must be a number of seconds"),
    bad_pg("statement_cache_size=PW", "statement_cache_size must be a whole number"),
    bad_pg("pgbouncer=PW", "pgbouncer must be one of"),
    bad_pg("client_encoding=latin1", "client_encoding must be one of: utf8"),
    bad_pg("gssencmode=require", "gssencmode must be one of: disable, prefer"),
    bad_pg("target_session_attrs=PW", "target_session_attrs must be one of: any, primary"),
    bad_my("foo=PW", "unknown parameter foo for MySQL"),
    bad_my("sslrootcert=/ca", "unknown parameter sslrootcert"),
    bad_my("charset=latin1", "charset must be one of: utf8mb4"),
    bad_my("local_infile=1", "local_infile must be one of: false"),
    bad_my("ssl=PW", "ssl must be one of"),
    bad_my('ssl={"ca":"PW"}', "ssl must be one of"),
    bad_my("ssl_mode=STRICT", "ssl_mode must be one of: disabled"),
    bad_my("ssl_ca=/a&ssl-ca=/b", "ssl-ca is given twice"),
    bad_my("ssl_ca=", "ssl_ca needs a value"),
    bad_my("ssl_key=/k", "key needs its certificate"),
    bad_my("ssl-mode=REQUIRED&ssl=false", "contradict each other: ssl-mode, ssl"),
    bad_my("ssl_disabled=true&ssl_ca=/ca", "contradict"),
    bad_my("ssl_mode=VERIFY_CA&ssl_verify_cert=false", "contradict"),
    bad_my("tls=skip-verify&ssl_ca=/ca", "contradict"),
    bad_my("unix_socket=", "unix_socket needs a value"),
]


@pytest.mark.parametrize(("expected", "row"), GOOD)
def test_good(expected: Backend, row: Good) -> None:
    target = parse(row.text.replace("PW", CANARY))
    assert target.backend == expected
    assert target.url.render_as_string(hide_password=False) == row.url.replace("PW", CANARY)
    assert not target.url.query
    assert target.tls == row.tls
    assert target.connect_args == row.args
    assert target.statement_cache is row.cache


@pytest.mark.parametrize(("expected", "row"), GOOD)
def test_the_password_stays_hidden(expected: Backend, row: Good) -> None:
    target = parse(row.text.replace("PW", CANARY))
    assert CANARY not in f"{target} {target!r} {target.connect_args}"
    assert str(target).startswith(expected)


@pytest.mark.parametrize(("expected", "row"), GOOD)
def test_a_percent_encoded_password_is_the_same(expected: Backend, row: Good) -> None:
    assert parse(row.text.replace("PW", ENCODED)) == parse(row.text.replace("PW", CANARY)), expected


@pytest.mark.parametrize(("expected", "row"), GOOD)
def test_the_driver_accepts_every_argument(expected: Backend, row: Good) -> None:
    target = parse(row.text.replace("PW", CANARY))
    given = _driver_arguments(target)
    if expected == "sqlite":
        # sqlite3.connect has no signature on Python 3.11, so it is called.
        sqlite3.connect(":memory:", **target.connect_args).close()
    else:
        connect = importlib.import_module("asyncpg" if expected == "postgresql" else "aiomysql").connect
        assert given.keys() <= inspect.signature(connect).parameters.keys()


def _driver_arguments(target: Target) -> dict[str, Any]:
    """What SQLAlchemy makes of the URL, under the arguments that win over it."""
    dialects = {"sqlite": sqlite.aiosqlite, "postgresql": postgresql.asyncpg, "mysql": mysql.aiomysql}
    _, arguments = dialects[target.backend].dialect().create_connect_args(target.url)
    return {**arguments, **target.connect_args}


@pytest.mark.parametrize("secret", [CANARY, ENCODED], ids=["plain", "encoded"])
@pytest.mark.parametrize("row", BAD, ids=[row.id[:35] for row in BAD])
def test_bad(row: Bad, secret: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        parse(row.text.replace("PW", secret))
    message = str(caught.value)
    assert row.phrase in message
    assert message.startswith("DATABASE_URL: ")
    assert "\n" not in message
    assert len(message) < 250
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    everything = message + repr(caught.value) + "".join(traceback.format_exception(caught.value))
    for part in (CANARY, ENCODED, "S3cr3t", "canary", "%53"):
        assert part not in everything


def test_the_tables_are_full() -> None:
    rows = [row for table in TABLES.values() for row in table]
    assert len({row.text for row in rows}) == len(rows) >= 90
    assert len(BAD) >= 35


def test_a_socket_replaces_the_host() -> None:
    arguments = _driver_arguments(parse("postgresql://u@localhost:5433/d?host=/run/pg"))
    assert (arguments["host"], arguments["port"]) == ("/run/pg", 5433)
    arguments = _driver_arguments(parse("mysql://u@localhost/d?unix_socket=/s"))
    assert (arguments.get("host"), arguments["unix_socket"]) == (None, "/s")


def test_an_sqlite_path_is_not_percent_decoded() -> None:
    target = parse("sqlite:////data/50%25 @ home.db")
    assert target.url.database == "/data/50%25 @ home.db"
    assert target.path == Path("/data/50%25 @ home.db")


def test_a_server_has_no_path() -> None:
    assert parse("postgres://h/d").path is None


def test_the_password_arrives_decoded() -> None:
    url = parse("postgres://u%3Av:%C3%A9%25%40%2F@h/d").url
    assert (url.username, url.password) == ("u:v", "é%@/")


def test_a_target_is_a_value() -> None:
    spellings = ("postgres://u@h/d?connect_timeout=3", "postgresql://u@h/d?connect_timeout=3.0")
    assert len({parse(text) for text in spellings}) == 1
