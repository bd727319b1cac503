"""Several processes upgrade one database at the same moment, as replicas of a service do when it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from app.database import schema
from app.database.urls import Backend, parse
from tests.migrations.described import Description, described
from tests.migrations.steps import Steps, tables_of
from tests.support.databases import migrated_database
from tests.support.servers import environment

# `todo migrate`, made ready up to its first statement and let go by a line on standard input.
WAITING = """
import sys
import alembic.command, sqlalchemy.dialects.mysql, sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite
import aiomysql, aiosqlite, asyncpg
from app.cli import main
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main(["migrate"]))
"""


def _upgraders(url: str, folder: Path, count: int) -> list[subprocess.Popen[str]]:
    return [
        subprocess.Popen(
            [sys.executable, "-c", WAITING],
            env=environment(url),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]


def _let_go(upgraders: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Start all at once; the exit codes and what was written to standard error."""
    for upgrader in upgraders:
        assert upgrader.stdout is not None
        assert upgrader.stdout.readline() == "ready\n"
    for upgrader in upgraders:
        assert upgrader.stdin is not None
        upgrader.stdin.write("go\n")
        upgrader.stdin.flush()
    errors = [upgrader.communicate(timeout=60)[1] for upgrader in upgraders]
    return [(upgrader.returncode, error) for upgrader, error in zip(upgraders, errors, strict=True)]


def _described(steps: Steps) -> Description:
    return steps.look(lambda connection: described(connection, tables_of(connection)))


def test_upgraders_at_once_make_the_schema_that_one_makes(
    backend: Backend, steps: Steps, empty_url: str, tmp_path: Path, worker_id: str
) -> None:
    assert _let_go(_upgraders(empty_url, tmp_path, 4)) == [(0, "")] * 4
    assert steps.revision() == schema.head()
    steps.check()
    with migrated_database(backend, tmp_path, f"todo_single_{worker_id}_{os.getpid()}") as url:
        assert _described(steps) == _described(Steps(parse(url)))


@pytest.mark.backends("mysql")  # a lock of its session; PostgreSQL's and SQLite's end with the transaction
def test_the_lock_is_held_until_the_revision_is_committed(steps: Steps) -> None:
    """Let go earlier, the next upgrader reads the revision before the last, and runs the last one again."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    def note_commit(_connection: object) -> None:
        said.append("COMMIT")

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", note_commit)
    try:
        steps.upgrade()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        event.remove(Engine, "commit", note_commit)
    of_revisions = [number for number, words in enumerate(said) if "alembic_version" in words]
    assert _place(said, "GET_LOCK") < of_revisions[0]
    assert of_revisions[-1] < said.index("COMMIT", of_revisions[-1]) < _place(said, "RELEASE_LOCK")


def _place(said: list[str], words: str) -> int:
    """Where the words stand; at the end if nowhere, since a connection that closes lets its lock go."""
    return next((number for number, statement in enumerate(said) if words in statement), len(said))
