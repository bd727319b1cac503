"""Addresses as people paste them, connected with for real; what a parameter says is asked of the server."""

from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import pytest
from sqlalchemy import text

from tests.database.asking import ask, connected
from tests.database.private import PrivateServer


class Row(NamedTuple):
    """A spelling of the address, a question to the server and its answer."""

    spelling: str  # {rest} is everything behind the scheme
    question: str = "SELECT 1"
    answer: Any = 1


POSTGRESQL: Final = [
    *(Row(f"{scheme}://{{rest}}") for scheme in ("postgres", "postgresql", "POSTGRES")),
    *(Row(f"postgresql+{driver}://{{rest}}") for driver in ("psycopg2", "psycopg", "asyncpg")),
    Row("psql 'postgres://{rest}'"),
    Row('export DATABASE_URL="postgres://{rest}"'),
    Row("  postgres://{rest}/  \n"),
    Row("postgres://{rest}", "SHOW application_name", "todo"),
    Row("postgres://{rest}?application_name=my%20app", "SHOW application_name", "my app"),
    Row("postgres://{rest}?options=-c%20statement_timeout%3D12345", "SHOW statement_timeout", "12345ms"),
    Row("postgres://{rest}?options=-c lock_timeout=7s -c work_mem=5MB", "SHOW work_mem", "5MB"),
    Row("postgres://{rest}", "SHOW lock_timeout", "5s"),
    Row("postgres://{rest}?options=-c lock_timeout=7s -c work_mem=5MB", "SHOW lock_timeout", "7s"),
    Row("postgres://{rest}?options=-c%20work_mem%3D5MB&application_name=x", "SHOW application_name", "x"),
    Row("postgres://{rest}?search_path=pg_catalog,public", "SHOW search_path", "pg_catalog,public"),
    Row("postgres://{rest}?schema=public", "SHOW search_path", "public"),
    Row("postgres://{rest}?schema=My%20%22App", "SHOW search_path", '"My ""App"'),
    Row("postgres://{rest}?connect_timeout=10&command_timeout=30"),
    Row("postgres://{rest}?connect_timeout=0"),
    Row("postgres://{rest}?sslmode=prefer"),
    Row("postgres://{rest}?sslmode=allow"),
    Row("postgres://{rest}?sslmode=disable&gssencmode=disable&client_encoding=utf8"),
    Row("postgres://{rest}?channel_binding=prefer&keepalives=1&keepalives_idle=30&tcp_user_timeout=9"),
    *(
        Row(f"postgres://{{rest}}?target_session_attrs={word}", "SHOW transaction_read_only", "off")
        for word in ("any", "primary", "read-write", "prefer-standby")
    ),
    *(
        Row(f"postgres://{{rest}}?{words}")
        for words in ("pgbouncer=true&connection_limit=1", "statement_cache_size=0", "prepared_statement_cache_size=0")
    ),
]
MYSQL: Final = [
    *(Row(f"{scheme}://{{rest}}") for scheme in ("mysql", "mariadb", "MariaDB")),
    *(Row(f"mysql+{driver}://{{rest}}") for driver in ("pymysql", "mysqldb", "aiomysql", "asyncmy", "mysqlconnector")),
    Row("mariadb+mariadbconnector://{rest}"),
    Row("'mysql://{rest}'"),
    Row("DATABASE_URL=mysql://{rest}"),
    *(
        Row(f"mysql://{{rest}}?charset={charset}", f"SELECT @@{variable}", "utf8mb4")
        for charset in ("utf8mb4", "utf8", "UTF8MB3")
        for variable in ("character_set_client", "character_set_connection", "character_set_results")
    ),
    Row("mysql://{rest}?connect_timeout=10&connection_limit=5&pool_timeout=2"),
    Row("mysql://{rest}?connect_timeout=0"),
    Row("mysql://{rest}?ssl_mode=PREFERRED"),
    Row("mysql://{rest}?ssl-mode=DISABLED"),
    Row("mysql://{rest}?tls=preferred&local_infile=0"),
    Row("mysql://{rest}?useSSL=false&allowPublicKeyRetrieval=true&serverTimezone=Europe/Berlin&use_unicode=1"),
]


def _named(row: Row) -> str:
    return f"{row.spelling.strip()}-{row.question}"[:80]


@pytest.mark.backends("postgresql")  # each has its own spellings
@pytest.mark.parametrize("row", POSTGRESQL, ids=_named)
async def test_postgresql_is_reached_and_told(database_url: str, row: Row) -> None:
    await _holds(row, database_url)


@pytest.mark.backends("mysql")  # each has its own spellings
@pytest.mark.parametrize("row", MYSQL, ids=_named)
async def test_mysql_is_reached_and_told(database_url: str, row: Row) -> None:
    await _holds(row, database_url)


