"""A schema in the database's own words, so that two can be compared to the last option."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, text

from app.database.urls import Backend

Description = dict[str, list[str]]
"""A table's lines, sorted: the order in which a statement lists columns and constraints means nothing."""

_PG_LINES: Final = """
SELECT 'column ' || attname || ' ' || format_type(atttypid, atttypmod)
       || CASE WHEN attnotnull THEN ' not null' ELSE '' END
       || coalesce(' collate ' || (SELECT collname FROM pg_collation c WHERE c.oid = attcollation), '')
       || coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = to_regclass(CAST(:table AS text)) AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid = to_regclass(CAST(:table AS text))
UNION ALL
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = CAST(:table AS text)
"""


def described(connection: Connection, tables: set[str]) -> Description:
    """Every table with its columns, constraints, indexes and options."""
    lines = _LINES[_BACKENDS[connection.dialect.name]]
    return {table: sorted(lines(connection, table)) for table in sorted(tables)}


def _sqlite(connection: Connection, table: str) -> list[str]:
    statements = _column(connection, "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL", table)
    return [line.strip().removesuffix(",") for sql in statements for line in sql.replace('"', "").splitlines()]


def _postgresql(connection: Connection, table: str) -> list[str]:
    return _column(connection, _PG_LINES, table)


def _mysql(connection: Connection, table: str) -> list[str]:
    statement = connection.execute(text(f"SHOW CREATE TABLE {table}")).one()[1]
    return [line.strip().removesuffix(",") for line in statement.splitlines()]


def _column(connection: Connection, query: str, table: str) -> list[Any]:
    return list(connection.scalars(text(query), {"table": table}))


_LINES: Final[dict[Backend, Callable[[Connection, str], list[str]]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mysql": _mysql,
}
_BACKENDS: Final[dict[str, Backend]] = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}
