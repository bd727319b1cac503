"""The secret that is made beside the SQLite file when nobody has set one; real processes throughout."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.support.accounts import PASSWORD
from tests.support.servers import environment, running, todo

FILE: Final = "todo.db.jwt-secret"
ROUNDS: Final = 25
# In every round: says that it is ready, waits until the round's pipe is closed, makes or reads the secret of
# the round's database, and tells the id of the key.
_LOAD: Final = """
import os, sys
from app.config.settings import load_settings
from app.database.urls import parse
from app.services.keys import load_keyring
settings = load_settings()
for gate in sys.argv[1:]:
    target = parse(f"sqlite:///{gate}/todo.db")
    print("ready", flush=True)
    os.read(int(gate), 1)
    print(load_keyring(settings, target).newest, flush=True)
"""


def without_secret(url: str = "sqlite:///todo.db") -> dict[str, str]:
    """The environment of a process that has no JWT_SECRET."""
    return {name: value for name, value in environment(url).items() if name != "JWT_SECRET"}


def check(folder: Path, url: str = "sqlite:///todo.db") -> subprocess.CompletedProcess[str]:
    return todo("check", env=without_secret(url), folder=folder)


def refusal(folder: Path, url: str = "sqlite:///todo.db") -> str:
    """The one line that `todo check` ends with."""
    done = check(folder, url)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    return line


def test_a_secret_is_made_once_and_for_its_owner_only(folder: Path) -> None:
    first = check(folder)
    secret = (folder / FILE).read_bytes()
    second = check(folder)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "from the file beside the database" in first.stdout
    assert (folder / FILE).read_bytes() == secret
    assert (folder / FILE).stat().st_mode & 0o777 == 0o600
    assert len(secret) >= 32
    assert secret.decode() not in first.stdout + first.stderr + second.stdout + second.stderr


def test_nothing_else_is_left_in_the_folder(folder: Path) -> None:
    check(folder, "sqlite:///data/todo.db")
    names = {path.name for path in (folder / "data").iterdir()}
    assert FILE in names
    assert {name for name in names if not name.startswith("todo.db")} == set()


def test_every_database_has_a_secret_of_its_own(folder: Path) -> None:
    for name in ("one.db", "two.db"):
        assert check(folder, f"sqlite:///{name}").returncode == 0
    assert (folder / "one.db.jwt-secret").read_bytes() != (folder / "two.db.jwt-secret").read_bytes()


def test_where_a_secret_is_set_no_file_is_made(folder: Path) -> None:
    done = todo("check", env=environment("sqlite:///todo.db"), folder=folder)
    assert done.returncode == 0
    assert "from JWT_SECRET" in done.stdout
    assert not (folder / FILE).exists()


def starter(gates: list[int], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _LOAD, *map(str, gates)],
        env=without_secret(),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=gates,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_processes_that_start_together_end_with_the_same_secret(folder: Path) -> None:
    pipes = [os.pipe() for _ in range(ROUNDS)]
    started = [starter([gate for gate, _ in pipes], folder) for _ in range(4)]
    for gate, opener in pipes:
        assert [line(process) for process in started] == ["ready"] * 4
        os.close(opener)  # wakes them all at once
        keys = {line(process) for process in started}
        os.close(gate)
        assert len(keys) == 1
        assert keys != {""}
        assert [path.name for path in (folder / str(gate)).iterdir()] == [FILE]
    assert [process.wait(30) for process in started] == [0] * 4
    for process in started:
        process.communicate()


def test_a_token_outlives_a_restart(folder: Path) -> None:
    with running(without_secret(), folder) as server:
        body = {"email": "ada@example.com", "password": PASSWORD}
        token = httpx.post(f"{server.url}/api/auth/register", json=body).json()["access_token"]
    with running(without_secret(), folder) as server:
        answer = httpx.get(f"{server.url}/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_blanks_around_a_secret_that_somebody_wrote_do_not_count(folder: Path) -> None:
    (folder / FILE).write_bytes(b"  " + b"x" * 31 + b"\n")
    assert "under 32 bytes" in refusal(folder)
    (folder / FILE).write_bytes(b"  " + b"x" * 32 + b"\n")
    assert check(folder).returncode == 0


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 31], ids=["empty", "blank", "31 bytes"])
def test_a_secret_that_is_too_short_is_told_in_one_line(content: bytes, folder: Path) -> None:
    (folder / FILE).write_bytes(content)
    line = refusal(folder)
    assert line.startswith("error: JWT_SECRET: ")
    assert FILE in line
    assert "delete it" in line
    assert (folder / FILE).read_bytes() == content


def test_a_file_that_cannot_be_read_is_told_in_one_line(folder: Path) -> None:
    (folder / FILE).mkdir()
    line = refusal(folder)
    assert line.startswith("error: JWT_SECRET: is not set and ")
    assert FILE in line
    assert "Is a directory" in line


def test_a_folder_that_cannot_be_made_is_told_in_one_line(folder: Path) -> None:
    (folder / "data").write_text("a file where the folder should be", encoding="utf-8")
    line = refusal(folder, "sqlite:///data/todo.db")
    assert line.startswith("error: JWT_SECRET: is not set and ")


def test_a_link_that_leads_nowhere_is_told_in_one_line(folder: Path) -> None:
    (folder / FILE).symlink_to(folder / "gone")
    assert FILE in refusal(folder)


@pytest.mark.parametrize(
    "url",
    ["postgresql://todo:pw@127.0.0.1:1/todo", "mysql://todo:pw@127.0.0.1:1/todo"],
    ids=["postgresql", "mysql"],
)
def test_beside_a_database_server_no_secret_can_be_kept(url: str, folder: Path) -> None:
    line = refusal(folder, url)
    assert line.startswith("error: JWT_SECRET: is not set")
    assert "token_urlsafe" in line
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("where", [{"ENVIRONMENT": "production"}, {"SPACE_ID": "somebody/todo"}], ids=["prod", "space"])
def test_in_production_and_on_a_space_no_file_stands_in(where: dict[str, str], folder: Path) -> None:
    (folder / FILE).write_bytes(b"x" * 48)
    done = todo("check", env={**without_secret(), **where}, folder=folder)
    assert done.returncode == 1
    assert done.stderr.startswith("error: JWT_SECRET: is not set")
