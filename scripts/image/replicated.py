"""The server with a replica on an empty disk, and what must be there after whatever happened."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image.client import Client
from image.container import DISK, NO_SETTINGS, PORT, REPLICA, Container, Image, Settings, folder
from image.report import expect
from image.situations import SECRET

ELDER_SECONDS: Final = 4
_SETTINGS: Final = {
    "JWT_SECRET": SECRET,
    "REPLICA_URL": REPLICA,
    "REPLICA_ELDER": str(ELDER_SECONDS),
    "ACCESS_TOKEN_MINUTES": "1440",
}


@dataclass(frozen=True)
class Server:
    """One that runs, or ran."""

    container: Container
    disk: Path
    port: int

    def ready(self) -> float:
        """Seconds from the start to the first 200 of /readyz; what it came up with is in order."""
        seconds = self.container.wait_until_ready(self.port)
        with closing(sqlite3.connect(f"file:{self.disk}/todo.db?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchall()
        expect("integrity of the restored file", found, [("ok",)])
        return seconds


@contextmanager
def wiped(image: Image, replica: Path, settings: Settings = NO_SETTINGS, *, port: int = PORT) -> Iterator[Server]:
    """The server under way on a disk with nothing on it."""
    with folder() as disk:
        mounts = {DISK: disk, REPLICA: replica}
        with image.container(image.serve(port), mounts, {**_SETTINGS, **settings}) as container:
            yield Server(container, disk, port)


def expect_kept(client: Client, acknowledged: Mapping[str, str]) -> Mapping[str, str]:
    """Go on only when all of these tasks are there; everything that is."""
    there = client.tasks()
    lost = [name for name, title in acknowledged.items() if there.get(name) != title]
    expect(f"acknowledged writes lost, of {len(acknowledged)}", len(lost), 0)
    return there
