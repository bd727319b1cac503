"""The house stands as it was drawn: rules over the source that a reviewer should not have to remember."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.architecture import rules
from tests.architecture.rules import Rule, Source
from tests.support.servers import ROOT

SOURCES: Final = [
    Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "app").rglob("*.py"))
]
_LONG: Final = "    pass\n"

# A rule, and faults that it must find: where, and what stands there.
RULES: Final[dict[Rule, list[tuple[str, str]]]] = {
    rules.commits_in_one_place: [
        ("app/services/task.py", "async def f(s):\n    await s.commit()\n"),
        ("app/services/task.py", "def f(s):\n    end = s.session.commit\n    return end\n"),
        ("app/database/engine.py", "connection.commit()\n"),
        ("app/services/task.py", "async def f(s):\n    async with s.begin():\n        pass\n"),
        ("app/services/task.py", "session.execute(text('commit'))\n"),
    ],
    rules.one_engine_factory: [
        ("app/database/session.py", "from sqlalchemy.ext.asyncio import create_async_engine\n"),
        ("app/services/health.py", "import sqlalchemy\nsqlalchemy.ext.asyncio.create_async_engine('x')\n"),
        ("app/cli.py", "from sqlalchemy import engine_from_config as make\n"),
    ],
    rules.one_clock: [
        ("app/services/task.py", "from datetime import UTC, datetime\nnow = datetime.now(UTC)\n"),
        ("app/services/task.py", "import datetime\nnow = datetime.datetime.utcnow()\n"),
        ("app/services/due.py", "from datetime import date\ntoday = date.today()\n"),
        ("app/api/task.py", "import time\nnow = time.time()\n"),
        ("app/api/task.py", "from time import time\n"),
        ("app/models/task.py", "created_at = mapped_column(default=datetime.now)\n"),
        ("app/models/task.py", "created_at = mapped_column(server_default=func.now())\n"),
    ],
    rules.http_in_api: [
        ("app/services/task.py", "from fastapi import HTTPException\n"),
        ("app/schemas/task.py", "import starlette.status\n"),
        ("app/cli.py", "def f():\n    from fastapi import FastAPI\n"),
    ],
    rules.drivers_in_database: [
        ("app/services/task.py", "import asyncpg\n"),
        ("app/cli.py", "def f():\n    from aiomysql.connection import Connection\n"),
        ("app/api/handlers.py", "import sqlite3\n"),
        ("app/services/task.py", "def f(s):\n    return s.bind.dialect.name == 'sqlite'\n"),
        ("app/models/task.py", "def f(dialect):\n    return dialect.name\n"),
    ],
    rules.relationships_raise: [
        ("app/models/task.py", "user = relationship()\n"),
        ("app/models/task.py", "user = orm.relationship('User', lazy='selectin')\n"),
        ("app/models/task.py", "user = relationship(lazy=HOW)\n"),
    ],
    rules.short_functions: [
        ("app/services/task.py", f"def f():\n{_LONG * 40}"),
        ("app/services/task.py", f"class A:\n    async def f(self):\n{('    ' + _LONG) * 40}"),
    ],
    rules.short_files: [
        ("app/api/task.py", "x = 1\n" * 251),
        ("app/services/task.py", "x = 1\n" * 301),
    ],
    rules.plain_middleware: [
        ("app/api/middleware.py", "from starlette.middleware.base import BaseHTTPMiddleware\n"),
        ("app/main.py", "@app.middleware('http')\nasync def f(request, call_next): ...\n"),
    ],
    rules.docstrings: [
        ("app/services/task.py", "x = 1\n"),
        ("app/services/task.py", '"""Tasks."""\ndef f(): ...\n'),
        ("app/services/task.py", '"""Tasks."""\nasync def f(): ...\n'),
        ("app/services/task.py", '"""Tasks."""\nclass A:\n    x = 1\n'),
    ],
    rules.tasks_by_owner: [
        ("app/services/task.py", "statement = select(Task).where(Task.id == id)\n"),
        ("app/services/task.py", "statement = select(Task)\n"),
        ("app/services/task.py", "statement = select(func.count()).select_from(Task)\n"),
        ("app/services/task.py", "statement = select(Task.title, Task.user_id).order_by(Task.user_id)\n"),
        ("app/services/task.py", "statement = select(Task).where(Task.user_id != owner.id)\n"),
        ("app/services/task.py", "statement = select(User.id).join(Task, Task.user_id == User.id)\n"),
        ("app/services/task.py", "statement = update(Task).where(Task.id == id).values(title='x')\n"),
        ("app/services/task.py", "statement = delete(Task)\n"),
        ("app/services/task.py", "def f():\n    some = (Task.id == 1,)\n    return select(Task).where(*some)\n"),
        ("app/services/task.py", "def f(session):\n    return session.get(Task, (1, 2))\n"),
        ("app/services/task.py", "statement = Task.__table__.select()\n"),
    ],
}
# What looks like a fault and is none.
FINE: Final[list[tuple[Rule, str, str]]] = [
    (rules.commits_in_one_place, "app/database/session.py", "async def f(s):\n    await s.commit()\n"),
    (rules.commits_in_one_place, "app/services/task.py", "async def f(s):\n    async with s.begin_nested(): ...\n"),
    (rules.commits_in_one_place, "app/api/health.py", "class Version:\n    commit: str\n"),
    (rules.one_engine_factory, "app/cli.py", "from app.database.engine import create_engine\n"),
    (rules.one_clock, "app/config/logging.py", "at = datetime.fromtimestamp(record.created, UTC)\n"),
    (rules.one_clock, "app/api/middleware.py", "import time\nstarted = time.perf_counter()\n"),
    (rules.one_clock, "app/services/due.py", "at = time.fromisoformat('09:00')\n"),
    (rules.http_in_api, "app/main.py", "from fastapi import FastAPI\n"),
    (rules.drivers_in_database, "app/database/types.py", "def f(dialect):\n    return dialect.name\n"),
    (rules.relationships_raise, "app/models/task.py", "user = relationship(lazy='raise')\n"),
    (rules.short_functions, "app/services/task.py", f"def f():\n{_LONG * 39}"),
    (rules.short_files, "app/api/task.py", "x = 1\n" * 250),
    (rules.docstrings, "app/services/__init__.py", ""),
    (rules.docstrings, "app/services/task.py", '"""Tasks."""\ndef _f(): ...\n'),
    (rules.tasks_by_owner, "app/services/task.py", "statement = owned_tasks(owner.id).where(Task.id == id)\n"),
    (
        rules.tasks_by_owner,
        "app/services/task.py",
        "found = select(Task).where(Task.id == 1, Task.user_id == owner.id)\n",
    ),
    (
        rules.tasks_by_owner,
        "app/services/task.py",
        "def f():\n    mine = (Task.user_id == 1, Task.id == 2)\n    return update(Task).where(*mine).values(x=1)\n",
    ),
    (rules.tasks_by_owner, "app/services/user.py", "statement = select(User).where(User.id == 1)\n"),
]
TOP: Final = {
    *("app", "migrations", "scripts", "tests", "Dockerfile", "docker-compose.yml", "pyproject.toml"),
    *("requirements.txt", "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_keeps_to_the_rule(rule: Rule) -> None:
    assert [fault for source in SOURCES for fault in rule(source)] == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [(rule, path, text) for rule, faults in RULES.items() for path, text in faults],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_rule_finds_a_planted_fault(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) != []


@pytest.mark.parametrize(("rule", "path", "text"), FINE, ids=lambda value: getattr(value, "__name__", None))
def test_a_rule_lets_pass_what_is_right(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


# An installed project on the path would offer its own `migrations` beside those of the working folder.
_LINT: Final = """
import sys
from pathlib import Path
from importlinter.cli import lint_imports
sys.path = [folder for folder in sys.path if not Path(folder, "migrations").is_dir()]
sys.exit(lint_imports(no_cache=True))
"""


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of pyproject, over the packages below a folder."""
    return subprocess.run(
        [sys.executable, "-P", "-c", _LINT],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_imports_keep_to_the_contracts() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("path", "line", "contract"),
    [
        ("app/models/task.py", "import app.services.task", "Imports go down only BROKEN"),
        ("app/services/due.py", "import fastapi", "HTTP lives in api and main alone BROKEN"),
        ("app/api/page.py", "import asyncpg", "Drivers live in database alone BROKEN"),
        ("app/models/user.py", "import app.models.task", "Features do not import each other's models BROKEN"),
        ("migrations/versions/0001_users.py", "import app.models", "Revisions stand alone BROKEN"),
    ],
    ids=["layers", "http", "drivers", "features", "revisions"],
)
def test_a_contract_finds_a_planted_import(path: str, line: str, contract: str, tmp_path: Path) -> None:
    for name in ("app", "migrations"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / path).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert contract in done.stdout


def test_every_feature_is_in_the_contract_that_keeps_models_apart() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    [apart] = [contract for contract in contracts if contract["type"] == "independence"]
    features = {path.stem for path in (ROOT / "app/models").glob("*.py")} - {"__init__", "base"}
    assert set(apart["modules"]) == {f"app.models.{name}" for name in features}


def strangers(files: str) -> set[str]:
    """The names at the top of a list of files that have no business there; names with a dot in front are free."""
    return {line.partition("/")[0] for line in files.splitlines() if not line.startswith(".")} - TOP


def test_the_top_of_the_repository_has_only_what_belongs_there() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert strangers(listed.stdout) == set()
    assert strangers("app/main.py\nnotes.txt\nsrc/a.py\n.gitignore\nLICENSE\n") == {"notes.txt", "src"}
