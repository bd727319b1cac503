"""What an operator does with a replica: `todo replicas`, `todo restore`, and `todo backup` without one."""

import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.instances import EMAIL, Replica
from tests.support.servers import ROOT, SECRET, environment, running, todo


@pytest.fixture
def replica(tmp_path: Path) -> Replica:
    return Replica(tmp_path)


def titles(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT title FROM tasks ORDER BY title")]


def written_one_after_another(replica: Replica) -> list[datetime]:
    """Two instances, each of which writes twice; after each write, an instant that is later than it."""
    instants = []
    for name, pair in (("one", "ab"), ("two", "cd")):
        with replica.instance(name) as instance:
            for title in pair:
                made = instance.ask("POST", "/api/tasks", {"title": title}).json()
                instants.append(datetime.fromisoformat(made["created_at"]) + timedelta(milliseconds=300))
                # A history is kept by the millisecond: the next write must lie behind the instant.
                while datetime.now(UTC) < instants[-1]:
                    instance.ask("GET", "/livez")
            assert instance.server.stop() == 0
    return instants


def test_every_moment_can_be_brought_back(replica: Replica) -> None:
    instants = written_one_after_another(replica)
    env = replica.environment("three")
    listed = todo("replicas", env=env, folder=replica.folder)
    assert listed.returncode == 0
    assert [line.split()[1] for line in listed.stdout.splitlines()] == ["stopped", "stopped"]
    for number, instant in enumerate(instants):
        file = replica.folder / f"{number}.db"
        done = todo("restore", "--at", instant.isoformat(), "--output", str(file), env=env, folder=replica.folder)
        assert done.returncode == 0, done.stderr
        assert titles(file) == list("abcd"[: number + 1])
    newest = replica.folder / "newest.db"
    assert todo("restore", "--output", str(newest), env=env, folder=replica.folder).returncode == 0
    assert titles(newest) == list("abcd")
    assert newest.stat().st_mode & 0o777 == 0o600


def test_the_service_goes_on_from_what_was_brought_back(replica: Replica) -> None:
    instants = written_one_after_another(replica)
    env = replica.environment("three")
    done = todo("restore", "--at", instants[0].isoformat(), env=env, folder=replica.folder)
    assert done.returncode == 0, done.stderr
    with replica.instance("three") as instance:
        assert [task["title"] for task in instance.ask("GET", "/api/tasks").json()] == ["a"]
        assert instance.ask("POST", "/api/tasks", {"title": "e"}).status_code == 201
        assert instance.server.stop() == 0
    with replica.instance("four") as instance:
        assert [task["title"] for task in instance.ask("GET", "/api/tasks").json()] == ["a", "e"]


def test_what_cannot_be_brought_back_is_one_line(replica: Replica) -> None:
    env = replica.environment("one")
    nothing = todo("restore", env=env, folder=replica.folder)
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
    assert "nothing has been replicated there" in nothing.stderr
    with replica.instance("one"):
        running_yet = todo("restore", env=replica.environment("two"), folder=replica.folder)
        assert (running_yet.returncode, running_yet.stderr.count("\n")) == (1, 1)
        assert "is running: stop it first" in running_yet.stderr
        state = todo("replicas", env=env, folder=replica.folder).stdout.split()[1]
        assert state == "running"
    early = todo("restore", "--at", "2020-01-01T00:00:00Z", env=replica.environment("two"), folder=replica.folder)
    assert (early.returncode, early.stderr.count("\n")) == (1, 1)
    assert "goes back to" in early.stderr
    there = todo("restore", env=env, folder=replica.folder)
    assert (there.returncode, there.stderr.count("\n")) == (1, 1)
    assert "is there already" in there.stderr


@pytest.mark.parametrize("instant", ["yesterday", "2026-11-30T09:00:00", "2026-13-30T09:00:00Z"])
def test_a_moment_that_is_none_is_wrong_usage(replica: Replica, instant: str) -> None:
    done = todo("restore", "--at", instant, env=replica.environment("one"), folder=replica.folder)
    assert done.returncode == 2
    assert "must be an instant with its offset" in done.stderr


def test_a_replicated_file_is_migrated_by_serve_alone(replica: Replica) -> None:
    done = todo("migrate", env=replica.environment("one"), folder=replica.folder)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not replica.disk("one").exists()


def test_check_says_what_becomes_of_the_data_and_makes_no_file(replica: Replica) -> None:
    env = replica.environment("one")
    done = todo("check", env=env, folder=replica.folder)
    assert done.returncode == 0, done.stderr
    assert f"durable, replica at {replica.url}" in done.stdout
    create = todo("user", "create", EMAIL, "--password-stdin", env=env, folder=replica.folder, text=SECRET)
    assert (create.returncode, create.stderr.count("\n")) == (1, 1)
    assert not (replica.disk("one") / "todo.db").exists()
    document = todo("openapi", env=env, folder=replica.folder)
    assert document.returncode == 0, document.stderr


def test_a_history_of_a_newer_version_stops_the_start(replica: Replica) -> None:
    with replica.instance("one") as instance:
        with closing(sqlite3.connect(instance.disk / "todo.db", isolation_level=None)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert instance.server.stop() == 0
    instance.wipe()
    done = todo("serve", "--port", "0", env=replica.environment("one"), folder=replica.folder)
    assert done.returncode == 1
    assert "it belongs to a newer version" in done.stderr.splitlines()[-1]


def test_a_restored_file_has_the_schema_that_the_models_want(replica: Replica) -> None:
    with replica.instance("one") as instance:
        assert instance.server.stop() == 0
    file = replica.folder / "restored.db"
    done = todo("restore", "--output", str(file), env=replica.environment("two"), folder=replica.folder)
    assert done.returncode == 0, done.stderr
    check = subprocess.run(
        ["alembic", "check"],
        cwd=ROOT,
        env=environment(f"sqlite:///{file}"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout


def test_a_backup_of_a_file_in_use_is_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/todo.db"
    env = environment(url)
    with running(env, tmp_path):
        for name in ("ada", "bob"):
            assert (
                todo(
                    *("user", "create", f"{name}@example.com", "--password-stdin"),
                    env=env,
                    folder=tmp_path,
                    text=f"{SECRET}\n",
                ).returncode
                == 0
            )
        file = tmp_path / "backup.db"
        done = todo("backup", str(file), env=env, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (2,)
    assert [path.stat().st_mode & 0o777 for path in (file, tmp_path / "todo.db")] == [0o600, 0o600]


def test_a_backup_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_bytes(b"")
    missing = todo("backup", "new.db", env=environment(f"sqlite:///{tmp_path}/none.db"), folder=tmp_path)
    database = tmp_path / f"{uuid4()}.db"
    sqlite3.connect(database).close()
    env = environment(f"sqlite:///{database}")
    exists = todo("backup", str(there), env=env, folder=tmp_path)
    nowhere = todo("backup", str(tmp_path / "no" / "folder.db"), env=env, folder=tmp_path)
    server = todo("backup", "new.db", env=environment("postgresql://localhost/none"), folder=tmp_path)
    for done in (missing, exists, nowhere, server):
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    without = todo("replicas", env=env, folder=tmp_path)
    assert (without.returncode, without.stderr) == (1, "error: REPLICA_URL: is not set: there is no replica\n")
    assert not (tmp_path / "none.db").exists()
