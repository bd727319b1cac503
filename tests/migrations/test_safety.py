"""What keeps rows safe from a revision that somebody will write one day: each is tried with a copy of the folder."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from app.database import schema
from app.database.faults import Fault, classify
from tests.migrations.steps import MIGRATIONS, REVISIONS, Steps

REVISION = '''"""One more.

Revision: one_more
Follows: {head}
"""

import sqlalchemy as sa
from alembic import op

revision = "one_more"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
{steps}


def downgrade() -> None:
    pass
'''
ORPHANS = """\
    op.create_table("made_first", sa.Column("id", sa.Integer(), nullable=False))
    op.execute("DELETE FROM users")"""
BATCH = """\
    with op.batch_alter_table("users") as users:
        users.alter_column("name", existing_type=sa.String(200), type_=sa.String(300))"""
HALF_DONE = """\
    op.execute("UPDATE users SET name = 'changed'")
    op.create_table("made_first", sa.Column("id", sa.Integer(), nullable=False))
    op.execute("INSERT INTO made_first (no_such_column) VALUES (1)")"""
LATE_FAULT = """\
    op.execute("UPDATE users SET version = version + 1")
    op.execute("UPDATE users SET version = 0")"""

# Before its first write: whoever could write now would have the revision fail half-way.
LOOK_AT_THE_LOCK = """\
    import sqlite3
    other = sqlite3.connect(op.get_bind().engine.url.database, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return
    finally:
        other.close()
    raise RuntimeError("the file is not locked")"""


@pytest.fixture
def filled(steps: Steps) -> Steps:
    """A database at the newest schema, with rows."""
    steps.upgrade()
    steps.fill(steps.tables())
    return steps


def _with(filled: Steps, folder: Path, body: str) -> Steps:
    """The same database, with one more revision to come."""
    copy = folder / "migrations"
    shutil.copytree(MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = REVISION.format(head=REVISIONS[-1], steps=body)
    (copy / "versions" / "one_more.py").write_text(code, encoding="utf-8")
    return Steps(filled.target, copy)


@pytest.mark.backends("sqlite")  # foreign keys are off in its migrations alone
def test_a_migration_that_leaves_orphans_is_refused_whole(filled: Steps, tmp_path: Path) -> None:
    tables, before = filled.tables(), filled.rows()
    with pytest.raises(schema.SchemaError, match="rows that refer to nothing; nothing was changed"):
        _with(filled, tmp_path, ORPHANS).upgrade()
    assert filled.revision() == REVISIONS[-1]
    assert filled.tables() == tables
    assert filled.rows() == before


@pytest.mark.backends("sqlite")  # the others have a lock of their own kind: test_upgraders
def test_an_upgrader_holds_the_file_before_it_looks(filled: Steps, tmp_path: Path) -> None:
    changed = _with(filled, tmp_path, LOOK_AT_THE_LOCK)
    changed.upgrade()
    assert changed.revision() == "one_more"


def test_a_rebuilt_users_table_takes_nothing_with_it(filled: Steps, tmp_path: Path) -> None:
    """On SQLite a batch drops the old table: with foreign keys on, every task would go by cascade, without an error."""
    before = filled.rows()
    changed = _with(filled, tmp_path, BATCH)
    changed.upgrade()
    assert changed.revision() == "one_more"
    assert changed.rows() == before


def test_foreign_keys_hold_again_after_a_migration(filled: Steps, tmp_path: Path) -> None:
    _with(filled, tmp_path, BATCH).upgrade()
    filled.look(lambda connection: connection.execute(text("DELETE FROM users")))
    assert not any(filled.rows().values())


@pytest.mark.backends("sqlite", "postgresql")  # MySQL commits before and after every DDL statement
def test_a_migration_that_fails_half_way_leaves_nothing(filled: Steps, tmp_path: Path) -> None:
    tables, before = filled.tables(), filled.rows()
    with pytest.raises(Exception, match="no_such_column"):
        _with(filled, tmp_path, HALF_DONE).upgrade()
    assert filled.revision() == REVISIONS[-1]
    assert filled.tables() == tables
    assert filled.rows() == before


def test_rows_changed_by_a_migration_that_fails_are_as_before(filled: Steps, tmp_path: Path) -> None:
    before = filled.rows()
    with pytest.raises(Exception, match="ck_users_version") as caught:
        _with(filled, tmp_path, LATE_FAULT).upgrade()
    assert classify(caught.value) is Fault.CHECK
    assert filled.revision() == REVISIONS[-1]
    assert filled.rows() == before


def test_the_way_is_free_after_a_migration_that_failed(filled: Steps, tmp_path: Path) -> None:
    """The lock against a second upgrader is not left behind."""
    with pytest.raises(Exception, match="ck_users_version"):
        _with(filled, tmp_path / "bad", LATE_FAULT).upgrade()
    good = _with(filled, tmp_path / "good", BATCH)
    good.upgrade()
    assert good.revision() == "one_more"
