"""A replica that becomes slow, full or read-only while the server runs, and comes back."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from image.client import Client, register
from image.container import Image, folder
from image.replicated import Server, expect_kept, wiped
from image.report import ImageError, expect, say
from image.traffic import Reader

_TIMEOUT_SECONDS: Final = 2
_WITHIN_SECONDS: Final = 20

Trouble = Callable[[Server, Path], AbstractContextManager[None]]


@contextmanager
def _slow(server: Server, _replica: Path) -> Iterator[None]:
    """What carries the pages stands still."""
    pid = server.container.named("litestream")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # a server that was to end did not wait for it
            os.kill(pid, signal.SIGCONT)


@contextmanager
def _full(_server: Server, replica: Path) -> Iterator[None]:
    """Not one page fits any more."""
    filler = replica / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def _read_only(_server: Server, replica: Path) -> Iterator[None]:
    """Nothing can be written any more."""
    _remount(replica, "ro")
    try:
        yield
    finally:
        _remount(replica, "rw")


def _remount(path: Path, mode: str) -> None:
    for _ in range(100):  # it is busy while a file is open for writing
        done = subprocess.run(["mount", "-o", f"remount,{mode}", path], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.02)
    raise ImageError(f"remount,{mode}: {done.stderr.strip()}")


@contextmanager
def _small_disk() -> Iterator[Path]:
    """A file system of its own in memory."""
    with folder() as path:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,uid=1000,gid=1000,mode=700", "tmpfs", path], check=True)
        try:
            yield path
        finally:
            subprocess.run(["umount", "--lazy", path], check=True)


def check_stalls(image: Image) -> None:
    """Each trouble in one and the same server, which works on after each; and an end amid trouble."""
    troubles: dict[str, Trouble] = {"slow": _slow, "full": _full, "read-only": _read_only}
    with _small_disk() as replica, wiped(image, replica, {"REPLICA_TIMEOUT": str(_TIMEOUT_SECONDS)}) as server:
        server.ready()
        token = register(server.port)
        kept: dict[str, str] = {}
        for name, trouble in troubles.items():
            with Reader(server.port, token) as reader:
                figures = _check_trouble(Client(server.port, token), trouble(server, replica), kept)
            say(f"a replica that becomes {name} while running: {figures}; {reader.reads} reads answered meanwhile")
        with _slow(server, replica):
            say(f"SIGTERM while the replica is slow: exit code 0 after {server.container.stop():.2f} s")
        with wiped(image, replica) as again:
            again.ready()
            expect_kept(Client(again.port, token), kept)
            again.container.stop()


def _check_trouble(client: Client, trouble: AbstractContextManager[None], kept: dict[str, str]) -> str:
    """Degraded while it lasts, healthy afterwards, and what was refused is as a retry says; the figures."""
    refused: list[str] = []
    began_at = time.monotonic()
    with trouble:
        while _health(client) == "healthy":
            if time.monotonic() - began_at > _WITHIN_SECONDS:
                raise ImageError(f"not degraded after {_WITHIN_SECONDS} s")
            _write(client, kept, refused)
        degraded = time.monotonic() - began_at
        refused += [str(uuid4()) for _ in range(3)]
        for name in refused[-3:]:
            expect("a write while degraded", client.put(name, name).code, (503, "replica_stalled"))
    ended_at = time.monotonic()
    while _health(client) != "healthy":
        if time.monotonic() - ended_at > _WITHIN_SECONDS:
            raise ImageError(f"not healthy {_WITHIN_SECONDS} s after it was over")
        time.sleep(0.05)
    healthy = time.monotonic() - ended_at
    there = client.tasks()
    for name in refused:
        expect("a retry of what was refused", client.put(name, name).status, 200 if name in there else 201)
    kept |= dict(zip(refused, refused, strict=True))
    rows = sum(name in there for name in refused)
    return (
        f"degraded after {degraded:.2f} s, {len(refused)} writes refused ({rows} of them made their row, as the retry "
        f"said), healthy {healthy:.2f} s after it was over"
    )


def _health(client: Client) -> str:
    """What /readyz says, which answers 200 all the time."""
    answer = client.ask("GET", "/readyz")
    expect("/readyz", answer.status, 200)
    expect(
        "the replica's state", answer.document["replica"]["state"] == "stalled", answer.document["status"] == "degraded"
    )
    return str(answer.document["status"])


def _write(client: Client, kept: dict[str, str], refused: list[str]) -> None:
    """One new task."""
    name = str(uuid4())
    answer = client.put(name, name)
    if answer.status == 201:
        kept[name] = name
    else:
        expect("a write amid trouble", answer.code, (503, "replica_stalled"))
        refused.append(name)
