"""The schema that the migrations make: the models' own, and what every table promises on each database."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, String, Table, inspect, make_url

from app.database.types import Id, UtcDateTime
from app.database.urls import Backend, parse
from app.models import Base
from tests.migrations.described import Description, described
from tests.migrations.steps import Steps, tables_of
from tests.support.databases import fresh_database, migrated_database

TABLES = list(Base.metadata.tables.values())
OWNED = [table for table in TABLES if "user_id" in table.columns]
COLUMNS = [column for table in TABLES for column in table.columns]


def _all_described(connection: Connection) -> Description:
    return described(connection, tables_of(connection))


@pytest.fixture(scope="module")
def migrated(backend: Backend, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Steps]:
    with migrated_database(
        backend, tmp_path_factory.mktemp("migrated"), f"todo_schema_{worker_id}_{os.getpid()}"
    ) as url:
        yield Steps(parse(url))


@pytest.fixture(scope="module")
def schema(migrated: Steps) -> Description:
    """What the migrations made."""
    return migrated.look(_all_described)


def _line(schema: Description, column: Column[object]) -> str:
    """A column's line in its table's description."""
    name = column.name
    starts = (f"{name} ", f"`{name}` ", f"column {name} ")
    (line,) = [line for line in schema[column.table.name] if line.startswith(starts)]
    return line


def test_migrations_and_models_make_the_same(
    backend: Backend, schema: Description, tmp_path: Path, worker_id: str
) -> None:
    with fresh_database(backend, tmp_path, f"todo_models_{worker_id}_{os.getpid()}") as url:
        models = Steps(parse(url))
        models.look(Base.metadata.create_all)
        assert schema == models.look(_all_described)


def test_every_name_follows_the_convention(backend: Backend, migrated: Steps) -> None:
    wanted = {str(constraint.name) for table in TABLES for constraint in table.constraints}
    wanted |= {str(index.name) for table in TABLES for index in table.indexes}
    if backend == "mysql":  # which calls every primary key PRIMARY
        wanted -= {str(table.primary_key.name) for table in TABLES}
        wanted |= {"PRIMARY"}
    assert migrated.look(_names) == wanted


def _names(connection: Connection) -> set[str]:
    inspector, found = inspect(connection), set()
    for table in tables_of(connection):
        found |= {index["name"] for index in inspector.get_indexes(table)}
        found.add(inspector.get_pk_constraint(table)["name"] or "PRIMARY")
        found |= {key["name"] for key in inspector.get_foreign_keys(table)}
        found |= {check["name"] for check in inspector.get_check_constraints(table)}
        found |= {unique["name"] for unique in inspector.get_unique_constraints(table)}
    return {str(name) for name in found}


@pytest.mark.parametrize("table", OWNED, ids=lambda table: table.name)
def test_an_owned_table_begins_its_key_with_the_owner(migrated: Steps, table: Table) -> None:
    key = migrated.look(lambda connection: inspect(connection).get_pk_constraint(table.name)["constrained_columns"])
    assert key[0] == "user_id"
    assert len(key) > 1


@pytest.mark.parametrize("table", OWNED, ids=lambda table: table.name)
def test_references_lead_to_the_owner_and_end_with_it(migrated: Steps, table: Table) -> None:
    keys = migrated.look(lambda connection: inspect(connection).get_foreign_keys(table.name))
    assert keys
    for key in keys:
        assert key["options"].get("ondelete") == "CASCADE", key["name"]
        assert key["constrained_columns"][0] == "user_id"
        assert key["referred_columns"][0] == ("id" if key["referred_table"] == "users" else "user_id")
        assert key["referred_table"] == "users" or len(key["constrained_columns"]) > 1


@pytest.mark.backends("sqlite")  # the others order rows their own way
def test_sqlite_stores_owned_rows_in_the_order_of_their_key(schema: Description) -> None:
    without = {table for table, lines in schema.items() if any("WITHOUT ROWID" in line for line in lines)}
    assert without == {table.name for table in OWNED}


@pytest.mark.backends("mysql")  # collations and engines are MySQL's
def test_mysql_tables_tell_letters_apart_and_keep_transactions(schema: Description) -> None:
    for table, lines in schema.items():
        (options,) = [line for line in lines if line.startswith(")")]
        assert "ENGINE=InnoDB" in options, table
        assert "CHARSET=utf8mb4 COLLATE=utf8mb4_bin" in options, table
        assert not [line for line in lines if "COLLATE" in line and line != options and "utf8mb4_bin" not in line]


_INSTANTS = {"sqlite": "DATETIME", "postgresql": "timestamp with time zone", "mysql": "datetime(6)"}
_IDS = {"sqlite": "BLOB", "postgresql": "uuid", "mysql": "binary(16)"}


@pytest.mark.parametrize(("kind", "spellings"), [(UtcDateTime, _INSTANTS), (Id, _IDS)], ids=["instant", "id"])
def test_instants_and_ids_have_the_type_that_keeps_them_whole(
    backend: Backend, schema: Description, kind: type[object], spellings: dict[str, str]
) -> None:
    columns = [column for column in COLUMNS if isinstance(column.type, kind)]
    assert len(columns) > 3
    for column in columns:
        line = _line(schema, column).removeprefix("column ")
        assert line.partition(" ")[2].startswith(spellings[backend]), line


@pytest.mark.backends("postgresql")  # the others have one collation for a whole table
def test_postgresql_sorts_by_bytes_where_a_list_does(schema: Description) -> None:
    by_bytes = {str(column) for column in COLUMNS if isinstance(column.type, String) and _is_bytewise(column)}
    assert by_bytes >= {"tasks.title_key", "tasks.position"}
    assert {str(column) for column in COLUMNS if "collate C" in _line(schema, column)} == by_bytes


def _is_bytewise(column: Column[object]) -> bool:
    return 'COLLATE "C"' in column.type.compile(make_url("postgresql+asyncpg://").get_dialect()())
