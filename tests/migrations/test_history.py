"""The revisions as they lie in their folder."""

import ast
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from app.database import schema
from tests.migrations.steps import MIGRATIONS, REVISIONS, VERSIONS

FILES = sorted(VERSIONS.glob("*.py"))
each_file = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def test_there_is_one_head() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [REVISIONS[-1]] == [schema.head()]


def test_the_history_is_a_line() -> None:
    scripts = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())[::-1]
    assert [script.down_revision for script in scripts] == [None, *REVISIONS[:-1]]
    assert [script.dependencies for script in scripts] == [None] * len(scripts)


def test_every_file_is_a_revision_and_they_sort_by_name() -> None:
    assert [file.stem.partition("_")[0] for file in FILES] == REVISIONS


@each_file
def test_the_header_says_what_the_code_does(file: Path) -> None:
    script = ScriptDirectory(str(MIGRATIONS)).get_revision(file.stem.partition("_")[0])
    assert script is not None
    assert script.longdoc.splitlines()[-2:] == [
        f"Revision: {script.revision}",
        f"Follows: {script.down_revision or 'nothing'}",
    ]


@each_file
def test_a_revision_imports_nothing_of_the_application(file: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported <= {"sqlalchemy", "alembic"}


@each_file
def test_a_revision_takes_one_step_each_way(file: Path) -> None:
    """MySQL commits each DDL statement: of two steps the first would stand when the second fails."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    bodies = {node.name: node.body for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name: len(body) for name, body in bodies.items()} == {"upgrade": 1, "downgrade": 1}
