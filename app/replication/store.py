"""Small files in the replica's place, the same way in a folder and in a bucket."""

import asyncio
import json
from typing import Any, Final

from app.config.settings import Settings, SettingsError
from app.replication.errors import StoreError
from app.replication.place import Place

_PROBE: Final = "probe"


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
        found = await self._bounded(self._store.list(prefix).collect_async())
        return [item["path"] for item in found]

    async def read(self, name: str) -> dict[str, Any] | None:
        """The object in a file; None where it is not there, or not yet whole."""
        try:
            answer = await self._bounded(self._store.get_async(name))
            found = json.loads(bytes(await self._bounded(answer.bytes_async())))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    async def write(self, name: str, content: dict[str, Any]) -> None:
        """Put a whole file in its place."""
        await self._bounded(self._store.put_async(name, json.dumps(content).encode()))

    async def remove(self, prefix: str) -> None:
        """Remove everything below a prefix."""
        names = await self.names(prefix)
        if names:
            await self._bounded(self._store.delete_async(names))

    async def probe(self) -> None:
        """Raise StoreError unless something can be written here, read back and removed."""
        await self.write(f"{_PROBE}/probe.json", {})
        if await self.read(f"{_PROBE}/probe.json") is None:
            raise StoreError(f"{self.place}: what was written cannot be read")
        await self.remove(_PROBE)

    async def _bounded(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                return await call
        except FileNotFoundError:
            raise
        except TimeoutError:
            raise StoreError(f"{self.place} does not answer within {self._timeout:g} s") from None
        except Exception as error:  # noqa: BLE001 (the library has many classes, one line each will do)
            raise StoreError(f"{self.place}: {_reason(error)}") from None


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
