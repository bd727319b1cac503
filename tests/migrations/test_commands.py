"""Alembic's own command line: it needs DATABASE_URL and the project's folder, and no file of its own."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from app.database import schema
from app.database.urls import Backend
from tests.migrations.steps import REVISIONS, Steps
from tests.support.servers import ROOT, environment

Alembic = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def alembic(empty_url: str) -> Alembic:
    """Run one command of alembic's to its end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "alembic", *arguments],
            env=environment(empty_url),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_the_usual_commands_work(alembic: Alembic, steps: Steps) -> None:
    done = [alembic("upgrade", "head"), alembic("check"), alembic("current")]
    assert [(run.returncode, run.stderr) for run in done] == [(0, "")] * 3
    assert "No new upgrade operations detected" in done[1].stdout
    assert done[2].stdout.startswith(f"{REVISIONS[-1]} (head)")
    assert steps.revision() == schema.head()

    done = [alembic("downgrade", "-1"), alembic("upgrade", "+1"), alembic("downgrade", "base")]
    assert [(run.returncode, run.stderr) for run in done] == [(0, "")] * 3
    assert steps.tables() == set()


def test_check_fails_when_the_schema_is_behind(alembic: Alembic) -> None:
    assert alembic("upgrade", REVISIONS[-2]).returncode == 0
    checked = alembic("check")
    assert checked.returncode != 0
    assert "Target database is not up to date" in checked.stdout + checked.stderr


def test_check_fails_when_the_tables_are_not_the_models(alembic: Alembic, steps: Steps) -> None:
    assert alembic("upgrade", REVISIONS[-2]).returncode == 0
    assert alembic("stamp", "head").returncode == 0
    checked = alembic("check")
    assert checked.returncode != 0
    assert "New upgrade operations detected" in checked.stdout + checked.stderr


def test_sql_without_a_database_is_refused_in_a_line(alembic: Alembic) -> None:
    refused = alembic("upgrade", "head", "--sql")
    assert refused.returncode == 1
    assert refused.stderr == "migrations need a live database: SQLite's are made by reading the tables\n"


@pytest.mark.backends("sqlite")  # said before any database is looked for
def test_a_wrong_address_is_said_without_its_password(backend: Backend) -> None:
    wrong = subprocess.run(
        [sys.executable, "-m", "alembic", "current"],
        env=environment("mysql://u:canary@h/d?no_such=1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert wrong.returncode != 0
    assert "unknown parameter no_such for MySQL and MariaDB" in wrong.stderr
    assert "canary" not in wrong.stdout + wrong.stderr
