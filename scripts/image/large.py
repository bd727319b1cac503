"""How long a start takes on an empty disk, with much in the replica."""

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from image.client import Client, register
from image.container import DISK, PORT, REPLICA, Image, folder
from image.replicated import wiped
from image.report import ImageError, expect, say
from image.situations import SECRET

_ROWS: Final = 10_000
_MEGABYTES: Final = 100


def check_large_start(image: Image) -> None:
    """The figure, from the start to the first 200 of /readyz."""
    with folder() as replica:
        token = _filled(image, replica)
        megabytes = sum(path.stat().st_size for path in replica.rglob("*") if path.is_file()) / 1e6
        with wiped(image, replica) as server:
            seconds = server.ready()
            answer = Client(server.port, token).ask("GET", "/api/tasks?limit=1&count=true")
            expect("the list of tasks", answer.status, 200)
            expect("tasks", answer.headers["X-Total-Count"], str(_ROWS + 1))
            restored = (server.disk / "todo.db").stat().st_size / 1e6
            if restored < _MEGABYTES:
                raise ImageError(f"the restored file has {restored:.0f} MB, {_MEGABYTES} wanted")
            server.container.stop()
    say(
        f"start to the first 200 of /readyz on an empty disk: {seconds:.2f} s with a database of {restored:.0f} MB, "
        f"{megabytes:.0f} MB in the replica"
    )


def _filled(image: Image, replica: Path) -> str:
    """A replica of a file that had many long tasks before it had a replica; the owner's token."""
    settings = {"JWT_SECRET": SECRET, "ACCESS_TOKEN_MINUTES": "1440"}
    with folder() as disk:
        with image.container(image.serve(), {DISK: disk}, settings) as server:
            server.wait_until_ready()
            token = register(PORT)
            Client(PORT, token).ask("POST", "/api/tasks", {"title": "first"})
            server.stop()
        _add_tasks(disk / "todo.db")
        with image.container(
            image.serve(), {DISK: disk, REPLICA: replica}, {**settings, "REPLICA_URL": REPLICA}
        ) as server:
            server.wait_until_ready()
            server.stop()
    return token


def _add_tasks(path: Path) -> None:
    """Rows as the first one, each with 10,000 characters that no compression makes much shorter."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(tasks)")]
        taken = ", ".join("?1" if name == "id" else "?2" if name == "description" else name for name in names)
        connection.executemany(
            f"INSERT INTO tasks SELECT {taken} FROM tasks WHERE title = 'first' LIMIT 1",  # noqa: S608 (our own names)
            ((secrets.token_bytes(16), secrets.token_urlsafe(7500)) for _ in range(_ROWS)),
        )
        connection.commit()
