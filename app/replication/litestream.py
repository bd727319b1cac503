"""Litestream: the process that carries every page to the replica, its control socket, and its way back.

https://litestream.io/reference/config/ and, for the socket, `litestream replicate -help`.
"""

import asyncio
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from app.config.settings import Settings, SettingsError
from app.database.dialects.sqlite import OWNER_ONLY
from app.replication.errors import LitestreamError
from app.replication.place import Place

log = logging.getLogger(__name__)

_INTERVAL: Final = "500ms"  # how far the replica may be behind where nobody waits for it
_START_SECONDS: Final = 20
_LAST_SYNC: Final = "4s"  # what the last pages may take when it is told to stop
_STOP_SECONDS: Final = 6
_ANSWER_SECONDS: Final = 1  # on top of what it was given
_LEVELS: Final = {"DEBUG": logging.DEBUG, "INFO": logging.DEBUG, "WARN": logging.WARNING, "ERROR": logging.ERROR}


def executable() -> str:
    """The program beside this Python or on the path; raises SettingsError where there is none."""
    beside = Path(sys.executable).with_name("litestream")
    found = str(beside) if beside.exists() else shutil.which("litestream")
    if found is None:
        raise SettingsError("REPLICA_URL: litestream is not installed; it comes with the extra `replica`")
    return found


class Litestream:
    """One process at a time, replicating one file to one history."""

    def __init__(self, path: Path, place: Place, settings: Settings) -> None:
        self._path = path.absolute()
        self._place = place
        self._program = executable()
        self._environment = _environment(settings)
        # Short, since the name of a socket may have some 100 bytes only.
        self._folder = Path(tempfile.mkdtemp(prefix="todo-"))
        self._socket = self._folder / "control"
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self, history: str) -> None:
        """Replicate to a history from now on; raises LitestreamError when it does not start."""
        self._socket.unlink(missing_ok=True)
        config = _written(self._folder, self._configuration(history))
        self._process = await asyncio.create_subprocess_exec(
            *(*_bound_to_us(), self._program, "replicate", "-no-expand-env", "-config", config),
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl+C at the terminal is ours to pass on, in due order
        )
        self._reader = asyncio.create_task(_relay(self._process))
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not self._socket.exists():
                    if self._process.returncode is not None:
                        raise LitestreamError(f"litestream has ended with code {self._process.returncode}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise LitestreamError(f"litestream has not started within {_START_SECONDS} s") from None

    async def stop(self) -> None:
        """Let it carry the last pages and end; kill it when that takes too long."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader

    async def ended(self) -> int:
        """Wait until the process has ended by itself; its exit code."""
        assert self._process is not None  # noqa: S101 (it was started)
        return await self._process.wait()

    def close(self) -> None:
        """Remove what it left on this disk, which is nothing that anybody needs."""
        shutil.rmtree(self._folder, ignore_errors=True)

    async def sync(self, seconds: float) -> int:
        """Everything committed so far is in the replica when this returns: the number of its last transaction."""
        try:
            async with asyncio.timeout(seconds + _ANSWER_SECONDS):  # one that stands still keeps no time itself
                answer = await self._ask(
                    "/sync", {"path": str(self._path), "wait": True, "timeout": max(1, int(seconds))}
                )
        except TimeoutError:
            raise LitestreamError(f"litestream does not answer within {seconds + _ANSWER_SECONDS:g} s") from None
        return int(answer["replicated_txid"])

    async def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket)
        except OSError as error:
            raise LitestreamError(f"litestream does not answer: {error.strerror}") from None
        try:
            content = json.dumps(body).encode()
            writer.write(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(content), content))
            answer = await reader.read()
        except OSError as error:
            raise LitestreamError(f"litestream does not answer: {error.strerror}") from None
        finally:
            writer.close()
        head, _, text = answer.partition(b"\r\n\r\n")
        try:
            found = json.loads(text)
            if head.split(maxsplit=2)[1] == b"200":
                return dict(found)
            raise LitestreamError(str(found.get("error", "litestream refused")))
        except (ValueError, IndexError):
            raise LitestreamError("litestream ended in the middle of an answer") from None

    def _configuration(self, history: str) -> dict[str, Any]:
        return {
            "socket": {"enabled": True, "path": str(self._socket), "permissions": 0o600},
            "logging": {"type": "json", "level": "info", "stderr": True},
            "shutdown-sync-timeout": _LAST_SYNC,
            "dbs": [
                {
                    "path": str(self._path),
                    "monitor-interval": _INTERVAL,
                    "replica": {**_replica(self._place, history), "sync-interval": _INTERVAL},
                }
            ],
        }


def _bound_to_us() -> tuple[str, ...]:
    """What makes it end when this process is killed, where the system has that: nobody else would end it."""
    found = shutil.which("setpriv")
    return () if found is None else (found, "--pdeathsig", "TERM")


def metadata_of(path: Path) -> Path:
    """The folder in which Litestream remembers beside the file what it has replicated."""
    return path.with_name(f".{path.name}-litestream")


async def restore(place: Place, settings: Settings, history: str, output: Path, *options: str) -> None:
    """Bring a history back as a new file; raises LitestreamError, with its own words, when it cannot.

    Options are those of `litestream restore`: `-txid`, `-timestamp`, `-dry-run`.
    """
    with tempfile.TemporaryDirectory(prefix="todo-") as folder:
        config = _written(Path(folder), {"dbs": [{"path": str(output), "replica": _replica(place, history)}]})
        process = await asyncio.create_subprocess_exec(
            *(executable(), "restore", "-no-expand-env", "-config", config, "-o", str(output), *options),
            str(output),
            env=_environment(settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, complaints = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
    if process.returncode:
        lines = complaints.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise LitestreamError(lines[-1].removeprefix("Error: "))
    _close_to_others(output)


def _close_to_others(path: Path) -> None:
    with suppress(FileNotFoundError):  # a dry run makes none
        path.chmod(OWNER_ONLY)


def _written(folder: Path, configuration: Mapping[str, Any]) -> str:
    """The configuration's file: JSON, which is YAML too."""
    path = folder / "config"
    path.write_text(json.dumps(configuration), encoding="utf-8")
    return str(path)


def _replica(place: Place, history: str) -> dict[str, Any]:
    if place.kind == "folder":
        return {"type": "file", "path": f"{place.location}/{history}"}
    path = f"{place.prefix}/{history}" if place.prefix else history
    found = {"type": "s3", "bucket": place.bucket, "path": path, "region": place.region or "us-east-1"}
    return found if place.endpoint is None else {**found, "endpoint": place.endpoint, "force-path-style": True}


def _environment(settings: Settings) -> dict[str, str]:
    """What the process sees of ours: the way, and the keys of a bucket."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    for name in ("aws_access_key_id", "aws_secret_access_key"):
        secret = getattr(settings, name)
        if secret is not None:
            kept[name.upper()] = secret.get_secret_value()
    return kept


async def _relay(process: asyncio.subprocess.Process) -> None:
    """Its log lines among ours."""
    assert process.stderr is not None  # noqa: S101 (a pipe was asked for)
    async for text in process.stderr:
        try:
            # Some lines have a second `level`, that of a compaction: the first counts.
            line = json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
            level, words = _LEVELS.get(line["level"], logging.INFO), [line["msg"], line.get("error")]
        except (ValueError, KeyError, TypeError):
            level, words = logging.WARNING, [text.decode(errors="replace").strip()]
        log.log(level, ": ".join(str(word) for word in words if word))
