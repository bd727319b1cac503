"""Small files in the replica's place, the same way in a folder and in a bucket."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, Final, TypeVar, cast

from app.config.settings import Settings, SettingsError
from app.replication.errors import StoreError
from app.replication.place import Place

_PROBE: Final = "probe"

T = TypeVar("T")


class Store:
    """Reads, writes, lists and removes; each call raises StoreError when it fails or takes longer than `timeout` s."""

    def __init__(self, place: Place, settings: Settings) -> None:
        self.place = place
        self._timeout = settings.replica_timeout
        try:
            self._store = _opened(place, settings)
        except ImportError:
            raise SettingsError("REPLICA_URL: needs the extra `replica`, as in `uv sync --extra replica`") from None
        except Exception as error:  # noqa: BLE001 (the library has many classes, one line each will do)
            raise SettingsError(f"REPLICA_URL: {place} cannot be used: {_reason(error)}") from None

    async def names(self, prefix: str) -> list[str]:
        """The path of everything below a prefix."""
        found = await self._bounded(lambda: self._store.list(prefix).collect())
        return [item["path"] for item in found]

    async def read(self, name: str) -> dict[str, Any] | None:
        """The object in a file; None where it is not there, or not yet whole."""
        try:
            found = json.loads(await self._bounded(lambda: bytes(self._store.get(name).bytes())))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    async def write(self, name: str, content: dict[str, Any]) -> None:
        """Put a whole file in its place."""
        await self._bounded(lambda: self._store.put(name, json.dumps(content).encode()))

    async def remove(self, prefix: str) -> None:
        """Remove everything below a prefix."""
        names = await self.names(prefix)
        if names:
            await self._bounded(lambda: self._store.delete(names))

    async def probe(self) -> None:
        """Raise StoreError unless something can be written here, read back and removed."""
        await self.write(f"{_PROBE}/probe.json", {})
        if await self.read(f"{_PROBE}/probe.json") is None:
            raise StoreError(f"{self.place}: what was written cannot be read")
        await self.remove(_PROBE)

    async def _bounded(self, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._timeout):
                return await _in_thread(call)
        except FileNotFoundError:
            raise
        except TimeoutError:
            raise StoreError(f"{self.place} does not answer within {self._timeout:g} s") from None
        except Exception as error:  # noqa: BLE001 (the library has many classes, one line each will do)
            raise StoreError(f"{self.place}: {_reason(error)}") from None


async def _in_thread(call: Callable[[], T]) -> T:
    """What the call gives, from a thread of its own that nobody waits for at the end.

    A folder that hangs would keep a pool's thread, and with it the process, for ever; and the library's own
    asynchronous calls abort the process now and then when it ends.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if done.done():  # given up
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def work() -> None:
        result, error = None, None
        try:
            result = call()
        except Exception as caught:  # noqa: BLE001 (it is raised where it is waited for)
            error = caught
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    Thread(target=work, daemon=True, name="replica").start()
    return await done


def _opened(place: Place, settings: Settings) -> Any:
    from obstore.store import LocalStore, S3Store

    if place.kind == "folder":
        return LocalStore(place.location, mkdir=True)
    options: dict[str, Any] = {"virtual_hosted_style_request": False, "region": place.region or "us-east-1"}
    if place.endpoint is not None:
        options |= {"endpoint": place.endpoint, "client_options": {"allow_http": place.endpoint.startswith("http:")}}
    for name in ("aws_access_key_id", "aws_secret_access_key"):
        secret = getattr(settings, name)
        if secret is not None:
            options[name.removeprefix("aws_")] = secret.get_secret_value()
    return S3Store(place.bucket, prefix=place.prefix or None, **options)


def _reason(error: Exception) -> str:
    """The first line of what the library says, which is its own words and the path."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