async def _holds(row: Row, url: str) -> None:
    rest = url.partition("://")[2]
    assert await ask(row.spelling.replace("{rest}", rest), row.question) == row.answer


@pytest.mark.parametrize(
    ("spelling", "file"),
    [
        pytest.param("sqlite:///a.db", "a.db", id="relative"),
        pytest.param("sqlite:///./new/folder/a.db", "new/folder/a.db", id="folder-to-be-made"),
        pytest.param("sqlite:///{folder}/a.db", "a.db", id="absolute"),
        pytest.param("sqlite+aiosqlite:///{folder}/a.db?mode=rwc&cache=private", "a.db", id="aiosqlite"),
        pytest.param("sqlite+pysqlite:///a.db?check_same_thread=false", "a.db", id="pysqlite"),
        pytest.param("SQLite:///A.db", "A.db", id="capitals"),
        pytest.param('"sqlite:///a.db"', "a.db", id="quotes"),
        pytest.param("sqlite:///my todos.db", "my todos.db", id="blank"),
        pytest.param("sqlite:///50%25 @ hömé.db", "50%25 @ hömé.db", id="percent-is-percent"),
    ],
)
async def test_a_file_is_made_where_the_address_says(folder: Path, spelling: str, file: str) -> None:
    url = spelling.replace("{folder}", str(folder))
    assert await ask(url, "PRAGMA journal_mode") == "wal"
    assert (folder / file).is_file()
    assert await ask(url, "SELECT file FROM pragma_database_list") == str(folder / file)


@pytest.mark.parametrize(
    ("query", "milliseconds"), [("", 5000), ("?timeout=2.5", 2500), ("?timeout=30", 30_000)], ids=["none", "2.5", "30"]
)
async def test_an_sqlite_timeout_is_how_long_a_lock_is_waited_for(folder: Path, query: str, milliseconds: int) -> None:
    assert await ask(f"sqlite:///a.db{query}", "PRAGMA busy_timeout") == milliseconds


@pytest.mark.backends("postgresql")  # the others have no standby to ask for by address
@pytest.mark.parametrize("word", ["standby", "read-only"])
async def test_a_server_of_the_wrong_role_is_refused(database_url: str, word: str) -> None:
    with pytest.raises(Exception, match=r"target_session_attrs|None of the hosts match"):
        await ask(f"{database_url}?target_session_attrs={word}", "SELECT 1")


QUERIES: Final = ("SELECT 1", "SELECT 2", "SELECT CAST(:x AS integer)", "SELECT 1")
PREPARED: Final = "SELECT statement FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'"


@pytest.mark.backends("postgresql")  # poolers that change the server process within a session are PostgreSQL's
@pytest.mark.parametrize(
    ("query", "is_kept"),
    [
        ("", True),
        ("pgbouncer=false", True),
        ("pgbouncer=true", False),
        ("statement_cache_size=0", False),
        ("prepared_statement_cache_size=0", False),
    ],
)
async def test_statements_are_kept_unless_a_pooler_is_named(database_url: str, query: str, is_kept: bool) -> None:
    async with connected(f"{database_url}?{query}") as connection:
        for sql in QUERIES:
            await connection.execute(text(sql), {"x": 1} if ":x" in sql else {})
        await connection.commit()
        kept = list(await connection.scalars(text(PREPARED)))
    assert bool(kept) is is_kept, kept


@pytest.mark.backends("postgresql")  # as above
async def test_behind_a_pooler_no_name_is_used_twice(database_url: str) -> None:
    """Two sessions on one server process would meet each other's names."""
    names = []
    for _ in range(2):
        async with connected(f"{database_url}?pgbouncer=true") as connection:
            names.append(await connection.scalar(text("SELECT max(name) FROM pg_prepared_statements")))
    assert len(set(names)) == 2
    assert all(str(name).startswith("__todo_") for name in names)


SOCKETS: Final = {
    "parameter": ("postgresql://postgres@:{port}/todo?host={socket}", "mysql://root@/todo?unix_socket={socket}"),
    "localhost": (
        "postgresql://postgres@localhost:{port}/todo?host={socket}",
        "mysql://root@localhost/todo?unix_socket={socket}",
    ),
    "encoded": ("postgresql://postgres@{encoded}:{port}/todo", "mysql://root@localhost/todo?unix_socket={encoded}"),
}


@pytest.mark.parametrize("kind", SOCKETS)
async def test_a_server_is_reached_by_its_socket(private: PrivateServer, kind: str) -> None:
    spelling = SOCKETS[kind][private.backend == "mysql"]
    encoded = quote(str(private.socket), safe="")
    url = spelling.format(port=private.port, socket=private.socket, encoded=encoded)
    by_socket = (
        "SELECT inet_client_addr() IS NULL" if private.backend == "postgresql" else "SELECT USER() LIKE '%@localhost'"
    )
    assert await ask(url, by_socket)
